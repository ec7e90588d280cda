/** What was expected and what came, in the words that a student reads. */
import { expect, it } from 'vitest';
import { differences, type Ended } from '../../src/labs/expectations.js';
import type { Expectation } from '../../src/labs/lab.js';

const fine: Ended = { exit: { pid: 71, status: 0 }, stdout: 'one\ntwo  \n\n', stderr: '', problems: [], transcript: '' };
const zombie = { kind: 'zombie', text: 'Process 72 is a zombie.' };

it.each<[Expectation, Partial<Ended>, readonly string[]]>([
  [{ stdout: 'one\ntwo', status: 0 }, {}, []],
  [{ stdout: 'one  \r\ntwo\n' }, {}, []],
  [{ stdout: 'one' }, {}, ['Its output goes on where it was to end, after line 1: "two".']],
  [{ stdout: 'one\n\ntwo' }, {}, ['Its output, line 2: expected "", came "two".']],
  [{ stdout: 'one\ntwo\nthree' }, {}, ['Its output ends after 2 of 3 lines: "three" was to come next.']],
  [{ stdout: '' }, { stdout: '\n' }, []],
  [{ stdout: { contains: ['tw', 'three'] } }, {}, ['Its output does not contain "three". It is:\n  one\n  two']],
  [{ stdout: { contains: 'x' } }, { stdout: '\u001b[2J' }, ['Its output does not contain "x". It is:\n  \\033[2J']],
  [{ stderr: { contains: 'x' } }, {}, ['Its standard error does not contain "x". It is empty.']],
  [{ stdout: { matches: '^t.o' } }, {}, []],
  [{ stdout: /^one$/g }, {}, ['Its output does not match /^one$/g. It is:\n  one\n  two']],
  [{ status: 1 }, {}, ['It ended with status 0, not 1.']],
  [{ signal: 'SIGABRT' }, { exit: { pid: 71, signal: 'SIGSEGV' } }, ['It was to die of SIGABRT, and died of SIGSEGV.']],
  [{ signal: 'SIGSEGV' }, { exit: { pid: 71, signal: 'SIGSEGV' }, crash: { signal: 'SIGSEGV', text: '' } }, []],
  [
    { stdout: { contains: 'one' } },
    { exit: { pid: 71, signal: 'SIGSEGV' }, crash: { signal: 'SIGSEGV', text: 'At a.c:1: p is NULL.' } },
    ['It died of SIGSEGV. At a.c:1: p is NULL.'],
  ],
  // Another process of the family crashed; this one was killed.
  [{ status: 0 }, { exit: { pid: 71, signal: 'SIGKILL' }, crash: { signal: 'SIGSEGV', text: 'x' } }, ['It died of SIGKILL.']],
  [{ problems: [] }, { problems: [zombie] }, [zombie.text]],
  [{ problems: ['zombie'] }, { problems: [zombie] }, []],
  [{ problems: ['zombie'] }, {}, ['There was to be a problem of the kind "zombie", and there is none.']],
  [{ transcript: '$0 = 1' }, { transcript: '$0 = 2\n' }, ['deet\'s answer, line 1: expected "$0 = 1", came "$0 = 2".']],
  [{ status: 1 }, { stderr: 'no such file\n' }, ['It ended with status 0, not 1.', 'It wrote to its standard error:\n  no such file']],
  [{ status: 1, stderr: 'no such file' }, { stderr: 'no such file\n' }, ['It ended with status 0, not 1.']],
])('%j of %j', (expectation, ended, messages) => expect(differences(expectation, { ...fine, ...ended })).toEqual(messages));

it('shows of a long text its beginning', () => {
  const [message = ''] = differences({ stdout: { contains: 'x' } }, { ...fine, stdout: `${'a'.repeat(500)}\n`.repeat(50) });
  expect(message.split('\n')).toHaveLength(14);
  expect(message).toContain('... (38 more lines)');
  expect(Math.max(...message.split('\n').map((line) => line.length))).toBeLessThan(200);
});

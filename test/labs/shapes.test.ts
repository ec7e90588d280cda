/** What a checks file may say; and what it is told when it says something else. */
import { describe, expect, it } from 'vitest';
import { defaultLimits, readyDefinition } from '../../src/labs/shapes.js';

const check = { name: 'adds', expect: { status: 0 } };

const complaint = (definition: unknown): string => {
  try {
    readyDefinition(definition, 'checks.json');
  } catch (error) {
    return (error as Error).message;
  }
  return 'none';
};

describe('a checks file', () => {
  it('is a list of checks, or an object with more', () => {
    const { checks } = readyDefinition([check], 'checks.json');
    expect(checks).toEqual([{ ...check, weight: 1, limits: defaultLimits }]);
    const more = readyDefinition(
      { checks: [{ ...check, weight: 3, limits: { seconds: 2 } }], limits: { seconds: 4, memory: 64 }, flags: ['-lm'] },
      'checks.json',
    );
    expect(more.flags).toEqual(['-lm']);
    expect(more.checks[0]).toMatchObject({ weight: 3, limits: { ...defaultLimits, seconds: 2, memory: 64 } });
  });

  it.each([
    [7, 'checks.json: must be an object.'],
    [{}, 'checks.json: there are no "checks".'],
    [{ checks: [] }, 'checks.json: "checks" must be a list of checks, and not an empty one.'],
    [{ checks: [check], limit: {} }, 'checks.json: there is no "limit" here; "limits" is.'],
    [[{ expect: {} }], 'checks.json: check 1: it needs a "name".'],
    [[check, { name: 'x' }], 'checks.json: check 2 ("x"): it checks nothing: give it "expect", or "run" in checks.ts.'],
    [[{ name: 'x', expect: {} }], 'checks.json: check 1 ("x"): it checks nothing: give it "expect", or "run" in checks.ts.'],
    [[check, check], 'checks.json: two checks are called "adds".'],
    [[{ ...check, weight: 0 }], 'checks.json: check 1 ("adds"): "weight" must be a number above 0.'],
    [[{ ...check, args: '1 2' }], 'checks.json: check 1 ("adds"): "args" must be a list of strings.'],
    [[{ ...check, run: 'main' }], 'checks.json: check 1 ("adds"): "run" must be a function (in checks.ts or checks.js).'],
    [[{ ...check, expects: {} }], 'checks.json: check 1 ("adds"): there is no "expects" here; "expect" is.'],
    [
      [{ ...check, expect: { output: 'x' } }],
      'checks.json: check 1 ("adds"), "expect": there is no "output" here; there are stdout, stderr, status, signal, problems, transcript.',
    ],
    [[{ ...check, expect: { status: 256 } }], 'checks.json: check 1 ("adds"), "expect": "status" must be a number from 0 to 255.'],
    [
      [{ ...check, expect: { signal: 'SEGV' } }],
      'checks.json: check 1 ("adds"), "expect": "signal" must be the name of a signal: "SIGSEGV".',
    ],
    [
      [{ ...check, expect: { stdout: { matches: '(' } } }],
      'checks.json: check 1 ("adds"), "expect": "stdout" must be a string, {"contains": STRING or LIST} or {"matches": REGULAR EXPRESSION}.',
    ],
    [
      [{ ...check, expect: { status: 0, signal: 'SIGSEGV' } }],
      'checks.json: check 1 ("adds"): a program ends with a "status" or dies of a "signal", not both.',
    ],
    [
      [{ ...check, expect: { transcript: 'x' } }],
      'checks.json: check 1 ("adds"): "transcript" is what deet answers to "commands", and there are none.',
    ],
    [[{ ...check, interactive: true }], 'checks.json: check 1 ("adds"): "interactive" is for "run", which writes the program\'s input.'],
    [[{ ...check, limits: { seconds: '2' } }], 'checks.json: check 1 ("adds"), "limits": "seconds" must be a number above 0.'],
  ])('%j is refused', (definition, sentence) => expect(complaint(definition)).toBe(sentence));
});

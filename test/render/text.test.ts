import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SourceText } from '../../src/commands/source_text.js';
import { Sources } from '../../src/commands/sources.js';
import type { FrameResult, ProcessResult, Result } from '../../src/commands/results.js';
import type { Problem } from '../../src/insight/report.js';
import { line, lines } from '../../src/render/escape.js';
import { highlighted, loadHighlighter } from '../../src/render/highlight.js';
import { colourful, plain, wantsColour } from '../../src/render/style.js';
import { toText } from '../../src/render/text.js';

const text = (result: Result): string => toText(result, { style: plain, sources: new Sources() });

const frame = (fields: Partial<FrameResult>): FrameResult => ({ level: 0, address: '0x401136', args: [], inlined: false, ...fields });
const variable = (name: string, value: string) => ({ name, value, type: 'int' });

describe('the lines of the handout, to the letter', () => {
  it.each<[Result, string]>([
    [{ type: 'exit', pid: 71, status: 0 }, 'Child exited (status 0)\n'],
    [{ type: 'exit', pid: 71, signal: 'SIGKILL', coreDumped: false }, 'Child exited due to signal SIGKILL\n'],
    [{ type: 'exit', pid: 72, status: 1, child: true }, '[Process 72 exited (status 1)]\n'],
    [{ type: 'exit', pid: 72, signal: 'SIGKILL', killed: true }, ''],
    [{ type: 'stop', reason: 'signal', signal: 'SIGINT', pid: 71, tid: 71 }, 'Child stopped (signal SIGINT)\n'],
    [{ type: 'stop', reason: 'pause', pid: 71, tid: 71 }, 'Child stopped (signal SIGINT)\n'],
    [{ type: 'breakpoint', change: 'set', id: 0, enabled: true, hits: 0, pending: false, kind: 'breakpoint', spec: '*0x401136', locations: [{ address: '0x401136' }] }, 'Set breakpoint 0 at 0x401136\n'],
    [{ type: 'breakpoint', change: 'set', id: 1, enabled: true, hits: 0, pending: true, kind: 'breakpoint', spec: 'foo', locations: [] }, 'Set pending breakpoint 1 on foo\n'],
    [{ type: 'error', command: 'brek', code: 'unknown-command', message: 'Unrecognized command.', hint: 'Did you mean "break"?' }, 'Unrecognized command. Did you mean "break"?\n'],
    [{ type: 'error', command: 'x', code: 'usage', message: 'Which?', hint: 'x 3' }, 'Which? As in: x 3\n'],
  ])('%j', (result, expected) => expect(text(result)).toBe(expected)); // prettier-ignore

  it('backtraces', () => {
    const frames = [
      frame({ function: 'func2', file: '/full/path.c', line: 5, args: [variable('a', '2'), variable('b', '"x"')] }),
      frame({ level: 1, function: 'read', address: '0x7ffff7e4a0b0', image: 'libc.so.6' }),
      frame({ level: 2, signalHandler: true }),
      frame({ level: 10, address: '0x1' }),
    ];
    expect(text({ type: 'backtrace', pid: 1, tid: 1, frames }).split('\n')).toEqual([
      '#0  func2 (a=2, b="x") at /full/path.c:5',
      '#1  0x00007ffff7e4a0b0 in read () from libc.so.6',
      '#2  <signal handler called>',
      '#10 0x0000000000000001 in ?? ()',
      '',
    ]);
    expect(text({ type: 'backtrace', pid: 1, tid: 1, frames, style: 'handout' })).toMatch(
      /^func2 \(\/full\/path\.c:5\)\nread \(0x7ffff7e4a0b0\)\n/,
    );
  });
});

describe('a stop', () => {
  it('shows its line, marked, with two around it', () => {
    const folder = mkdtempSync(join(tmpdir(), 'deet-render-'));
    const file = join(folder, 'lines.c');
    writeFileSync(file, ['one', 'two', 'three', '\tfour', 'five', 'six\x1b[m', 'seven'].join('\n'));
    const shown = text({ type: 'stop', reason: 'step', pid: 1, tid: 1, frame: frame({ file, line: 4 }) });
    rmSync(folder, { recursive: true });
    expect(shown.split('\n')).toEqual([
      `Stopped at ${file}:4`,
      '   2  two',
      '   3  three',
      '-> 4  \tfour',
      '   5  five',
      '   6  six\\033[m',
      '',
    ]);
  });

  it('says who stopped, where there are several', () => {
    const thread = { id: 2, name: 'worker', process: 1, processes: 1, threads: 3 };
    expect(text({ type: 'stop', reason: 'signal', signal: 'SIGSEGV', pid: 71, tid: 73, thread })).toBe(
      '[Process 71, thread 2 (tid 73) "worker"]\nChild stopped (signal SIGSEGV)\n',
    );
  });

  it('in a file that is not there says so', () => {
    const shown = text({ type: 'stop', reason: 'step', pid: 1, tid: 1, frame: frame({ file: '/no/such/file.c', line: 2 }) });
    expect(shown).toBe('Stopped at /no/such/file.c:2\n   (file.c cannot be read: "directory FOLDER" says where the sources are)\n');
  });
});

describe('many alike', () => {
  const dead = (pid: number, status = 0): ProcessResult => ({ pid, state: 'reaped', program: '/a', status, reapedBy: 1, children: [] });

  it('are one row of a tree, if they are gone', () => {
    const children = [
      ...Array.from({ length: 9 }, (_, index) => dead(10 + index)),
      dead(20, 1),
      { ...dead(21), state: 'stopped' as const },
    ];
    const tree = text({ type: 'processes', processes: [{ pid: 1, state: 'stopped', program: '/a', children }] });
    expect(tree.split('\n').slice(1, 4)).toEqual([
      '├─ 9 processes, 10 to 18, a: exited (status 0), reaped by 1',
      '├─ 20 a: exited (status 1), reaped by 1',
      '└─ 21 a: exited (status 0)',
    ]);
    const few = text({ type: 'processes', processes: [{ pid: 1, state: 'stopped', program: '/a', children: children.slice(2) }] });
    expect(few.trim().split('\n')).toHaveLength(10);
  });

  it('are one sentence of a report', () => {
    const problem = (pid: number): Problem => ({ kind: 'zombie', pid, text: `Process ${pid} (a), forked at a.c:1, is a zombie.` });
    const report = (...pids: number[]): string => text({ type: 'report', problems: pids.map(problem) });
    expect(report(7, 8)).toBe('Note: Process 7 (a), forked at a.c:1, is a zombie.\nNote: Process 8 (a), forked at a.c:1, is a zombie.\n');
    expect(report(7, 8, 9)).toBe('Note: Each of 7, 8 and 9 (a), forked at a.c:1, is a zombie.\n');
    expect(report(1, 2, 3, 4, 5, 6)).toBe('Note: Each of 1, 2, 3, 4 and 2 more (a), forked at a.c:1, is a zombie.\n');
  });
});

describe('text of the program', () => {
  it('is data: its control characters are shown, not sent', () => {
    expect(line('a\x1b[2Jb\n\x07\u009b\u202e')).toBe('a\\033[2Jb\\n\\007\\233\\u202e');
    expect(lines('a\n\tb\r\x1b')).toBe('a\n\tb\\r\\033');
    const evil = '\x1b]0;title\x07';
    const results: Result[] = [
      { type: 'value', expression: evil, value: evil, valueType: evil },
      { type: 'variables', scope: 'locals', variables: [variable(evil, evil)] },
      { type: 'frame', frame: frame({ function: evil, file: `/${evil}`, line: 1, args: [variable(evil, evil)] }) },
      { type: 'error', command: evil, message: evil, code: 'x', hint: evil },
      { type: 'message', text: evil },
      { type: 'disassembly', instructions: [{ address: '0x1', bytes: '90', text: evil, symbol: evil }], function: evil },
      { type: 'source', file: evil, first: 1, lines: [evil] },
      { type: 'threads', threads: [{ id: 1, pid: 1, tid: 1, name: evil, state: 'stopped', current: true }] },
      { type: 'processes', processes: [{ pid: 1, id: 1, state: 'stopped', program: evil }] },
    ];
    for (const result of results) expect(text(result), result.type).not.toMatch(/[\x1b\x07]/);
  });
});

describe('colour', () => {
  it('is for terminals that want it', () => {
    expect(wantsColour(true, {})).toBe(true);
    expect(wantsColour(false, {})).toBe(false);
    expect(wantsColour(true, { NO_COLOR: '1' })).toBe(false);
    expect(wantsColour(true, { NO_COLOR: '' })).toBe(true);
    expect(wantsColour(true, { TERM: 'dumb' })).toBe(false);
  });

  it('changes nothing but colour', async () => {
    const style = await colourful();
    await loadHighlighter();
    const result: Result = { type: 'frame', frame: frame({ function: 'f', file: '/a.c', line: 1, args: [variable('x', '1')] }) };
    const coloured = toText(result, { style, sources: new Sources() });
    expect(coloured).toContain('\x1b[');
    expect(coloured.replace(/\x1b\[\d*m/g, '')).toBe(text(result));
  });

  it('of C begins anew on every line', async () => {
    await loadHighlighter();
    const source = ['/* a comment', '   over two lines */', 'int x = 3 < 4 && "a&b";'];
    const folder = mkdtempSync(join(tmpdir(), 'deet-colours-'));
    writeFileSync(join(folder, 'a.c'), source.join('\n'));
    const shown = highlighted(new SourceText(join(folder, 'a.c')), (each) => each) ?? [];
    rmSync(folder, { recursive: true });
    expect(shown[0]).toBe('\x1b[90m/* a comment\x1b[0m');
    expect(shown[1]).toBe('\x1b[90m   over two lines */\x1b[0m');
    expect(shown.map((each) => each.replace(/\x1b\[\d*m/g, ''))).toEqual(source);
  });
});

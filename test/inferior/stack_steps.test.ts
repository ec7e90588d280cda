/** Backtraces at every instruction of a program, from main to its end, equal gdb's: functions, kinds of frames, addresses and lines. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Frame } from '../../src/inferior/frame.js';
import { built, compile, fixtures } from '../helpers/build.js';
import { patience } from '../helpers/patience.js';
import { Stopped } from '../helpers/stopped.js';

/** One line for each instruction: the frames as KIND:PC:FUNCTION:LINE; functions and lines only where there is debug information. */
const script = `
import gdb
for command in ['set pagination off', 'set confirm off', 'set debuginfod enabled off', 'set backtrace past-main on', 'set exec-wrapper env -i',
                'set debug-file-directory /nonexistent', 'tbreak main', 'break *handler', 'handle SIGUSR1 nostop noprint pass', 'run']:
    gdb.execute(command, to_string=True)
KINDS = {gdb.SIGTRAMP_FRAME: 'signal', gdb.INLINE_FRAME: 'inlined', gdb.TAILCALL_FRAME: 'tail-call'}
with open(OUT, 'w') as out:
    while gdb.selected_inferior().pid:
        row = []
        frame = gdb.newest_frame()
        while frame is not None:
            function = frame.function()
            place = frame.find_sal()
            row.append('%s:%x:%s:%d' % (KINDS.get(frame.type(), 'normal'), frame.pc(), function.name if function else '', place.line if place.symtab else 0))
            frame = frame.older()
        out.write(' '.join(row) + '\\n')
        gdb.execute('stepi', to_string=True)
`;

const gdbRows = (program: string, name: string): string[] => {
  mkdirSync(built, { recursive: true });
  const source = join(built, 'stack_steps.py');
  const out = join(built, `stack_steps.${name}.${process.pid}`);
  writeFileSync(source, script);
  execFileSync('gdb', ['-nx', '-q', '-batch', '-ex', `python OUT = '${out}'`, '-ex', `source ${source}`, program], {
    stdio: 'ignore',
    timeout: patience,
  });
  return readFileSync(out, 'utf8').trimEnd().split('\n');
};

const shown = (frame: Frame): string => {
  const name = frame.function !== undefined && frame.kind !== 'signal' ? frame.functionName : '';
  return `${frame.kind}:${frame.pc.toString(16)}:${name ?? ''}:${frame.position?.line ?? 0}`;
};

const variants: [string, string[], ('gcc' | 'clang')?][] = [
  ['O0', []],
  ['O2', ['-O2', '-fomit-frame-pointer', '-pie', '-fPIE']],
  ['DWARF 4', ['-O1', '-gdwarf-4', '-fcf-protection=full']],
  ['clang', ['-Os'], 'clang'],
];

const compareSteps = (program: string, name: string, least: number): void => {
  const rows = gdbRows(program, name);
  expect(rows.length).toBeGreaterThan(least);
  using target = new Stopped(program);
  target.runTo(BigInt(`0x${rows[0].split(':')[1]}`));
  for (const [i, row] of rows.entries()) {
    const ours = [...target.stack()]
      .map(shown)
      .join(' ')
      // gdb does not say by what it has found a frame.
      .replaceAll('frame-pointer:', 'normal:');
    if (ours !== row) expect.fail(`instruction ${i}:\ngdb  ${row}\ndeet ${ours}`);
    target.step(target.signal === 5 ? 0 : target.signal);
    // The handler begins with the step that delivers its signal.
    if (target.signal === 10) target.step(10);
  }
  expect(target.signal).toBe(0);
};

describe('every instruction as gdb shows it', () => {
  it.each(variants)('%s', (name, flags, compiler) => {
    // Bound at start: the loader's own thousand instructions of each first call would teach nothing new.
    const program = compile(join(fixtures, 'unwind_steps.c'), ['-Wl,-z,now', ...flags], compiler);
    compareSteps(program, name, 600);
  });

  it('of code with odd call-frame information, or without any', () => {
    const program = compile(join(fixtures, 'unwind_odd.c'), [join(fixtures, 'unwind_odd.S'), '-O1', '-Wl,-z,now']);
    compareSteps(program, 'odd', 50);
  });
});

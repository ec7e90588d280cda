/** Step tables over calls that are no calls in the code, or no functions in the source: inlined ones, and thunks of virtual functions. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { formatValue } from '../../src/language/format.js';
import { compile, compileText, fixture, fixtures } from '../helpers/build.js';
import { leakGuard } from '../helpers/leaks.js';
import { driven, endOf, gdbWalk, stopOf, walk } from './drive.js';
import { line, table, type Row } from './step_table.js';

leakGuard();

describe('inlined calls that begin where a command ends', () => {
  it('are shown at a line that advance runs to', () =>
    table('inline_starts.c', [
      ['tbreak main'],
      ['run', 'main  int main(void)'],
      [`advance ${line('inline_starts.c', '// behind the swap')}`, 'low  // low'],
    ]));

  it('... and where until has left the function', () =>
    table('inline_starts.c', [['tbreak swap'], ['run', 'swap  // swap'], [`until ${line('inline_starts.c', '// swaps')}`, 'low  // low']]));

  it('... but not where finish has: they are yet to be entered', () =>
    table('inline_starts.c', [
      ['tbreak swap'],
      ['run', 'swap  // swap'],
      ['finish', 'main  // behind the swap'],
      ['step', 'twice  // twice'],
    ]));

  it('are shown by stepi and nexti, a breakpoint of their own or not', () =>
    table('inline_starts.c', [['tbreak swap'], ['run', 'swap  // swap'], ['break twice', 'swap  // swap'], ['nexti 5', 'low  // low']]));

  it('are shown to the innermost that has a breakpoint', () =>
    table('inline_starts.c', [
      ['break twice'],
      ['break low'],
      ['run', 'low  // low'],
      ['delete'],
      ['break twice'],
      ['run', 'twice  // twice'],
    ]));
});

const loop = `struct shape { int kind; double a, b; struct shape *next; };
struct shape tile = {1, 3, 4, 0}, disc = {0, 2, 0, &tile};
static double area(const struct shape *s) {
  switch (s->kind) {
  case 0: return 3.14 * s->a * s->a;
  case 1: return s->a * s->b;
  default: return 0;
  }
}
int main(void) {
  double total = 0;
  for (struct shape *s = &disc; s; s = s->next)
    total += area(s);
  return total > 24 ? 0 : 1;
}
`;

it('an inlined call is met where it begins, not at the padding of the loop around it', () =>
  driven(compileText('padded.c', loop, ['-O2'], 'clang'), async (session) => {
    session.break('area');
    for (const name of ['disc', 'tile']) {
      stopOf(name === 'disc' ? await session.run() : await session.continue());
      expect(session.selection().frame.position?.line).toBe(4); // area
      expect(formatValue(await session.evaluate(`s == &${name}`), session.context())).toBe('1');
    }
    expect(endOf(await session.continue())).toBe('exited 0');
  }));

describe('thunks of virtual functions', () => {
  const rows: readonly Row[] = [
    ['tbreak use'],
    ['run', 'use  // second base'],
    ['step', 'Both::second  // both'],
    ['finish', 'use  // second base'],
    ['next', 'use  // covariant call'],
    ['step', 'Both::me  // covariant'],
    ['step', 'Both::me  }'],
    ['step', 'use  // covariant call'],
    ['step', 'use  // virtual base'],
    ['step', 'Right::first  // right'],
    ['step', 'Right::first  }'],
    ['step', 'use  // virtual base'],
    ['step', 'use  return r'],
  ];

  it('lead step to the function behind them', () => table('thunks.cc', rows));
  it('... in a position-independent program', () => table('thunks.cc', rows, { program: fixture('thunks', 'pie') }));
});

describe('inlined calls', () => {
  it('are entered by step as calls, and left by finish', () =>
    table('inlines.c', [
      ['tbreak outer'],
      ['run', 'outer  // outer'],
      ['step', 'sum_of_squares  int first'],
      ['step', 'square  // square'],
      ['step', 'sum_of_squares  int first'],
      ['finish'],
      ['finish'],
    ]));

  it('are passed over by next', () =>
    table('inlines.c', [['tbreak main'], ['run', 'main  // in main'], ['next'], ['next'], ['next'], ['next']]));

  it('have breakpoints of their own', () =>
    table('inlines.c', [
      ['break square'],
      ['run', 'square  // square'],
      ['up', 'main  // in main'],
      ['continue', 'square  // square'],
      ['up', 'sum_of_squares  int first'],
      ['continue'],
      ['up', 'sum_of_squares  // second square'],
      ['continue'],
      ['continue'],
      ['continue', 'exited 0'],
    ]));

  it('are not entered where the line that opens their function was asked for', () =>
    table('opening.c', [[`break ${line('opening.c', '// opens')}`], ['run', 'main  // in main'], ['step', 'show  // show']], {
      program: compile(join(fixtures, 'opening.c'), ['-O2'], 'clang'),
    }));

  it("are seen as gdb sees them from a function of clang's that begins with one", () => {
    const program = compileText(
      'begins_inlined.c',
      `#include <stdio.h>
static int count(void) {
  puts("one");
  puts("two");
  return 0;
}
int main(void) { return count(); }
`,
      ['-O2'],
      'clang',
    );
    const rows = ['break main', 'run', 'step', 'step', 'next'];
    return driven(program, async (session) => expect(await walk(session, rows, true)).toEqual(gdbWalk(program, rows, [], true)));
  });
});

describe('code of clang with optimisation', () => {
  it('is entered by step at its first instruction, where its frame is not set up as gcc does', () =>
    table('recursion.c', [['tbreak main'], ['run', 'main  // call'], ['step', 'factorial  static int'], ['step', 'factorial  // base']], {
      program: compile(join(fixtures, 'recursion.c'), ['-O1', '-fno-inline'], 'clang'),
    }));
});

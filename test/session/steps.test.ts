/**
 * Step tables: rows of a command and the place where it ends, as `function  a part of the source line there`. gdb carries out the same rows
 * and must come to the same places; what gdb cannot do (it says so in the table's comment) is held against the table alone.
 */
import { join } from 'node:path';
import { describe, it } from 'vitest';
import { compile, fixture, fixtures, lineOf } from '../helpers/build.js';
import { leakGuard } from '../helpers/leaks.js';
import { line, table, type Row } from './step_table.js';

leakGuard();

describe('next and step', () => {
  it('leave a loop on one line at once', () =>
    table('loop_line.c', [
      ['break main'],
      ['run', 'main  int total = 0'],
      ['next', 'main  // the loop'],
      ['next', 'main  printf("%d\\n", total)'],
      ['step', 'main  // the second loop'],
      ['step', 'main  printf("%d\\n", total)'],
      ['next', 'main  return 0'],
    ]));

  it('tell the frames of a recursive function apart', () =>
    table('recursion.c', [
      ['tbreak factorial'],
      ['run', 'factorial  // base'],
      ['next', 'factorial  // recurse'],
      ['next', 'factorial  // multiply'],
      ['next', 'factorial  }'],
      ['next', 'main  int parity'],
    ]));

  it('take no pushed address for a call', () =>
    table('pushed_address.c', [
      ['break main'],
      ['run', 'main  // first'],
      ['step', 'main  // pushing'],
      ['step', 'main  // behind'],
      ['step', 'main  printf("%d\\n", count)'],
    ]));

  it('end at a breakpoint that is met on the way', () =>
    table('recursion.c', [
      ['tbreak main'],
      ['run', 'main  // call'],
      ['tbreak factorial if n == 3'],
      ['next', 'factorial  // base'],
      ['next', 'factorial  // recurse'],
      ['next', 'factorial  // multiply'],
      ['next', 'factorial  }'],
      ['next', 'factorial  // multiply'],
    ]));

  it('enter functions that call each other', () =>
    table('recursion.c', [
      ['tbreak even'],
      ['run', 'even  odd(n - 1)'],
      ['step', 'odd  even(n - 1)'],
      ['step', 'even  odd(n - 1)'],
      ['finish', 'odd  even(n - 1)'],
      ['finish', 'even  odd(n - 1)'],
      ['step', 'even  }'],
      ['step', 'main  printf'],
    ]));

  it('enter each of several calls on a line, the innermost first', () =>
    table('calls.c', [
      ['tbreak main'],
      ['run', 'main  // nested'],
      ['step', 'add  return a + b'],
      ['step', 'add  return a + b'],
      ['step', 'add  return a + b'],
      ['step', 'main  make_pair(1, 2)'],
      ['step', 'make_pair  make_pair(int a, int b)'],
    ]));

  it('take counts, of instructions too', () =>
    table('calls.c', [
      ['tbreak main'],
      ['run', 'main  // nested'],
      ['next 2', 'main  make_mixed(1, 2.5)'],
      ['step 2', 'main  make_big(10)'],
      ['stepi 3', 'main  make_big(10)'],
      ['stepi', 'make_big  make_big(long n)'],
      ['finish', 'main  nothing()'],
      ['nexti 10'],
    ]));

  it('pass over functions without lines, and stop in them when step-mode says so', () =>
    table('recursion.c', [
      ['tbreak main'],
      ['run', 'main  // call'],
      ['next 2', 'main  printf'],
      ['set step-mode on', 'main  printf'],
      ['step', 'printf'],
      ['finish', 'main  return 0'],
      ['set step-mode off', 'main  return 0'],
      ['step', 'main  }'],
    ]));

  it('end with the program', () => table('loop_line.c', [['tbreak 13'], ['run', 'main  }'], ['step', 'exited 0']]));

  // gdb refuses: "Cannot find bounds of current function".
  it('go on to the end of code that has neither lines nor a name', () =>
    table('loop_line.c', [['tbreak 13'], ['run', 'main  }'], ['next', '??'], ['next', 'exited 0']], { gdb: false }));
});

describe('longjmp', () => {
  const rows: readonly Row[] = [
    ['tbreak main'],
    ['run', 'main  volatile int tries'],
    ['next 4', 'main  tries++'],
    ['next', 'main  // jumps'],
    ['next', 'main  // set'],
    ['next', 'main  // after'],
    ['next 3', 'main  // jumps'],
    ['step', 'deep  if (level == 0)'],
    ['finish', 'main  // set'],
    ['next', 'main  // after'],
    ['until', 'main  if (tries < 2)'],
    ['next', 'main  return 0'],
  ];

  // gdb reads glibc's mangled target and loses the program.
  it('ends a step, and finish, where it lands', () => table('longjmp.c', rows, { gdb: false }));
  it('... in a program linked with musl, which does not mangle', () =>
    table('longjmp.c', rows, { gdb: false, program: fixture('longjmp', 'musl') }));
  it('... in a static program', () => table('longjmp.c', rows, { gdb: false, program: fixture('longjmp', 'static') }));

  it('is not looked for where the user says so: the program runs on, as in gdb without probes', () =>
    table(
      'longjmp.c',
      [['set stop-at-landing off'], ['tbreak 21'], ['run', 'main  // jumps'], ['next', 'exited 0']],
      { gdb: false }, // prettier-ignore
    ));

  it('does not take the function that begins at the return address for the return', () =>
    table(
      'never_returns.c',
      [['set stop-at-landing off'], ['break behind'], ['tbreak away'], ['run', 'away  // leaves'], ['next', 'behind  // behind']],
      { gdb: false }, // as in gdb, which does not know the setting
    ));

  it('out of a signal handler ends a step, too', () =>
    table(
      'handlers.c',
      [
        ['handle SIGSEGV nostop noprint'],
        ['tbreak 42'],
        ['run', 'main  overflow(0)'],
        ['next', 'main  overflow(0)'],
        ['next', 'main  overflow handled'],
      ],
      { gdb: false },
    ));
});

describe('a step on one of several stacks', () => {
  const where = (text: string): Row => [`tbreak ${line('coroutines.c', text)}`];

  it('next waits for its own frame, not for one further up on another stack', () =>
    table('coroutines.c', [
      ['break talk if self == 1'],
      ['run', 'talk  printf("%d ", self + 1)'],
      ['next', 'talk  // turns'],
      ['next', 'talk  }'],
      ['up', 'second  // talk of the second'],
    ]));

  it('... finish, until and advance too', () =>
    table('coroutines.c', [
      ['break turn if self == 1'],
      ['run', 'turn  // swaps'],
      ['finish', 'talk  }'],
      ['up', 'second  // talk of the second'],
      ['continue', 'turn  // swaps'],
      [`advance ${line('coroutines.c', '// signals')}`, 'talk  }'],
      ['up', 'second  // talk of the second'],
    ]));

  // gdb cannot read glibc's mangled target: this frame's own return address ends its step.
  it('... where a longjmp changes the stack', () =>
    table(
      'coroutines.c',
      [
        where('// leap of the second'),
        ['run', 'second  // leap of the second'],
        ['next', 'second  i < 2'],
        ['next', 'second  printf("2 ")'],
      ],
      { gdb: false },
    ));

  it('is not ended by a signal handler that comes by on another stack', () =>
    table('coroutines.c', [
      where('// signals'),
      ['handle SIGUSR1 nostop noprint pass'],
      ['run', 'second  // signals'],
      ['step', 'call  // system call'],
      ['next', 'call  return result'],
      ['finish', 'second  printf("handled'],
    ]));
});

// gdb needs probes or debug information of libgcc_s for these, and runs away without.
describe('C++ exceptions', () => {
  const rows: readonly Row[] = [
    ['tbreak rethrower'],
    ['run', 'rethrower  Noisy outer'],
    ['next', 'rethrower  // throws'],
    ['next', 'rethrower  catch (int value)'],
    ['next', 'rethrower  // first handler'],
    ['next', 'rethrower  throw value + 1'],
  ];

  it('end a step over the call in the handler', () => table('exceptions.cc', rows, { gdb: false }));
  it('... in a program with its own libgcc', () =>
    table('exceptions.cc', rows, {
      gdb: false,
      program: compile(join(fixtures, 'exceptions.cc'), ['-static-libgcc', '-static-libstdc++']),
    }));

  it('end finish in the handler further out', () =>
    table(
      'exceptions.cc',
      [
        ['tbreak thrower'],
        ['run', 'thrower  Noisy inner'],
        ['finish', 'rethrower  catch (int value)'],
        ['until', 'rethrower  // first handler'],
        ['finish', 'main  catch (int value)'],
        ['next', 'main  // second handler'],
      ],
      { gdb: false },
    ));
});

describe('skip', () => {
  it('lets step pass over a function, by name and by pattern, and over a file', () =>
    table('calls.c', [
      ['tbreak main'],
      ['skip function add'],
      ['run', 'main  // nested'],
      ['step', 'main  make_pair(1, 2)'],
      ['skip -rfu ^make_p'],
      ['step', 'main  make_mixed(1, 2.5)'],
      ['step', 'make_mixed  make_mixed(long n, double d)'],
      ['finish'],
      ['skip file calls.c'],
      ['next', 'main  make_big(10)'],
      ['step', 'main  nothing()'],
    ]));
});

describe('signals', () => {
  it('run their handler within a step', () =>
    table('signal_in_step.c', [
      ['handle SIGUSR1 nostop noprint'],
      ['tbreak main'],
      ['run', 'main  signal(SIGUSR1'],
      ['next 2', 'main  // first'],
      ['next', 'main  // second'],
      ['step', 'main  printf'],
      ['next', 'main  return 0'],
    ]));

  it('let a step end at a breakpoint in their handler', () =>
    table('signal_in_step.c', [
      ['handle SIGUSR1 nostop noprint'],
      ['break handler'],
      ['tbreak main'],
      ['run', 'main  signal(SIGUSR1'],
      ['next 2', 'main  // first'],
      ['next', 'handler  // in the handler'],
      ['finish', '<signal handler called>'],
    ]));

  // gdb cannot step on from the nameless function in which raise() is interrupted.
  it('lead into their handler when the step begins at the stop', () =>
    table(
      'signal_in_step.c',
      [
        ['tbreak main'],
        ['run', 'main  signal(SIGUSR1'],
        ['next 2', 'main  // first'],
        ['next', 'SIGUSR1 in ??'],
        ['step', 'handler  static void handler'],
        ['step', 'handler  // in the handler'],
      ],
      { gdb: false },
    ));

  it('cost stepi no instruction', () =>
    table('signal_in_step.c', [
      ['handle SIGUSR1 nostop noprint'],
      ['tbreak main'],
      ['run', 'main  signal(SIGUSR1'],
      ['next 2', 'main  // first'],
      ['stepi 80'],
      ['stepi 4'],
      ['finish'],
    ]));
});

describe('calls that are none, and calls through others', () => {
  it('tail calls: finish and step go to the caller that is left', () =>
    table('tail_calls.c', [
      ['tbreak main'],
      ['run', 'main  // call'],
      ['step', 'middle  // middle'],
      ['step', 'last  // last'],
      ['step', 'main  printf'],
      ['step', 'main  return 0'],
    ]));

  it('tail calls: finish out of the last one', () =>
    table('tail_calls.c', [['tbreak last'], ['run', 'last  // last'], ['finish', 'main  printf'], ['next', 'main  return 0']]));

  it('a tail call into a library whose slot is still empty: step goes to the caller', () =>
    table('tail_library.c', [
      ['tbreak main'],
      ['run', 'main  // call'],
      ['step', 'copy  // copy'],
      ['step', 'main  // copied'],
      ['next', 'main  printf'],
    ]));

  it('an indirect function: step goes into the chosen one', () =>
    table('ifunc.c', [
      ['tbreak main'],
      ['run', 'main  // call'],
      ['step', 'plain  // plain'],
      ['finish', 'main  // call'],
      ['next', 'main  printf'],
    ]));

  it('an indirect function of a library, whose resolver is asked while it is called for the first time', () =>
    table(
      'ifunc_lazy.c',
      [
        ['tbreak main'],
        ['run', 'main  // lazy'],
        ['step', 'plain  // picked'],
        ['finish', 'main  // lazy'],
        ['next', 'main  // bound'],
        ['step', 'plain  // picked'],
        ['step 2', 'main  printf'],
      ],
      { sourceOf: (where) => (where.startsWith('plain') ? 'ifunc_lib.c' : 'ifunc_lazy.c') },
    ));

  const libraryHelper = `helper:${lineOf('shared_lib.c', '// library helper')}`;
  const inLibrary = (where: string): string => (where.startsWith('library') || where === libraryHelper ? 'shared_lib.c' : 'shared.c');
  const library: readonly Row[] = [
    ['tbreak main'],
    ['run', 'main  // lazy'],
    ['step', 'library_add  library_calls++'],
    ['next', 'library_add  // library add'],
    ['step', 'helper  // library helper'],
    ['finish', 'library_add  // library add'],
    ['step', 'library_add  }'],
    ['step', 'main  // bound'],
    ['step', 'library_add  library_calls++'],
    ['finish', 'main  // bound'],
    ['next', 'main  library_twice(helper, 3)'],
    ['step', 'library_twice  // callback'],
    ['step', 'helper  // program helper'],
    ['finish', 'library_twice  // callback'],
  ];
  it('a library through the PLT, bound at the first call', () => table('shared.c', library, { sourceOf: inLibrary }));

  it('a library through the PLT, bound at the start', () => {
    const file = compile(join(fixtures, 'shared_lib.c'), ['-shared', '-fPIC']);
    const program = compile(join(fixtures, 'shared.c'), [file, `-Wl,-rpath,${join(file, '..')}`, '-Wl,-z,now']);
    return table('shared.c', library, { program, sourceOf: inLibrary });
  });

  it('a library that is loaded twice: a pending breakpoint is hit each time', () =>
    table(
      'dlopen.c',
      [
        ['break library_add'],
        ['run', 'library_add  library_calls++'],
        ['finish', 'main  // call'],
        ['next', 'main  // unload'],
        ['next 2', 'main  // load'],
        ['continue', 'library_add  library_calls++'],
        ['delete', 'library_add  library_calls++'],
        ['continue', 'exited 0'],
      ],
      { sourceOf: (where) => (where.startsWith('library') ? 'shared_lib.c' : 'dlopen.c') },
    ));
});

describe('until, advance and finish', () => {
  it('until does not go back in a loop', () =>
    table('loop_line.c', [
      ['tbreak main'],
      ['run', 'main  int total = 0'],
      ['until', 'main  // the loop'],
      ['until', 'main  printf("%d\\n", total)'],
      ['until', 'main  // the second loop'],
      ['until', 'main  printf("%d\\n", total)'],
    ]));

  it('until LOCATION means this frame, advance any', () =>
    table('recursion.c', [
      ['tbreak factorial'],
      ['run', 'factorial  // base'],
      [`until ${lineOf('recursion.c', '// multiply')}`, 'factorial  // multiply'],
      ['up', 'main  // call'],
      ['until', undefined],
      ['tbreak odd if n == 9'],
      ['continue', 'odd  even(n - 1)'],
      [`advance ${lineOf('recursion.c', 'return n == 0 ? 0')}`, undefined],
      [`advance ${line('recursion.c', 'printf')}`, undefined],
    ]));

  it('both stop when the frame returns first', () =>
    table('recursion.c', [
      ['tbreak even if n == 0'],
      ['run', 'even  odd(n - 1)'],
      [`until ${lineOf('recursion.c', 'printf("%d %d')}`, 'odd  even(n - 1)'],
      [`advance ${lineOf('recursion.c', '// base')}`, 'even  odd(n - 1)'],
    ]));

  it('finish out of main is refused: behind it there is only the C library', () =>
    table('recursion.c', [['tbreak main'], ['run', 'main  // call'], ['finish', 'error'], ['next', 'main  int parity']]));

  it('finish leaves the selected frame, not the innermost', () =>
    table('recursion.c', [
      ['tbreak factorial if n == 1'],
      ['run', 'factorial  // base'],
      ['frame 2', 'factorial  // recurse'],
      ['finish', 'factorial  // recurse'],
      ['finish', 'factorial  // recurse'],
      ['finish', 'main  // call'],
    ]));
});

describe('threads', () => {
  it('the thread of a step may end', () =>
    table('thread_ends.c', [['tbreak returns'], ['run', 'returns  // returns'], ['next', 'returns  }']]));

  it('the step of a thread that ends by pthread_exit ends with the program', () =>
    table('thread_ends.c', [['tbreak exits'], ['run', 'exits  // exits'], ['next', 'exited 0']]));
});

/** Commands of gdb that deet does not have: each says so, and what to do instead. */
import { DeetError } from '../common/errors.js';
import type { Command } from './command.js';
import { message } from './results.js';

interface Missing {
  readonly names: readonly string[];
  /** A sentence. */
  readonly says: string;
  /** Another sentence. */
  readonly instead?: string;
}

const backwards = 'deet does not run backwards.';
const noTracepoints = 'deet has no tracepoints.';
const noTui = 'There is no full-screen display.';
const noRemote = 'deet debugs programs of this machine only.';

const missing: readonly Missing[] = [
  {
    names: [
      'reverse-step',
      'rs',
      'reverse-next',
      'rn',
      'reverse-continue',
      'rc',
      'reverse-finish',
      'reverse-stepi',
      'rsi',
      'reverse-nexti',
      'rni',
    ],
    says: backwards,
    instead: 'A breakpoint or watchpoint further up and "run" lead there.',
  },
  {
    names: ['record', 'rec', 'checkpoint', 'restart', 'bookmark', 'goto-bookmark'],
    says: backwards,
    instead: '"generate-core-file" keeps a picture.',
  },
  {
    names: [
      'trace',
      'ftrace',
      'strace',
      'tstart',
      'tstop',
      'tstatus',
      'tfind',
      'tdump',
      'tsave',
      'tvariable',
      'actions',
      'collect',
      'passcount',
      'tp',
      'agent-printf',
    ],
    says: noTracepoints,
    instead: '"dprintf" and breakpoints with commands log without stopping.',
  },
  {
    names: ['layout', 'tui', 'focus', 'fs', 'refresh', 'winheight', 'winwidth'],
    says: noTui,
    instead: '"list" shows the source; "deet dap" is for editors.',
  },
  {
    names: ['target', 'monitor', 'load', 'flash-erase', 'disconnect', 'flushregs'],
    says: noRemote,
    instead: '"attach PID" and "core-file FILE" look at others.',
  },
  {
    names: ['guile', 'gu', 'guile-repl', 'gr', 'python-interactive', 'pi'],
    says: 'There is no Python or Guile in deet.',
    instead: 'From TypeScript: import { launch } from "deet".',
  },
  {
    names: ['compile', 'expression'],
    says: 'deet compiles no code into the program.',
    instead: '"print" evaluates expressions, calls included.',
  },
  { names: ['explore'], says: 'There is no explorer.', instead: '"print -diagram EXPRESSION" draws what a value leads to.' },
  {
    names: ['maintenance', 'mt'],
    says: 'The internals of gdb are not there.',
    instead: '"info files", "info line" and "xray on" tell much of it.',
  },
  {
    names: ['symbol-file', 'add-symbol-file', 'add-symbol-file-from-memory', 'remove-symbol-file', 'section'],
    says: 'Symbols are found by themselves: in the program, its libraries and their separate debug files.',
    instead: '"file PROGRAM" and "set debug-file-directory DIR" choose them.',
  },
  {
    names: ['overlay', 'ovly', 'mem', 'task', 'memory-tag', 'jit-reader-load', 'jit-reader-unload'],
    says: 'That is for other systems than Linux on x86-64, or for other languages.',
  },
  { names: ['new-ui', 'interpreter-exec'], says: 'deet has one interface at a time.', instead: '--json and "deet dap" are for programs.' },
  {
    names: ['define-prefix'],
    says: 'Commands that are made with "define" have one word.',
    instead: 'A hyphen joins several: define show-list',
  },
  {
    names: ['break-range'],
    says: 'Ranges cannot be watched for execution on x86-64.',
    instead: '"rbreak" sets breakpoints on many functions.',
  },
];

const refusal = ({ names: [name, ...aliases], says, instead }: Missing): Command => ({
  name,
  aliases,
  group: 'shell',
  isHidden: true,
  about: says,
  ...(instead !== undefined && { details: instead }),
  completes: ['none'],
  run: () => {
    throw new DeetError('not-here', says, instead);
  },
});

/** What init files may hold without harm: their lines are passed over. */
const passedOver = (name: string, aliases: readonly string[], about: string): Command => ({
  name,
  aliases,
  group: 'shell',
  isHidden: true,
  about,
  completes: ['none'],
  run: () => message(about),
});

const python: Command = {
  name: 'python',
  aliases: ['py'],
  group: 'shell',
  isHidden: true,
  about: 'There is no Python in deet; containers of libstdc++ are shown without it.',
  completes: ['none'],
  block: 'text',
  blockWhenAlone: true,
  run: ({ text, collect, emit }) => {
    emit(message(python.about, 'warning'));
    if (text.trim() === '') collect(() => undefined);
  },
};

const infos: readonly (readonly [names: readonly string[], says: string])[] = [
  [['auto-load'], 'Scripts that come with programs are not run.'],
  [['checkpoints', 'bookmarks', 'record', 'rec'], backwards],
  [['tracepoints', 'tp', 'tvariables', 'static-tracepoint-markers'], noTracepoints],
  [['win'], noTui],
  [['connections'], noRemote],
  [
    ['extensions', 'guile', 'frame-filter', 'pretty-printer', 'type-printers', 'unwinder', 'xmethod'],
    'There is no Python or Guile in deet; containers of libstdc++ are shown without it.',
  ],
  [['probes'], 'Probes are not looked at; "catch throw" and steps over exceptions work without them.'],
  [['os'], '"info tree" and "info fds" show the family; "shell ps", "shell lsmod" and "shell ipcs" the system.'],
  [['terminal'], 'deet gives its terminal to the program while that runs; "tty FILE" gives it another one.'],
  [['copying', 'warranty'], 'deet is free software under the MIT licence, without any warranty: see the file LICENSE.'],
  [['exceptions', 'tasks', 'selectors', 'common', 'modules', 'module', 'mem', 'dcache'], 'That is for other systems or languages.'],
];

export const elsewhereInfo: readonly Command[] = infos.map(([[name, ...aliases], says]) => passedOver(name, aliases, says));

export const elsewhereCommands: readonly Command[] = [
  ...missing.map(refusal),
  python,
  passedOver('add-auto-load-safe-path', ['add-auto-load-scripts-directory'], 'Scripts that come with programs are not run.'),
  passedOver('sharedlibrary', ['nosharedlibrary'], 'Symbols of libraries are read when they are needed; "info sharedlibrary" lists them.'),
];

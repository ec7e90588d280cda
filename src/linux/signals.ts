/**
 * The 64 signals of Linux x86-64 (signal(7)): names, what the kernel does by default, and how deet treats each when it
 * comes to a program: stop there, say so, pass it on. Descriptions and the treatment are gdb's (`info signals`), so that
 * a message such as "Program received signal SIGSEGV, Segmentation fault." reads as users know it.
 */

/** What the kernel does with a signal that a process neither handles nor ignores. */
export type DefaultAction = 'terminate' | 'core' | 'stop' | 'continue' | 'ignore';

/** The columns of `info signals`, changed by `handle`. */
export interface SignalTreatment {
  /** The program stops and the user gets a prompt. */
  stop: boolean;
  /** A line says that it came; stopping implies it. */
  print: boolean;
  /** The program gets it when it goes on. */
  pass: boolean;
}

export interface Signal {
  readonly number: number;
  /** `SIGSEGV`; real-time signals are `SIG34`... as in gdb. */
  readonly name: string;
  readonly description: string;
  readonly action: DefaultAction;
  readonly treatment: Readonly<SignalTreatment>;
}

/** Signals that are part of a program's ordinary life: passed on without a word. */
const quiet: Readonly<SignalTreatment> = { stop: false, print: false, pass: true };
const loud: Readonly<SignalTreatment> = { stop: true, print: true, pass: true };
/** Ctrl-C and breakpoints: meant for the debugger, not for the program. */
const kept: Readonly<SignalTreatment> = { stop: true, print: true, pass: false };

const standard: readonly [name: string, description: string, action: DefaultAction, treatment: Readonly<SignalTreatment>][] = [
  ['SIGHUP', 'Hangup', 'terminate', loud],
  ['SIGINT', 'Interrupt', 'terminate', kept],
  ['SIGQUIT', 'Quit', 'core', loud],
  ['SIGILL', 'Illegal instruction', 'core', loud],
  ['SIGTRAP', 'Trace/breakpoint trap', 'core', kept],
  ['SIGABRT', 'Aborted', 'core', loud],
  ['SIGBUS', 'Bus error', 'core', loud],
  ['SIGFPE', 'Arithmetic exception', 'core', loud],
  ['SIGKILL', 'Killed', 'terminate', loud],
  ['SIGUSR1', 'User defined signal 1', 'terminate', loud],
  ['SIGSEGV', 'Segmentation fault', 'core', loud],
  ['SIGUSR2', 'User defined signal 2', 'terminate', loud],
  ['SIGPIPE', 'Broken pipe', 'terminate', loud],
  ['SIGALRM', 'Alarm clock', 'terminate', quiet],
  ['SIGTERM', 'Terminated', 'terminate', loud],
  ['SIGSTKFLT', 'Stack fault', 'terminate', loud], // gdb has no name for it; the kernel never sends it
  ['SIGCHLD', 'Child status changed', 'ignore', quiet],
  ['SIGCONT', 'Continued', 'continue', loud],
  ['SIGSTOP', 'Stopped (signal)', 'stop', loud],
  ['SIGTSTP', 'Stopped (user)', 'stop', loud],
  ['SIGTTIN', 'Stopped (tty input)', 'stop', loud],
  ['SIGTTOU', 'Stopped (tty output)', 'stop', loud],
  ['SIGURG', 'Urgent I/O condition', 'ignore', quiet],
  ['SIGXCPU', 'CPU time limit exceeded', 'core', loud],
  ['SIGXFSZ', 'File size limit exceeded', 'core', loud],
  ['SIGVTALRM', 'Virtual timer expired', 'terminate', quiet],
  ['SIGPROF', 'Profiling timer expired', 'terminate', quiet],
  ['SIGWINCH', 'Window size changed', 'ignore', quiet],
  ['SIGIO', 'I/O possible', 'terminate', quiet],
  ['SIGPWR', 'Power fail/restart', 'terminate', loud],
  ['SIGSYS', 'Bad system call', 'core', loud],
];

const firstRealTime = 32;
const lastSignal = 64;
/** 32 and 33 belong to the C library (thread cancellation, setuid in all threads): programs cannot use them. */
const firstFreeRealTime = 34;

const realTime = (number: number): Signal => ({
  number,
  name: `SIG${number}`,
  description: `Real-time event ${number}`,
  action: 'terminate',
  treatment: number < firstFreeRealTime ? quiet : loud,
});

/** All of them by number, 1 to 64. */
export const signals: readonly Signal[] = [
  ...standard.map(([name, description, action, treatment], index): Signal => ({ number: index + 1, name, description, action, treatment })),
  ...Array.from({ length: lastSignal - firstRealTime + 1 }, (_, index) => realTime(firstRealTime + index)),
];

const byName = new Map(signals.map((signal) => [signal.name, signal]));

/** Other spellings of the same numbers (bits/signum-generic.h). */
const aliases = new Map([
  ['SIGIOT', 'SIGABRT'],
  ['SIGCLD', 'SIGCHLD'],
  ['SIGPOLL', 'SIGIO'],
]);

export const signalByNumber = (number: number): Signal | undefined => signals[number - 1];

/** `SIGSEGV`, also for numbers that no signal has: `SIG99`. */
export const signalName = (number: number): string => signalByNumber(number)?.name ?? `SIG${number}`;

/**
 * The signal that a user means: `SIGINT`, `int`, `SIGRTMIN+3`, `SIGRTMAX-1`, `SIG40`, or a number from 1 to 64 in digits.
 * Undefined: there is none.
 */
export const signalNamed = (text: string): Signal | undefined => {
  const upper = text.trim().toUpperCase();
  if (/^\d+$/.test(upper)) return signalByNumber(Number(upper));
  const name = upper.startsWith('SIG') ? upper : `SIG${upper}`;
  const offset = /^SIGRT(MIN|MAX)(?:([+-])(\d+))?$/.exec(name);
  if (offset) {
    const distance = Number(offset[3] ?? 0) * (offset[2] === '-' ? -1 : 1);
    const number = (offset[1] === 'MIN' ? firstFreeRealTime : lastSignal) + distance;
    return number >= firstFreeRealTime ? signalByNumber(number) : undefined;
  }
  return byName.get(aliases.get(name) ?? name);
};

/** The signals of a mask as /proc/PID/status and the kernel's sigset_t have it: bit 0 is signal 1. */
export const signalsInMask = (mask: bigint): Signal[] => signals.filter(({ number }) => (mask >> BigInt(number - 1)) & 1n);

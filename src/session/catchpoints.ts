/** Catchpoints: stops for what a process does rather than for where it is. */
import { DeetError } from '../common/errors.js';
import type { Thread } from '../inferior/thread.js';
import { signalNamed } from '../linux/signals.js';
import { syscallGroups, syscallsInGroup } from '../linux/syscall_groups.js';
import { syscallNumber } from '../linux/syscalls.js';
import type { Breakpoint, CatchSpec } from './breakpoint.js';
import type { Session } from './session.js';
import { syscallStop } from './syscall_stops.js';
import type { SyscallReport } from './types.js';

const kinds: readonly CatchSpec['what'][] = ['fork', 'vfork', 'exec', 'syscall', 'signal', 'load', 'unload', 'throw', 'catch'];

/** Functions of the C++ run-time library (Itanium C++ ABI, exception handling) that throw and begin to catch. */
const exceptionFunctions = { throw: '__cxa_throw', catch: '__cxa_begin_catch' } as const;

export class Catchpoints {
  constructor(private readonly session: Session) {}

  /** `catch syscall openat 3`, `catch fork`, `tcatch exec`... @throws DeetError. */
  create(text: string, temporary = false): Breakpoint {
    const [word = '', ...names] = text.trim().split(/\s+/);
    const what = kinds.find((each) => each === word) ?? (word === 'rethrow' ? 'throw' : undefined);
    if (!what) throw new DeetError('usage', word === '' ? 'Catch what?' : `"${word}" cannot be caught.`, `One of: ${kinds.join(', ')}.`);
    if (what === 'throw' || what === 'catch') {
      const breakpoint = this.session.break(exceptionFunctions[what], { temporary, pending: true });
      breakpoint.catch = { what, numbers: [], names: [] };
      return breakpoint;
    }
    const numbers =
      what === 'syscall' ? names.flatMap(toSyscalls) : what === 'signal' ? names.filter((name) => name !== 'all').map(toSignal) : [];
    return this.session.breakpoints.createWithoutPlace('catch', text.trim(), { temporary }, { what, numbers, names });
  }

  /** The enabled catchpoint of a kind that wants this number or name; counts the hit. */
  #caught(what: CatchSpec['what'], fits: (spec: CatchSpec) => boolean = () => true): Breakpoint | undefined {
    for (const breakpoint of this.session.breakpoints.all()) {
      const spec = breakpoint.catch;
      if (!breakpoint.enabled || spec?.what !== what || !fits(spec)) continue;
      breakpoint.hits++;
      if (breakpoint.ignoreCount > 0) breakpoint.ignoreCount--;
      else return breakpoint;
    }
    return undefined;
  }

  family(what: 'fork' | 'vfork' | 'exec'): Breakpoint | undefined {
    return this.#caught(what);
  }

  /** Signals that a user catches by name; without names all but SIGTRAP and SIGINT, as in gdb. */
  signal(number: number): Breakpoint | undefined {
    return this.#caught('signal', ({ numbers, names }) =>
      names.length === 0 ? number !== 2 && number !== 5 : names.includes('all') || numbers.includes(number),
    );
  }

  images(what: 'load' | 'unload', paths: readonly string[]): Breakpoint | undefined {
    return this.#caught(what, ({ names }) => names.length === 0 || paths.some((path) => names.some((name) => new RegExp(name).test(path))));
  }

  get wantsSyscalls(): boolean {
    return this.session.breakpoints.all().some((each) => each.enabled && each.catch?.what === 'syscall');
  }

  syscall(thread: Thread): { readonly breakpoint: Breakpoint; readonly report: SyscallReport } | undefined {
    const { number, report } = syscallStop(thread);
    const breakpoint = this.#caught('syscall', ({ numbers }) => numbers.length === 0 || numbers.includes(number));
    return breakpoint && { breakpoint, report: report() };
  }
}

/** `openat`, `257`, `group:file` or `g:file`. */
const toSyscalls = (text: string): number[] => {
  const group = /^g(?:roup)?:(.*)$/.exec(text)?.[1];
  if (group === undefined) return [toSyscall(text)];
  const numbers = syscallsInGroup(group);
  if (!numbers) throw new DeetError('no-syscall', `Unknown syscall group '${group}'.`, `One of: ${syscallGroups.join(', ')}.`);
  return numbers;
};

const toSyscall = (text: string): number => {
  const number = /^\d+$/.test(text) ? Number(text) : syscallNumber(text);
  if (number === undefined) throw new DeetError('no-syscall', `Unknown syscall name '${text}'.`);
  return number;
};

const toSignal = (text: string): number => {
  const signal = signalNamed(text);
  if (!signal) throw new DeetError('no-signal', `Only signal names and numbers can be caught, not "${text}".`);
  return signal.number;
};

/** Convenience variables that deet itself keeps: `$_siginfo`, `$_exception`, `$_thread`, `$bpnum`... Whoever sets one of them anew has an ordinary variable. */
import { hex } from '../common/addresses.js';
import { DeetError } from '../common/errors.js';
import type { Thread } from '../inferior/thread.js';
import * as c from '../language/c-types.js';
import type { ConvenienceVariables } from '../language/context.js';
import type { Place } from '../language/place.js';
import { Value } from '../language/value.js';
import { signalInfoSize } from '../linux/siginfo.js';
import type { CType, Member, StructType } from '../symbols/types.js';
import type { Session } from './session.js';
import { thrownAt } from './thrown.js';

/** A structure or union whose members are laid out as the C compiler does. */
const composite = (
  kind: 'struct' | 'union',
  size: number,
  fields: readonly (readonly [name: string, type: CType, offset: number])[],
  name?: string,
): StructType => {
  const members = fields.map(([field, type, offset]): Member => ({ name: field, type, offset }));
  return { kind, name, size, members: () => members, methods: () => [] };
};

const named = (name: string, target: CType): CType => ({ kind: 'typedef', name, target });
const pid = named('__pid_t', c.INT);
const uid = named('__uid_t', c.UNSIGNED_INT);
const clock = named('__clock_t', c.LONG);
const sigval = named('sigval_t', composite('union', 8, [['sival_int', c.INT, 0], ['sival_ptr', c.VOID_POINTER, 0]])); // prettier-ignore

/** siginfo_t (sigaction(2), asm-generic/siginfo.h), with the field names that gdb gives it. */
const signalInfoType = named(
  'siginfo_t',
  composite('struct', signalInfoSize, [
    ['si_signo', c.INT, 0],
    ['si_errno', c.INT, 4],
    ['si_code', c.INT, 8],
    ['_sifields', composite('union', 112, [
      ['_pad', c.arrayOf(c.INT, 28), 0],
      ['_kill', composite('struct', 8, [['si_pid', pid, 0], ['si_uid', uid, 4]]), 0],
      ['_timer', composite('struct', 16, [['si_tid', c.INT, 0], ['si_overrun', c.INT, 4], ['si_sigval', sigval, 8]]), 0],
      ['_rt', composite('struct', 16, [['si_pid', pid, 0], ['si_uid', uid, 4], ['si_sigval', sigval, 8]]), 0],
      ['_sigchld', composite('struct', 32, [
        ['si_pid', pid, 0], ['si_uid', uid, 4], ['si_status', c.INT, 8], ['si_utime', clock, 16], ['si_stime', clock, 24],
      ]), 0],
      ['_sigfault', composite('struct', 32, [
        ['si_addr', c.VOID_POINTER, 0],
        ['_addr_lsb', c.SHORT, 8],
        ['_addr_bnd', composite('struct', 16, [['_lower', c.VOID_POINTER, 0], ['_upper', c.VOID_POINTER, 8]]), 16],
      ]), 0],
      ['_sigpoll', composite('struct', 16, [['si_band', c.LONG, 0], ['si_fd', c.INT, 8]]), 0],
      ['_sigsys', composite('struct', 16, [['_call_addr', c.VOID_POINTER, 0], ['_syscall', c.INT, 8], ['_arch', c.UNSIGNED_INT, 12]]), 0],
    ]), 16],
  ], 'siginfo'),
); // prettier-ignore

/** The kernel's copy, which is the one that a handler of the program will get. */
class SignalInfoPlace implements Place {
  readonly kind = 'variable';

  constructor(private readonly thread: Thread) {}

  #all(): Uint8Array {
    const bytes = this.thread.process.source.signalInfo(this.thread.tid)?.slice();
    if (!bytes) throw new DeetError('no-siginfo', 'Unable to read siginfo: this thread is not stopped by a signal.');
    return bytes;
  }

  read(offset: number, length: number): Uint8Array {
    return this.#all().slice(offset, offset + length);
  }

  write(offset: number, bytes: Uint8Array): void {
    this.thread.process.source.mayChange();
    const all = this.#all();
    all.set(bytes, offset);
    this.thread.process.source.writeSignalInfo(this.thread.tid, all);
  }
}

/** The object that is thrown or caught, in its own type: where a catchpoint has stopped for it. */
const exceptionOf = (session: Session, thread: Thread | undefined): Value => {
  const stop = session.lastStop;
  const thrown = stop && stop.thread === thread ? thrownAt(stop) : undefined;
  if (!thrown) throw new DeetError('no-exception', 'Not stopped at a C++ exception catchpoint.', 'As in: catch throw, then run.');
  try {
    return session.values.now(`*(${thrown.type} *) ${hex(thrown.object)}`);
  } catch (error) {
    if (!(error instanceof DeetError)) throw error;
    const where = `It lies at ${hex(thrown.object)}.`;
    throw new DeetError('no-type', `The program's debug information does not have the type ${thrown.type}.`, where);
  }
};

const integer = (value: number): Value => Value.integer(c.INT, BigInt(value));

export const ownVariables = (session: Session, store: ConvenienceVariables): ConvenienceVariables => {
  const thread = (): Thread | undefined => session.selectedThread();
  const own: Readonly<Record<string, () => Value | undefined>> = {
    _siginfo: () => {
      const of = thread();
      return of && new Value(signalInfoType, new SignalInfoPlace(of));
    },
    _exception: () => exceptionOf(session, thread()),
    _thread: () => integer(thread()?.id ?? 0),
    _gthread: () => integer(thread()?.id ?? 0),
    _inferior_thread_count: () => integer(thread()?.process.threads.size ?? 0),
    _inferior: () => integer(thread()?.process.id ?? 1),
    _hit_bpnum: () => {
      const hit = session.lastStop?.breakpoints[0];
      return hit && integer(hit.id);
    },
    _hit_locno: () => {
      const stop = session.lastStop;
      const places = stop?.breakpoints[0]?.locations ?? [];
      return places.length > 0
        ? integer(
            Math.max(
              0,
              places.findIndex(({ address }) => address === stop?.thread.pc),
            ) + 1,
          )
        : undefined;
    },
    bpnum: () => (session.breakpoints.nextId > 0 ? integer(session.breakpoints.nextId - 1) : undefined),
  };
  return {
    names: () => new Set([...(store.names?.() ?? []), ...Object.keys(own)]),
    get: (name) => store.get(name) ?? (Object.hasOwn(own, name) ? own[name]() : undefined),
    set: (name, value) => {
      store.set(name, value);
    },
  };
};

/**
 * Programs that use ptrace themselves. A process has one tracer at a time: a child that deet traces cannot be traced by the program. So when the program calls
 * the C library's ptrace for one of its own (PTRACE_TRACEME in a child; PTRACE_ATTACH, PTRACE_SEIZE of a child), deet lets that process go first, and the program works
 * as it does alone. Such a process is no longer followed, but it is ended with the family.
 */
import type { Engine } from '../inferior/engine.js';
import type { Process } from '../inferior/process.js';
import type { SiteOwner, Verdict } from '../inferior/sites.js';
import type { Thread } from '../inferior/thread.js';
import { Signal } from '../linux/constants.js';
import { readStat } from '../linux/proc.js';
import { Word } from '../linux/registers.js';
import { native } from '../native.js';

/** Requests of ptrace(2) that make somebody a tracee. */
const Request = { traceMe: 0n, attach: 16n, seize: 0x4206n } as const;

export class SelfTracing {
  readonly #watched = new WeakSet<Process>();
  /** Processes that were let go, with their start times: a pid may have been given to another meanwhile. */
  readonly #released = new Map<number, number | undefined>();
  readonly #owner: SiteOwner = { kind: 'internal', arrived: (thread) => this.#called(thread) };

  constructor(
    private readonly engine: Engine,
    private readonly releasing: (process: Process) => void,
  ) {}

  /** From its first fork on a process is watched, and so are its children. */
  watch(process: Process): void {
    if (this.#watched.has(process)) return;
    this.#watched.add(process);
    for (const { image, bias } of process.images.all()) {
      const symbol = image.symbolsNamed('ptrace').find(({ type, address }) => type === 'function' && address !== 0);
      if (!symbol) continue;
      process.space.sites.add(BigInt(symbol.address) + bias, this.#owner);
      return;
    }
  }

  #called(thread: Thread): Verdict {
    const registers = thread.registers();
    const request = registers[Word.rdi];
    if (request === Request.traceMe && thread.process.parent) this.#release(thread.process);
    if (request === Request.attach || request === Request.seize) {
      const target = this.engine.family.thread(Number(BigInt.asIntN(32, registers[Word.rsi])))?.process;
      if (target && target !== thread.process) this.#release(target);
    }
    return 'pass';
  }

  #release(process: Process): void {
    this.#released.set(process.pid, readStat(process.pid)?.startTime);
    this.releasing(process);
    this.engine.release(process);
  }

  /** Ends what was let go and still lives. */
  endReleased(): void {
    for (const [pid, started] of this.#released)
      if (started !== undefined && readStat(pid)?.startTime === started) native.kill(pid, Signal.SIGKILL);
    this.#released.clear();
  }
}

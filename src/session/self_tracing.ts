/**
 * Programs that use ptrace themselves. A process has one tracer at a time: a child that deet traces cannot be traced by the program. So when the program calls
 * the C library's ptrace for one of its own (PTRACE_TRACEME in a child; PTRACE_ATTACH, PTRACE_SEIZE of a child), deet lets that process go first, and the program works
 * as it does alone. Such a process is no longer followed, but it is ended with the family.
 */
import type { Engine } from '../inferior/engine.js';
import type { Process } from '../inferior/process.js';
import type { Verdict } from '../inferior/sites.js';
import type { Thread } from '../inferior/thread.js';
import { Signal } from '../linux/constants.js';
import { readStat } from '../linux/proc.js';
import { Word } from '../linux/registers.js';
import { native } from '../native.js';
import { FamilySites, functionNamed } from './family_sites.js';

/** Requests of ptrace(2) that make somebody a tracee. */
const Request = { traceMe: 0n, attach: 16n, seize: 0x4206n } as const;

export class SelfTracing {
  readonly sites = new FamilySites(functionNamed('ptrace'), { kind: 'internal', arrived: (thread) => this.#called(thread) });
  /** Processes that were let go, with their start times: a pid may have been given to another meanwhile. */
  readonly #released = new Map<number, number | undefined>();

  constructor(
    private readonly engine: Engine,
    private readonly releasing: (process: Process) => void,
  ) {}

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

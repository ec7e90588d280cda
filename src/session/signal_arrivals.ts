/** A signal arrives at a process that is followed: does the user hear of it, and does the program? gdb's table (`handle`) decides, and deet's own dealings. */
import type { Process } from '../inferior/process.js';
import type { Thread } from '../inferior/thread.js';
import { Signal } from '../linux/constants.js';
import { signalByNumber, signalName } from '../linux/signals.js';
import type { JobControl } from './job_control.js';
import type { SignalTable } from './signal_table.js';
import type { SessionEvent, Stop } from './types.js';

/** `discard`: the program never sees it. */
export type SignalVerdict = 'stop' | 'pass' | 'discard';

interface Policy {
  readonly signals: SignalTable;
  readonly emit: (event: SessionEvent) => void;
  /** Nobody is there to answer: signals that the program handles itself do not stop it. */
  readonly batch: boolean;
}

interface Family {
  threads(): readonly Thread[];
  /** A catchpoint waits for this signal. */
  caught(signal: number): boolean;
}

/** About to kill the process: neither handled nor ignored, and fatal by default. */
const isFatal = (process: Process, signal: number): boolean => {
  const action = signalByNumber(signal)?.action;
  return (action === 'core' || action === 'terminate') && !process.catches(signal) && !process.ignores(signal);
};

export class SignalArrivals {
  /** Processes that the terminal's Ctrl-C reached together with the one that stopped: theirs is not a second one. */
  readonly #sameInterrupt = new Set<Process>();

  constructor(
    private readonly policy: Policy,
    private readonly jobs: JobControl,
    private readonly family: Family,
  ) {}

  arrived(thread: Thread, signal: number): SignalVerdict {
    const { process } = thread;
    const { signals, emit, batch } = this.policy;
    const job = this.jobs.arrived(process, signal);
    if (job) return job;
    if (signal === Signal.SIGINT && this.#sameInterrupt.delete(process)) return 'discard';
    if (this.family.caught(signal)) return 'stop';
    const treatment = signals.treatment(signal);
    if (batch && !signals.isChosen(signal) && !isFatal(process, signal)) return 'pass';
    if (treatment.stop) return 'stop';
    if (treatment.print) {
      emit({ type: 'signal', thread, name: signalName(signal), description: signalByNumber(signal)?.description ?? '' });
    }
    return treatment.pass ? 'pass' : 'discard';
  }

  /** The user is about to be told of it. */
  stopped(thread: Thread, number: number): NonNullable<Stop['signal']> {
    const info = thread.signalInfo();
    if (!this.policy.signals.treatment(number).pass) thread.signal = 0;
    if (number === Signal.SIGINT) this.#noteSharedInterrupt(thread.process);
    return { number, name: signalName(number), description: signalByNumber(number)?.description ?? `Signal ${number}`, info };
  }

  /** Ctrl-C goes to every process of the foreground group at once; one stop is enough. */
  #noteSharedInterrupt(first: Process): void {
    for (const thread of this.family.threads()) {
      if (thread.process === first) continue;
      const index = thread.pending.findIndex((event) => event.kind === 'signal' && event.signal === Signal.SIGINT);
      if (index >= 0) thread.pending.splice(index, 1);
      else if (thread.process.hasPending(Signal.SIGINT)) this.#sameInterrupt.add(thread.process);
    }
  }
}

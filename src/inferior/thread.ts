/** One thread of a process being debugged: what the kernel last said of it, what deet wants of it, and its registers while it is stopped. */
import { pauseIt, typing } from '../common/advice.js';
import { DeetError } from '../common/errors.js';
import type { Address } from '../common/addresses.js';
import { errno } from '../linux/constants.js';
import { readStat } from '../linux/proc.js';
import { registerWords, resumeFlag, trapFlag, Word } from '../linux/registers.js';
import { decodeSignalInfo, type SignalInfo } from '../linux/siginfo.js';
import type { WaitEvent } from '../linux/status.js';
import { ExtendedState } from '../linux/xstate.js';
import { native } from '../native.js';
import { beginStep, endStep, returnTrap } from './blocked_trap.js';
import type { OwnCall } from './own_call.js';
import { hasQueuedFault } from './queued.js';
import type { Process } from './process.js';
import type { StepStart } from './trap_flag.js';

/** What the kernel last said. `stuck`: asked to stop, but in a sleep that only its end interrupts (vfork's parent, a zombie leader). */
export type ActualState = 'running' | 'stopped' | 'stuck' | 'gone';

const noRegisters = new BigUint64Array(0);

export class Thread {
  actual: ActualState = 'running';
  /** Newborn threads owe a first event-stop, which nobody asked for. */
  awaitsFirstStop = false;
  /** An interrupt was sent and its stop has not been seen. */
  interrupted = false;
  /** The signal (SIGSTOP and the like) of the group-stop that it is in: resumed by PTRACE_LISTEN until SIGCONT, as without a debugger. 0: in none. */
  groupStop = 0;
  /** The signal to deliver when it next runs. */
  signal = 0;
  /** A signal from the user that is on its way through the kernel: delivered without a question when it comes. */
  promised = 0;
  /** Events read while all threads were being stopped, not yet decided upon. */
  readonly pending: WaitEvent[] = [];
  /**
   * The address of a site whose arrival has been dealt with: the next resumption passes it without another hit. A site at pc that does
   * not stand here will be hit when the thread runs.
   */
  passed: Address | undefined;
  /**
   * The thread may come back to a site with this stack pointer, and that will be no new hit: a signal handler began there (`handler`), or the instruction under
   * the site is a system call that sleeps and may be restarted (`sleep`; over when its single step is reported).
   */
  returnsTo: { readonly address: Address; readonly stackPointer: bigint; readonly because: 'handler' | 'sleep' } | undefined;
  /** At its last stop it was taken out of a probe's check: what it did there is undone. */
  leftCheck = false;
  /** What it did there has raised a signal that it will be stopped with next. */
  owesFault = false;
  /** Where it met a trap in the middle of a jump that was there no more. */
  strayed: Address | undefined;
  /** Where it stood when it was last resumed by a single step. */
  stepStart: StepStart | undefined;
  /** It stops once more before it ends (PTRACE_O_TRACEEXIT). */
  announcesExit = false;
  /** It was told to make a step, and has not reported it: what interrupted it, or came first, may have left the report waiting in the kernel. */
  owesStep = false;
  /** The pc with which it was last resumed, if that was looked at. */
  resumedAt: Address | undefined;
  /** The program blocks SIGTRAP, which deet has taken out of the mask for a step. */
  blocksTrap = false;
  /** Its mask has not been looked at since it ran freely. */
  mayBlockTrap = true;
  /** siginfo_t of a SIGTRAP that waited while the program blocked it, and came because of deet. */
  heldTrap: Uint8Array | undefined;
  /** When the wait ends that was interrupted last (`performance.now()`; interrupted_waits.ts). */
  waitsUntil = 0;
  /** The like of a wait whose limit is in memory, there, and that was made here. */
  timedWait: { readonly limit: Address; readonly pc: Address; readonly until: number } | undefined;
  /** The kernel takes the trap flag of deet's steps for the program's own (trap_flag.ts). */
  trapFlagConfused = false;
  /** Set by system call stops: alternates between entry and exit. */
  inSyscall = false;
  /** Calls that deet has made, and that have not come back yet; innermost last. */
  readonly calls: OwnCall[] = [];
  #given: string | undefined;

  /** Made when they are first asked for. */
  #registers = noRegisters;
  #loaded = false;
  /** What has to be written back before it runs: everything, or the pc alone, which is what passing a site changes. */
  #dirty: 'all' | 'pc' | undefined;

  constructor(
    readonly tid: number,
    /** 1, 2, ... within its session, as gdb numbers threads. */
    readonly id: number,
    public process: Process,
  ) {}

  /** The user's name for it, or its own (pthread_setname_np(3)), which is the program's when nobody has set one. */
  get name(): string | undefined {
    if (this.#given !== undefined || !this.process.source.live) return this.#given;
    return readStat(`${this.process.pid}/task/${this.tid}`)?.name;
  }

  set name(name: string | undefined) {
    this.#given = name;
  }

  get groupStopped(): boolean {
    return this.groupStop !== 0;
  }

  get stopped(): boolean {
    return this.actual === 'stopped';
  }

  /** The general registers; write through `setRegister`. @throws DeetError `running` or `process-gone`. */
  registers(): BigUint64Array {
    if (!this.#loaded) {
      if (this.actual !== 'stopped') throw new DeetError('running', `Thread ${this.tid} is running.`, pauseIt);
      if (this.#registers === noRegisters) this.#registers = new BigUint64Array(registerWords);
      if (!this.process.source.readRegisters(this.tid, this.#registers))
        throw new DeetError('process-gone', `Thread ${this.tid} has been killed meanwhile.`, typing('continue', 'to see its end'));
      this.#loaded = true;
      if (this.trapFlagConfused) this.#hideTrapFlag();
      if (this.process.space.hasCopies) this.#leaveCopy();
    }
    return this.#registers;
  }

  #hideTrapFlag(): void {
    this.#registers[Word.eflags] &= ~trapFlag;
    this.#dirty = 'all';
  }

  /** A thread that was stopped in code of deet's own - a copy of an instruction, a probe's check - is shown, and goes on, where it is in the program. */
  #leaveCopy(): void {
    const { slots, probes } = this.process.space;
    const original = slots.original(this.#registers[Word.rip]);
    const left = original ? undefined : probes.leave(this.#registers, (address) => this.#wordAt(address));
    if (!original && !left) return;
    if (original) this.#registers[Word.rip] = original.pc;
    this.#dirty = 'all';
    this.leftCheck = left?.inCheck ?? false;
    this.owesFault = this.leftCheck && hasQueuedFault(this.tid);
    if (original?.before || left?.passed) this.passed = this.#registers[Word.rip];
  }

  #wordAt(address: Address): bigint | undefined {
    try {
      return this.process.space.readNumber(address, 8);
    } catch (error) {
      if (error instanceof DeetError) return undefined;
      throw error;
    }
  }

  get pc(): Address {
    return this.registers()[Word.rip];
  }

  set pc(value: Address) {
    this.setRegister(Word.rip, value);
  }

  get stackPointer(): Address {
    return this.registers()[Word.rsp];
  }

  /** @throws DeetError `post-mortem` */
  setRegister(word: number, value: bigint): void {
    this.process.source.mayChange();
    const registers = this.registers();
    registers[word] = BigInt.asUintN(64, value);
    // The flag is for the instruction that stood at the old pc.
    const flagged = word === Word.rip && (registers[Word.eflags] & resumeFlag) !== 0n;
    if (flagged) registers[Word.eflags] &= ~resumeFlag;
    this.#dirty = word === Word.rip && !flagged ? (this.#dirty ?? 'pc') : 'all';
  }

  /** Copies all registers aside, to be put back by `restoreRegisters` (calls into the program). */
  saveRegisters(): BigUint64Array {
    if (this.#loaded || !this.stopped || this.process.space.hasCopies) return this.registers().slice();
    const saved = new BigUint64Array(registerWords);
    return this.process.source.readRegisters(this.tid, saved) ? saved : this.registers().slice();
  }

  restoreRegisters(saved: BigUint64Array): void {
    this.registers().set(saved);
    this.#dirty = 'all';
  }

  /** Writes changed registers to the kernel now. */
  flush(): void {
    if (this.#dirty === 'pc') native.setRegister(this.tid, Word.rip, this.#registers[Word.rip]);
    else if (this.#dirty) this.process.source.writeRegisters(this.tid, this.#registers);
    this.#dirty = undefined;
  }

  /** The floating-point and vector registers; undefined: not known. May be changed and given to `writeExtendedState`. */
  extendedState(): ExtendedState | undefined {
    const bytes = this.process.source.readExtendedState(this.tid);
    return bytes && new ExtendedState(bytes);
  }

  /** @throws DeetError `registers` or `post-mortem` */
  writeExtendedState({ bytes }: ExtendedState): void {
    this.process.source.writeExtendedState(this.tid, bytes);
  }

  /** What is known of the signal that it stopped or died of. */
  signalInfo(): SignalInfo | undefined {
    const bytes = this.process.source.signalInfo(this.tid);
    return bytes && decodeSignalInfo(bytes);
  }

  /** Lets it run. A thread that died meanwhile (ESRCH) stays "running": its exit is about to be reported. */
  resume(how: 'run' | 'step' | 'syscall', signal = this.signal): void {
    if (how !== 'step') this.dropTrapFlag();
    this.flush();
    this.resumedAt = this.#loaded ? this.pc : undefined;
    if (how === 'step') this.owesStep = true;
    if (how !== 'step' || signal !== 0) this.mayBlockTrap = true;
    const last = how === 'step' ? beginStep(this, signal) : returnTrap(this, signal);
    this.stepStart = how === 'step' ? { pc: this.pc, stackPointer: this.stackPointer } : undefined;
    const start = how === 'run' ? native.cont : how === 'step' ? native.step : native.syscall;
    this.markRunning();
    const result = start(this.tid, last);
    if (result < 0 && result !== -errno.ESRCH) throw new DeetError('ptrace', `Thread ${this.tid} cannot be resumed (errno ${-result}).`);
  }

  /** It is about to run without steps: what is left of deet's trap flag goes. */
  dropTrapFlag(): void {
    if (this.trapFlagConfused) this.registers();
    this.trapFlagConfused = false;
  }

  /** Keeps a group-stopped thread stopped, but lets SIGCONT wake it (PTRACE_LISTEN). */
  listen(): void {
    this.flush();
    this.markRunning();
    native.listen(this.tid);
  }

  /** The kernel reported a stop. */
  markStopped(): void {
    this.actual = 'stopped';
    this.interrupted = false;
    this.#loaded = false;
    this.#dirty = undefined;
    this.leftCheck = false;
    if (this.blocksTrap) endStep(this);
  }

  markRunning(): void {
    this.actual = 'running';
    this.signal = 0;
    this.#loaded = false;
    this.process.space.generation++;
  }
}

/**
 * step, next, until and finish out of an inlined call, with gdb's meaning (the order of the questions is that of its process_event_stop_test): the thread
 * makes single steps while it is in the code of its line, runs over calls to a site at their return address, goes into functions that have lines and
 * stops behind their prologue, treats an inlined call as a call, and, when a function returns into the middle of the caller's line, finishes that line.
 */
import type { Address } from '../common/addresses.js';
import { DeetError } from '../common/errors.js';
import type { Frame } from '../inferior/frame.js';
import type { PlanMode } from '../inferior/plan.js';
import type { Thread } from '../inferior/thread.js';
import {
  callerOf,
  identityOf,
  madeCall,
  PlanBase,
  sameFrame,
  sameStackFrame,
  type FrameIdentity,
  type LineSpan,
  type StepWorld,
} from './stepping.js';

export interface LineStepOptions {
  /** next: calls are stepped over. */
  readonly over: boolean;
  /** until: the range begins at the function's start, so that a loop's jump back does not stop. */
  readonly notBackward?: boolean;
  /** step into one of the functions that the line calls: the one that begins here. All other calls are stepped over. */
  readonly into?: Address;
  /** finish out of an inlined call: the step is one of this outer frame, which is in the middle of a line. */
  readonly inFrame?: Frame;
}

export class LineStep extends PlanBase {
  protected readonly initiating: FrameIdentity;
  /** Code in which the step simply goes on. */
  #start: Address = 0n;
  #end: Address = 0n;
  /** The line that the step is to leave; 0: any other will do. */
  #line = 0;
  #file = '';
  #frame: FrameIdentity;
  #before: { pc: Address; stackPointer: Address };
  /** True: the step was complete without running (a step into an inlined call). */
  readonly immediate: boolean = false;

  /** @throws DeetError `no-line` where nobody knows what code this is. */
  constructor(
    world: StepWorld,
    thread: Thread,
    private readonly options: LineStepOptions,
  ) {
    super(world, thread);
    this.#before = { pc: thread.pc, stackPointer: thread.stackPointer };
    if (!this.overInlined && world.innermost(thread).hidden > 0) {
      world.reveal(thread);
      if (!world.skips(world.innermost(thread).frame)) this.immediate = true;
    }
    const { frame, outer } = world.innermost(thread);
    this.#frame = identityOf(options.inFrame ?? frame, outer);
    this.initiating = this.#frame;
    if (this.immediate) this.mode = 'done';
    else if (options.inFrame) this.#start = this.#end = thread.pc;
    else this.#chooseRange(frame);
  }

  private get overInlined(): boolean {
    return this.options.over || this.options.into !== undefined;
  }

  /** The code of the line where the thread stands; without lines, that of the function. */
  #chooseRange(frame: Frame): void {
    const { thread, world } = this;
    const span = world.lineAt(thread, thread.pc);
    const bounds = world.functionAt(thread, thread.pc);
    if (span) {
      this.#take(span);
      // gcc leaves out rows behind inlined calls (PR 98780): the line goes no further than the one that is stepped over.
      const end = world.hiddenCallEnd(thread);
      if (end !== undefined && end < this.#end && !this.options.notBackward) this.#end = end;
      // Standing at a hidden inlined call, the line is the caller's, not the one that the table has for the callee's code.
      this.#remember(frame.position ? { file: frame.position.file.path, line: frame.position.line } : span);
      if (this.options.notBackward && bounds) this.#extendToStart(bounds.start, span);
      return;
    }
    if (world.stepMode && !this.options.notBackward) return;
    if (bounds) {
      this.#start = bounds.start;
      this.#end = this.options.notBackward ? thread.pc + 1n : bounds.end;
      this.notes.push(`Single stepping until exit from function ${bounds.name ?? '??'},\nwhich has no line number information.`);
      return;
    }
    // Code without even a name: out of it by its return address - or into the handler of the signal that stopped the program there.
    if (thread.signal !== 0 && thread.process.catches(thread.signal)) return;
    if (!this.#runToCaller())
      throw new DeetError('no-line', 'Cannot find bounds of current function.', 'Step by instructions: stepi or nexti.');
    this.notes.push('Running until exit from the current function,\nwhich has no symbol and no line number information.');
  }

  #take(span: LineSpan): void {
    this.#start = span.start;
    this.#end = span.end;
  }

  #remember({ file, line }: { readonly file: string; readonly line: number }): void {
    this.#file = file;
    this.#line = line;
  }

  /** Rows of the same line that begin no statement belong to its end: clang closes loops with several. */
  #extendToStart(start: Address, span: LineSpan): void {
    this.#start = start;
    for (;;) {
      const next = this.world.lineAt(this.thread, this.#end);
      if (next?.line !== span.line || next.file !== span.file || next.isStatement || next.end <= this.#end) return;
      this.#end = next.end;
    }
  }

  stepped(): PlanMode {
    const { thread } = this;
    const before = this.#before;
    this.#here();
    const returnAddress = madeCall(thread, before);
    if (returnAddress !== undefined) {
      const returned = thread.stackPointer + 8n;
      // What the dynamic linker calls while it binds a function (a resolver among them) is not what the line calls.
      const binds = this.world.isLinkage(thread, before.pc);
      return (this.mode = binds ? this.#runOver(returnAddress, returned) : this.#called(returnAddress, returned));
    }
    return (this.mode = this.#look());
  }

  #here(): void {
    this.#before = { pc: this.thread.pc, stackPointer: this.thread.stackPointer };
  }

  /** Where is the thread now, and is that the end of the step? */
  #look(): PlanMode {
    const { pc } = this.thread;
    this.#here();
    return pc >= this.#start && pc < this.#end ? 'step' : this.#leftRange();
  }

  /** The thread stands at the first instruction of a callee. `returned`: the stack pointer behind its return. */
  #called(returnAddress: Address, returned: Address): PlanMode {
    const { thread, world } = this;
    const { pc } = thread;
    const overIt = (): PlanMode => this.#runOver(returnAddress, returned);
    if (this.options.over) return overIt();
    const entry = world.trampolineTarget(thread, pc) ?? (world.isLinkage(thread, pc) ? undefined : pc);
    if (entry === undefined) return 'step';
    if (this.options.into !== undefined && entry !== this.options.into) return overIt();
    const target = world.stepInto(thread, entry) ?? (world.stepMode ? entry : undefined);
    if (target === undefined) return overIt();
    if (target === pc) return 'done';
    const mode = this.runTo(target, () => true, () => 'done'); // prettier-ignore
    // The callee may return without reaching the target (a jump over it, an early exit before the prologue's end).
    this.plant(returnAddress, this.standingAt(returned), () => (this.mode === 'run' ? this.#look() : this.mode));
    return mode;
  }

  #runOver(returnAddress: Address, returned: Address): PlanMode {
    return this.runTo(returnAddress, this.standingAt(returned), () => this.#look());
  }

  #runToCaller(): boolean {
    const { frame, outer } = this.world.innermost(this.thread);
    const caller = callerOf(frame, outer);
    if (caller) this.runTo(caller.pc, this.standingAt(frame.cfa), () => this.#look());
    return caller !== undefined;
  }

  #leftRange(): PlanMode {
    const { thread, world } = this;
    const { over } = this.options;
    const { pc } = thread;
    if (!over && world.isLinkage(thread, pc)) {
      // Jumped to, not called: no return address catches a wrong guess, so an unfilled slot is followed through the dynamic linker.
      const target = world.boundTarget(thread, pc);
      return target === undefined ? 'step' : this.runTo(target, () => true, () => this.#look()); // prettier-ignore
    }
    const { frame, hidden, outer } = world.innermost(thread);
    if (frame.kind === 'signal') return 'step';
    const here = identityOf(frame, outer);
    if (!sameStackFrame(here, this.#frame)) {
      // Called without a call instruction (pushed and jumped; reached through the dynamic linker).
      const caller = callerOf(frame, outer);
      if (caller && sameStackFrame(identityOf(caller, outer), this.#frame)) return this.#called(caller.pc, frame.cfa);
    }
    const span = world.lineAt(thread, pc);
    if (!span) {
      const named = world.functionAt(thread, pc) !== undefined;
      return !over && !named && !world.stepMode && this.#runToCaller() ? 'run' : 'done';
    }
    if (hidden > 0 && sameFrame(here, this.#frame)) return this.#atInlinedCall(frame);
    if (frame.kind === 'inlined' && this.#inlinedInStep(frame, here, outer))
      return this.overInlined || this.#skipsInlined(frame, outer) ? 'step' : 'done';
    return this.#atLine(span, here);
  }

  /** An inlined call begins here, in the step's own frame: a call like any other, and like any other perhaps on the step's own line. */
  #atInlinedCall(frame: Frame): PlanMode {
    const { thread, world } = this;
    const onSameLine = frame.position?.line === this.#line && frame.position.file.path === this.#file;
    if (this.overInlined) return onSameLine ? 'step' : 'done';
    if (!onSameLine) return 'done';
    world.reveal(thread);
    const { frame: entered, outer } = world.innermost(thread);
    return this.#skipsInlined(entered, outer) ? 'step' : 'done';
  }

  /** Was this inlined frame called, through inlined calls only, from the frame of the step? */
  #inlinedInStep(frame: Frame, here: FrameIdentity, outer: (level: number) => Frame | undefined): boolean {
    if (sameFrame(here, this.#frame)) return false;
    let next = outer(frame.level + 1);
    while (next) {
      if (sameFrame(identityOf(next, outer), this.#frame)) return true;
      next = next.kind === 'inlined' ? outer(next.level + 1) : undefined;
    }
    return false;
  }

  #skipsInlined(frame: Frame, outer: (level: number) => Frame | undefined): boolean {
    let next: Frame | undefined = frame;
    while (next?.kind === 'inlined') {
      if (this.world.skips(next)) return true;
      next = outer(next.level + 1);
    }
    return false;
  }

  /**
   * At the beginning of another line's statement the step is complete. What begins no statement, and what is entered in its middle, is passed, and
   * its line becomes the one to leave - unless it is a different line of the same frame that begins no statement: then any statement ends the step.
   */
  #atLine(span: LineSpan, here: FrameIdentity): PlanMode {
    const isOther = span.line !== this.#line || span.file !== this.#file;
    this.#take(span);
    if (this.thread.pc !== span.start || !isOther) {
      this.#frame = here;
      this.#remember(span);
      return 'step';
    }
    if (span.isStatement) return 'done';
    if (sameFrame(here, this.#frame)) return 'step';
    this.#frame = here;
    this.#line = 0;
    return 'step';
  }
}

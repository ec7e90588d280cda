/** Values of a session: expressions in the selected frame, the value history, convenience variables, conditions compiled once. */
import { u64, type Address } from '../common/addresses.js';
import { pauseIt } from '../common/advice.js';
import { DeetError } from '../common/errors.js';
import { checkInterrupt } from '../common/interrupt.js';
import type { Frame, ImageMap, LoadedImage } from '../inferior/frame.js';
import type { ProbeCondition } from '../inferior/probe_code.js';
import type { Ending } from '../inferior/process.js';
import type { Stack } from '../inferior/frames.js';
import { wasKilled } from '../inferior/standstill.js';
import type { Thread } from '../inferior/thread.js';
import { threadLocal } from '../inferior/thread_local.js';
import { isTrue } from '../language/arithmetic.js';
import type { Expression } from '../language/ast.js';
import * as c from '../language/c-types.js';
import { simpleCondition } from '../language/compile.js';
import type { ConvenienceVariables, EvaluationContext, ValueHistory } from '../language/context.js';
import { about, within } from '../language/errors.js';
import { conditionHolds, evaluate, evaluateNow } from '../language/evaluate.js';
import { fileMemory, frameContext, singleImage, variableStore } from '../language/frame-context.js';
import { convertForAssignment } from '../language/conversions.js';
import type { Memory } from '../language/place.js';
import type { Macro } from '../language/macros.js';
import { parseExpression } from '../language/parser.js';
import { parsePrintf, runPrintf } from '../language/printf.js';
import { conditionInProgram } from '../language/machine-code.js';
import { compileCode, type Code, type Compiled, type Machine } from '../language/simple-code.js';
import { asInteger, asPointer } from '../language/types.js';
import { toInteger, Value } from '../language/value.js';
import { demangle } from '../symbols/demangle.js';
import type { CType } from '../symbols/types.js';
import { dwarfToWord } from '../linux/registers.js';
import type { Breakpoint } from './breakpoint.js';
import type { WhenStopped } from './calls.js';
import { refuseUnknownNames, type ConditionPlace } from './condition_names.js';
import type { Session } from './session.js';
import { ownVariables } from './own_variables.js';
import { registersOf } from './thread_registers.js';

const noImages: ImageMap = { imageAt: () => undefined, all: () => [] };

/** A condition at one address of one mapped file. */
interface CompiledCondition {
  readonly text: string;
  readonly pc: Address;
  readonly loaded: LoadedImage | undefined;
  /** Undefined: it has to be evaluated in full each time. */
  readonly test: Compiled | undefined;
  readonly code: Code | undefined;
  /** The same as machine code; null: not made yet. */
  inProgram: ProbeCondition | undefined | null;
}

class ThreadMachine implements Machine {
  thread: Thread | undefined;

  register(number: number): bigint {
    return this.thread?.registers()[dwarfToWord[number]] ?? 0n;
  }

  load(address: Address, size: number): bigint {
    return this.thread?.process.space.readNumber(address, size) ?? 0n;
  }
}

function* callersOf(session: Session, thread: Thread, from: Frame | undefined): Generator<string | undefined> {
  for (const frame of session.stack(thread)) if (frame.level >= (from?.level ?? 0)) yield frame.functionName;
}

/** Frames that are looked at for a name that the selected one does not have. */
const mostSearched = 100;

/** The nearest caller that has it, else the nearest callee. */
const frameWith = (stack: Stack, from: Frame | undefined, name: string): string | undefined => {
  const here = from?.level ?? 0;
  const levels = [
    ...Array.from({ length: mostSearched }, (_, index) => here + 1 + index),
    ...Array.from({ length: Math.min(here, mostSearched) }, (_, index) => here - 1 - index),
  ];
  for (const level of levels) {
    const frame = stack.frame(level);
    if (frame && hasVariable(frame, name)) return `frame ${level} (${frame.functionName ?? '??'})`;
  }
  return undefined;
};

const hasVariable = ({ scope: innermost }: Frame, name: string): boolean => {
  for (let scope = innermost; scope; scope = scope.parent) {
    if (scope.variables().some((variable) => variable.name === name)) return true;
    if (scope.kind === 'inlined') return false;
  }
  return false;
};

/** Every long look at the program reads its memory: there Ctrl-C is heard. */
const interruptible = (memory: Memory): Memory => ({
  read: (address, length) => {
    checkInterrupt();
    return memory.read(address, length);
  },
  write: (address, bytes) => {
    memory.write(address, bytes);
  },
});

/** Of a process that runs: what it has now can be seen, but to change it the program must stand still. */
const readOnly = (memory: Memory): Memory => ({
  read: (address, length) => memory.read(address, length),
  write: () => {
    throw new DeetError('running', 'The program is running.', pauseIt);
  },
});

export class Values {
  readonly variables: ConvenienceVariables;
  /** `macro define`. */
  readonly macros = new Map<string, Macro>();
  readonly #history: Value[] = [];
  /** Parsed conditions, by their text; names are looked up at each evaluation, because every location has its own. */
  readonly #conditions = new Map<string, Expression>();

  readonly #compiled = new WeakMap<Breakpoint, readonly CompiledCondition[]>();
  readonly #machine = new ThreadMachine();

  constructor(private readonly session: Session) {
    this.variables = ownVariables(session, variableStore());
  }

  get history(): ValueHistory {
    const values = this.#history;
    return { length: values.length, at: (number) => values.at(number - 1) };
  }

  /** Records a value as `$N`. Returns N. */
  record(value: Value): number {
    return this.#history.push(value);
  }

  /** A frame's world; the selected frame's by default; `'program'`, and while the program runs: that of its globals; before a run the file's. `memory`: through which that of the process is read. */
  context(frame?: Frame | 'program', thread?: Thread, memory?: (real: Memory) => Memory): EvaluationContext {
    const { session } = this;
    const owner = thread ?? session.selectedThread();
    const { language } = session.settings;
    const common = {
      macros: this.macros,
      ...(language && { language }),
      history: this.history,
      variables: this.variables,
      settings: session.settings.print,
      setting: (name: string) => session.settings.value(name),
      demangle,
      warn: (text: string) => {
        session.announce(text, 'warning');
      },
    };
    const running = owner ? undefined : session.currentProcess;
    if (running) return frameContext({ images: running.images, memory: (memory ?? readOnly)(running.space), ...common });
    if (!owner) {
      const program = session.programImage();
      const images = program ? singleImage(program) : noImages;
      return frameContext({ images, memory: memory ? memory(fileMemory(images)) : fileMemory(images), ...common });
    }
    const chosen = frame === 'program' ? undefined : (frame ?? (thread ? session.stack(thread).frame(0) : session.selection().frame));
    const { space } = owner.process;
    return frameContext({
      images: owner.process.images,
      // What the engine asks of a thread is short; a person who asks may give up.
      memory: memory ? memory(space) : thread ? space : interruptible(space),
      thread: registersOf(owner),
      tlsAddress: (loaded, offset) => threadLocal(owner, loaded, offset),
      ...(chosen && { frame: chosen }),
      callers: () => callersOf(session, owner, chosen),
      frameWith: (name) => frameWith(session.stack(owner), chosen, name),
      outward: (inner) => this.outward(owner, inner),
      frameOf: (fn) =>
        session
          .stack(owner)
          .frames(1000)
          .find((each) => each.function === fn),
      ...common,
    });
  }

  /** The frames of a thread further out than one of them. */
  *outward(thread: Thread, from: Frame): Generator<Frame> {
    const stack = this.session.stack(thread);
    for (let level = from.level + 1, frame = stack.frame(level); frame; frame = stack.frame(++level)) yield frame;
  }

  /** @throws DeetError in the user's words, with the place of the fault in the text. */
  async evaluate(text: string, frame?: Frame, whenStopped?: WhenStopped): Promise<Value> {
    const context = this.context(frame);
    try {
      const evaluation = evaluate(parseExpression(text, context.names), context);
      let step = evaluation.next();
      while (!step.done) {
        const request = step.value;
        try {
          step = evaluation.next(await this.session.call(request, whenStopped));
        } catch (error) {
          step = evaluation.throw(error);
        }
      }
      return step.value;
    } catch (error) {
      throw about(text, error);
    }
  }

  /** As `evaluate`, for what must not let the program run. */
  now(text: string, frame?: Frame): Value {
    const context = this.context(frame);
    return within(text, () => evaluateNow(parseExpression(text, context.names), context));
  }

  /** The address that an expression means: `0x401136`, `main`, `&x`, `$pc + 4`. */
  address(text: string): Address {
    const value = this.now(text);
    if (asInteger(value.type) ?? asPointer(value.type)) return u64(toInteger(value));
    if (value.address !== undefined) return value.address;
    throw new DeetError('no-address', `"${text}" is not an address.`);
  }

  /** Refuses a condition that can never be evaluated at its breakpoint's places. */
  check(condition: string, places: readonly ConditionPlace[]): void {
    const context = this.context();
    refuseUnknownNames(parseExpression(condition, context.names), places, context, this.session.state !== 'none');
  }

  /**
   * The condition of a breakpoint that a thread has arrived at. One that fails stops, as in gdb: the user must see why. The first arrival
   * at an address is evaluated in full, the others by what was compiled from it, where it is simple. `outer`: the frame that a watchpoint is about.
   */
  holds(breakpoint: Breakpoint, thread: Thread, outer?: Frame): boolean {
    const text = breakpoint.condition ?? '1';
    const { pc } = thread;
    const loaded = thread.process.images.imageAt(pc);
    const all = this.#compiled.get(breakpoint) ?? [];
    const known = all.find((each) => each.pc === pc && each.loaded === loaded && each.text === text);
    if (known?.test && !outer) {
      try {
        this.#machine.thread = thread;
        return known.test(this.#machine) !== 0n;
      } catch (error) {
        if (!(error instanceof DeetError)) throw error;
      }
    }
    const frame = outer ?? this.session.stack(thread).frame(0);
    const context = this.context(frame, thread);
    try {
      let expression = this.#conditions.get(text);
      if (!expression) {
        expression = parseExpression(text, context.names);
        this.#conditions.set(text, expression);
      }
      const holds = conditionHolds(expression, context);
      if (!known && !outer) {
        const code = frame && simpleCondition(expression, frame, thread.process.images, context);
        const compiled = { text, pc, loaded, code, test: code && compileCode(code), inProgram: null };
        this.#compiled.set(breakpoint, [...all.filter((each) => each.text === text), compiled]);
      }
      return holds;
    } catch (error) {
      if (!(error instanceof DeetError)) throw error;
      if (wasKilled(thread)) return false; // its memory has gone with it
      this.session.announce(`Error in testing condition for breakpoint ${breakpoint.id}: ${error.message}`, 'warning');
      return true;
    }
  }

  /** The condition of a breakpoint at one of its places as machine code, or why there is none. */
  inProgram(breakpoint: Breakpoint, pc: Address, loaded: LoadedImage | undefined): ProbeCondition | string {
    const known = this.#compiled
      .get(breakpoint)
      ?.find((each) => each.pc === pc && each.loaded === loaded && each.text === breakpoint.condition);
    if (!known) return 'it has not been reached yet';
    if (!known.code) return 'the condition is not simple';
    if (known.inProgram === null) known.inProgram = conditionInProgram(known.code);
    return known.inProgram ?? 'the condition is too large for a few registers of 64 bits';
  }

  /** The text of a log point (dprintf) at a thread's arrival; an error is its text. */
  log(breakpoint: Breakpoint, thread: Thread): string {
    try {
      const context = this.context(undefined, thread);
      const text = runPrintf(parsePrintf(breakpoint.format ?? '', context), context).next();
      if (!text.done) throw new DeetError('call', 'A function of the program cannot be called here.');
      return text.value;
    } catch (error) {
      if (!(error instanceof DeetError)) throw error;
      return `${error.message}\n`;
    }
  }

  /** As assignment converts it (C11, 6.5.16). @throws DeetError */
  converted(value: Value, type: CType): Value {
    return convertForAssignment(value, type, this.context());
  }

  isTrue(value: Value): boolean {
    return isTrue(value);
  }

  /** `$_exitcode` or `$_exitsignal`, as gdb sets them. */
  ended(ending: Ending): void {
    if (ending.kind === 'exited') this.variables.set('_exitcode', Value.integer(c.INT, BigInt(ending.status)));
    else this.variables.set('_exitsignal', Value.integer(c.INT, BigInt(ending.signal)));
  }
}

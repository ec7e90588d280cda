/** Frames of a stopped thread, and the values in them. */
import { DeetError } from '../common/errors.js';
import type { Frame as InnerFrame } from '../inferior/frame.js';
import type { Thread as InnerThread } from '../inferior/thread.js';
import { childrenOf } from '../language/children.js';
import { formatMember, formatValue } from '../language/format.js';
import { toJavaScript, type JavaScriptValue } from '../language/javascript.js';
import { typeName } from '../language/type-name.js';
import { parametersOf, scopesOf } from '../commands/frames.js';
import type { Session as Engine } from '../session/session.js';
import { toInteger, type Value as InnerValue } from '../language/value.js';
import type { Variable } from '../symbols/model.js';
import { inspect } from './inspect.js';

export type { JavaScriptValue };

/** A value with all that C knows of it. */
export class Value {
  readonly #value: InnerValue;
  readonly #frame: InnerFrame | undefined;
  readonly #engine: Engine;

  /** @internal */
  constructor(value: InnerValue, frame: InnerFrame | undefined, engine: Engine) {
    this.#value = value;
    this.#frame = frame;
    this.#engine = engine;
  }

  /** As C writes it: `struct node *`. */
  get type(): string {
    return typeName(this.#value.type, this.#engine.context(this.#frame).language);
  }

  /** As `print` shows it. */
  get text(): string {
    return formatMember(this.#value, this.#engine.context(this.#frame));
  }

  /** Where it lies; undefined: in a register, or computed. */
  get address(): bigint | undefined {
    return this.#value.address;
  }

  /** Its bytes as they lie in memory. @throws DeetError `memory` or `optimized-out` */
  get bytes(): Uint8Array {
    return this.#value.bytes().slice();
  }

  /** As JavaScript: see `Frame.evaluate`. @throws DeetError `memory` or `optimized-out` */
  get js(): JavaScriptValue {
    return toJavaScript(this.#value, this.#engine.context(this.#frame));
  }

  /** @internal */
  [inspect](): string {
    return `Value { ${this.type} ${this.text} }`;
  }

  /** Members, elements, or what a pointer points to; `count` of them from `start`. */
  children(start = 0, count = 1000): { readonly name: string; readonly value: Value }[] {
    const list = childrenOf(this.#value, this.#engine.context(this.#frame), start, count);
    return list.map(({ name, value }) => ({ name, value: new Value(value, this.#frame, this.#engine) }));
  }
}

/**
 * One activation of a function. When the program has run on and it is not there any more, its methods throw `stale`.
 */
export class Frame {
  readonly #frame: InnerFrame;
  readonly #thread: InnerThread;
  readonly #engine: Engine;

  /** @internal */
  constructor(frame: InnerFrame, thread: InnerThread, engine: Engine) {
    this.#frame = frame;
    this.#thread = thread;
    this.#engine = engine;
  }

  /** 0 is the innermost. */
  get level(): number {
    return this.#frame.level;
  }

  get function(): string | undefined {
    return this.#frame.functionName;
  }

  /** Absolute path of the source file. */
  get file(): string | undefined {
    return this.#frame.position?.file.path;
  }

  get line(): number | undefined {
    return this.#frame.position?.line || undefined;
  }

  /** Where it executes, or will when its callee returns. */
  get address(): bigint {
    return this.#frame.pc;
  }

  get inlined(): boolean {
    return this.#frame.kind === 'inlined';
  }

  /** The program or library that its code belongs to. */
  get image(): string | undefined {
    return this.#frame.loaded?.image.path;
  }

  toString(): string {
    return `${this.function ?? '??'} (${this.file ?? `0x${this.address.toString(16)}`}${this.line === undefined ? '' : `:${this.line}`})`;
  }

  /** @internal */
  [inspect](): string {
    return `Frame { ${this.level}: ${this.toString()} }`;
  }

  #select(): InnerFrame {
    const { level, cfa, pc } = this.#frame;
    const now = this.#thread.stopped && this.#thread.process.alive ? this.#engine.stack(this.#thread).frame(level) : undefined;
    if (now?.cfa !== cfa || now.pc !== pc)
      throw new DeetError(
        'stale',
        `The frame ${this.toString()} is no longer there: the program has run since.`,
        'Take the frame of the new stop.',
      );
    this.#engine.selectThread(this.#thread);
    if (level > 0) this.#engine.selectFrame(level);
    return now;
  }

  /**
   * The value of a C expression here: integers up to 32 bits, enumerations and floats as numbers, 64-bit integers and pointers as bigints, `char *` and
   * character arrays as strings, structures as objects, arrays as arrays. It may assign, and it may call functions of the program.
   * @throws DeetError `no-symbol`, `syntax`, `memory`, `optimized-out`, `call`, `stale`
   */
  async evaluate(expression: string): Promise<JavaScriptValue> {
    return (await this.value(expression)).js;
  }

  /** As `evaluate`, with type, text and address. */
  async value(expression: string): Promise<Value> {
    const frame = this.#select();
    return new Value(await this.#engine.evaluate(expression, frame), frame, this.#engine);
  }

  /** As `print` shows it. */
  async print(expression: string): Promise<string> {
    const frame = this.#select();
    return formatValue(await this.#engine.evaluate(expression, frame), this.#engine.context(frame));
  }

  /** Assigns: `frame.set('p->next', '0')`. A number or bigint is written as C. */
  async set(expression: string, value: string | number | bigint): Promise<void> {
    await this.#engine.evaluate(`(${expression}) = (${value})`, this.#select());
  }

  /** The arguments of the function, by name. What was optimized out is undefined. */
  arguments(): Readonly<Record<string, JavaScriptValue>> {
    return this.#values(parametersOf(this.#select()));
  }

  /** Local variables of the blocks around the current place, by name; an inner one hides an outer one. */
  locals(): Readonly<Record<string, JavaScriptValue>> {
    const blocks = [...scopesOf(this.#select())].reverse();
    return this.#values(blocks.flatMap((scope) => scope.variables().filter(({ role }) => role !== 'parameter')));
  }

  #values(variables: readonly Variable[]): Record<string, JavaScriptValue> {
    const frame = this.#select();
    const context = this.#engine.context(frame);
    const found: Record<string, JavaScriptValue> = {};
    for (const variable of variables) {
      try {
        const value = context.variable?.(variable, frame);
        found[variable.name] = value && toJavaScript(value, context);
      } catch (error) {
        if (!(error instanceof DeetError)) throw error;
        found[variable.name] = undefined;
      }
    }
    return found;
  }

  /** A register as this frame has it: `rip`, `rax`, `eflags`. @throws DeetError `register` when it is not known here */
  async register(name: string): Promise<bigint> {
    const frame = this.#select();
    const value = await this.#engine.evaluate(`(unsigned long) $${name}`, frame);
    return BigInt.asUintN(64, toInteger(value));
  }
}

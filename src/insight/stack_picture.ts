/**
 * One frame as it lies in memory, from high addresses to low: arguments, return address, saved registers, canary, locals, and what is between
 * them (System V ABI, 3.2.2: the stack frame). Locals come from the debug information, saved registers from call-frame information, the canary
 * from the code that writes it.
 */
import { hex, u64, wideHex, type Address } from '../common/addresses.js';
import { DeetError } from '../common/errors.js';
import type { MemoryReader } from '../common/memory.js';
import { frameLabel, type Frame } from '../inferior/frame.js';
import type { EvaluationContext } from '../language/context.js';
import { formatMember, unreadable } from '../language/format.js';
import { symbolicAddress } from '../language/format-letter.js';
import { typeName } from '../language/type-name.js';
import { sizeOf } from '../language/types.js';
import type { Value } from '../language/value.js';
import type { Session } from '../session/session.js';
import type { Scope, Variable } from '../symbols/model.js';
import { canaryOf } from './canary.js';

export interface StackSlot {
  readonly kind: 'argument' | 'return-address' | 'saved-register' | 'canary' | 'local' | 'gap';
  readonly address: string;
  /** In bytes. */
  readonly size: number;
  readonly name: string;
  readonly type?: string;
  readonly value?: string;
  /** Its block is not the one that is being executed. */
  readonly outOfScope?: true;
  /** Below the stack pointer (ABI: the red zone, 128 bytes that no signal handler touches). */
  readonly redZone?: true;
  readonly notes?: readonly string[];
}

export interface StackPicture {
  readonly type: 'stack-frame';
  readonly level: number;
  readonly function?: string;
  readonly file?: string;
  readonly line?: number;
  /** The first address behind the frame: where the caller's begins (DWARF: the canonical frame address). */
  readonly cfa: string;
  /** Registers that point into the frame, and where. */
  readonly registers: Readonly<Record<string, string>>;
  /** From high addresses to low. */
  readonly slots: readonly StackSlot[];
  /** Variables without memory of their own in this frame. */
  readonly elsewhere: readonly { readonly name: string; readonly type: string; readonly where: string; readonly value?: string }[];
  /** What looks wrong, in sentences. */
  readonly problems: readonly string[];
}

const RBP = 6;
const RSP = 7;
const RETURN_ADDRESS = 16;
/** Callee-saved registers (System V ABI, figure 3.4), by DWARF number. */
const saved: readonly (readonly [number, string])[] = [
  [3, 'rbx'],
  [RBP, 'rbp'],
  [12, 'r12'],
  [13, 'r13'],
  [14, 'r14'],
  [15, 'r15'],
];
const redZone = 128n;
/** Characters and elements of one variable. */
const mostElements = 64;
/** A frame may have a buffer of megabytes; what a gap holds is shown only when it is small. */
const smallGap = 16;

interface Entry extends Omit<StackSlot, 'address' | 'notes' | 'kind'> {
  readonly kind: StackSlot['kind'];
  readonly at: Address;
  readonly notes: string[];
}

export const stackPicture = (session: Session, frame: Frame): StackPicture => {
  const label = frameLabel(frame);
  if (label !== undefined) throw new DeetError('no-frame', `${label}: this frame is no function's, and has no locals.`, 'up');
  return new Picture(session, frame).draw();
};

class Picture {
  readonly #context: EvaluationContext;
  readonly #memory: MemoryReader;
  readonly #sp: Address;
  readonly #entries: Entry[] = [];
  readonly #elsewhere: { name: string; type: string; where: string; value?: string }[] = [];
  readonly #problems: string[] = [];

  constructor(
    private readonly session: Session,
    private readonly frame: Frame,
  ) {
    this.#context = session.context(frame);
    this.#memory = this.#context.memory;
    this.#sp = frame.context.register(RSP) ?? frame.cfa;
  }

  draw(): StackPicture {
    const { frame } = this;
    const { position } = frame;
    this.#savedByTheCall();
    this.#variables();
    this.#canary();
    const bp = frame.context.register(RBP);
    const low = this.#lowest();
    return {
      type: 'stack-frame',
      level: frame.level,
      ...(frame.functionName !== undefined && { function: frame.functionName }),
      ...(position && { file: position.file.path, line: position.line }),
      cfa: hex(frame.cfa),
      registers: { rsp: hex(this.#sp), ...(bp !== undefined && bp >= low && bp <= frame.cfa && { rbp: hex(bp) }) },
      slots: this.#slots(low),
      elsewhere: this.#elsewhere,
      problems: this.#problems,
    };
  }

  #word(at: Address): bigint | undefined {
    try {
      const bytes = this.#memory.read(at, 8);
      return new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true);
    } catch (error) {
      if (error instanceof DeetError) return undefined;
      throw error;
    }
  }

  #add(kind: Entry['kind'], at: Address, size: number, name: string, more: Partial<Entry> = {}): Entry {
    const entry: Entry = { kind, at, size, name, notes: [], ...more };
    this.#entries.push(entry);
    return entry;
  }

  #savedByTheCall(): void {
    const { frame, session } = this;
    let level = frame.level + 1;
    // Inlined calls share the frame of what they are inlined in.
    let caller = session.stack().frame(level);
    while (caller?.cfa === frame.cfa && caller.kind !== 'tail-call' && level < frame.level + 100) caller = session.stack().frame(++level);
    const returnAt = caller?.savedAt(RETURN_ADDRESS) ?? (caller ? u64(frame.cfa - 8n) : undefined);
    if (returnAt !== undefined && this.#isInside(returnAt)) {
      const to = this.#word(returnAt) ?? 0n;
      const entry = this.#add('return-address', returnAt, 8, 'return address', { value: symbolicAddress(to, this.#context) });
      const mapped = session.selection().process.images.imageAt(to);
      if (!mapped && this.#word(to) === undefined) {
        entry.notes.push('no code is there');
        this.#problems.push(`The return address ${hex(to)}${asText(to)} leads to no code: it was overwritten.`);
      }
    }
    for (const [number, name] of saved) {
      const at = caller?.savedAt(number);
      if (at !== undefined && this.#isInside(at)) this.#add('saved-register', at, 8, `saved ${name}`, { value: hex(this.#word(at) ?? 0n) });
    }
  }

  #isInside(at: Address): boolean {
    return at >= u64(this.#sp - redZone) && at < this.frame.cfa;
  }

  #variables(): void {
    const { frame } = this;
    const live = new Set<Scope>();
    for (let scope = frame.scope; scope; scope = scope.parent) live.add(scope);
    const visit = (scope: Scope, inlined: string): void => {
      const prefix = scope.kind === 'inlined' ? `${scope.inlined?.name ?? '?'}::` : inlined;
      for (const variable of scope.variables())
        if (variable.role === 'local' || variable.role === 'parameter') this.#variable(variable, prefix, live.has(scope));
      for (const inner of scope.children()) visit(inner, prefix);
    };
    const whole = frame.function?.scope();
    if (whole) visit(whole, '');
  }

  #variable(variable: Variable, prefix: string, isLive: boolean): void {
    const name = prefix + variable.name;
    const type = typeName(variable.type, this.#context.language);
    let value: Value | undefined;
    try {
      value = this.#context.variable?.(variable, this.frame);
    } catch (error) {
      if (!(error instanceof DeetError)) throw error;
    }
    const text = value && this.#text(value);
    const address = value?.address;
    const size = value && (sizeOf(value.type) ?? 0);
    const inFrame = address !== undefined && size !== undefined && size > 0 && this.#isNear(address);
    if (inFrame) {
      const scope = isLive ? {} : { outOfScope: true as const };
      const kind = variable.role === 'parameter' ? 'argument' : 'local';
      // The same inlined function, time and again, keeps its variables in the same place.
      const known = this.#entries.some((each) => each.at === address && each.size === size && each.name === name);
      if (known && !isLive) return;
      this.#add(kind, address, size, name, {
        type: value ? typeName(value.type, this.#context.language) : type,
        ...(text !== undefined && { value: text }),
        ...scope,
      });
    } else if (isLive) {
      const where = this.#where(value, address);
      this.#elsewhere.push({ name, type, where, ...(text !== undefined && where !== 'optimized out' && { value: text }) });
    }
  }

  /** In this frame, in its red zone, or among the arguments that the caller pushed. */
  #isNear(address: Address): boolean {
    const arguments_ = 4096n;
    return address >= u64(this.#sp - redZone) && address < this.frame.cfa + arguments_;
  }

  #where(value: Value | undefined, address: Address | undefined): string {
    if (!value) return 'unknown';
    if (address !== undefined) return `at ${hex(address)}`;
    switch (value.place.kind) {
      case 'register':
        return value.place.register ?? 'register';
      case 'pieces':
        return 'in pieces';
      case 'missing':
        return 'optimized out';
      default:
        return 'computed';
    }
  }

  #text(value: Value): string {
    const { elements } = this.#context.settings;
    const few = elements === 0 ? mostElements : Math.min(elements, mostElements);
    try {
      return formatMember(value, this.#context, { settings: { elements: few, pretty: false, array: false } });
    } catch (error) {
      return unreadable(error);
    }
  }

  #canary(): void {
    const { frame } = this;
    const found = canaryOf(frame, this.#memory);
    if (!found || !this.#isInside(found.address)) return;
    const value = this.#word(found.address) ?? 0n;
    const intact = value === found.expected;
    const entry = this.#add('canary', found.address, 8, 'canary', { value: wideHex(value) });
    if (intact) entry.notes.push('intact');
    else if (!found.written) entry.notes.push('not written yet');
    else {
      entry.notes.push(`overwritten: it was ${hex(found.expected)}`);
      const below = this.#entries.filter(
        ({ kind, at, type }) => kind === 'local' && at < found.address && type !== undefined && type.includes('['),
      );
      const nearest = below.sort((a, b) => (a.at > b.at ? -1 : 1))[0];
      const whose = nearest ? `; ${nearest.name} (${nearest.type ?? ''}) lies below it` : '';
      this.#problems.push(
        `The canary is overwritten: a local array was written past its end${whose}. The program is aborted when this function returns.`,
      );
    }
  }

  /** The stack pointer, or what lies in the red zone below it. */
  #lowest(): Address {
    return this.#entries.reduce((low, { at }) => (at < low && at >= u64(this.#sp - redZone) ? at : low), this.#sp);
  }

  #slots(low: Address): StackSlot[] {
    const sorted = [...this.#entries].sort((a, b) => (a.at === b.at ? a.size - b.size : a.at > b.at ? -1 : 1));
    const slots: StackSlot[] = [];
    let top = sorted.reduce((high, { at, size }) => (at + BigInt(size) > high ? at + BigInt(size) : high), this.frame.cfa);
    let above: Entry | undefined;
    for (const entry of sorted) {
      const end = entry.at + BigInt(entry.size);
      if (end < top) slots.push(...this.#gap(end, top));
      else if (end > top && above) entry.notes.push(`shares memory with ${above.name}`);
      slots.push(this.#slot(entry));
      if (entry.at < top) {
        top = entry.at;
        above = entry;
      }
    }
    if (low < top) slots.push(...this.#gap(low, top));
    return slots;
  }

  #slot({ at, notes, ...rest }: Entry): StackSlot {
    return { ...rest, address: hex(at), ...(at < this.#sp && { redZone: true as const }), ...(notes.length > 0 && { notes }) };
  }

  /** Memory that nothing describes: cut at the stack pointer and where the caller's frame begins. */
  #gap(from: Address, to: Address): StackSlot[] {
    for (const edge of [this.frame.cfa, this.#sp]) if (from < edge && edge < to) return [...this.#gap(edge, to), ...this.#gap(from, edge)];
    const size = Number(to - from);
    const name = from >= this.frame.cfa ? "caller's" : from < this.#sp ? 'red zone' : size < smallGap ? 'padding' : 'not described';
    return [
      {
        kind: 'gap',
        address: hex(from),
        size,
        name,
        ...(from < this.#sp && { redZone: true as const }),
        ...(size <= smallGap && { value: this.#bytes(from, size) }),
      },
    ];
  }

  #bytes(from: Address, size: number): string {
    try {
      return Buffer.from(this.#memory.read(from, size))
        .toString('hex')
        .replace(/..(?=.)/g, '$& ');
    } catch (error) {
      if (error instanceof DeetError) return '<unreadable>';
      throw error;
    }
  }
}

/** Eight letters of an overflowing string make a telling address. */
const asText = (word: bigint): string => {
  const bytes = Array.from({ length: 8 }, (_, i) => Number((word >> BigInt(8 * i)) & 0xffn)).filter((byte) => byte !== 0);
  return bytes.length >= 4 && bytes.every((byte) => byte >= 0x20 && byte < 0x7f) ? ` ("${String.fromCharCode(...bytes)}")` : '';
};

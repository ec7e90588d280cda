/** Machine-level expressions (operand.ts) in the source's words: `p->next`, `a[i]`, with the help of variables and their types. */
import type { Address } from '../common/addresses.js';
import { asArray, asPointer, asStruct, sizeOf, strip } from '../language/types.js';
import { demangledName } from '../symbols/cxx-names.js';
import type { CType } from '../symbols/types.js';
import type { CrashScene, LocatedVariable } from './crash.js';
import { userName } from './library_names.js';
import type { Atom, OperandTrace, Sum } from './operand.js';

/** Where names of functions and globals come from. */
export type SymbolSource = Pick<CrashScene, 'symbolAt' | 'variableAt'>;

export interface Named {
  /** A C expression. */
  readonly text: string;
  readonly type: CType | undefined;
  /** What kind of thing it is, where that is no variable: `the result of malloc`. */
  readonly result?: string;
}

/** Dereferences and members behind one another; structures within structures. */
const deepest = 8;

/** Arrays of arrays of arrays. */
const mostIndexes = 3;

/** Numbers of the System V ABI, figure 3.36. */
const dwarfNames = ['rax', 'rdx', 'rcx', 'rbx', 'rsi', 'rdi', 'rbp', 'rsp', 'r8', 'r9', 'r10', 'r11', 'r12', 'r13', 'r14', 'r15'];

interface Part {
  /** `.x[2]`, to be put behind an object; `type`: of the part. */
  readonly suffix: string;
  readonly type: CType;
}

/** The member or element of an object at an offset, as deep as it takes to come to something of `size` bytes. */
const partAt = (type: CType, offset: number, size: number, depth = 0): Part | undefined => {
  const whole = sizeOf(type);
  if (depth > deepest || offset < 0 || (whole !== undefined && offset >= whole)) return undefined;
  if (size === 0 && offset === 0) return { suffix: '', type };
  const struct = asStruct(type);
  if (struct && !(offset === 0 && size === whole && size > 8)) {
    for (const member of struct.members()) {
      const inner = offset - member.offset;
      const length = sizeOf(member.type) ?? 0;
      if (member.staticVariable || inner < 0 || inner >= Math.max(length, 1)) continue;
      const part = partAt(member.type, inner, size, depth + 1);
      if (part) return { suffix: (member.name === undefined || member.isBase ? '' : `.${member.name}`) + part.suffix, type: part.type };
    }
    return undefined;
  }
  const array = asArray(type);
  const step = array && sizeOf(array.element);
  if (array && step) {
    const index = Math.floor(offset / step);
    const part = partAt(array.element, offset - index * step, size, depth + 1);
    return part && { suffix: `[${index}]${part.suffix}`, type: part.type };
  }
  return offset === 0 ? { suffix: '', type } : undefined;
};

const isSimple = (text: string): boolean => /^[\w:.>[\]()-]+$/.test(text);
const wrapped = (text: string): string => (isSimple(text) ? text : `(${text})`);

export class Naming {
  constructor(
    private readonly scene: SymbolSource,
    /** Those in scope, the innermost first. */
    private readonly variables: readonly LocatedVariable[],
    private readonly trace: OperandTrace,
  ) {}

  /** What a value is called; undefined: it has no name. */
  value(sum: Sum, depth = 0): Named | undefined {
    if (depth > deepest) return undefined;
    const [first, ...others] = sum.terms;
    if (!first) return this.#addressOf(sum.constant);
    if (others.length > 0 || first.factor !== 1n) return undefined;
    const named = this.#atom(first.atom, depth);
    if (sum.constant === 0n || !named) return named;
    const target = asPointer(named.type ?? { kind: 'void' })?.target;
    const member = target && asStruct(target) && this.object(sum, 0, depth + 1);
    if (member) return { text: `&${member.text}`, type: undefined };
    const step = named.type && BigInt(this.#stepOf(named.type) ?? 0);
    if (!step || sum.constant % step !== 0n) return undefined;
    const count = sum.constant / step;
    return { text: `${named.text} ${count < 0n ? '-' : '+'} ${count < 0n ? -count : count}`, type: named.type };
  }

  /** What the object at an address is called, of which `size` bytes are accessed; 0: any. */
  object(address: Sum, size: number, depth = 0): Named | undefined {
    if (depth > deepest) return undefined;
    if (address.terms.length === 0) return this.#variable(address.constant, size);
    const pointer = address.terms.find(({ atom, factor }) => factor === 1n && this.#pointee(atom, depth) !== undefined);
    const indexes = address.terms.filter((term) => term !== pointer);
    if (indexes.length > mostIndexes) return undefined;
    if (pointer) {
      const named = this.#atom(pointer.atom, depth);
      const target = this.#pointee(pointer.atom, depth);
      return named && target && this.#behind(named, target, Number(address.constant), indexes, size, depth);
    }
    return this.#elementOf(address.constant, indexes, size, depth);
  }

  /** `p->x`, `*p`, `p[3]`, `p[i].x`. */
  #behind(pointer: Named, target: CType, offset: number, indexes: Sum['terms'], size: number, depth: number): Named | undefined {
    const step = sizeOf(target) ?? 1;
    const base = wrapped(pointer.text);
    if (indexes.length > 0) {
      const part = step > 0 ? this.#indexed(target, step, offset, indexes, size, depth) : undefined;
      return part && { text: `${base}${part.suffix}`, type: part.type };
    }
    const element = step > 0 ? Math.floor(offset / step) : 0;
    const part = partAt(target, offset - element * step, size);
    if (!part) return undefined;
    if (element !== 0) return { text: `${base}[${element}]${part.suffix}`, type: part.type };
    if (part.suffix.startsWith('.')) return { text: `${base}->${part.suffix.slice(1)}`, type: part.type };
    return { text: part.suffix === '' ? `*${base}` : `(*${base})${part.suffix}`, type: part.type };
  }

  /** `a[i]`, `t.ops[i]` or `grid[i][j]`, where the array lies at a fixed address. */
  #elementOf(base: Address, indexes: Sum['terms'], size: number, depth: number): Named | undefined {
    const found = this.#containing(base);
    const part = found && this.#within(found.variable.type, found.offset, indexes, size, depth);
    return found && part && { text: found.variable.name + part.suffix, type: part.type };
  }

  /** Down through members and elements, until every index has found its array. */
  #within(type: CType, offset: number, indexes: Sum['terms'], size: number, depth: number): Part | undefined {
    if (depth > deepest) return undefined;
    if (indexes.length === 0) return partAt(type, offset, size);
    const array = asArray(type);
    const step = array && sizeOf(array.element);
    if (array && step) return this.#indexed(array.element, step, offset, indexes, size, depth);
    const member = asStruct(type)
      ?.members()
      .find((each) => !each.staticVariable && offset >= each.offset && offset < each.offset + (sizeOf(each.type) ?? 0));
    const part = member && this.#within(member.type, offset - member.offset, indexes, size, depth + 1);
    return member && part && { ...part, suffix: (member.name === undefined || member.isBase ? '' : `.${member.name}`) + part.suffix };
  }

  /** `[i + 1].x` of elements of `step` bytes: indexes in multiples of it are of this array, smaller ones of an array inside. */
  #indexed(element: CType, step: number, offset: number, indexes: Sum['terms'], size: number, depth: number): Part | undefined {
    const own = indexes.filter(({ factor }) => factor % BigInt(step) === 0n);
    const inner = indexes.filter((each) => !own.includes(each));
    const names = own.map((each) => this.#index(each, step, depth));
    if (names.some((name) => name === undefined)) return undefined;
    const whole = Math.floor(offset / step);
    const part = this.#within(element, offset - whole * step, inner, size, depth + 1);
    const text = names.length === 0 ? String(whole) : names.join(' + ') + shift(whole);
    return part && { suffix: `[${text}]${part.suffix}`, type: part.type };
  }

  #index({ atom, factor }: Sum['terms'][number], step: number, depth: number): string | undefined {
    if (factor % BigInt(step) !== 0n) return undefined;
    const name = this.#atom(atom, depth)?.text ?? this.trace.evaluate({ constant: 0n, terms: [{ atom, factor: 1n }] })?.toString();
    const multiple = factor / BigInt(step);
    return name === undefined ? undefined : multiple === 1n ? name : `${multiple} * ${wrapped(name)}`;
  }

  #atom(atom: Atom, depth: number): Named | undefined {
    if (atom.kind === 'load') return this.object(atom.address, atom.size, depth + 1);
    if (atom.kind === 'register') {
      const number = dwarfNames.indexOf(atom.name);
      const variable = this.variables.find(({ location }) => location.kind === 'register' && location.register === number);
      return variable && atom.value !== undefined ? { text: variable.name, type: variable.type } : undefined;
    }
    const symbol = atom.target === undefined ? undefined : this.scene.symbolAt(atom.target)?.name.replace(/@.*/, '');
    const demangled = symbol === undefined ? undefined : demangledName(symbol);
    const callee = demangled === undefined ? symbol : userName(demangled);
    return callee === undefined ? undefined : { text: `${callee}(...)`, type: undefined, result: callee };
  }

  #pointee(atom: Atom, depth: number): CType | undefined {
    const type = this.#atom(atom, depth)?.type;
    const pointer = type && strip(type);
    return pointer?.kind === 'pointer' ? strip(pointer.target) : undefined;
  }

  #stepOf(type: CType): number | undefined {
    const pointer = asPointer(type);
    return pointer ? sizeOf(pointer.target) : 1;
  }

  #variable(address: Address, size: number): Named | undefined {
    const found = this.#containing(address);
    const part = found && partAt(found.variable.type, found.offset, size);
    return found && part && { text: found.variable.name + part.suffix, type: part.type };
  }

  #addressOf(address: Address): Named | undefined {
    const found = this.#containing(address);
    if (!found) return undefined;
    const array = asArray(found.variable.type) !== undefined && found.offset === 0;
    const named = array ? { text: found.variable.name, type: found.variable.type } : this.#variable(address, 0);
    return named && { text: array ? named.text : `&${named.text}`, type: undefined };
  }

  #containing(address: Address): { variable: LocatedVariable; offset: number } | undefined {
    for (const variable of this.variables) {
      if (variable.location.kind !== 'memory') continue;
      const offset = address - variable.location.address;
      if (offset >= 0n && offset < BigInt(sizeOf(variable.type) ?? 0)) return { variable, offset: Number(offset) };
    }
    const global = this.scene.variableAt?.(address);
    return global?.location.kind === 'memory' ? { variable: global, offset: Number(address - global.location.address) } : undefined;
  }
}

const shift = (count: number): string => (count === 0 ? '' : count > 0 ? ` + ${count}` : ` - ${-count}`);

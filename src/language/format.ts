/**
 * A value as text, in gdb's form to the letter: `{x = 1, name = "ab\000\000", next = 0x0}`. What cannot be read shows as such in its
 * place; every loop obeys the limits of `PrintSettings` and a budget, so that no value of a damaged program is too much.
 */
import { hex, type Address } from '../common/addresses.js';
import { DeetError } from '../common/errors.js';
import type { ArrayType, CType, Member, PointerType, StructType } from '../symbols/types.js';
import { inherited, layout } from './aggregate-layout.js';
import { complexParts } from './arithmetic.js';
import * as c from './c-types.js';
import type { EvaluationContext } from './context.js';
import { ElementWindow, isBroken } from './element-window.js';
import { decimalText } from './decimals.js';
import { floatText } from './float-text.js';
import { formatScalar, symbolWords, type Letter } from './format-letter.js';
import { memberWorld } from './identifiers.js';
import { hasView, textOf, viewOf, type View } from './library/index.js';
import { pointee } from './conversions.js';
import { readMember } from './members.js';
import { MissingPlace } from './place.js';
import { isFlags } from './registers.js';
import { memberPointerText } from './member-pointer-text.js';
import { enumText, flagsText } from './scalar-text.js';
import { SyntheticPointerPlace } from './place.js';
import { rustCharacter, rustShape, SQUARE, type RustShape } from './rust-shape.js';
import { RUST_UNIT } from './rust-types.js';
import type { PrintSettings } from './settings.js';
import { readString, terminator } from './strings.js';
import { glyphs, quotedCharacter, quotedString } from './text-writer.js';
import { textKind, type TextKind } from './textual.js';
import { isUnknown, unknownType } from './unknown.js';
import { isDynamic, wholeObject } from './virtual-table.js';
import { typeName } from './type-name.js';
import { asComplex, asFunction, asInteger, asPointer, asStruct, countOf, isStruct, nameOf, strip } from './types.js';
import { floatFormat, toDecimal, toFloat, toInteger, Value } from './value.js';
import { presentMembers } from './variants.js';

export interface FormatOptions {
  /** `print/x`: applied to every scalar inside. */
  readonly letter?: Letter;
  readonly settings?: Partial<PrintSettings>;
  /** `print/r`: objects of the C++ library as they are, without views. */
  readonly raw?: boolean;
  /** Text of the instruction at an address, for /i. */
  readonly instruction?: (address: Address) => string;
}

/** Beyond this much text a value goes on as `...`. */
const MAX_TEXT = 4 * 1024 * 1024;
/** Deeper nesting is damage, even without a limit. */
const MAX_DEPTH = 128;
/** Runs of equal characters are followed this far; memory behind is not looked at. */
const MAX_SCAN_BYTES = 16 * 1024 * 1024;
const PLAIN_TEXT = new Set(['char', 'wchar_t', 'char16_t', 'char32_t']);
/** A struct up to this size is read at once for all its members. */
const CHUNK = 64 * 1024;

/**
 * As `print` shows it behind `$1 = `: pointers carry their type.
 * @throws DeetError when nothing of the value can be read
 */
export function formatValue(value: Value, context: EvaluationContext, options: FormatOptions = {}): string {
  return new Formatter(context, options).top(value);
}

/** As it stands inside an aggregate or behind `name = ` in `info locals`; never throws for unreadable values. */
export function formatMember(value: Value, context: EvaluationContext, options: FormatOptions = {}): string {
  return new Formatter(context, options).guarded(value, 0);
}

const OPTIMIZED_OUT = '<optimized out>';

/** What stands for a value that cannot be read. @throws the error itself when it is not about reading */
export function unreadable(error: unknown): string {
  if (!(error instanceof DeetError)) throw error;
  if (error.code === 'synthetic-pointer' || error.code === 'invalid-address') return error.message;
  return error.code === 'optimized-out' ? OPTIMIZED_OUT : `<error: ${error.message}>`;
}

/** Of what is nowhere no part is looked for; a reference may lead somewhere all the same. @throws DeetError */
function requirePresent(value: Value): void {
  if (value.place.kind === 'missing' && !(value.place instanceof SyntheticPointerPlace)) value.place.read(0, 1);
}

class Formatter {
  readonly #settings: PrintSettings;
  /** Without `s`: what can be text is text anyhow, and gdb's rule is that all else under /s is as without. */
  readonly #letter: Exclude<Letter, 's'> | undefined;
  #written = 0;
  /** Anonymous structs and unions around what is being written: they do not count as depth. */
  #anonymous = 0;
  /** Static members that were shown around here: a class may have itself as one. */
  readonly #statics: Address[] = [];
  #insideStatic = false;
  #virtualBases = new Set<string>();

  constructor(
    private readonly context: EvaluationContext,
    private readonly options: FormatOptions,
  ) {
    this.#settings = { ...context.settings, ...options.settings };
    this.#letter = options.letter === 's' ? undefined : options.letter;
  }

  top(given: Value): string {
    const value = this.#settings.object ? this.#whole(given) : given;
    const named = this.#settings.object && asStruct(value.type) && isDynamic(value.type);
    const head = named ? `(${typeName(value.type, this.context.language)}) ` : '';
    return head + this.#top(value);
  }

  /** `set print object`: the object that this is a part of, or a pointer to that. */
  #whole(value: Value): Value {
    const pointer = asPointer(value.type);
    if (!pointer) return (asStruct(value.type) && wholeObject(value, this.context)) || value;
    const target = Value.at(pointer.target, this.context.memory, BigInt.asUintN(64, toInteger(value)));
    const whole = asStruct(pointer.target) && wholeObject(target, this.context);
    return whole ? Value.integer(c.pointerTo(whole.type), whole.address ?? 0n) : value;
  }

  #top(value: Value): string {
    const bare = strip(value.type);
    const viewed = bare.kind === 'pointer' && bare.reference !== undefined && hasView(bare.target) && !this.options.raw;
    if (bare.kind === 'pointer' && !viewed && (this.#letter === undefined || bare.reference !== undefined)) {
      const text = bare.reference === undefined && this.#isPlainText(value.type, bare);
      const name = typeName(value.type, this.context.language);
      return text ? this.#value(value, 0) : `(${name}) ${this.#value(value, 0)}`;
    }
    try {
      requirePresent(value);
    } catch (error) {
      if (error instanceof DeetError && error.code === 'optimized-out') return '<optimized out>';
      throw error;
    }
    return this.#value(value, 0);
  }

  /** gdb leaves out `(char *)` and its wide kin, not `(unsigned char *)` nor a typedef's name. */
  #isPlainText(type: CType, pointer: PointerType): boolean {
    return nameOf(type) === undefined && PLAIN_TEXT.has(nameOf(pointer.target) ?? '');
  }

  guarded(value: Value, depth: number): string {
    // The commonest of all reasons, of every frame of optimized code: an error would cost more than the rest of the frame.
    if (value.place instanceof MissingPlace && value.place.code === 'optimized-out') return OPTIMIZED_OUT;
    try {
      requirePresent(value);
      return this.#value(value, depth);
    } catch (error) {
      return unreadable(error);
    }
  }

  #value(value: Value, depth: number): string {
    const bare = strip(value.type);
    if (bare.kind === 'array') return this.#array(value, bare, depth);
    if (isStruct(bare)) return this.#viewed(value, depth) ?? this.#struct(value, bare, depth);
    const letter = this.#letter;
    // gdb's rule: alone it is one number of all its bits.
    if (letter !== undefined && depth > 0 && asComplex(bare)) {
      const [real, imaginary] = complexParts(value).map((part) => formatScalar(part, letter, this.context, this.options));
      return `${real} + ${imaginary}i`;
    }
    // What a reference leads to is formatted, not where that is.
    if (letter !== undefined && bare.kind !== 'void' && !(bare.kind === 'pointer' && bare.reference)) {
      return formatScalar(value, letter, this.context, this.options);
    }
    switch (bare.kind) {
      case 'void':
        return 'void';
      case 'function':
        return `{${typeName(bare, this.context.language)}} ${this.address(value.address ?? 0n, true)}`;
      case 'enum':
        return enumText(toInteger(value), bare);
      case 'pointer':
        return bare.reference === undefined ? this.#pointer(value, bare) : this.#reference(value, bare, depth);
      case 'member-pointer':
        return memberPointerText(value, (at) => this.address(at, true));
      case 'base':
        return this.#base(value);
    }
  }

  #base(value: Value): string {
    const bare = strip(value.type);
    if (bare.kind !== 'base') return '';
    if (isUnknown(value)) throw unknownType(value);
    if (isFlags(bare)) return flagsText(toInteger(value), bare.flags);
    const { radix } = this.#settings;
    if (radix !== 10 && asInteger(bare)) return formatScalar(value, radix === 16 ? 'x' : 'o', this.context, this.options);
    const text = textKind(value.type) ?? rustCharacter(bare);
    if (text) return `${toInteger(value)} ${quotedCharacter(value.bytes(), text.prefix)}`;
    if (bare.name === RUST_UNIT) return RUST_UNIT;
    switch (bare.encoding) {
      case 'bool': {
        const number = toInteger(value);
        return number === 0n ? 'false' : number === 1n ? 'true' : number.toString();
      }
      case 'float':
        return floatText(toFloat(value), floatFormat(bare));
      case 'decimal-float': {
        const decimal = toDecimal(value);
        return decimal ? decimalText(decimal) : toInteger(value).toString();
      }
      case 'complex-float':
      case 'complex-signed': {
        const [real, imaginary] = complexParts(value).map((part) => this.#base(part));
        return `${real ?? ''} + ${imaginary ?? ''}i`;
      }
      default:
        return toInteger(value).toString();
    }
  }

  /** `0x404028 <counter>`. */
  address(address: Address, symbolic = this.#settings.symbol): string {
    const settings = { symbolAt: (at: Address) => this.context.symbolAt(at), settings: this.#settings };
    const number = this.#settings.address ? hex(address) : '';
    return `${number} ${symbolic ? symbolWords(address, settings) : ''}`.trim();
  }

  #pointer(value: Value, pointer: PointerType): string {
    if (value.place instanceof SyntheticPointerPlace) return value.place.reason;
    return this.#pointerTo(BigInt.asUintN(64, toInteger(value)), pointer.target);
  }

  #pointerTo(address: Address, target: CType): string {
    const text = textKind(target);
    // A function is its name, whatever the settings.
    if (asFunction(target)) return this.address(address, true);
    const shown = this.address(address);
    return text && this.#letter === undefined && address !== 0n ? `${shown} ${this.string(address, text)}`.trimStart() : shown;
  }

  /** The NUL-terminated string at an address, no further than the limit; with what went wrong behind it. */
  string(address: Address, kind: TextKind): string {
    const limit = this.#settings.elements === 0 ? MAX_TEXT : this.#settings.elements;
    const { bytes, ended, error } = readString(this.context, address, kind.unit, limit);
    if (error !== undefined && bytes.length === 0) return error;
    const text = quotedString(glyphs(bytes, kind.unit), kind, { ...this.#settings, elements: limit }, !ended && error === undefined);
    return text + (error ?? '');
  }

  #reference(value: Value, reference: PointerType, depth: number): string {
    const object = value.isAbstract ? undefined : pointee(value, reference.target, this.context.memory);
    const viewed = object && this.#viewed(object, depth);
    if (viewed !== undefined) return viewed;
    const target = object && this.guarded(object, depth);
    const where = value.place instanceof SyntheticPointerPlace ? value.place.reason : `@${hex(BigInt.asUintN(64, toInteger(value)))}`;
    if (target !== undefined && !this.#settings.address) return target;
    return `${where}${target === undefined ? '' : `: ${target}`}`;
  }

  /** An object of the C++ library as its view has it; undefined: it has none. */
  #viewed(value: Value, depth: number): string | undefined {
    if (this.options.raw) return undefined;
    const text = textOf(value, this.context);
    if (text) {
      const limit = this.#settings.elements === 0 ? MAX_TEXT : this.#settings.elements;
      const bytes = text.read(Math.min(text.length, limit));
      return quotedString(glyphs(bytes, text.kind.unit), text.kind, this.#settings, text.length > limit);
    }
    const view = viewOf(value, this.context);
    return view && this.#view(view, depth);
  }

  #view({ title, style, count, rows }: View, depth: number): string {
    if (count === 0) return title ?? '';
    const head = title === undefined ? '' : `${title} = `;
    if (this.#tooDeep(depth)) return `${head}{...}`;
    if (style === 'wrapped') {
      const [row] = rows(0);
      const text = row ? this.guarded(row.value, depth) : '';
      return title === undefined ? text : `${head}{ ${text} }`;
    }
    const limit = this.#settings.elements === 0 ? Infinity : this.#settings.elements;
    const parts: string[] = [];
    try {
      for (const { name, key, value } of rows(0)) {
        if (parts.length >= limit || this.#written > MAX_TEXT) break;
        const label = key ? `[${this.guarded(key, depth + 1)}] = ` : style === 'list' ? '' : `${name} = `;
        const part = label + this.guarded(value, depth + 1);
        this.#written += part.length;
        parts.push(part);
      }
    } catch (error) {
      parts.push(unreadable(error));
    }
    const { pretty, array } = this.#settings;
    const lines = style === 'list' ? array : pretty;
    if (parts.length < count) parts.push(`${parts.pop() ?? ''}${lines ? `\n${'  '.repeat(depth + 1)}` : ''}...`);
    return head + layout(parts, lines ? depth : undefined);
  }

  #array(value: Value, array: ArrayType, depth: number): string {
    const count = countOf(array);
    const text = array.vector ? undefined : textKind(array.element);
    if (!text && this.#tooDeep(depth)) return '{...}';
    // A flexible array member, one of no elements as before C99, `extern int a[]`: where it begins is all that is known.
    if ((array.count === undefined || array.count === 0) && value.address !== undefined)
      return this.#pointerTo(value.address, array.element);
    if (text && this.#letter === undefined && !isBroken(value)) return this.#characters(value, array, text, count);
    if (count === 0) return array.count === 0 || array.count === undefined ? '{}' : '<error: variable length>';
    return this.#elements(value, array, count, depth);
  }

  #tooDeep(depth: number): boolean {
    const { depth: limit } = this.#settings;
    return depth >= MAX_DEPTH || (limit >= 0 && depth - this.#anonymous >= limit);
  }

  #characters(value: Value, array: ArrayType, text: TextKind, count: number): string {
    const limit = this.#settings.elements === 0 ? count : this.#settings.elements;
    if (this.#settings.nullStop) return this.#untilTerminator(value, array, text, Math.min(count, limit));
    // A character has at most four bytes; some behind the last tell whether it is whole.
    const enough = Math.ceil(((limit + 1) * 4) / text.unit);
    const wanted = Math.min(count, enough + 3);
    const bytes = value.part(c.arrayOf(array.element, wanted), 0).bytes();
    const list = glyphs(bytes, text.unit);
    if (wanted === count) {
      // A string that is complete does not show its terminator.
      if (list.at(-1)?.point === 0) list.pop();
      return quotedString(list, text, this.#settings, false);
    }
    let shown = bytes.length;
    for (let last = list.at(-1); last && shown - last.bytes.length >= enough * text.unit; last = list.at(-1)) {
      shown -= last.bytes.length;
      list.pop();
    }
    const rest = this.#restOfRun(value, Uint8Array.from(list.at(-1)?.bytes ?? []), shown, count * text.unit);
    const end = shown + rest * (list.at(-1)?.bytes.length ?? 1) >= count * text.unit;
    const terminated = end && list.at(-1)?.point === 0;
    return quotedString(list, text, this.#settings, !end, terminated ? rest - 1 : rest);
  }

  /** `set print null-stop`: no more units than the limit, however often the last one is repeated behind it. */
  #untilTerminator(value: Value, array: ArrayType, text: TextKind, limit: number): string {
    const bytes = value.part(c.arrayOf(array.element, Math.min(countOf(array), limit + 1)), 0).bytes();
    const end = terminator(bytes, text.unit);
    const shown = bytes.subarray(0, end >= 0 ? end : limit * text.unit);
    return quotedString(glyphs(shown, text.unit), text, this.#settings, end < 0 && shown.length < bytes.length);
  }

  /** How often a character is repeated from an offset on: a run that the limit would cut is followed to its end, in bounds. */
  #restOfRun(value: Value, character: Uint8Array, begin: number, size: number): number {
    const step = character.length;
    const end = Math.min(size, MAX_SCAN_BYTES);
    const equal = Buffer.alloc(CHUNK - (CHUNK % step), character);
    for (let at = begin; at < end; at += equal.length) {
      const length = Math.min(equal.length, end - at);
      const chunk = value.part(c.arrayOf(c.UNSIGNED_CHAR, length), at).bytes();
      if (equal.subarray(0, length).equals(chunk)) continue;
      return Math.floor((at + chunk.findIndex((byte, index) => byte !== equal[index]) - begin) / step);
    }
    return Math.max(0, Math.floor((end - begin) / step));
  }

  #elements(value: Value, array: ArrayType, count: number, depth: number): string {
    const { elements, repeats, array: lines, arrayIndexes } = this.#settings;
    const limit = elements === 0 ? Infinity : elements;
    const window = new ElementWindow(value, array, count);
    window.requireFirst();
    const parts: string[] = [];
    let things = 0;
    let at = 0;
    while (at < count && things < limit && this.#written < MAX_TEXT) {
      const { length: run, cut } = repeats === 0 ? { length: 1, cut: false } : window.run(at);
      const repeated = repeats > 0 && run > repeats;
      const label = arrayIndexes ? `[${at}] = ` : '';
      const element = label + this.guarded(window.element(at), depth + 1) + (repeated ? ` <repeats ${run} times>` : '');
      this.#written += element.length;
      parts.push(element);
      at += repeated ? run : 1;
      things += repeated ? repeats : 1;
      if (cut) break;
    }
    const last = parts.pop() ?? '';
    parts.push(at < count ? `${last}...` : last);
    return layout(parts, lines ? depth : undefined, array.rust ? SQUARE : undefined);
  }

  #struct(value: Value, struct: StructType, depth: number): string {
    if (struct.kind === 'union' && depth > 0 && !this.#settings.union) return '{...}';
    if (this.#tooDeep(depth)) return '{...}';
    if (struct.size === undefined) return '<incomplete type>';
    if (struct.rust) return this.#rust(rustShape(this.#readAtOnce(value), struct), depth);
    const members = presentMembers(value, struct).filter((member) => !member.staticVariable || this.#settings.staticMembers);
    const before = this.#insideStatic ? undefined : this.#statics.length;
    this.#insideStatic = false;
    const object = this.#readAtOnce(value);
    const bases: string[] = [];
    const own: string[] = [];
    for (const member of members) {
      const parts = member.isBase ? bases : own;
      if (this.#written > MAX_TEXT) {
        parts.push('...');
        break;
      }
      const text = this.#member(object, member, depth);
      if (text === undefined) continue;
      this.#written += text.length;
      parts.push(text);
    }
    if (before !== undefined) this.#statics.length = before;
    const hasFields = members.some((member) => !member.isBase);
    if (!this.#settings.pretty || (bases.length === 0 && hasFields))
      return layout(
        hasFields ? [...bases, ...own] : [...bases, '<No data fields>'],
        this.#settings.pretty && hasFields ? depth : undefined,
      );
    return inherited(bases, hasFields ? own : undefined, typeName(struct, this.context.language), depth);
  }

  #rust({ head, brackets, named, object, members }: RustShape, depth: number): string {
    if (members.length === 0) return head;
    const parts: string[] = [];
    for (const member of members) {
      if (this.#written > MAX_TEXT) {
        parts.push('...');
        break;
      }
      const part = (named ? `${member.name ?? ''}: ` : '') + this.guarded(object.member(member), depth + 1);
      this.#written += part.length;
      parts.push(part);
    }
    return head + layout(parts, this.#settings.pretty ? depth : undefined, brackets);
  }

  /** One read for all members, if all can be read. */
  #readAtOnce(value: Value): Value {
    if (value.place.kind === 'value' || value.size > CHUNK) return value;
    try {
      return value.fetched();
    } catch (error) {
      if (!(error instanceof DeetError)) throw error;
      if (error.code === 'memory' && value.place.kind === 'memory' && !someReadable(value)) throw error;
      return value;
    }
  }

  #isSeen(part: Value): boolean {
    const { address } = part;
    if (address === undefined || !asStruct(part.type)) return false;
    const seen = this.#statics.includes(address);
    this.#statics.push(address);
    this.#insideStatic = !seen;
    return seen;
  }

  /** Undefined: a virtual base that the object showed before. */
  #member(object: Value, member: Member, depth: number): string | undefined {
    let text: string;
    if (member.virtualBase && this.#virtualBases.has(nameOf(member.type) ?? '')) return undefined;
    if (member.virtualBase) this.#virtualBases.add(nameOf(member.type) ?? '');
    const nameless = member.name === undefined ? 1 : 0;
    this.#anonymous += nameless;
    const around = this.#virtualBases;
    // A member is a complete object, with virtual bases of its own; a base class is a part of this one.
    if (!member.isBase) this.#virtualBases = new Set();
    try {
      const part = readMember(object, member, memberWorld(this.context));
      if (member.staticVariable && this.#isSeen(part))
        return `static ${member.name ?? ''} = <same as static member of an already seen type>`;
      // The pointer to the virtual table is an address whatever the format.
      const table = /^_vptr[.$]/.test(member.name ?? '');
      text = table ? this.address(BigInt.asUintN(64, toInteger(part))) : this.#value(part, depth + 1);
    } catch (error) {
      text = unreadable(error);
    } finally {
      this.#anonymous -= nameless;
      this.#virtualBases = around;
    }
    if (member.isBase) return `<${nameOf(strip(member.type)) ?? ''}> = ${text}`;
    const name = member.name ?? '';
    return name === '' ? text : `${member.staticVariable ? 'static ' : ''}${name} = ${text}`;
  }
}

/** Is a first or last byte there? Then parts may be shown; else the whole object is out of reach. */
function someReadable(value: Value): boolean {
  for (const offset of [0, value.size - 1]) {
    try {
      value.place.read(value.offset + offset, 1);
      return true;
    } catch (error) {
      if (!(error instanceof DeetError)) throw error;
    }
  }
  return false;
}

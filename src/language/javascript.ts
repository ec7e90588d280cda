/**
 * C values as JavaScript ones, for scripts and tests: integers of up to 32 bits, enumerations and floats are numbers,
 * 64-bit integers and pointers bigints, text strings, structs objects, arrays arrays.
 */
import { DeetError } from '../common/errors.js';
import { complexParts } from './arithmetic.js';
import type { EvaluationContext } from './context.js';
import { dereferenced } from './conversions.js';
import { toNumber } from './floats.js';
import { rowsUntil } from './children.js';
import { textOf, viewOf } from './library/index.js';
import { memberWorld } from './identifiers.js';
import { readMember } from './members.js';
import { readString, terminator } from './strings.js';
import { textKind, type TextKind } from './textual.js';
import { asFloat, asReference, baseName, countOf, isStruct, strip } from './types.js';
import type { Value } from './value.js';
import { toFloat, toInteger } from './value.js';
import type { CType } from '../symbols/types.js';

export type JavaScriptValue =
  | number
  | bigint
  | string
  | boolean
  | null
  | undefined
  | readonly JavaScriptValue[]
  | ReadonlyMap<JavaScriptValue, JavaScriptValue>
  | { readonly [name: string]: JavaScriptValue };

/** Elements of one container, and values in all: damaged containers of containers know no end. */
const MAX_ELEMENTS = 100_000;
const MAX_VALUES = 300_000;
const MAX_STRING = 1024 * 1024;
const MAX_DEPTH = 32;

/**
 * Pointers are not followed, except `char *` (null: a null pointer). Parts that cannot be read or were optimized out are undefined, and so are those beyond
 * a number that no script looks at.
 * @throws DeetError when nothing of the value can be read
 */
export function toJavaScript(value: Value, context: EvaluationContext): JavaScriptValue {
  return new Conversion(context).convert(value, 0);
}

/** Only `char` and character types proper: an `unsigned char` array is bytes, not text. */
function isText(type: CType): TextKind | undefined {
  const kind = textKind(type);
  const bare = strip(type);
  return kind && (kind.prefix !== '' || (bare.kind === 'base' && (baseName(bare) === 'char' || bare.encoding === 'utf')))
    ? kind
    : undefined;
}

class Conversion {
  #left = MAX_VALUES;

  constructor(private readonly context: EvaluationContext) {}

  convert(value: Value, depth: number): JavaScriptValue {
    if (depth > MAX_DEPTH) return undefined;
    if (asReference(value.type)) return this.convert(dereferenced(value, this.context.memory), depth + 1);
    const type = strip(value.type);
    if (isStruct(type)) return this.#viewed(value, depth, () => this.#fields(value, depth));
    switch (type.kind) {
      case 'void':
        return undefined;
      case 'function':
        return value.address;
      case 'array': {
        const text = type.vector ? undefined : isText(type.element);
        if (text) return this.#text(untilNul(value, countOf(type) * text.unit, text.unit), text);
        const count = Math.min(countOf(type), MAX_ELEMENTS, this.#left);
        const whole = readable(value) ?? value;
        return Array.from({ length: count }, (_, i) => this.#part(() => whole.element(type, i), depth));
      }
      case 'pointer': {
        const address = BigInt.asUintN(64, toInteger(value));
        const text = isText(type.target);
        if (!text) return address;
        if (address === 0n) return null;
        const found = readString(this.context, address, text.unit, MAX_STRING);
        if (found.error !== undefined && found.bytes.length === 0) return address;
        return this.#text(found.bytes, text);
      }
      case 'enum':
        return type.size < 8 ? Number(toInteger(value)) : toInteger(value);
      case 'member-pointer':
        return toInteger(value);
      case 'base':
        break;
    }
    if (asFloat(type)) return toNumber(toFloat(value));
    if (type.encoding === 'bool') return toInteger(value) !== 0n;
    if (type.encoding.startsWith('complex')) {
      const [real, imaginary] = complexParts(value);
      return { real: toNumber(toFloat(real)), imaginary: toNumber(toFloat(imaginary)) };
    }
    const number = toInteger(value);
    return type.size < 8 ? Number(number) : number;
  }

  /** Long texts count as many values. */
  #text(bytes: Uint8Array, kind: TextKind): string {
    this.#left -= bytes.length >> 6;
    return decode(bytes, kind);
  }

  #part(get: () => Value, depth: number): JavaScriptValue {
    try {
      return this.#left-- > 0 ? this.convert(get(), depth + 1) : undefined;
    } catch (error) {
      if (error instanceof DeetError) return undefined;
      throw error;
    }
  }

  /**
   * C++: strings as strings, maps as Maps, other containers and tuples as arrays; what an optional, a variant or an atomic holds as it is (null: nothing), smart pointers as
   * addresses. What has no view is as `otherwise` says.
   */
  #viewed(value: Value, depth: number, otherwise: () => JavaScriptValue): JavaScriptValue {
    const text = textOf(value, this.context);
    if (text) return this.#text(text.read(Math.min(text.length, MAX_STRING)), text.kind);
    const view = viewOf(value, this.context);
    if (!view || (view.style === 'named' && view.title === undefined)) return otherwise();
    const rows = rowsUntil(view, 0, Math.min(MAX_ELEMENTS, this.#left));
    const items = rows.map((row) => this.#part(() => row.value, depth));
    if (view.style === 'map') return new Map(rows.map(({ key }, i) => [this.#part(() => key ?? value, depth), items[i]]));
    const holds = view.target !== undefined || view.style === 'wrapped' || /^std::(?:optional|variant)</.test(view.title ?? '');
    return holds ? (items[0] ?? null) : items;
  }

  /** Members by name; those of anonymous structs and base classes as if they were its own. */
  #fields(value: Value, depth: number): JavaScriptValue {
    const type = strip(value.type);
    if (!isStruct(type)) return undefined;
    const whole = readable(value);
    if (!whole && depth === 0) value.bytes();
    const world = memberWorld(this.context);
    const result: Record<string, JavaScriptValue> = {};
    for (const member of type.members()) {
      const inner = this.#part(() => readMember(whole ?? value, member, world), depth);
      const merged = member.name === undefined || member.isBase;
      if (merged && typeof inner === 'object' && inner !== null && !Array.isArray(inner)) Object.assign(result, inner);
      else if (member.name !== undefined)
        Object.defineProperty(result, member.name, { value: inner, enumerable: true, configurable: true, writable: true });
    }
    return result;
  }
}

/** The value read at once, or undefined when that fails. */
function readable(value: Value): Value | undefined {
  try {
    return value.fetched();
  } catch (error) {
    if (error instanceof DeetError) return undefined;
    throw error;
  }
}

function untilNul(value: Value, length: number, unit: number): Uint8Array {
  const bytes = value
    .part(
      { kind: 'array', element: { kind: 'base', name: 'char', size: 1, encoding: 'signed-char' }, count: Math.min(length, MAX_STRING) },
      0,
    )
    .bytes();
  const end = terminator(bytes, unit);
  return end < 0 ? bytes : bytes.subarray(0, end);
}

function decode(bytes: Uint8Array, kind: TextKind): string {
  if (kind.unit === 1) return new TextDecoder().decode(bytes);
  if (kind.unit === 2) return new TextDecoder('utf-16le').decode(bytes);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let text = '';
  for (let at = 0; at + 4 <= bytes.length; at += 4) {
    const point = view.getUint32(at, true);
    text += point <= 0x10ffff ? String.fromCodePoint(point) : '\ufffd';
  }
  return text;
}

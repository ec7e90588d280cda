/**
 * From an expression to simple code (simple-code.ts), where that is possible: integers, characters, booleans, enumerations and pointers; arithmetic,
 * comparisons and logic; variables of simple places, registers, members, elements, dereferences and casts. Everything else is not lowered, and the
 * evaluator does it. Types and errors are the evaluator's own: result types come from its operators, applied to values without an object.
 */
import { DeetError } from '../common/errors.js';
import type { CType } from '../symbols/types.js';
import { isComparison, promoted, usualType } from './arithmetic.js';
import type { Expression } from './ast.js';
import * as c from './c-types.js';
import type { EvaluationContext, Meaning } from './context.js';
import { decayed } from './conversions.js';
import { evaluateNow, typeOf } from './evaluate.js';
import { identifier, scopedIdentifier } from './identifiers.js';
import { dwarfRegisterNumber } from './location-place.js';
import { toNumber } from './floats.js';
import { compareFloats, type FloatObject } from './lower-floats.js';
import { equalsText } from './lower-text.js';
import { findMember } from './members.js';
import { binary, stride, unary } from './operators.js';
import type { Place } from './place.js';
import { registerNamed } from './registers.js';
import { constant, plus, type Code, type SimpleComparison, type SimpleOperator } from './simple-code.js';
import type { SimplePlace } from './simple-locations.js';
import {
  asArray,
  asFloat,
  asFunction,
  asInteger,
  asPointer,
  asReference,
  asStruct,
  isSigned,
  isVoid,
  requireSize,
  strip,
} from './types.js';
import { isUndescribed } from './unknown.js';
import { toFloat, toInteger, Value } from './value.js';

const notSimple = (): never => {
  throw new DeetError('unusual', 'This has to be evaluated in full.');
};

/** The place of a variable as a rule, in a value that is never read. */
export class NamedPlace implements Place {
  readonly kind = 'variable';
  constructor(readonly where: SimplePlace | undefined) {}
  read(): never {
    return notSimple();
  }
  write(): never {
    return notSimple();
  }
}

/** A subexpression: an object in memory, part of a register, or a value whose code yields what `toInteger` would. */
interface Operand {
  /** Its type (and width, if it is a bit-field), without an object. */
  readonly shape: Value;
  readonly at:
    | { readonly kind: 'memory'; readonly address: Code }
    | { readonly kind: 'register'; readonly number: number; readonly start: number }
    | { readonly kind: 'value'; readonly code: Code };
}

const lastRegister = 16;

const computed = (type: CType, code: Code): Operand => ({ shape: Value.abstract(type), at: { kind: 'value', code } });
const object = (type: CType, address: Code): Operand => ({ shape: Value.abstract(type), at: { kind: 'memory', address } });

/** Size and signedness of what is handled as one number. */
const numberLayout = (type: CType): { size: number; signed: boolean } => {
  const integer = asInteger(type);
  const size = integer?.size ?? (asPointer(type) ? 8 : 0);
  return size === 1 || size === 2 || size === 4 || size === 8 ? { size, signed: integer !== undefined && isSigned(integer) } : notSimple();
};

const extended = (of: Code, bits: number, signed: boolean): Code => ({ kind: 'extend', of, bits, signed });

/** Wrapped as an object of the type would hold it. */
const wrapped = (code: Code, type: CType): Code => {
  const { size, signed } = numberLayout(type);
  return extended(code, size * 8, signed);
};

const loaded = ({ shape }: Operand, address: Code): Code => {
  const { size, signed } = numberLayout(shape.type);
  if (!shape.bits) return extended({ kind: 'load', address, size }, size * 8, signed);
  const [first, low] = [shape.bits.offset >> 3, shape.bits.offset & 7];
  const bytes = (low + shape.bits.size + 7) >> 3;
  if (shape.bits.size === 0 || shape.bits.size > size * 8 || bytes > 8) return notSimple();
  const load: Code = { kind: 'load', address: plus(address, constant(BigInt(first))), size: bytes };
  return extended(low === 0 ? load : { kind: 'binary', operator: '>>', left: load, right: constant(BigInt(low)) }, shape.bits.size, signed);
};

/** The number that an operand is. */
const numberOf = (operand: Operand): Code => {
  const { at, shape } = operand;
  switch (at.kind) {
    case 'value':
      numberLayout(shape.type);
      return at.code;
    case 'memory':
      return loaded(operand, at.address);
    case 'register': {
      const { size, signed } = numberLayout(shape.type);
      const whole: Code = { kind: 'register', number: at.number };
      const low: Code = at.start === 0 ? whole : { kind: 'binary', operator: '>>', left: whole, right: constant(BigInt(at.start * 8)) };
      return extended(low, size * 8, signed);
    }
  }
};

const addressOf = ({ at, shape }: Operand): Code => (at.kind === 'memory' && !shape.bits ? at.address : notSimple());

/** Arrays and functions as pointers. */
const settled = (operand: Operand): Operand => {
  const { type } = operand.shape;
  if (asReference(type)) return notSimple();
  const array = asArray(type);
  if (array?.vector) return notSimple();
  return array || asFunction(type) ? computed(decayed(operand.shape).type, addressOf(operand)) : operand;
};

const isZero = (code: Code): Code => ({ kind: 'compare', operator: '==', left: code, right: constant(0n) });

/** A function that is known by its symbol only. */
const isLibraryCode = (meaning: Meaning | undefined): boolean => {
  const type = meaning?.kind === 'value' ? asFunction(meaning.value.type) : undefined;
  return type !== undefined && isUndescribed(type);
};

/** A number that stands in the expression, where a double holds it exactly. */
const literal = (node: Expression, context: EvaluationContext): number | undefined => {
  if (node.kind === 'unary' && (node.operator === '-' || node.operator === '+')) {
    const value = literal(node.operand, context);
    return value !== undefined && node.operator === '-' ? -value : value;
  }
  if (node.kind === 'float' && node.suffix !== 'l') return toNumber(toFloat(evaluateNow(node, context)));
  return node.kind === 'integer' && node.suffix === '' && node.value <= BigInt(2 ** 31 - 1) ? Number(node.value) : undefined;
};

/** As a truth: 0 or 1. */
const truthOf = (operand: Operand): Code => {
  const code = numberOf(operand);
  const isTruth = code.kind === 'compare' || code.kind === 'logical';
  return isTruth ? code : { kind: 'compare', operator: '!=', left: code, right: constant(0n) };
};

class Lowering {
  constructor(private readonly context: EvaluationContext) {}

  get #truth(): CType {
    return this.context.language === 'c++' ? c.CXX_BOOL : c.INT;
  }

  condition(node: Expression): Code {
    return this.#truthOf(node);
  }

  #truthOf(node: Expression): Code {
    const equal = this.#equalTexts(node);
    return equal ? isZero(equal) : truthOf(this.#operand(node));
  }

  #operand(node: Expression): Operand {
    switch (node.kind) {
      case 'integer':
      case 'character':
      case 'sizeof':
        return this.#ofValue(evaluateNow(node, this.context));
      case 'name':
        return this.#named(node.name);
      case 'scoped':
        return this.#meant(scopedIdentifier(node, this.context));
      case 'dollar':
        return this.#register(node.name);
      case 'unary':
        return this.#unary(node);
      case 'binary':
        return this.#binary(node);
      case 'logical':
        return computed(this.#truth, {
          kind: 'logical',
          operator: node.operator,
          left: this.#truthOf(node.left),
          right: this.#truthOf(node.right),
        });
      case 'cast':
        return this.#cast(node);
      case 'call':
        return this.#call(node);
      case 'member':
        return this.#member(this.#operand(node.object), node.name, node.arrow);
      case 'index':
        return this.#index(this.#operand(node.array), this.#operand(node.index));
      default:
        return notSimple();
    }
  }

  /** In C++ a member function sees its object's members by their bare names. */
  #named(name: string): Operand {
    const { names, language } = this.context;
    const local = names.local(name);
    if (!local && language === 'c++') {
      const self = names.local('this');
      const pointer = self?.kind === 'value' ? asPointer(self.value.type) : undefined;
      const struct = pointer && asStruct(pointer.target);
      if (self && struct && findMember(struct, name)) return this.#member(this.#meant(self), name, true);
      const global = names.global(name);
      if (global) return this.#meant(global);
    }
    return this.#meant(local ?? identifier(name, this.context));
  }

  #meant(meaning: Meaning): Operand {
    return meaning.kind === 'value' ? this.#ofValue(meaning.value) : notSimple();
  }

  #ofValue(value: Value): Operand {
    const { place, type, offset, bits } = value;
    const shape = value.withoutObject();
    if (place instanceof NamedPlace) {
      if (bits || offset !== 0) return notSimple();
      switch (place.where?.kind) {
        case 'memory':
          return object(type, place.where.address);
        case 'register':
          return { shape, at: { kind: 'register', number: place.where.number, start: 0 } };
        case 'value':
          return computed(type, constant(wrapConstant(place.where.value, type)));
        default:
          return notSimple();
      }
    }
    if (place.kind === 'value') return computed(type, constant(toInteger(value)));
    // A function, or a symbol without debug information.
    return value.address === undefined || place.kind !== 'memory'
      ? notSimple()
      : { shape, at: { kind: 'memory', address: constant(value.address) } };
  }

  #register(name: string): Operand {
    const register = registerNamed(name);
    const number = register && dwarfRegisterNumber(register.whole);
    if (!register || number === undefined || number > lastRegister) return notSimple();
    return { shape: Value.abstract(register.type), at: { kind: 'register', number, start: register.start } };
  }

  /** `strcmp(s, "text")` and strncmp of the C library, for which only zero has a meaning here: whether the strings are equal. */
  #equalTexts(node: Expression): Code | undefined {
    if (node.kind !== 'call' || node.callee.kind !== 'name' || this.context.names.local(node.callee.name)) return undefined;
    const { name } = node.callee;
    const [a, b, count] = node.arguments;
    if (!['strcmp', 'strncmp'].includes(name) || !isLibraryCode(this.context.names.global(name))) return undefined;
    if (node.arguments.length !== (name === 'strcmp' ? 2 : 3) || (count && count.kind !== 'integer')) return notSimple();
    return this.#sameText(a, b, count && Number(count.value));
  }

  /** Whether a string in memory is one that stands in the expression. */
  #sameText(a: Expression, b: Expression, count?: number): Code {
    const [text, other] = a.kind === 'string' ? [a, b] : [b, a];
    if (text.kind !== 'string' || text.prefix !== '') return notSimple();
    const pointer = settled(this.#operand(other));
    const target = asPointer(pointer.shape.type)?.target;
    const character = target && asInteger(target);
    if (character?.size !== 1) return notSimple();
    return equalsText(numberOf(pointer), text.units, count) ?? notSimple();
  }

  #call(node: Extract<Expression, { kind: 'call' }>): Operand {
    if (node.callee.kind !== 'dollar' || node.callee.name !== '_streq' || node.arguments.length !== 2) return notSimple();
    return computed(c.INT, this.#sameText(node.arguments[0], node.arguments[1]));
  }

  #unary(node: Extract<Expression, { kind: 'unary' }>): Operand {
    const equal = node.operator === '!' ? this.#equalTexts(node.operand) : undefined;
    if (equal) return computed(this.#truth, equal);
    const operand = this.#operand(node.operand);
    const { type } = operand.shape;
    switch (node.operator) {
      case '*':
        return this.#dereference(operand);
      case '&':
        return asReference(type) ? notSimple() : computed(c.pointerTo(type), addressOf(operand));
      case '!': {
        const code: Code = { kind: 'compare', operator: '==', left: numberOf(settled(operand)), right: constant(0n) };
        return computed(this.#truth, code);
      }
      case '-':
      case '+':
      case '~': {
        const result = unary(node.operator, operand.shape, this.#truth).type;
        const code = numberOf(operand);
        if (node.operator === '+') return computed(result, wrapped(code, result));
        const minusOne = constant(-1n);
        const changed: Code =
          node.operator === '-'
            ? { kind: 'binary', operator: '-', left: constant(0n), right: code }
            : { kind: 'binary', operator: '^', left: code, right: minusOne };
        return computed(result, wrapped(changed, result));
      }
      default:
        return notSimple();
    }
  }

  #dereference(operand: Operand): Operand {
    const { type } = operand.shape;
    if (asFunction(type)) return operand;
    const array = asArray(type);
    if (array && !array.vector) return object(array.element, addressOf(operand));
    const pointer = asPointer(type);
    const integer = asInteger(type);
    if (integer?.kind === 'base' && integer.encoding !== 'bool') return object(c.LONG, numberOf(operand));
    return !pointer || isVoid(pointer.target) ? notSimple() : object(pointer.target, numberOf(operand));
  }

  #member(from: Operand, name: string, arrow: boolean): Operand {
    const pointer = asPointer(from.shape.type);
    const outer = pointer ? object(pointer.target, numberOf(from)) : from;
    const struct = asStruct(outer.shape.type);
    const found = struct && (pointer || !arrow) ? findMember(struct, name) : undefined;
    if (!found || outer.at.kind !== 'memory') return notSimple();
    let { address } = outer.at;
    let shape = outer.shape;
    for (const member of found.path) {
      if (member.staticVariable || member.virtualBase) return notSimple();
      address = plus(address, constant(BigInt(member.offset)));
      const bits = member.bitSize === undefined ? undefined : { offset: member.bitOffset ?? 0, size: member.bitSize };
      shape = new Value(member.type, shape.place, 0, bits);
    }
    return { shape, at: { kind: 'memory', address } };
  }

  #index(first: Operand, second: Operand): Operand {
    const swap = asInteger(first.shape.type) && (asPointer(second.shape.type) ?? asArray(second.shape.type));
    const [base, index] = swap ? [second, first] : [first, second];
    const integer = asInteger(index.shape.type);
    if (!integer) return notSimple();
    const array = asArray(base.shape.type);
    const pointer = asPointer(base.shape.type);
    // The evaluator refuses absurd indexes of arrays; 32 bits cannot be absurd.
    if (array && (array.vector || integer.size > 4)) return notSimple();
    const element = array?.element ?? pointer?.target ?? notSimple();
    const distance = array ? requireSize(element) : pointer ? stride(pointer) : notSimple();
    const scaled: Code = { kind: 'binary', operator: '*', left: numberOf(index), right: constant(BigInt(distance)) };
    return object(element, plus(array ? addressOf(base) : numberOf(base), scaled));
  }

  #cast(node: Extract<Expression, { kind: 'cast' }>): Operand {
    const type = typeOf({ kind: 'type', type: node.type, offset: node.offset }, this.context);
    const operand = this.#operand(node.operand);
    if (!asInteger(type) && !asPointer(type)) return notSimple();
    if (operand.shape.type === c.UNKNOWN_DATA) return object(type, addressOf(operand));
    const from = settled(operand);
    const classes = [from.shape.type, type].map((each) => asStruct(asPointer(each)?.target ?? c.INT));
    // One may be the other's base, elsewhere than at its beginning.
    if (classes.every((each) => each) && classes.some((each) => each?.members().some(({ isBase }) => isBase))) return notSimple();
    const target = strip(type);
    const isBool = target.kind === 'base' && target.encoding === 'bool';
    return computed(type, isBool ? truthOf(from) : wrapped(numberOf(from), type));
  }

  #binary(node: Extract<Expression, { kind: 'binary' }>): Operand {
    const { operator } = node;
    if (operator === '@') return notSimple();
    const special = isComparison(operator) ? (this.#compareTexts(node) ?? this.#compareFloats(node)) : undefined;
    if (special) return computed(this.#truth, special);
    const left = settled(this.#operand(node.left));
    const right = settled(this.#operand(node.right));
    // What C forbids is an error here as it is there.
    const { type } = binary(operator, left.shape, right.shape, this.#truth);
    const [p, q] = [asPointer(left.shape.type), asPointer(right.shape.type)];
    const [a, b] = [numberOf(left), numberOf(right)];
    if (isComparison(operator)) {
      const compare = (x: Code, y: Code): Operand =>
        computed(type, { kind: 'compare', operator: operator as SimpleComparison, left: x, right: y });
      if (p ?? q) return compare(extended(a, 64, false), extended(b, 64, false));
      const common = this.#common(left, right);
      return compare(wrapped(a, common), wrapped(b, common));
    }
    if (operator === '<<' || operator === '>>') return this.#shift(operator, left, a, b);
    if (p ?? q) return this.#pointerArithmetic(operator, type, left, right);
    const common = this.#common(left, right);
    const code: Code = { kind: 'binary', operator: operator as SimpleOperator, left: wrapped(a, common), right: wrapped(b, common) };
    return computed(type, wrapped(code, type));
  }

  #common(left: Operand, right: Operand): CType {
    return asFloat(left.shape.type) || asFloat(right.shape.type) ? notSimple() : usualType(left.shape, right.shape);
  }

  #compareTexts({ operator, left, right }: Extract<Expression, { kind: 'binary' }>): Code | undefined {
    const isNull = right.kind === 'integer' && right.value === 0n && (operator === '==' || operator === '!=');
    const equal = isNull ? this.#equalTexts(left) : undefined;
    return equal && (operator === '==' ? equal : isZero(equal));
  }

  #compareFloats({ operator, left, right }: Extract<Expression, { kind: 'binary' }>): Code | undefined {
    const sides = [left, right].map((node) => literal(node, this.context) ?? this.#floatObject(node));
    const [a, b] = sides;
    if (sides.every((side) => typeof side === 'number') || a === undefined || b === undefined) return undefined;
    return compareFloats(operator as SimpleComparison, a, b) ?? notSimple();
  }

  /** A float or a double in memory. */
  #floatObject(node: Expression): FloatObject | undefined {
    const { shape, at } = this.#operand(node);
    const type = asFloat(shape.type);
    if (!type) return undefined;
    if (at.kind !== 'memory' || type.encoding !== 'float' || (type.size !== 4 && type.size !== 8)) return notSimple();
    const { size } = type;
    return { size, bits: extended({ kind: 'load', address: at.address, size }, size * 8, true) };
  }

  /** Counts that C leaves undefined are warned of: only constants are known to be none. */
  #shift(operator: '<<' | '>>', left: Operand, value: Code, count: Code): Operand {
    const type = promoted(left.shape);
    if (asPointer(left.shape.type) || count.kind !== 'constant' || count.value < 0n || count.value >= BigInt(requireSize(type) * 8))
      return notSimple();
    return computed(type, wrapped({ kind: 'binary', operator, left: value, right: count }, type));
  }

  #pointerArithmetic(operator: string, type: CType, left: Operand, right: Operand): Operand {
    const [p, q] = [asPointer(left.shape.type), asPointer(right.shape.type)];
    const [a, b] = [numberOf(left), numberOf(right)];
    const scaled = (code: Code, by: number): Code => ({ kind: 'binary', operator: '*', left: code, right: constant(BigInt(by)) });
    if (operator === '+' && p && !q) return computed(type, wrapped(plus(a, scaled(b, stride(p))), type));
    if (operator === '+' && q && !p) return computed(type, wrapped(plus(b, scaled(a, stride(q))), type));
    const difference = (x: Code, y: Code): Code => ({ kind: 'binary', operator: '-', left: x, right: y });
    if (operator === '-' && p && !q) return computed(type, wrapped(difference(a, scaled(b, stride(p))), type));
    if (operator === '-' && p && q)
      return computed(type, wrapped({ kind: 'binary', operator: '/', left: difference(a, b), right: constant(BigInt(stride(p))) }, type));
    return notSimple();
  }
}

const wrapConstant = (value: bigint, type: CType): bigint => {
  const { size, signed } = numberLayout(type);
  return signed ? BigInt.asIntN(size * 8, value) : BigInt.asUintN(size * 8, value);
};

/**
 * The truth of an expression as simple code: 0 or 1. Undefined: it is not simple, or an error of which the evaluator will tell.
 * @param context the names of variables in it yield values with a `NamedPlace`
 */
export const lowerCondition = (expression: Expression, context: EvaluationContext): Code | undefined => {
  try {
    return new Lowering(context).condition(expression);
  } catch (error) {
    if (error instanceof DeetError) return undefined;
    throw error;
  }
};

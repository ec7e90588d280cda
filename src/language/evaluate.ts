/**
 * Typed evaluation of an expression. A generator: at a call into the program it yields a `CallRequest` and goes on with
 * the value it is given, so that the same code serves synchronous conditions and asynchronous sessions.
 */
import { DeetError } from '../common/errors.js';
import type { CType } from '../symbols/types.js';
import { isTrue } from './arithmetic.js';
import type { BinaryOperator, Expression } from './ast.js';
import * as c from './c-types.js';
import type { Evaluation, EvaluationContext, Meaning } from './context.js';
import { conversionsOf, type Wanted } from './conversion-functions.js';
import { addressOf, cast, convertForAssignment, decayed, pointee } from './conversions.js';
import { placed } from './errors.js';
import { allocated, callBest, evaluateCall } from './evaluate-calls.js';
import { evaluateAggregate, evaluateList } from './evaluate-lists.js';
import { dollar, entryValue, historyValue, identifier, memberWorld, scopedIdentifier, used } from './identifiers.js';
import { characterLiteral, floatLiteral, integerLiteral, stringLiteral } from './literals.js';
import { comparison, truthOf } from './library/comparing.js';
import { hasView } from './library/index.js';
import { elementOf, targetOf } from './library/operations.js';
import { dynamicCast, fromVirtualBase } from './dynamic-cast.js';
import { memberMeant, pointerToMember } from './member-pointers.js';
import { findMember, memberNamed } from './members.js';
import { methodsOf } from './methods.js';
import { ComputedPlace, FetchedPlace } from './place.js';
import { binary, noOperator, stride, unary } from './operators.js';
import { operatorFunctions } from './overloaded.js';
import { resolveSyntax, type OperandEvaluator } from './resolve-type.js';
import {
  alignOf,
  asArray,
  asFunction,
  asInteger,
  asPointer,
  asReference,
  asStruct,
  isVoid,
  requireSize,
  sameType,
  strip,
} from './types.js';
import { isUnknown, unknownType } from './unknown.js';
import { integerOf, toInteger, Value } from './value.js';

/** Evaluates an expression; the generator returns its value. @throws DeetError, mostly with a place in the text */
export function evaluate(expression: Expression, context: EvaluationContext): Evaluation {
  return new Evaluator(context, false).value(expression);
}

/** Only its type: nothing is read that need not be, nothing is written, nothing called. @throws DeetError */
export function typeOf(expression: Expression, context: EvaluationContext): CType {
  return finish(new Evaluator(context, true).typeOnly(expression));
}

/** For conditions and hovers: as `evaluate`, but a call into the program is an error. @throws DeetError */
export function evaluateNow(expression: Expression, context: EvaluationContext): Value {
  return finish(evaluate(expression, context));
}

/** The value as a truth. @throws DeetError */
export function conditionHolds(expression: Expression, context: EvaluationContext): boolean {
  const value = used(evaluateNow(expression, context), context);
  return truthOf(value, context) ?? isTrue(value);
}

function finish<R>(evaluation: Evaluation<R>): R {
  const step = evaluation.next();
  if (step.done) return step.value;
  throw new DeetError('call', 'A function of the program cannot be called here.');
}

class Evaluator implements OperandEvaluator {
  constructor(
    readonly context: EvaluationContext,
    readonly typesOnly: boolean,
  ) {}

  /** With a place in the text for every error. */
  *value(node: Expression): Evaluation {
    try {
      return yield* this.#value(node);
    } catch (error) {
      throw placed(error, node.offset);
    }
  }

  /** The value with references followed; when only types are wanted, no object stands behind it any more. */
  *operand(node: Expression): Evaluation {
    const value = yield* this.value(node);
    return used(this.typesOnly && value.place.kind !== 'value' && !hasView(value.type) ? value.withoutObject() : value, this.context);
  }

  *typeOnly(node: Expression): Evaluation<CType> {
    if (node.kind === 'type') return yield* resolveSyntax(node.type, this);
    try {
      const meaning = this.#meaning(node);
      if (meaning?.kind === 'type') return meaning.type;
    } catch (error) {
      throw placed(error, node.offset);
    }
    const evaluator = this.typesOnly ? this : new Evaluator(this.context, true);
    return (yield* evaluator.value(node)).type;
  }

  get #truth(): CType {
    return this.context.language === 'c++' ? c.CXX_BOOL : c.INT;
  }

  #meaning(node: Expression): Meaning | undefined {
    if (node.kind === 'name') return identifier(node.name, this.context);
    return node.kind === 'scoped' ? scopedIdentifier(node, this.context) : undefined;
  }

  *#value(node: Expression): Evaluation {
    const { context } = this;
    switch (node.kind) {
      case 'integer':
        return integerLiteral(node);
      case 'float':
        return floatLiteral(node);
      case 'character':
        return characterLiteral(node, context);
      case 'string':
        return stringLiteral(node, context);
      case 'name':
      case 'scoped':
        return this.#named(node);
      case 'entry':
        return entryValue(node.name, context);
      case 'history':
        return historyValue(node.index, node.relative, context);
      case 'dollar':
        return dollar(node.name, context, this.typesOnly);
      case 'unary':
        return yield* this.#unary(node);
      case 'postfix': {
        const target = yield* this.operand(node.operand);
        // The one behind the object takes an int that says nothing (C++17, [over.inc]).
        const own = asStruct(target.type) ? yield* this.#overloaded(node.operator, target, Value.integer(c.INT, 0n)) : undefined;
        if (own) return own;
        const old = Value.of(target.type, Uint8Array.from(target.bytes()));
        this.#assign(node.operand, target, this.#step(target, node.operator));
        return old;
      }
      case 'binary':
        return node.operator === '@'
          ? yield* this.#repeat(node.left, node.right)
          : yield* this.#binary(node.operator, node.left, node.right);
      case 'logical':
        return yield* this.#logical(node);
      case 'conditional':
        return yield* this.value((yield* this.#isTrue(yield* this.operand(node.test))) ? node.then : node.otherwise);
      case 'comma':
        yield* this.value(node.left);
        return yield* this.value(node.right);
      case 'assign':
        return yield* this.#assignment(node);
      case 'cast':
        return yield* this.#cast(node);
      case 'dynamicCast':
        return dynamicCast(yield* this.operand(node.operand), yield* resolveSyntax(node.type, this), context);
      case 'sizeof': {
        const type = yield* this.typeOnly(node.operand);
        const referred = asReference(type)?.target ?? type;
        return Value.integer(c.UNSIGNED_LONG, BigInt(node.what === 'size' ? requireSize(referred) : alignOf(referred)));
      }
      case 'member':
        return yield* this.#member(node);
      case 'memberPointer':
        return yield* this.#memberPointer(node);
      case 'index':
        return yield* this.#index(node.array, node.index);
      case 'call':
        return yield* evaluateCall(node, undefined, this);
      case 'at': {
        const type = yield* resolveSyntax(node.type, this);
        const address = decayed(yield* this.operand(node.address));
        return this.#object(type, toInteger(address));
      }
      case 'list':
        return yield* evaluateList(node.elements, this);
      case 'type':
        throw new DeetError('type', 'Attempt to use a type name as an expression');
    }
  }

  #named(node: Extract<Expression, { kind: 'name' | 'scoped' }>): Value {
    const meaning = this.#meaning(node);
    if (meaning?.kind === 'value') return meaning.value;
    throw new DeetError(
      'type',
      meaning?.kind === 'namespace' ? `"${meaning.name}" is a namespace.` : 'Attempt to use a type as an expression.',
    );
  }

  #pointee(pointer: Value, type: CType): Value {
    return this.typesOnly ? Value.abstract(type) : pointee(pointer, type, this.context.memory);
  }

  /** What lies at an address; in types-only evaluation nothing does. */
  #object(type: CType, address: bigint): Value {
    return this.typesOnly ? Value.abstract(type) : Value.at(type, this.context.memory, BigInt.asUintN(64, address));
  }

  *#unary(node: Extract<Expression, { kind: 'unary' }>): Evaluation {
    const { context } = this;
    switch (node.operator) {
      case '*':
        return yield* this.#target(yield* this.operand(node.operand));
      case '&': {
        const member = node.operand.kind === 'scoped' ? pointerToMember(node.operand, context) : undefined;
        if (member) return member;
        if (node.operand.kind === 'unary' && node.operand.operator === '*') {
          // `&*E` is E (C11, 6.5.3.2).
          const inner = yield* this.#inProgram(yield* this.operand(node.operand.operand));
          if (!asStruct(inner.type)) return decayed(inner);
        }
        const value = used(yield* this.value(node.operand), context);
        if (node.operand.kind === 'string') return addressOf(yield* this.#inProgram(value));
        const name = node.operand.kind === 'name' || node.operand.kind === 'scoped' ? spelled(node.operand) : undefined;
        if (this.typesOnly && name !== undefined) return Value.abstract(c.pointerTo(value.type));
        if (name !== undefined && value.place.kind === 'register') {
          throw new DeetError('type', `Address requested for identifier "${name}" which is in register $${value.place.register ?? ''}`);
        }
        if (name !== undefined && value.address === undefined && !asFunction(value.type)) {
          throw new DeetError('type', `Can't take address of "${name}" which isn't an lvalue.`);
        }
        return addressOf(value);
      }
      case '++':
      case '--': {
        const target = yield* this.operand(node.operand);
        return (yield* this.#overloaded(node.operator, target)) ?? this.#assign(node.operand, target, this.#step(target, node.operator));
      }
      default: {
        const operand = yield* this.operand(node.operand);
        const known = node.operator === '!' ? truthOf(operand, context) : undefined;
        if (known !== undefined) return Value.integer(this.#truth, known ? 0n : 1n);
        const own = yield* this.#overloaded(node.operator, operand);
        if (own) return own;
        return unary(node.operator, yield* this.#converted(operand, node.operator === '!' ? 'truth' : 'number'), this.#truth);
      }
    }
  }

  /** C++: an operator as the program defines it for its classes; undefined: it does not. */
  *#overloaded(operator: string, ...operands: Value[]): Evaluation<Value | undefined> {
    const found = operatorFunctions(operator, operands, this.context);
    return found.length > 0 ? used(yield* callBest(found, operands.slice(1), this), this.context) : undefined;
  }

  *#target(value: Value): Evaluation {
    const own = asStruct(value.type) ? (this.#held(value) ?? (yield* this.#overloaded('*', value))) : undefined;
    return own ?? this.#dereference(value);
  }

  #dereference(value: Value): Value {
    if (asFunction(value.type)) return value;
    const array = asArray(value.type);
    if (array && !array.vector) return value.part(array.element, 0);
    const pointer = asPointer(value.type);
    // gdb's convenience: a number is an address of a long.
    const integer = pointer ? undefined : asInteger(value.type);
    if (integer?.kind === 'base' && integer.encoding !== 'bool') return this.#object(c.LONG, toInteger(value));
    if (asStruct(value.type)) return this.#held(value) ?? fail(noOperator('*'));
    if (!pointer && strip(value.type).kind === 'member-pointer')
      throw new DeetError('type', 'Attempt to dereference pointer to member without an object.', 'object.*pointer');
    if (!pointer) throw new DeetError('type', 'Attempt to take contents of a non-pointer value.');
    if (isVoid(pointer.target) && !this.typesOnly) throw genericPointer();
    const object = this.#pointee(value, pointer.target);
    // Where no code is, there is no function.
    if (asFunction(pointer.target) && !this.typesOnly) object.place.read(0, 1);
    return object;
  }

  *#isTrue(value: Value): Evaluation<boolean> {
    return truthOf(value, this.context) ?? isTrue(yield* this.#converted(value, 'truth'));
  }

  /** C++: an object as what its class makes of it where no object can be; anything else as it is. */
  *#converted(value: Value, wanted: Wanted): Evaluation {
    const own = asStruct(value.type) ? conversionsOf(value, wanted, this.context) : [];
    return own.length > 0 ? used(yield* callBest(own, [], this), this.context) : value;
  }

  *#logical(node: Extract<Expression, { kind: 'logical' }>): Evaluation {
    const first = yield* this.operand(node.left);
    if (asStruct(first.type) && truthOf(first, this.context) === undefined) {
      // A class's own && and || are functions: both sides are evaluated.
      const right = Value.abstract(yield* this.typeOnly(node.right));
      if (operatorFunctions(node.operator, [first, right], this.context).length > 0) {
        const own = yield* this.#overloaded(node.operator, first, yield* this.operand(node.right));
        if (own) return own;
      }
    }
    const left = yield* this.#isTrue(first);
    const isDecided = left === (node.operator === '||') && !this.typesOnly;
    return Value.integer(this.#truth, (isDecided ? left : yield* this.#isTrue(yield* this.operand(node.right))) ? 1n : 0n);
  }

  /** C++: what a smart pointer or an iterator means. */
  #held(object: Value): Value | undefined {
    return targetOf(object, this.context);
  }

  #step(target: Value, operator: '++' | '--'): Value {
    if (asStruct(target.type)) throw noOperator(operator);
    return binary(operator === '++' ? '+' : '-', target, Value.integer(c.INT, 1n), this.#truth);
  }

  *#binary(operator: BinaryOperator, left: Expression, right: Expression): Evaluation {
    const [x, y] = [yield* this.operand(left), yield* this.operand(right)];
    const compared = comparison(operator, x, y, this.context);
    if (compared !== undefined) return Value.integer(this.#truth, compared ? 1n : 0n);
    const [a, b] = [yield* this.#inProgram(x), yield* this.#inProgram(y)];
    if (this.typesOnly && (operator === '/' || operator === '%'))
      return binary(operator, a.withoutObject(), b.withoutObject(), this.#truth);
    const own = yield* this.#overloaded(operator, a, b);
    if (own) return own;
    const [m, n] = [yield* this.#converted(a, 'number'), yield* this.#converted(b, 'number')];
    return binary(operator, m, n, this.#truth, this.context.warn?.bind(this.context));
  }

  /** A string in quotes is deet's: where its address is wanted, it moves into memory that the program allocates. */
  *#inProgram(value: Value): Evaluation {
    if (!asArray(value.type) || asArray(value.type)?.vector || value.place.kind !== 'value') return value;
    return this.typesOnly ? Value.abstract(value.type) : yield* allocated(value, this.context);
  }

  /** `object@count`: an array that begins with the object. */
  *#repeat(left: Expression, right: Expression): Evaluation {
    const first = yield* this.operand(left);
    const count = toInteger(yield* this.operand(right));
    const notInMemory = (): DeetError => new DeetError('type', "Only values in memory can be extended with '@'.");
    if (count <= 0n) throw first.address === undefined ? notInMemory() : new DeetError('type', `Invalid number ${count} of repetitions.`);
    if (count > 2n ** 40n) throw new DeetError('too-big', `Too many repetitions: ${count}.`);
    if (first.place.kind === 'missing') first.bytes();
    const inside = first.place instanceof ComputedPlace && first.offset + first.size * Number(count) <= first.place.bytes.length;
    if (first.address === undefined && !this.typesOnly && !inside) throw notInMemory();
    return first.as(c.arrayOf(first.type, Number(count)));
  }

  *#assignment(node: Extract<Expression, { kind: 'assign' }>): Evaluation {
    const target = yield* this.operand(node.target);
    const { operator } = node;
    // Braces take their types from what they are put into: `d = {1, 2}` converts each to double.
    const isFilled = node.value.kind === 'list' && operator === undefined && (asStruct(target.type) ?? asArray(target.type));
    const value =
      isFilled && node.value.kind === 'list'
        ? yield* evaluateAggregate(target.type, node.value.elements, this)
        : yield* this.operand(node.value);
    const right = asPointer(target.type) ? yield* this.#inProgram(value) : value;
    const own = operator === undefined ? undefined : yield* this.#overloaded(`${operator}=`, target, right);
    if (own) return own;
    const source = asStruct(target.type) ? right : yield* this.#converted(right, target.type);
    return this.#assign(node.target, target, operator === undefined ? source : binary(operator, target, source, this.#truth));
  }

  /** @returns the target with its new value */
  #assign(node: Expression, target: Value, value: Value): Value {
    if (this.typesOnly) return target;
    if (node.kind === 'dollar' && target.place.kind !== 'register') {
      const kept = isVoid(value.type)
        ? value
        : asFunction(value.type) || (asArray(value.type) && value.place.kind === 'memory')
          ? decayed(value)
          : Value.of(value.type, Uint8Array.from(value.bytes()));
      this.context.variables.set(node.name, kept);
      return kept;
    }
    if (!target.isLvalue || asFunction(target.type)) throw new DeetError('not-lvalue', 'Left operand of assignment is not an lvalue.');
    if (isUnknown(target)) throw unknownType(target);
    const bytes = convertForAssignment(value, target.type, this.context).bytes();
    if (target.bits) {
      this.#warnOfWidth(bytes, target.bits.size);
      target.write(bytes);
      return target;
    }
    target.write(bytes);
    // What was written, not what a register of an old picture of the frame still shows.
    return new Value(target.type, new FetchedPlace(target.place, target.offset, Uint8Array.from(bytes)), target.offset);
  }

  /** What is cut off is worth a word (bits that only repeat the sign are not). */
  #warnOfWidth(bytes: Uint8Array, width: number): void {
    const whole = integerOf(bytes, false);
    const cut = whole >> BigInt(width);
    const sign = integerOf(bytes, true) >> BigInt(width - 1);
    if (cut !== 0n && sign !== -1n) this.context.warn?.(`Value does not fit in ${width} bits.`);
  }

  *#cast(node: Extract<Expression, { kind: 'cast' }>): Evaluation {
    const type = yield* resolveSyntax(node.type, this);
    if (node.operand.kind === 'call') return cast(yield* evaluateCall(node.operand, type, this), type, this.context);
    if (node.operand.kind === 'list' && (asStruct(type) ?? asArray(type)))
      return yield* evaluateAggregate(type, node.operand.elements, this);
    const operand = yield* this.operand(node.operand);
    const value = asPointer(type) ? yield* this.#inProgram(operand) : operand;
    if (this.typesOnly && !value.isLvalue) return Value.abstract(type);
    // What the library's view knows of an object needs no call.
    const truth = sameType(type, c.CXX_BOOL) ? truthOf(value, this.context) : undefined;
    if (truth !== undefined) return Value.integer(type, truth ? 1n : 0n);
    const source = asStruct(type) || asReference(type) ? value : yield* this.#converted(value, type);
    return fromVirtualBase(source, type, this.context) ?? cast(source, type, this.context);
  }

  *#member(node: Extract<Expression, { kind: 'member' }>): Evaluation {
    let object = yield* this.operand(node.object);
    const pointer = asPointer(object.type);
    if (pointer) {
      // gdb lets `.` follow a pointer, and `->` stand for `.`: what is meant is plain.
      if (!asStruct(pointer.target))
        throw new DeetError('type', 'Attempt to extract a component of a value that is not a structure pointer.');
      object = this.#pointee(object, pointer.target);
    } else if (asArray(object.type)) {
      // Nor does it mind an array, which stands for its first element.
      object = this.#dereference(object);
    } else if (node.arrow && asStruct(object.type)) {
      object = this.#held(object) ?? (yield* this.#arrow(object)) ?? object;
    } else if (node.arrow) {
      throw new DeetError('type', 'Attempt to extract a component of a value that is not a structure pointer.');
    }
    return this.#method(object, node.name) ?? memberNamed(object, node.name, memberWorld(this.context), this.context.language);
  }

  /** C++: what `object->` leads to, by the object's own operator. */
  *#arrow(object: Value): Evaluation<Value | undefined> {
    const pointer = yield* this.#overloaded('->', object);
    return pointer && this.#dereference(pointer);
  }

  /** C++: a member function that is named and not called. */
  #method(object: Value, name: string): Value | undefined {
    const struct = this.context.language === 'c++' ? asStruct(object.type) : undefined;
    return struct && !findMember(struct, name) ? methodsOf(object, name, this.context)[0]?.value : undefined;
  }

  /** C++ `.*` and `->*`. */
  *#memberPointer(node: Extract<Expression, { kind: 'memberPointer' }>): Evaluation {
    const left = yield* this.operand(node.object);
    const pointer = yield* this.operand(node.pointer);
    return memberMeant(asPointer(left.type) ? this.#dereference(left) : left, pointer, this.context).value;
  }

  *#index(array: Expression, index: Expression): Evaluation {
    let base = yield* this.operand(array);
    let number = yield* this.operand(index);
    // C's a[i] is i[a].
    if (asInteger(base.type) && (asPointer(number.type) ?? asArray(number.type))) [base, number] = [number, base];
    const i = asInteger(number.type) && toInteger(number);
    if (asStruct(base.type)) {
      return (
        elementOf(base, number, this.context) ??
        (yield* this.#overloaded('[]', base, yield* this.#inProgram(number))) ??
        fail(noOperator('[]'))
      );
    }
    if (i === undefined) throw new DeetError('type', 'Argument to arithmetic operation not a number or boolean.');
    const own = asArray(base.type);
    if (own && i >= -(2n ** 47n) && i < 2n ** 47n) {
      if (base.place.kind !== 'memory' && (i < 0n || (typeof own.count === 'number' && i >= BigInt(own.count)))) {
        throw new DeetError('type', `no such vector element (index ${i})`);
      }
      return base.element(own, Number(i));
    }
    const pointer = asPointer(base.type);
    if (!pointer) throw new DeetError('type', `cannot subscript something of type \`${typeDescription(base.type)}'`);
    if (isVoid(pointer.target) && !this.typesOnly) throw genericPointer();
    return this.#object(pointer.target, this.typesOnly ? 0n : toInteger(base) + i * BigInt(stride(pointer)));
  }
}

const genericPointer = (): DeetError => new DeetError('type', 'Attempt to dereference a generic pointer.', 'Cast it first: *(int *) p');

function fail(error: DeetError): never {
  throw error;
}

function typeDescription(type: CType): string {
  const bare = strip(type);
  return 'name' in bare && bare.name !== undefined ? bare.name : bare.kind;
}

const spelled = (node: Extract<Expression, { kind: 'name' | 'scoped' }>): string =>
  node.kind === 'name' ? node.name : [...node.path, node.name].join('::');

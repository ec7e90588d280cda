/** Calls in an expression (C11, 6.5.2.2): checked and converted here, carried out by whoever drives the evaluation. */
import { evaluating } from '../common/advice.js';
import { DeetError } from '../common/errors.js';
import type { CType, FunctionType } from '../symbols/types.js';
import { isArithmetic } from './arithmetic.js';
import type { Expression } from './ast.js';
import { functionWithParameters } from './by-parameters.js';
import * as c from './c-types.js';
import type { CallRequest, Evaluation, EvaluationContext } from './context.js';
import { cast, convertForAssignment, decayed, promoteArgument } from './conversions.js';
import { callConvenience, isConvenienceFunction, isLibraryFunction } from './functions.js';
import { used } from './identifiers.js';
import { hasView } from './library/index.js';
import { answerTo, targetOf } from './library/operations.js';
import { memberMeant } from './member-pointers.js';
import { functionsNamed, methodsNamed, methodsOf, type Callee } from './methods.js';
import { bestFor } from './overload-ranking.js';
import type { OperandEvaluator } from './resolve-type.js';
import { functionLike } from './type-copies.js';
import { asArray, asFunction, asPointer, asReference, asStruct, sameType } from './types.js';
import { isUndescribed, returnsUnknown } from './unknown.js';
import { toInteger, Value } from './value.js';

type Call = Extract<Expression, { kind: 'call' }>;

/** @param returns what a cast around the call says of a function whose type nobody knows */
export function* evaluateCall(node: Call, returns: CType | undefined, evaluator: OperandEvaluator): Evaluation {
  if (node.callee.kind === 'dollar' && isConvenienceFunction(node.callee.name))
    return yield* convenience(node.callee.name, node, evaluator);
  const meant = yield* functionWithParameters(node, evaluator);
  if (meant) return meant;
  const known = yield* libraryAnswer(node, evaluator);
  if (known) return known;
  const callees = yield* calleesOf(node.callee, evaluator);
  const written: Value[] = [];
  for (const argument of node.arguments) written.push(yield* evaluator.value(argument));
  const chosen = bestFor(callees, written) ?? { value: yield* evaluator.operand(node.callee), self: [] };
  // C++: an object that can be called, a lambda for one.
  const callee = asStruct(chosen.value.type) ? bestFor(methodsOf(chosen.value, 'operator()', evaluator.context), written) : chosen;
  if (!callee) throw notCallable();
  const declared = functionOf(callee.value);
  if (node.callee.kind === 'name' && declared && isUndescribed(declared) && isLibraryFunction(node.callee.name))
    return yield* convenience(node.callee.name, node, evaluator);
  const name = node.callee.kind === 'name' || node.callee.kind === 'scoped' ? node.callee.name : 'function';
  return yield* callWith(callee, written, evaluator, name, returns);
}

/** Calls the one of several functions that suits the arguments best. */
export function* callBest(callees: readonly Callee[], written: readonly Value[], evaluator: OperandEvaluator): Evaluation {
  const callee = bestFor(callees, written);
  if (!callee) throw notCallable();
  return yield* callWith(callee, written, evaluator, 'function', undefined);
}

const notCallable = (): DeetError => new DeetError('type', 'Cannot perform a call of something that is not a function.');

const functionOf = (value: Value): FunctionType | undefined => asFunction(asPointer(value.type)?.target ?? value.type);

function* callWith(
  callee: Callee,
  written: readonly Value[],
  evaluator: OperandEvaluator,
  name: string,
  returns: CType | undefined,
): Evaluation {
  const pointer = asPointer(callee.value.type);
  const declared = functionOf(callee.value);
  if (!declared) throw notCallable();
  const type = settledType(declared, returns, name);
  const given = [...callee.self, ...written];
  requireCount(given.length, type);
  const list: Value[] = [];
  for (const [i, value] of given.entries()) {
    const argument = yield* argumentFor(value, type.parameters[i]?.type, evaluator);
    list.push(type.prototyped ? argument : promoteArgument(argument));
  }
  if (evaluator.typesOnly) return Value.abstract(type.returns);
  const address = pointer ? toInteger(callee.value) : callee.value.address;
  if (address === undefined) throw new DeetError('type', 'The function has no address.');
  const entry = callee.value.type === c.UNKNOWN_INDIRECT ? yield* resolved(address) : address;
  const request: CallRequest = { kind: 'call', function: BigInt.asUintN(64, entry), type, arguments: list };
  return yield request;
}

function settledType(declared: FunctionType, returns: CType | undefined, name: string): FunctionType {
  if (!returnsUnknown(declared)) return declared;
  if (returns) return functionLike(declared, returns, declared.parameters);
  throw new DeetError(
    'no-debug-info',
    `'${name}' has unknown return type; cast the call to its declared return type`,
    evaluating(`(int) ${name}(...)`),
  );
}

function requireCount(given: number, type: FunctionType): void {
  if (given < type.parameters.length) throw new DeetError('type', 'Too few arguments in function call.');
  const exact = type.prototyped && !type.varargs;
  if (exact && given > type.parameters.length) throw new DeetError('type', 'Too many arguments in function call.');
}

/** An indirect function's resolver says where the function is (gABI extension STT_GNU_IFUNC). */
function* resolved(resolver: bigint): Evaluation<bigint> {
  const request: CallRequest = { kind: 'call', function: BigInt.asUintN(64, resolver), type: c.IFUNC_RESOLVER, arguments: [] };
  return toInteger(yield request);
}

/** A copy of the value in memory from the program's own malloc, where it stays. @throws DeetError `call` when there is none */
export function* allocated(value: Value, context: EvaluationContext): Evaluation {
  const malloc = context.names.global('malloc');
  const address = malloc?.kind === 'value' ? malloc.value.address : undefined;
  if (address === undefined) throw new DeetError('call', 'evaluation of this expression requires the program to have a function "malloc".');
  const bytes = value.bytes();
  const size = Value.integer(c.UNSIGNED_LONG, BigInt(bytes.length));
  const request: CallRequest = { kind: 'call', function: address, type: MALLOC, arguments: [size] };
  const place = BigInt.asUintN(64, toInteger(yield request));
  context.memory.write(place, bytes);
  return Value.at(value.type, context.memory, place);
}

const MALLOC: FunctionType = {
  kind: 'function',
  returns: c.VOID_POINTER,
  parameters: [{ type: c.UNSIGNED_LONG }],
  varargs: false,
  prototyped: true,
};

function* convenience(name: string, node: Call, evaluator: OperandEvaluator): Evaluation {
  const given: Value[] = [];
  for (const argument of node.arguments) given.push(yield* evaluator.operand(argument));
  return evaluator.typesOnly ? Value.abstract(c.INT) : callConvenience(name, given, evaluator.context);
}

/** An array without an address (a string in quotes) stays an array: whoever makes the call must place it in memory. */
function* argumentFor(value: Value, parameter: CType | undefined, { context, typesOnly }: OperandEvaluator): Evaluation {
  const operand = used(value, context);
  const reference = parameter && asReference(parameter);
  if (parameter && reference) {
    if (typesOnly) return Value.abstract(parameter);
    return cast(
      needsTemporary(operand, reference.target) ? yield* temporary(operand, reference.target, context) : operand,
      parameter,
      context,
    );
  }
  if (asArray(operand.type) && operand.address === undefined) return operand;
  const settled = decayed(operand);
  return parameter ? convertForAssignment(settled, parameter, context) : promoteArgument(settled);
}

/** C++: a reference to what is nowhere (`f(3)`), or is a number of another type, refers to a temporary object (C++17, [dcl.init.ref]/5). */
const needsTemporary = (value: Value, target: CType): boolean =>
  value.place.kind === 'value' || (isArithmetic(value.type) && isArithmetic(target) && !sameType(value.type, target));

function* temporary(value: Value, target: CType, context: EvaluationContext): Evaluation {
  return yield* allocated(sameType(value.type, target) ? value : convertForAssignment(value, target, context), context);
}

/** `v.size()`: what the object's view knows needs no call. */
function* libraryAnswer(node: Call, evaluator: OperandEvaluator): Evaluation<Value | undefined> {
  if (node.callee.kind !== 'member') return undefined;
  const left = yield* evaluator.operand(node.callee.object);
  const object = objectOf(left, evaluator.context);
  if (node.callee.arrow !== (left !== object) || !hasView(object.type)) return undefined;
  const given: Value[] = [];
  for (const argument of node.arguments) given.push(yield* evaluator.operand(argument));
  return answerTo(object, node.callee.name, given, evaluator.context);
}

const objectOf = (value: Value, context: EvaluationContext): Value => {
  const pointer = asPointer(value.type);
  if (!pointer || !asStruct(pointer.target)) return value;
  return value.isAbstract ? Value.abstract(pointer.target) : Value.at(pointer.target, context.memory, BigInt.asUintN(64, toInteger(value)));
};

/** What the callee may mean: in C++ several functions may bear the name, and a member function takes its object's address first. */
function* calleesOf(node: Expression, evaluator: OperandEvaluator): Evaluation<readonly Callee[]> {
  const { context } = evaluator;
  if (node.kind === 'member') {
    const left = yield* evaluator.operand(node.object);
    const own = objectOf(left, context);
    const methods = methodsNamed(node.arrow && own === left ? (targetOf(left, context) ?? left) : own, node.name, context);
    if (methods.length > 0) return methods;
  }
  if (node.kind === 'memberPointer') {
    const object = objectOf(yield* evaluator.operand(node.object), context);
    return [memberMeant(object, yield* evaluator.operand(node.pointer), context)];
  }
  if (node.kind === 'name' || (node.kind === 'scoped' && node.file === undefined)) {
    const named = functionsNamed({ path: node.kind === 'scoped' ? node.path : [] }, node.name, context);
    if (named.length > 1 && !(node.kind === 'name' && context.names.local(node.name))) return named;
  }
  return [{ value: yield* evaluator.operand(node), self: [] }];
}

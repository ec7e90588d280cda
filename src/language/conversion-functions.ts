/** `operator double()`, `operator bool()`: what the program makes of its objects where a number, a pointer or a truth is wanted (C++17, [class.conv.fct]). */
import type { CType, Method, StructType } from '../symbols/types.js';
import * as c from './c-types.js';
import type { EvaluationContext } from './context.js';
import { methodsOf, type Callee } from './methods.js';
import { conversionCost, isPossible } from './overload-ranking.js';
import { asFloat, asInteger, asPointer, asStruct, sameType } from './types.js';
import type { Value } from './value.js';

/** Deeper inheritance is damage. */
const MAX_DEPTH = 32;

/** `operator int`, but not `operator new`, `operator()` or `operator<`. */
export const isConversion = (name: string): boolean => /^operator (?!new\b|delete\b|"")[\w:]/.test(name);

/** A type, or `number` for whatever can be calculated with and `truth` for what can be tested. */
export type Wanted = CType | 'number' | 'truth';

/** The functions that convert an object so; empty: its class has none, or several of which none is better ([over.match.conv]). @throws DeetError when there is no code */
export function conversionsOf(object: Value, wanted: Wanted, context: EvaluationContext): readonly Callee[] {
  const struct = context.language === 'c++' ? asStruct(object.type) : undefined;
  const chosen = struct && chosenAmong([...declared(struct, 0).values()], wanted);
  return chosen ? methodsOf(object, chosen.name, context) : [];
}

/** By name, those of the class before those of its bases, which they hide. */
function declared(struct: StructType, depth: number): Map<string, Method> {
  const found = new Map<string, Method>();
  const add = (method: Method): void => {
    if (!found.has(method.name)) found.set(method.name, method);
  };
  struct
    .methods()
    .filter(({ name }) => isConversion(name))
    .forEach(add);
  for (const { isBase, type } of depth > MAX_DEPTH ? [] : struct.members()) {
    const base = isBase ? asStruct(type) : undefined;
    if (base) [...declared(base, depth + 1).values()].forEach(add);
  }
  return found;
}

const isScalar = (type: CType): boolean => (asInteger(type) ?? asFloat(type) ?? asPointer(type)) !== undefined;

function chosenAmong(methods: readonly Method[], wanted: Wanted): Method | undefined {
  const returned = ({ type }: Method): CType => type.returns;
  const isTruth = (method: Method): boolean => sameType(returned(method), c.CXX_BOOL);
  const scalar = methods.filter((method) => isScalar(returned(method)));
  if (wanted === 'truth') return scalar.find(isTruth) ?? only(scalar);
  if (wanted === 'number') {
    const implicit = scalar.filter((method) => !method.explicit);
    return only(implicit.filter((method) => !isTruth(method))) ?? only(implicit);
  }
  const costs = methods
    .map((method) => ({ method, cost: conversionCost(returned(method), wanted) }))
    .filter(({ method, cost }) => isPossible(cost) && (cost === 0 || !method.explicit));
  const least = Math.min(...costs.map(({ cost }) => cost));
  return only(costs.filter(({ cost }) => cost === least))?.method;
}

const only = <T>(list: readonly T[]): T | undefined => (list.length === 1 ? list[0] : undefined);

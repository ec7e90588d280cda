/** Operators that the program defines for its classes (C++17, [over.match.oper]): member functions of the left operand, and free functions. */
import type { EvaluationContext } from './context.js';
import { functionsNamed, methodsOf, type Callee } from './methods.js';
import { accepts } from './overload-ranking.js';
import { asFunction, asStruct } from './types.js';
import type { Value } from './value.js';

/**
 * What `left OPERATOR right`, or `OPERATOR left`, may call; each takes the left operand first. Empty: no operand is an object, or nobody has defined it.
 * @throws DeetError when all that is defined has no code
 */
export function operatorFunctions(operator: string, operands: readonly Value[], context: EvaluationContext): readonly Callee[] {
  const [left] = operands;
  if (context.language !== 'c++' || !left || !operands.some(({ type }) => asStruct(type))) return [];
  const name = `operator${operator}`;
  // Unary and binary operators may bear one name.
  const takes = ({ value }: Callee): boolean => asFunction(value.type)?.parameters.length === operands.length;
  const free = namespacesOf(operands)
    .flatMap((path) => functionsNamed({ path }, name, context))
    .filter((callee) => takes(callee) && accepts(asFunction(callee.value.type)?.parameters[0]?.type, left))
    .map(({ value }): Callee => ({ value, self: [left] }));
  return free.length > 0 ? free : methodsOf(left, name, context).filter(takes);
}

/** Where such functions stand: the namespaces of the operands' classes ([basic.lookup.argdep]), and the global one. */
function namespacesOf(operands: readonly Value[]): readonly (readonly string[])[] {
  const names = operands.map(({ type }) => (asStruct(type)?.name ?? '').replace(/<.*$/s, '').split('::').slice(0, -1).join('::'));
  return [...new Set([...names, ''])].map((name) => (name === '' ? [] : name.split('::')));
}

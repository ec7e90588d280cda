/** `f(int)` where types stand for arguments: not a call but the function with these parameters, as in `break f(int)`. */
import { DeetError } from '../common/errors.js';
import type { CType } from '../symbols/types.js';
import type { Expression } from './ast.js';
import type { Evaluation } from './context.js';
import { functionsNamed } from './methods.js';
import { resolveSyntax, type OperandEvaluator } from './resolve-type.js';
import { typeName } from './type-name.js';
import { asFunction, asReference, isVoid, sameType } from './types.js';
import type { Value } from './value.js';

type Call = Extract<Expression, { kind: 'call' }>;

/** References are not what they refer to; `const` inside them is not looked at. */
const fits = (parameter: CType, wanted: CType): boolean => {
  const [own, given] = [asReference(parameter), asReference(wanted)];
  if (own?.reference !== given?.reference) return false;
  return sameType(own?.target ?? parameter, given?.target ?? wanted) || typeName(parameter, 'c++') === typeName(wanted, 'c++');
};

/** Undefined: it is a call. @throws DeetError when no function of the name has these parameters */
export function* functionWithParameters(node: Call, evaluator: OperandEvaluator): Evaluation<Value | undefined> {
  const { callee, arguments: written } = node;
  if (evaluator.context.language !== 'c++' || written.length === 0 || (callee.kind !== 'name' && callee.kind !== 'scoped'))
    return undefined;
  const types: CType[] = [];
  for (const argument of written) {
    if (argument.kind !== 'type') return undefined;
    types.push(yield* resolveSyntax(argument.type, evaluator));
  }
  const wanted = types.length === 1 && isVoid(types[0]) ? [] : types;
  const named = functionsNamed({ path: callee.kind === 'scoped' ? callee.path : [] }, callee.name, evaluator.context);
  const candidates = named.length > 0 ? named.map(({ value }) => value) : [yield* evaluator.operand(callee)];
  const found = candidates.find(({ type: own }) => {
    const parameters = (asFunction(own)?.parameters ?? []).filter(({ artificial }) => !artificial);
    return parameters.length === wanted.length && parameters.every(({ type }, i) => fits(type, wanted[i]));
  });
  if (found) return found;
  const list = wanted.map((type) => typeName(type, 'c++')).join(', ');
  throw new DeetError('no-symbol', `There is no function ${callee.name}(${list}).`, 'Another one bears that name.');
}

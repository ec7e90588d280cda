/** Type names of an expression as types: base types of the ABI, the program's structs and typedefs, arrays with computed lengths. */
import { DeetError } from '../common/errors.js';
import type { CType } from '../symbols/types.js';
import type { Expression, TypeSyntax } from './ast.js';
import * as c from './c-types.js';
import type { Evaluation, EvaluationContext } from './context.js';
import { ExpressionError } from './errors.js';
import { nearest } from '../common/nearest.js';
import { toInteger, type Value } from './value.js';

/** More elements than any address space holds bytes. */
const MAX_COUNT = 2 ** 47;

/** What the parts of evaluation ask of each other. */
export interface OperandEvaluator {
  readonly context: EvaluationContext;
  /** Only types are wanted: nothing may be read, written or called. */
  readonly typesOnly: boolean;
  value(expression: Expression): Evaluation;
  /** The value with references followed. */
  operand(expression: Expression): Evaluation;
  typeOnly(expression: Expression): Evaluation<CType>;
}

/** @throws ExpressionError `no-type` */
export function* resolveSyntax(syntax: TypeSyntax, evaluator: OperandEvaluator): Evaluation<CType> {
  switch (syntax.kind) {
    case 'base':
      return baseType(syntax.name, evaluator.context);
    case 'named':
      return namedType(syntax, evaluator.context);
    case 'typeof':
      return yield* evaluator.typeOnly(syntax.operand);
    case 'qualified':
      return { kind: syntax.qualifier, target: yield* resolveSyntax(syntax.target, evaluator) };
    case 'pointer': {
      const target = yield* resolveSyntax(syntax.target, evaluator);
      return syntax.reference ? { kind: 'pointer', target, size: 8, reference: syntax.reference } : c.pointerTo(target);
    }
    case 'array': {
      const element = yield* resolveSyntax(syntax.element, evaluator);
      const count: Value | undefined = syntax.count ? yield* evaluator.operand(syntax.count) : undefined;
      const number = count ? Number(toInteger(count)) : undefined;
      if (number !== undefined && (number < 0 || number > MAX_COUNT))
        throw new ExpressionError('type', `Array length ${number} is out of range.`, syntax.offset);
      return { kind: 'array', element, count: number };
    }
    case 'function': {
      const returns = yield* resolveSyntax(syntax.returns, evaluator);
      const parameters: { type: CType }[] = [];
      for (const parameter of syntax.parameters) parameters.push({ type: yield* resolveSyntax(parameter, evaluator) });
      return { kind: 'function', returns, parameters, varargs: syntax.varargs, prototyped: syntax.prototyped };
    }
  }
}

/**
 * `_Bool` is `bool` in C++. Ours needs no look-up, and is as good as the program's own idea of a base type, except of `char`:
 * that may have no sign (`-funsigned-char`).
 */
function baseType(name: string, context: EvaluationContext): CType {
  if (name === '_Bool' && context.language === 'c++') return c.CXX_BOOL;
  const own = name === 'char' ? context.names.type(name) : undefined;
  if (own) return own;
  const found = c.baseTypeNamed(name);
  if (!found) throw new DeetError('no-type', `No type named ${name}.`);
  return found;
}

const TAGS = ['struct', 'union', 'enum'] as const;

function namedType(syntax: Extract<TypeSyntax, { kind: 'named' }>, context: EvaluationContext): CType {
  const found = context.names.type(syntax.name, syntax.tag);
  if (found) return found;
  if (syntax.tag && TAGS.some((tag) => context.names.type(syntax.name, tag))) {
    const message = `This context has class, union or enum ${syntax.name}, not a ${syntax.tag}.`;
    throw new ExpressionError('no-type', message, syntax.offset);
  }
  const near = nearest(syntax.name, context.names.suggestions());
  const what = syntax.tag ? `${syntax.tag === 'class' ? 'struct' : syntax.tag} type` : 'type';
  throw new ExpressionError(
    'no-type',
    `No ${what} named ${syntax.name}.`,
    syntax.offset,
    near === undefined ? undefined : `did you mean "${near}"?`,
  );
}

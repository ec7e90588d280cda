/** Values of the program as results: text by language/, members and elements as children. */
import { hex } from '../common/addresses.js';
import { DeetError } from '../common/errors.js';
import type { Frame } from '../inferior/frame.js';
import { childCount, childrenOf } from '../language/children.js';
import type { Evaluation, EvaluationContext } from '../language/context.js';
import { dereferenced } from '../language/conversions.js';
import { formatMember, formatValue, unreadable, type FormatOptions } from '../language/format.js';
import { headOf } from '../language/library/index.js';
import { typeName } from '../language/type-name.js';
import { asComplex, asReference, isStruct, strip } from '../language/types.js';
import { textKind } from '../language/textual.js';
import type { Value } from '../language/value.js';
import type { Session } from '../session/session.js';
import type { Variable } from '../symbols/model.js';
import type { VariableResult } from './results.js';

/** Children are described this deep; whoever wants more evaluates an expression. */
const deepest = 3;
/** Most members or elements of one aggregate that become children, and most of one value in all. */
const mostChildren = 200;
const mostDescendants = 2000;

/** What may still be described of one value. */
interface Budget {
  left: number;
}

export const describeValue = (
  name: string,
  value: Value,
  context: EvaluationContext,
  options: FormatOptions = {},
  depth = 0,
  budget: Budget = { left: mostDescendants },
): VariableResult => {
  budget.left--;
  const missing = value.place.kind === 'missing' || value.isAbstract;
  const text = formatMember(value, context, options);
  const described = {
    name,
    type: typeName(value.type, context.language),
    value: text,
    ...(value.address !== undefined && !missing && { address: hex(value.address) }),
    ...(text === '<optimized out>' && { optimizedOut: true as const }),
  };
  return missing || !hasParts(value) ? described : withChildren(described, () => partsOf(value, context, options, depth, budget));
};

/** What pointers lead to are no parts. */
const hasParts = ({ type }: Value): boolean => {
  const bare = strip(type);
  return bare.kind === 'array' || isStruct(bare) || asReference(bare) !== undefined || asComplex(bare) !== undefined;
};

/**
 * JSON has children, text has not: they are read when someone looks. A result is shown before the program runs on. (V8 makes a hidden class of its own for
 * each object with such a getter, and all that the getter knows stays until everything is collected: for values that have parts only.)
 */
export const withChildren = <R extends object>(
  result: R,
  read: () => VariableResult[] | undefined,
): R & { readonly children?: VariableResult[] } => {
  let children: VariableResult[] | undefined;
  let isRead = false;
  return Object.defineProperty(result, 'children', {
    enumerable: true,
    get: () => {
      if (!isRead) children = read();
      isRead = true;
      return children;
    },
  });
};

/** Members of a structure or elements of an array; undefined for scalars and strings. */
export const partsOf = (
  value: Value,
  context: EvaluationContext,
  options: FormatOptions = {},
  depth = 0,
  budget: Budget = { left: mostDescendants },
): VariableResult[] | undefined => {
  const type = strip(value.type);
  if (depth >= deepest || budget.left <= 0 || !hasParts(value) || childCount(value, context) === 0) return undefined;
  if (type.kind === 'array' && textKind(type.element)) return undefined;
  const limit = Math.min(mostChildren, context.settings.elements === 0 ? mostChildren : context.settings.elements);
  const parts: VariableResult[] = [];
  for (const child of childrenOf(value, context, 0, limit)) {
    if (budget.left <= 0) break;
    parts.push(describeValue(child.name, child.value, context, options, depth + 1, budget));
  }
  return parts;
};

/** A variable of the debug information; what cannot be read says so in its value. */
export const describeVariable = (variable: Variable, context: EvaluationContext, frame: Frame | undefined): VariableResult => {
  try {
    const value = context.variable?.(variable, frame);
    if (value) return describeValue(variable.name, value, context);
  } catch (error) {
    return { name: variable.name, type: typeName(variable.type, context.language), value: unreadable(error) };
  }
  return { name: variable.name, type: typeName(variable.type, context.language), value: '<unknown>' };
};

/** A structure or an array, or a reference to one, in few words, which are `...` also where it cannot be read; undefined: the value itself is short. */
export const briefText = (variable: Variable, frame: Frame, context: EvaluationContext): string | undefined => {
  const type = strip(asReference(variable.type)?.target ?? variable.type);
  if (type.kind !== 'array' && !isStruct(type)) return undefined;
  try {
    const value = context.variable?.(variable, frame);
    return value && headOf(dereferenced(value, context.memory), context);
  } catch (error) {
    if (error instanceof DeetError) return '...';
    throw error;
  }
};

/** As `print` shows it; an unreadable value is an error, as in gdb. @throws DeetError */
export const printed = (value: Value, context: EvaluationContext, options: FormatOptions = {}): string => {
  try {
    return formatValue(value, context, options);
  } catch (error) {
    if (error instanceof DeetError && error.code === 'optimized-out') return '<optimized out>';
    throw error;
  }
};

/** As `print` shows it; what cannot be read says so. */
export const shown = (value: Value, context: EvaluationContext): string => {
  try {
    return formatValue(value, context);
  } catch (error) {
    return unreadable(error);
  }
};

/** Evaluates in the selected frame; a call that something stops stays on the stack. @throws DeetError in the user's words */
export const evaluated = (session: Session, text: string): Promise<Value> => session.values.evaluate(text, undefined, 'stay');

/** Drives an evaluation to its end; calls into the program are carried out by the session. @throws DeetError */
export const carryOut = async <R>(evaluation: Evaluation<R>, session: Session): Promise<R> => {
  let step = evaluation.next();
  while (!step.done) {
    try {
      step = evaluation.next(await session.call(step.value, 'stay'));
    } catch (error) {
      step = evaluation.throw(error);
    }
  }
  return step.value;
};

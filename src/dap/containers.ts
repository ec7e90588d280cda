/** What a client unfolds, and its rows: a scope, a structure, an array, what a pointer points to. */
import type { DebugProtocol as P } from '@vscode/debugprotocol';
import { hex } from '../common/addresses.js';
import { DeetError } from '../common/errors.js';
import { childCount, childrenOf, isExpandable, isNumbered } from '../language/children.js';
import type { EvaluationContext } from '../language/context.js';
import { evaluateNow } from '../language/evaluate.js';
import { formatMember } from '../language/format.js';
import { parseExpression } from '../language/parser.js';
import { typeName } from '../language/type-name.js';
import { asPointer, sizeOf } from '../language/types.js';
import { toInteger, type Value } from '../language/value.js';
import type { Handles } from './handles.js';

export interface Row {
  readonly name: string;
  /** Absent: it could not be found, and `text` says why. */
  readonly value: Value | undefined;
  readonly text?: string;
  readonly type?: string;
  /** A C expression that means it in its frame. */
  readonly expression?: string | undefined;
  /** What its parts are reached through, if that is another. */
  readonly through?: string | undefined;
  /** What tells it from its siblings, where the name may not: several members without one. */
  readonly key?: string;
  /** A group of rows instead of a value. */
  readonly group?: Container;
  readonly hint?: P.VariablePresentationHint;
}

export interface Container {
  readonly kind: 'container';
  /** Its name among the handles. */
  readonly name: string;
  /** The frame that its rows' expressions belong to; undefined: none needed. */
  readonly frameId: number | undefined;
  readonly context: EvaluationContext;
  /** How many rows are elements; 0 unless it is an array. */
  readonly indexed: number;
  /** How many rows it has in all, if that is known without looking. */
  readonly count: number | undefined;
  rows(start: number, count: number): readonly Row[];
}

/** The parts of a value. */
const partsOf = (value: Value, parent: Pick<Container, 'context' | 'frameId'>, name: string, expression: string | undefined): Container => {
  const count = childCount(value, parent.context);
  return {
    kind: 'container',
    name,
    frameId: parent.frameId,
    context: parent.context,
    indexed: isNumbered(value, parent.context) ? count : 0,
    count,
    rows: (start, limit) =>
      childrenOf(value, parent.context, start, limit, expression).map((child, i) => ({
        name: child.name,
        value: child.value,
        expression: child.expression ?? expressionAt(child.value, parent.context),
        through: child.through,
        key: `${start + i} ${child.name}`,
      })),
  };
};

/**
 * What lies in memory without a path to it in the language, such as a node of a map, is named by its address, as gdb's `{type} address`. Undefined: its type has no name that means it
 * here.
 */
const expressionAt = (value: Value, context: EvaluationContext): string | undefined => {
  if (value.address === undefined || !value.isLvalue) return undefined;
  const expression = `{${typeName(value.type, context.language)}} ${hex(value.address)}`;
  try {
    return sizeOf(evaluateNow(parseExpression(expression, context.names), context).type) === sizeOf(value.type) ? expression : undefined;
  } catch (error) {
    if (error instanceof DeetError) return undefined;
    throw error;
  }
};

/** In a tree the parts have rows of their own: the summary need not go deep. Text ends at its NUL: the bytes behind it are a row away. */
const summaryDepth = 3;
const longestSummary = 4096;

const summaryOf = (value: Value, context: EvaluationContext, format?: P.ValueFormat): string => {
  const depth = context.settings.depth < 0 ? summaryDepth : Math.min(context.settings.depth, summaryDepth);
  const text = formatMember(value, context, { settings: { depth, pretty: false, nullStop: true }, ...(format?.hex && { letter: 'x' }) });
  return text.length > longestSummary ? `${text.slice(0, longestSummary)}...` : text;
};

/** The address that a memory view shows: what a pointer points to, else where the object lies. */
const memoryReferenceOf = (value: Value): string | undefined => {
  try {
    if (asPointer(value.type)) return hex(BigInt.asUintN(64, toInteger(value)));
  } catch (error) {
    if (!(error instanceof DeetError)) throw error;
  }
  return value.address === undefined ? undefined : hex(value.address);
};

/** A row in the protocol's words; what unfolds gets a handle. */
export const present = (row: Row, parent: Container, handles: Handles, format?: P.ValueFormat): P.Variable => {
  const name = `${parent.name}/${row.key ?? row.name}`;
  const hint = row.hint && { presentationHint: row.hint };
  if (row.group) {
    const { group } = row;
    return {
      name: row.name,
      value: row.text ?? '',
      variablesReference: handles.put(group.name, group),
      ...(group.count !== undefined && { namedVariables: group.count }),
      ...hint,
    };
  }
  const { value } = row;
  if (!value)
    return { name: row.name, value: row.text ?? '<unknown>', variablesReference: 0, ...(row.type && { type: row.type }), ...hint };
  const presented = presentValue(value, parent, name, row.through ?? row.expression, handles, format);
  return {
    name: row.name,
    ...presented,
    ...(row.expression !== undefined && { evaluateName: row.expression }),
    ...(!value.isLvalue && !row.hint ? { presentationHint: { attributes: ['readOnly'] } } : hint),
  };
};

type Presented = Pick<P.Variable, 'value' | 'type' | 'variablesReference' | 'namedVariables' | 'indexedVariables' | 'memoryReference'>;

export const presentValue = (
  value: Value,
  parent: Pick<Container, 'context' | 'frameId'>,
  name: string,
  expression: string | undefined,
  handles: Handles,
  format?: P.ValueFormat,
): Presented => {
  const { context } = parent;
  const reference = memoryReferenceOf(value);
  const parts = value.place.kind !== 'missing' && isExpandable(value, context) ? partsOf(value, parent, name, expression) : undefined;
  return {
    value: summaryOf(value, context, format),
    type: typeName(value.type, context.language),
    variablesReference: parts ? handles.put(name, parts) : 0,
    ...(parts && parts.indexed > 0 && { indexedVariables: parts.indexed }),
    ...(parts?.count !== undefined && parts.indexed === 0 && { namedVariables: parts.count }),
    ...(reference !== undefined && { memoryReference: reference }),
  };
};

/** Symbols that no debug information describes: a name, an address, and whether it is code. What they are, the user must say by a cast. */
import type { Address } from '../common/addresses.js';
import { evaluating } from '../common/advice.js';
import { DeetError } from '../common/errors.js';
import type { CType, FunctionType } from '../symbols/types.js';
import * as c from './c-types.js';
import { MemoryPlace, type Memory } from './place.js';
import { isVoid } from './types.js';
import { Value } from './value.js';

/** Memory that is known by the name of its symbol. */
class SymbolPlace extends MemoryPlace {
  constructor(
    memory: Memory,
    address: Address,
    readonly symbol: string,
  ) {
    super(memory, address);
  }
}

export type SymbolKind = 'data' | 'code' | 'ifunc';

const TYPES: Readonly<Record<SymbolKind, CType>> = { data: c.UNKNOWN_DATA, code: c.UNKNOWN_FUNCTION, ifunc: c.UNKNOWN_INDIRECT };

export const symbolValue = (name: string, kind: SymbolKind, memory: Memory, address: Address): Value =>
  new Value(TYPES[kind], new SymbolPlace(memory, address, name));

export const isUnknown = (value: Value): boolean => value.type === c.UNKNOWN_DATA;

/** A function whose return type must come from a cast; assemblers give theirs a type without a name. */
export const returnsUnknown = ({ returns }: FunctionType): boolean =>
  returns === c.UNKNOWN_RETURN || (returns.kind === 'base' && returns.encoding === 'unspecified' && returns.name === '');

/** Its symbol is all that is known of it: the debug information of indirect functions says that they return nothing. */
export const isUndescribed = (type: FunctionType): boolean =>
  returnsUnknown(type) || (isVoid(type.returns) && type.parameters.length === 0);

export function unknownType(value: Value): DeetError {
  const name = value.place instanceof SymbolPlace ? `'${value.place.symbol}'` : 'The symbol';
  const hint = value.place instanceof SymbolPlace ? evaluating(`(int) ${value.place.symbol}`) : undefined;
  return new DeetError('no-debug-info', `${name} has unknown type; cast it to its declared type`, hint);
}

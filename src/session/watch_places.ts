/** What an expression depends on: evaluated once, with every read of memory noted. The pieces are what a watchpoint on it has to watch. */
import type { Trap } from '../inferior/debug_registers.js';
import type { Frame } from '../inferior/frame.js';
import { fileAddress, type Address } from '../common/addresses.js';
import { DeetError } from '../common/errors.js';
import type { Expression } from '../language/ast.js';
import type { EvaluationContext } from '../language/context.js';
import { evaluateNow } from '../language/evaluate.js';
import { formatValue } from '../language/format.js';
import { mentionsIn } from '../language/mentions.js';
import type { Memory } from '../language/place.js';
import { registerNamed } from '../language/registers.js';
import { Value } from '../language/value.js';
import { visibleScopes, type Outward } from '../language/visible-scopes.js';
import type { Variable } from '../symbols/model.js';
import type { CType } from '../symbols/types.js';

/** What is watched: an expression, or (`-location`) the object that it meant once. */
export type Subject = Expression | { readonly kind: 'object'; readonly type: CType; readonly address: Address };

export interface Look {
  /** Undefined: cannot be read now, such as behind a null pointer. */
  readonly value: { readonly bytes: Uint8Array; readonly text: string } | undefined;
  /** Memory that the value depends on. */
  readonly traps: readonly Trap[];
  /** What lies there now: while it does, the value is the same. Nothing for what cannot be read. */
  readonly contents: readonly Uint8Array[];
  /** The size of it, in words for the user. */
  readonly size: number;
  /** It depends on registers, too: no debug register watches these. */
  readonly registers: boolean;
}

type ContextOver = (memory?: (real: Memory) => Memory) => EvaluationContext;

/** The frame of which an expression names a variable (and so ends with it); of several, the one that ends first. */
export const frameOfLocals = (subject: Subject, here: Frame, outward: Outward): Frame | undefined => {
  const { names, dollars } = mentionsIn(subject);
  const isLocal = ({ name, role }: Variable): boolean => names.has(name) && (role === 'local' || role === 'parameter');
  if (['sp', 'fp', 'rsp', 'rbp'].some((each) => dollars.has(each))) return here;
  const { loaded } = here;
  if (loaded?.image.scopesAt(fileAddress(Number(here.lookup - loaded.bias))).some((scope) => scope.variables().some(isLocal))) return here;
  for (const { scope, frame } of visibleScopes(here, outward)) if (scope.variables().some(isLocal)) return frame;
  return undefined;
};

const usesRegisters = (subject: Subject, { names }: EvaluationContext): boolean => {
  const mentioned = mentionsIn(subject);
  for (const name of mentioned.dollars) if (registerNamed(name)) return true;
  for (const name of mentioned.names) {
    const meaning = names.local(name);
    if (meaning?.kind === 'value' && meaning.value.address === undefined) return true;
  }
  return false;
};

/** Whether one piece lies within another. */
const within = (part: { address: Address; length: number }, whole: { address: Address; length: number }): boolean =>
  part.address >= whole.address && part.address + BigInt(part.length) <= whole.address + BigInt(whole.length);

/**
 * The value of a subject now, and what it depends on. What leads to the object (the pointer in `p->x`) is watched for writes, the object itself as asked; of a
 * value that is computed (`a + b`), all that it is made of.
 * @throws DeetError when the expression means nothing here
 */
export const lookAt = (subject: Subject, kind: 'write' | 'access', contextOver: ContextOver): Look => {
  const reads: { address: Address; length: number }[] = [];
  const noting = (real: Memory): Memory => ({
    read: (address, length) => {
      reads.push({ address, length });
      return real.read(address, length);
    },
    write: (address, bytes) => {
      real.write(address, bytes);
    },
  });
  const context = contextOver(noting);
  let found: Value | undefined;
  try {
    found = subject.kind === 'object' ? Value.at(subject.type, context.memory, subject.address) : evaluateNow(subject, context);
  } catch (error) {
    // Something on the way to the object cannot be read: when that changes, it is looked at again.
    if (!(error instanceof DeetError) || error.code !== 'memory' || reads.length === 0) throw error;
  }
  const plain = contextOver();
  // Reading the value is part of it: its bytes are what is watched.
  const value = found && read(found, plain);
  const object = found?.address === undefined ? undefined : { address: found.address, length: found.size };
  const leading = reads.filter((each, index) => reads.findIndex((other) => within(each, other)) === index);
  const traps: Trap[] = leading
    .filter((each) => !object || !within(each, object))
    .map((each) => ({ ...each, kind: object ? 'write' : kind }));
  if (object && object.length > 0) traps.push({ ...object, kind });
  return {
    value,
    traps,
    contents: traps.map(({ address, length }) => contentsAt(plain.memory, address, length)),
    size: traps.reduce((total, { length }) => total + length, 0),
    registers: usesRegisters(subject, plain),
  };
};

const contentsAt = (memory: Memory, address: Address, length: number): Uint8Array => {
  try {
    return memory.read(address, length).slice();
  } catch (error) {
    if (!(error instanceof DeetError)) throw error;
    return new Uint8Array();
  }
};

const read = (value: Value, plain: EvaluationContext): Look['value'] => {
  try {
    return { bytes: value.bytes().slice(), text: formatValue(value, plain) };
  } catch (error) {
    if (!(error instanceof DeetError)) throw error;
    return undefined;
  }
};

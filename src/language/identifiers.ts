/** What a name in an expression means here; and what to say when it means nothing. */
import { DeetError } from '../common/errors.js';
import type { Member } from '../symbols/types.js';
import type { ScopedName } from './ast.js';
import * as c from './c-types.js';
import type { EvaluationContext, Meaning } from './context.js';
import { dereferenced, pointee } from './conversions.js';
import { findMember, readMember, type MemberWorld } from './members.js';
import { nearest } from '../common/nearest.js';
import { VariablePlace } from './variable-place.js';
import { registerNamed, registerValue } from './registers.js';
import { asPointer, asStruct } from './types.js';
import { Value } from './value.js';

export function memberWorld(context: EvaluationContext): MemberWorld {
  return {
    staticMember: (member: Member) => {
      const variable = member.staticVariable;
      if (!variable) return undefined;
      const found = context.names.scoped({ path: [] }, variable.qualifiedName ?? variable.name);
      return found?.kind === 'value' ? found.value : undefined;
    },
    virtualBase: (object, member) => (member.virtualBase ? context.virtualBase?.(object, member.virtualBase) : undefined),
  };
}

/** @throws DeetError `no-symbol` */
export function identifier(name: string, context: EvaluationContext): Meaning {
  const { names } = context;
  const found = names.local(name) ?? memberOfThis(name, context) ?? names.global(name) ?? keyword(name, context);
  if (found) return found;
  throw noSymbol(name, context);
}

function noSymbol(name: string, context: EvaluationContext): DeetError {
  const elsewhere = context.frameWith?.(name);
  if (elsewhere !== undefined) {
    const [frame] = /^\w+ \d+/.exec(elsewhere) ?? [''];
    return new DeetError('no-symbol', `No symbol "${name}" in current context.`, `${elsewhere} has it: "${frame}" goes there.`);
  }
  const near = instanceOf(name, context) ?? nearest(name, context.names.suggestions());
  return new DeetError('no-symbol', `No symbol "${name}" in current context.`, near === undefined ? undefined : `did you mean "${near}"?`);
}

/** Of `Box<int>`, where the program has `Box<int, 3>`: arguments that were left out are what is most often missing. */
function instanceOf(name: string, { names }: EvaluationContext): string | undefined {
  const beginning = /^.*?</.exec(name)?.[0];
  if (beginning === undefined) return undefined;
  const given = name.replace(/\s*>$/, '');
  let other: string | undefined;
  for (const each of names.suggestions()) {
    if (!each.startsWith(beginning) || !each.endsWith('>') || each.includes('>::')) continue;
    if (each.startsWith(`${given},`)) return each;
    other ??= each;
  }
  return other;
}

function keyword(name: string, context: EvaluationContext): Meaning | undefined {
  const truth = context.language === 'c++' ? c.CXX_BOOL : c.BOOL;
  if (name === 'true' || name === 'false') return { kind: 'value', value: Value.integer(truth, name === 'true' ? 1n : 0n) };
  // The names that every C program has, even where no debug information mentions their macros.
  if (name === 'nullptr' || name === 'NULL') return { kind: 'value', value: Value.integer(c.VOID_POINTER, 0n) };
  return undefined;
}

/** C++: a member function sees its object's members by their bare names. */
function memberOfThis(name: string, context: EvaluationContext): Meaning | undefined {
  if (context.language !== 'c++') return undefined;
  const self = context.names.local('this');
  if (self?.kind !== 'value') return undefined;
  const type = asPointer(self.value.type);
  const struct = type && asStruct(type.target);
  const found = struct && findMember(struct, name);
  if (!type || !found) return undefined;
  const world = memberWorld(context);
  let object = pointee(self.value, type.target, context.memory);
  for (const member of found.path) object = readMember(object, member, world);
  return { kind: 'value', value: object };
}

/** `ns::x`, `Class::x`, `'file.c'::x`, `f::x`, `::x`. @throws DeetError `no-symbol` */
export function scopedIdentifier(node: ScopedName, context: EvaluationContext): Meaning {
  const { names } = context;
  const found =
    node.global && node.path.length === 0 ? names.global(node.name) : names.scoped({ file: node.file, path: node.path }, node.name);
  if (found) return found;
  const inherited = node.path.length > 0 ? memberOfThis(node.name, context) : undefined;
  if (inherited) return inherited;
  const scope = node.path.join('::');
  if (scope.includes('<') && !names.type(scope)) throw noSymbol(scope, context);
  throw new DeetError(
    'no-symbol',
    `No symbol "${node.name}" in ${context.language === 'c++' && node.file === undefined ? `namespace "${node.path.join('::')}"` : 'specified context'}.`,
  );
}

/** `x@entry`. @throws DeetError */
export function entryValue(name: string, context: EvaluationContext): Value {
  const value = context.names.atEntry(name);
  if (value) return value;
  identifier(name, context);
  throw new DeetError('no-entry-value', `What "${name}" was when its function was entered is not known.`);
}

/** `$name`. Registers come before convenience variables; an unset variable is void, as in gdb. */
export function dollar(name: string, context: EvaluationContext, typeOnly = false): Value {
  const register = registerNamed(name);
  const isThere = register && (!register.optional || context.registers.read(register.whole) !== undefined);
  if (isThere) return typeOnly ? Value.abstract(register.type) : registerValue(register, context.registers);
  const value = context.variables.get(name);
  if (!value) return Value.of(c.VOID, new Uint8Array(0));
  return value.place.kind === 'value' ? new Value(value.type, new VariablePlace(name, value, context.variables)) : value;
}

/** @throws DeetError `history` */
export function historyValue(index: number, relative: boolean, context: EvaluationContext): Value {
  const { history } = context;
  const number = relative ? history.length - index : index;
  if (relative && index === 0 && number === 0) throw new DeetError('history', 'The history is empty.');
  if (relative && number <= 0) throw new DeetError('history', `History does not go back to $$${index}.`);
  const value = index === 0 && !relative ? history.at(history.length) : history.at(number);
  if (!value) throw new DeetError('history', `History has not yet reached $${number}.`);
  return value;
}

/** References are followed silently wherever a value is used. */
export const used = (value: Value, context: EvaluationContext): Value => dereferenced(value, context.memory);

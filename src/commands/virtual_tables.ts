/** `info vtbl`: the virtual functions of an object, as its tables have them. */
import { hex } from '../common/addresses.js';
import { DeetError } from '../common/errors.js';
import * as c from '../language/c-types.js';
import { formatMember } from '../language/format.js';
import { asPointer, asReference } from '../language/types.js';
import { toInteger, Value } from '../language/value.js';
import { isDynamic, tablesOf } from '../language/virtual-table.js';
import { needed } from './arguments.js';
import type { Command } from './command.js';
import { selectedFrame } from './frames.js';
import { message } from './results.js';
import { evaluated } from './values.js';

/** More functions than a class of a person has. */
const mostFunctions = 10_000;

export const infoVirtualTable: Command = {
  name: 'vtbl',
  group: 'look',
  usage: 'EXPRESSION',
  about: 'C++: the virtual functions of an object, or of the one that a pointer points to.',
  completes: ['expression'],
  run: async ({ session, text }) => {
    const value = await evaluated(session, needed(text, 'Of which object?', 'info vtbl *this'));
    const context = session.context(selectedFrame(session));
    const target = (asPointer(value.type) ?? asReference(value.type))?.target;
    const object = target ? Value.at(target, context.memory, BigInt.asUintN(64, toInteger(value))) : value;
    const tables = tablesOf(object, context);
    if (tables.length === 0 && isDynamic(object.type)) return message('The virtual table of this object has destructors only.');
    if (tables.length === 0) throw new DeetError('type', 'This object does not have a virtual function table');
    const parts = tables.map(({ className, part, table, count }) => {
      const head = `vtable for '${className}' @ ${hex(table.address)} (subobject @ ${hex(part)}):`;
      const functions = Array.from({ length: Math.min(count, mostFunctions) }, (_, index) => {
        return `[${index}]: ${formatMember(Value.integer(c.CODE_POINTER, table.entry(index)), context)}`;
      });
      return [head, ...functions].join('\n');
    });
    return message(parts.join('\n\n'));
  },
};

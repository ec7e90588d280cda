/** What the parameters of a template stand for in one of its instances (DWARF 5, 2.23): `N` and `T` in `Table<int, 3>::fill`. */
import { At, Tag } from '../dwarf/constants.js';
import type { Die } from '../dwarf/die.js';
import type { Compilation } from './compilation.js';
import type { TemplateArguments, Variable } from './model.js';
import type { CType } from './types.js';
import { describeVariable, type ScopeHost } from './variables.js';

/** Of a function and of the classes around it, the innermost first. Parameter packs have no value that could be told. */
export const templateArgumentsOf = (fn: Die, unit: Compilation, host: ScopeHost): TemplateArguments => {
  const types: { name: string; type: CType }[] = [];
  const values: Variable[] = [];
  for (const die of [...fn.lineage(), ...host.classesAround(fn)])
    for (const child of die.children()) {
      const name = child.string(At.name);
      if (name === undefined || name === '') continue;
      if (child.tag === Tag.template_type_parameter) types.push({ name, type: host.types.typeOf(child) });
      else if (child.tag === Tag.template_value_parameter) values.push(describeVariable(child, name, unit, host, true));
    }
  return { types, values };
};

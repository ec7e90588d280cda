/** Variables and parameters (DWARF 5, 4.1): their names, and where their values are. */
import { At, Form, Tag } from '../dwarf/constants.js';
import type { Die } from '../dwarf/die.js';
import { locationListOffset } from '../dwarf/lists.js';
import type { Compilation } from './compilation.js';
import { demangledName, splitName } from './cxx-names.js';
import type { LocationDescription, SourcePosition, SymbolImage, Variable } from './model.js';
import type { TypeReader } from './types-reader.js';
import type { CType } from './types.js';

/** What functions and scopes need of their image. */
export interface ScopeHost {
  readonly image: SymbolImage;
  readonly types: TypeReader;
  qualifiedName(die: Die): string;
  functionName(die: Die): string;
  /** The classes that a function is declared in, the innermost first. */
  classesAround(die: Die): readonly Die[];
  /** The definition of a variable that is only declared here. */
  definitionOfVariable(die: Die): { die: Die; unit: Compilation } | undefined;
}

const first = <T>(lineage: readonly Die[], read: (die: Die) => T | undefined): T | undefined => {
  for (const die of lineage) {
    const value = read(die);
    if (value !== undefined) return value;
  }
  return undefined;
};

export const nameOf = (die: Die): string | undefined => first(die.lineage(), (step) => step.string(At.name));

export const linkageNameOf = (die: Die): string | undefined =>
  first(die.lineage(), (step) => step.string(At.linkage_name) ?? step.string(At.MIPS_linkage_name));

/** A location attribute as data; undefined when there is none. */
export const locationOf = (die: Die, attribute: number, unit: Compilation): LocationDescription | undefined => {
  const form = die.form(attribute);
  if (form === undefined) return undefined;
  const index = die.listIndex(attribute);
  if (index !== undefined) {
    const offset = locationListOffset(die.unit, index);
    return offset === undefined ? undefined : { kind: 'list', offset, unit };
  }
  const bytes = die.block(attribute);
  if (bytes) return { kind: 'expression', bytes, unit };
  const offset = die.number(attribute);
  if (offset === undefined) return undefined;
  const isOffset = form === Form.sec_offset || (die.unit.version < 4 && (form === Form.data4 || form === Form.data8));
  // In a package the offset counts from the unit's own part of the section.
  return isOffset
    ? { kind: 'list', offset: offset + (die.unit.contributions?.locations ?? 0), unit }
    : { kind: 'constant', value: BigInt(offset) };
};

const constantOf = (die: Die, unit: Compilation): LocationDescription | undefined => {
  const form = die.form(At.const_value);
  if (form === undefined) return undefined;
  const block = die.block(At.const_value);
  if (block) return { kind: 'constant', value: block };
  const value = die.big(At.const_value);
  if (value !== undefined) return { kind: 'constant', value };
  const text = form === Form.string || form === Form.strp ? die.string(At.const_value) : undefined;
  if (text !== undefined) return { kind: 'constant', value: Buffer.from(text + '\0') };
  // The constant is an address (DW_FORM_addr): gcc for weak symbols and pointers to objects.
  const address = die.address(At.const_value);
  return address === undefined ? undefined : (locationOf(die, At.const_value, unit) ?? { kind: 'constant', value: BigInt(address) });
};

/** The variable of the user's that an entry describes; undefined: it has no name, and is the compiler's. */
export const readVariable = (die: Die, unit: Compilation, host: ScopeHost, inFunction: boolean): Variable | undefined => {
  const name = nameOf(die);
  return name === undefined ? undefined : describeVariable(die, name, unit, host, inFunction);
};

/** Of a variable that has no type (gcc's -g1): what gdb takes it for. */
const UNTYPED: CType = { kind: 'base', name: 'int', size: 4, encoding: 'signed' };

/** `static` locals are told apart by where they live: at a fixed address. */
export const describeVariable = (die: Die, name: string, unit: Compilation, host: ScopeHost, inFunction: boolean): Variable => {
  const lineage = die.lineage();
  let place = die;
  let placeUnit = unit;
  let isDeclaration = false;
  const has = (candidate: Die): boolean => candidate.has(At.location) || candidate.has(At.const_value);
  if (!has(die)) {
    const origin = lineage.find(has);
    if (origin) place = origin;
    else if (lineage.some((step) => step.flag(At.declaration)) || (die.flag(At.external) && inFunction)) {
      const definition = host.definitionOfVariable(die);
      if (definition) {
        place = definition.die;
        placeUnit = definition.unit;
      } else isDeclaration = true;
    }
  }
  const location = locationOf(place, At.location, placeUnit) ?? lineage.map((step) => constantOf(step, unit)).find((found) => found);
  const external = lineage.some((step) => step.flag(At.external)) || place.flag(At.external);
  const linkageName = linkageNameOf(die);
  const role = roleOf(die, inFunction, external, location);
  const qualified = inFunction ? name : (templateInstance(name, linkageName) ?? host.qualifiedName(die));
  // A type completed by the definition (`extern int a[]; int a[10];`) is the definition's.
  const types = host.types;
  return {
    name,
    ...(linkageName !== undefined && linkageName !== name ? { linkageName } : {}),
    ...(qualified !== name ? { qualifiedName: qualified } : {}),
    role,
    get type(): CType {
      const type = types.typeOf(place.has(At.type) ? place : die);
      return type.kind === 'void' ? UNTYPED : type;
    },
    location,
    get declared(): SourcePosition | undefined {
      return placeUnit.declared(place);
    },
    artificial: lineage.some((step) => step.flag(At.artificial)),
    ...(isDeclaration ? { isDeclaration } : {}),
    image: host.image,
  };
};

/** A variable template's instance, `ns::limit<long>`, which only its mangled name tells from the others; undefined: it is none. */
const templateInstance = (name: string, linkageName: string | undefined): string | undefined => {
  if (linkageName === undefined || !linkageName.startsWith('_Z') || !linkageName.includes('I') || name.includes('<')) return undefined;
  const demangled = demangledName(linkageName);
  return demangled !== undefined && splitName(demangled).at(-1)?.startsWith(`${name}<`) ? demangled : undefined;
};

const roleOf = (die: Die, inFunction: boolean, external: boolean, location: LocationDescription | undefined): Variable['role'] => {
  if (die.tag === Tag.formal_parameter) return 'parameter';
  if (!inFunction) return external ? 'global' : 'file-static';
  if (external) return 'global';
  const addressOp = 0x03;
  const fixed =
    location?.kind === 'expression' && (location.bytes[0] === addressOp || location.bytes[0] === 0xa1 || location.bytes[0] === 0xfb);
  return fixed ? 'static-local' : 'local';
};

/** One entry for each object: several declarations and units may lead to the same definition. */
export const distinct = (variables: readonly Variable[]): Variable[] => {
  const seen = new Set<string>();
  return variables.filter(({ name, location }) => {
    if (location && location.kind !== 'expression') return true;
    const key = `${name}/${location ? Buffer.from(location.bytes).toString('hex') : ''}`;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
};

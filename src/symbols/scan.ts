/**
 * The fast scan: one pass over the entries of a unit that are visible from outside of functions, into an EntryTable.
 * Bodies of functions are passed over (by DW_AT_sibling where given, else by sizes alone).
 */
import { Reader } from '../common/reader.js';
import { Skip, skipStep, type Abbreviation } from '../dwarf/abbreviations.js';
import { At, Form, isTemplateArgument, languageOf, Tag } from '../dwarf/constants.js';
import { localReference, skipChildren, type Die } from '../dwarf/die.js';
import type { Unit } from '../dwarf/unit.js';
import { EntryTable, Flag, Kind, kindOf, NameIn } from './entries.js';

/** Codes above this are not remembered by number. */
const MAX_KNOWN = 4096;

/** Namespaces and classes nest; deeper nesting than this is damage. */
const MAX_DEPTH = 256;

/** What an attribute means to the scan. */
const Role = { none: 0, name: 1, sibling: 2, origin: 3, declaration: 4, external: 5 } as const;

/** An abbreviation as the scan sees it: what its attributes mean, those without meaning taken together. */
interface Shape {
  readonly kind: number;
  readonly hasChildren: boolean;
  /** Its entries say whether their calls are inlined (DW_AT_inline): abstract instances of functions. */
  readonly isAbstract: boolean;
  /** Its entries tell the arguments of the template that is around them. */
  readonly isArgument: boolean;
  /** Flags that every entry of the shape has. */
  readonly flags: number;
  /** Triples of role, form and step (abbreviations.ts). */
  readonly program: readonly number[];
}

const shapeOf = (abbreviation: Abbreviation): Shape => {
  const { attributes, forms, steps, constants } = abbreviation;
  const program: number[] = [];
  let flags = 0;
  attributes.forEach((attribute, i) => {
    let role: number = Role.none;
    if (attribute === At.name) role = Role.name;
    else if (attribute === At.sibling) role = Role.sibling;
    else if (attribute === At.specification || attribute === At.abstract_origin) role = Role.origin;
    // A type unit's type, which may have no name where it is only referred to.
    else if (attribute === At.signature) flags |= Flag.partial;
    else if (attribute === At.low_pc || attribute === At.ranges) flags |= Flag.code;
    else if (attribute === At.location || attribute === At.const_value) flags |= Flag.located;
    else if (attribute === At.declaration || attribute === At.external) {
      const flag = attribute === At.declaration ? Flag.declaration : Flag.external;
      if (forms[i] === Form.flag) role = attribute === At.declaration ? Role.declaration : Role.external;
      else if (forms[i] !== Form.implicit_const || constants[i] !== 0) flags |= flag;
    }
    const step = steps[i];
    const last = program.length - 3;
    if (role === Role.none && step === Skip.nothing) return;
    if (role === Role.none && step > 0 && last >= 0 && program[last] === Role.none && program[last + 2] > 0) program[last + 2] += step;
    else program.push(role, forms[i], step);
  });
  const isAbstract = attributes.includes(At.inline);
  // DWARF 4 and before: a static member is a variable that its class declares.
  const isStatic = abbreviation.tag === Tag.member && (attributes.includes(At.declaration) || attributes.includes(At.external));
  const kind = isStatic ? Kind.variable : kindOf(abbreviation.tag);
  return { kind, hasChildren: abbreviation.hasChildren, isAbstract, isArgument: abbreviation.isTemplateArgument, flags, program };
};

const shapes = new WeakMap<Abbreviation, Shape>();

const shapeFor = (abbreviation: Abbreviation): Shape => {
  let shape = shapes.get(abbreviation);
  if (!shape) shapes.set(abbreviation, (shape = shapeOf(abbreviation)));
  return shape;
};

/** What one entry's attributes say; reused for every entry. */
interface Found {
  nameSection: number;
  nameOffset: number;
  flags: number;
  sibling: number;
  origin: number;
  end: number;
}

/**
 * Appends the entries of a unit. Damage ends the scan of this unit and becomes a warning; what was found before stays.
 * @param number the unit's number, kept with each entry
 */
export const scanUnit = (unit: Unit, number: number, table: EntryTable): void => {
  try {
    scan(unit, number, table);
  } catch (error) {
    unit.file.warn(error);
  }
};

const scan = (unit: Unit, number: number, table: EntryTable): void => {
  const { bytes, end, abbreviations } = unit;
  const first = table.count;
  const shared = unit.file.supplementary();
  table.beginUnit(number, unit, {
    info: bytes,
    str: unit.file.section('str'),
    lineStr: unit.file.section('line_str'),
    ...(shared && { sharedInfo: shared.section('info'), sharedStr: shared.section('str') }),
  });
  const language = languageOf(unit.language || (unit.skeleton?.language ?? 0));
  const plain = language === 'c';
  const root = unit.root;
  if (!root.hasChildren) return;
  const reader = new Reader(bytes, unit.sectionName, 0, end);
  const found: Found = { nameSection: 0, nameOffset: 0, flags: 0, sibling: 0, origin: 0, end: 0 };
  const parents: number[] = [-1];
  const known: (Shape | undefined)[] = [];
  const unresolved: { entry: number; origin: number; isAbstract: boolean }[] = [];
  const completed: { entry: number; origin: number }[] = [];
  const met = { templateArgument: false };
  let position = root.next;
  while (position < end) {
    const offset = position;
    let code = bytes[position++];
    if (code >= 0x80) {
      reader.seek(offset);
      code = reader.uleb();
      position = reader.offset;
    }
    if (code === 0) {
      parents.pop();
      if (parents.length === 0) break;
      continue;
    }
    let shape = known[code];
    if (!shape) {
      const abbreviation = abbreviations.get(code) ?? unit.fail(offset, `no abbreviation ${code}`);
      shape = shapeFor(abbreviation);
      if (code < MAX_KNOWN) known[code] = shape;
    }
    const { kind } = shape;
    // C's structs do not scope what is declared inside of them; only an enumerator belongs to its enum.
    const parent = plain && kind !== Kind.enumerator ? -1 : (parents.at(-1) ?? -1);
    readAttributes(unit, reader, shape, position, found);
    position = found.end;
    let entry = parent;
    let enter = false;
    switch (kind) {
      case 0:
        // An imported or common block, a pointer type, a member: of interest only as a wrapper of types.
        if (shape.isArgument && parent >= 0) table.flags[parent] |= Flag.partial;
        break;
      case Kind.namespace:
        entry = table.add(kind, found.flags, found.nameSection, found.nameOffset, offset, parent, number);
        enter = true;
        break;
      case Kind.function:
      case Kind.variable: {
        if (kind === Kind.function && !(found.flags & (Flag.code | Flag.declaration))) found.flags |= Flag.inlined;
        if (kind === Kind.function && plain && found.flags & Flag.declaration && !(found.flags & Flag.code)) break;
        const added = table.add(kind, found.flags, found.nameSection, found.nameOffset, offset, parent, number);
        if (found.origin && found.nameSection === NameIn.none)
          unresolved.push({ entry: added, origin: found.origin, isAbstract: shape.isAbstract });
        break;
      }
      case Kind.enumerator:
        table.add(kind, found.flags, found.nameSection, found.nameOffset, offset, parent, number);
        break;
      default:
        if (found.nameSection !== NameIn.none || shape.hasChildren) {
          entry = table.add(kind, found.flags, found.nameSection, found.nameOffset, offset, parent, number);
          if (found.origin) completed.push({ entry, origin: found.origin });
        }
        // Structs of C have no named parts of their own: what is declared inside is a type of the file.
        enter = kind === Kind.enum || (!plain && kind !== Kind.typedef && kind !== Kind.base);
    }
    if (!shape.hasChildren) continue;
    if (enter && parents.length < MAX_DEPTH) parents.push(entry);
    else if (found.sibling > position && found.sibling <= end) position = found.sibling;
    else {
      met.templateArgument = false;
      position = skipChildren(unit, position, met);
      // Functions, and variables and other names for types that are templates.
      const added = table.count - 1;
      if (met.templateArgument && added >= first && table.dies[added] === offset) table.flags[added] |= Flag.partial;
    }
  }
  // A type unit has the declaration in its namespace, and the definition outside (DW_AT_specification).
  for (const { entry, origin } of completed) {
    const declaration = table.indexOfDie(origin, first);
    if (declaration >= 0) table.parents[entry] = table.parents[declaration];
  }
  for (const { entry, origin, isAbstract } of unresolved) {
    const isDeclared = resolveName(unit, table, entry, origin, first);
    // The abstract instance of a method completes a declaration, too; without being one, it is what link-time optimization
    // leaves of a function that is only called: no call of it was inlined.
    if (isDeclared && !isAbstract) declareOnly(table, entry);
  }
};

const declareOnly = (table: EntryTable, entry: number): void => {
  if (table.flags[entry] & Flag.inlined) table.flags[entry] = (table.flags[entry] & ~Flag.inlined) | Flag.declaration;
};

/** A definition takes name and surroundings from the declaration that it completes. True: what has the name is a mere declaration. */
const resolveName = (unit: Unit, table: EntryTable, entry: number, origin: number, first: number): boolean => {
  let at = table.indexOfDie(origin, first);
  for (let depth = 0; at >= 0 && depth < 8; depth++) {
    if (table.nameSections[at] !== NameIn.none) {
      table.nameSections[entry] = table.nameSections[at];
      table.nameOffsets[entry] = table.nameOffsets[at];
      table.parents[entry] = table.parents[at];
      table.flags[entry] = table.flags[entry] | (table.flags[at] & (Flag.external | Flag.partial));
      return (table.flags[at] & Flag.declaration) !== 0;
    }
    const next = originOf(unit, table.dies[at]);
    if (next === undefined) break;
    at = table.indexOfDie(next, first);
  }
  // In another unit, or a declaration inside of a function: the entry itself knows.
  const die = unit.dieAt(table.dies[entry]);
  const named = die?.lineage().find((step) => step.has(At.name));
  const isDeclared = named?.flag(At.declaration) ?? false;
  const place = named && namePlace(named.unit, named.offset);
  if (!place) return isDeclared;
  const section =
    named.unit.bytes === unit.bytes
      ? place.nameSection
      : named.unit.file === unit.file.supplementary()
        ? SHARED[place.nameSection]
        : undefined;
  if (section === undefined) return isDeclared;
  if (named.children().some(({ tag }) => isTemplateArgument(tag))) table.flags[entry] |= Flag.partial;
  if (named.unit.file !== unit.file) table.declareElsewhere(entry, () => qualifiedNameOf(named, table.completed));
  table.nameSections[entry] = section;
  table.nameOffsets[entry] = place.nameOffset;
  return isDeclared;
};

/** Of units in files that other units refer to. */
const shared = new WeakMap<Unit, EntryTable>();

const qualifiedNameOf = ({ unit, offset }: Die, completed: EntryTable['completed']): string => {
  let table = shared.get(unit);
  if (!table) {
    shared.set(unit, (table = new EntryTable(completed)));
    scanUnit(unit, 0, table);
  }
  const index = table.indexOfDie(offset, 0);
  return index < 0 ? '' : table.qualifiedName(index);
};

/** What a name's section is called from the file that dwz left. */
const SHARED: Readonly<Record<number, number>> = { [NameIn.info]: NameIn.sharedInfo, [NameIn.str]: NameIn.sharedStr };

const originOf = (unit: Unit, offset: number): number | undefined => {
  const die = unit.dieAt(offset);
  const origin = die?.reference(At.abstract_origin) ?? die?.reference(At.specification);
  return origin?.unit === unit ? origin.offset : undefined;
};

const namePlace = (unit: Unit, offset: number): Found | undefined => {
  const die = unit.dieAt(offset);
  if (!die) return undefined;
  const reader = new Reader(unit.bytes, unit.sectionName, offset, unit.end);
  reader.skipLeb();
  const found: Found = { nameSection: 0, nameOffset: 0, flags: 0, sibling: 0, origin: 0, end: 0 };
  readAttributes(unit, reader, shapeFor(die.abbreviation), reader.offset, found);
  return found;
};

const readAttributes = (unit: Unit, reader: Reader, shape: Shape, position: number, found: Found): void => {
  const { bytes } = unit;
  const { program } = shape;
  found.nameSection = NameIn.none;
  found.flags = shape.flags;
  found.sibling = 0;
  found.origin = 0;
  for (let i = 0; i < program.length; i += 3) {
    const step = program[i + 2];
    switch (program[i]) {
      case Role.none:
        break;
      case Role.name:
        readName(unit, reader, program[i + 1], position, found);
        break;
      case Role.sibling:
        found.sibling = referenceAt(unit, reader, program[i + 1], position);
        break;
      case Role.origin:
        found.origin = referenceAt(unit, reader, program[i + 1], position);
        break;
      case Role.declaration:
        if (bytes[position]) found.flags |= Flag.declaration;
        break;
      default:
        if (bytes[position]) found.flags |= Flag.external;
    }
    position = step > 0 ? position + step : skipStep(bytes, position, step, unit);
  }
  if (!(position <= unit.end)) unit.fail(position, 'entry runs over the end of its unit');
  found.end = position;
};

const readName = (unit: Unit, reader: Reader, form: number, position: number, found: Found): void => {
  let offset: number | undefined;
  switch (form) {
    case Form.string:
      found.nameSection = NameIn.info;
      found.nameOffset = position;
      return;
    case Form.strp:
    case Form.line_strp:
      reader.seek(position);
      offset = reader.unsigned(unit.offsetSize);
      found.nameSection = form === Form.strp ? NameIn.str : NameIn.lineStr;
      found.nameOffset = offset;
      return;
    case Form.GNU_strp_alt:
    case Form.strp_sup:
      reader.seek(position);
      found.nameSection = NameIn.sharedStr;
      found.nameOffset = reader.unsigned(unit.offsetSize);
      return;
    case Form.strx:
    case Form.GNU_str_index:
      reader.seek(position);
      offset = unit.stringOffsetAtIndex(reader.uleb());
      break;
    case Form.strx1:
    case Form.strx2:
    case Form.strx3:
    case Form.strx4:
      reader.seek(position);
      offset = unit.stringOffsetAtIndex(reader.unsigned(form - Form.strx1 + 1));
      break;
    default:
      return;
  }
  if (offset === undefined) return;
  found.nameSection = NameIn.str;
  found.nameOffset = offset;
};

/** Stands for an entry in another file: no offset. */
const ELSEWHERE = -1;

/** The offset in the section that a reference means, to whatever unit of this file; 0: it is none, or cannot be told without looking. */
const referenceAt = (unit: Unit, reader: Reader, form: number, position: number): number => {
  if (position >= unit.end) return 0;
  reader.seek(position);
  switch (form) {
    case Form.ref_addr:
      return reader.unsigned(unit.version <= 2 ? unit.addressSize : unit.offsetSize);
    case Form.GNU_ref_alt:
    case Form.ref_sup4:
    case Form.ref_sup8:
      return ELSEWHERE;
    default:
      return localReference(form, reader, unit) ?? 0;
  }
};

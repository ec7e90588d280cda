/** `ptype` and `whatis`: a type in C's words, with the body of its struct; with offsets and holes on request (`ptype/o`). */
import type { CType, EnumType, Member, Method, StructType } from '../symbols/types.js';
import { isConversion } from './conversion-functions.js';
import { LayoutColumn } from './type-layout.js';
import { isKnownByName, shortNames } from './library/short-names.js';
import { rustBody } from './rust-types.js';
import { declaration, objectQualifiers, parameterList, specifier, typeName, type Language, type Renaming } from './type-name.js';
import { arrayLike, functionLike, pointerLike } from './type-copies.js';
import { isQualified, isStruct, sizeOf, strip, templateName } from './types.js';

export interface TypeOptions {
  readonly language?: Language;
  /** `ptype/o`: the place, the size, holes and padding of every member. */
  readonly offsets?: boolean;
  /** `ptype/ox`: offsets and sizes in hexadecimal. */
  readonly hexadecimal?: boolean;
  /** C++: `ptype/m` leaves methods out. */
  readonly methods?: boolean;
  /** C++: `ptype/t` leaves out the names that a class has for types. */
  readonly typedefs?: boolean;
  /** C++: `ptype/r` shows what the library keeps to itself, and arguments of templates for their parameters. */
  readonly raw?: boolean;
}

/** Nesting of bodies; deeper ones are `{...}`. */
const MAX_DEPTH = 16;
const MAX_MEMBERS = 10_000;

/** `whatis`: a typedef's name as it is; of a type name, one typedef is unrolled. */
export function whatis(type: CType, isTypeName: boolean, language: Language = 'c'): string {
  const name = typeName(isTypeName && type.kind === 'typedef' ? type.target : type, language);
  return language === 'c++' ? shortNames(name) : name;
}

/** `ptype`: typedefs resolved, the body of a struct, union or enumeration shown. Several lines, no newline at the end. */
export function ptype(type: CType, options: TypeOptions = {}): string {
  const expanded = withoutTypedefs(type, 0);
  const bare = strip(expanded);
  const short = options.raw !== true && options.language === 'c++';
  // What is inside a std::vector says nothing to its users.
  if (short && options.offsets !== true && 'name' in bare && isKnownByName(bare.name ?? ''))
    return `type = ${shortNames(typeName(expanded, 'c++'))}`;
  const printer = new TypePrinter(options, parametersOf(expanded, options), shortTypedefs(expanded, options));
  const offsets = options.offsets === true && isStruct(strip(expanded));
  const text =
    (offsets ? '/* offset      |    size */  ' : '') +
    'type = ' +
    declaration(expanded, '', options.language ?? 'c', 0, (base) => printer.body(base, 1, 0));
  return short ? shortNames(text) : text;
}

/** `ptype` looks behind typedefs at every step to the innermost type, not inside it. */
function withoutTypedefs(type: CType, depth: number): CType {
  if (depth > 64) return type;
  const deeper = (inner: CType): CType => withoutTypedefs(inner, depth + 1);
  if (type.kind === 'typedef') return deeper(type.target);
  if (isQualified(type)) return { kind: type.kind, target: deeper(type.target) };
  if (type.kind === 'pointer') return pointerLike(type, deeper(type.target));
  if (type.kind === 'array') return arrayLike(type, deeper(type.element), type.count);
  return type.kind === 'function' ? functionLike(type, deeper(type.returns), type.parameters) : type;
}

/** The class whose body is shown, behind pointers, arrays and what a function returns; undefined where names are shown as they are. */
function shownClass(type: CType, { raw, language }: TypeOptions): StructType | undefined {
  let innermost = strip(type);
  for (let depth = 0; depth < 16; depth++) {
    if (innermost.kind === 'pointer') innermost = strip(innermost.target);
    else if (innermost.kind === 'array') innermost = strip(innermost.element);
    else if (innermost.kind === 'function') innermost = strip(innermost.returns);
    else break;
  }
  return raw !== true && language === 'c++' && isStruct(innermost) ? innermost : undefined;
}

/** `[with T = int]`: inside a class template's instance its arguments go by the names of the parameters; of the same argument the first gives the name. */
function parametersOf(type: CType, options: TypeOptions): readonly (readonly [name: string, argument: string])[] {
  const names = shownClass(type, options)?.templateNames?.() ?? [];
  return names.map(({ name, type: argument }) => [name, typeName(argument, 'c++')]);
}

/** Inside a class its own names for types need no `Class::`. */
function shortTypedefs(type: CType, options: TypeOptions): ReadonlyMap<string, string> {
  const typedefs = shownClass(type, options)?.typedefs?.() ?? [];
  return new Map(typedefs.map(({ type: { name } }) => [name, lastPart(name)]));
}

/** `value_type` of `Box<ns::T>::value_type`: what a typedef itself is called has no template arguments. */
const lastPart = (name: string): string => name.slice(name.lastIndexOf('::') + (name.includes('::') ? 2 : 0));

interface Labels {
  before(access: string | undefined, always: boolean): string[];
  shown(): boolean;
}

class TypePrinter {
  readonly #language: Language;
  readonly #column: LayoutColumn | undefined;

  readonly #renaming: Renaming | undefined;

  constructor(
    private readonly options: TypeOptions,
    private readonly parameters: ReturnType<typeof parametersOf>,
    typedefs: ReadonlyMap<string, string>,
  ) {
    const own = (type: CType): string | undefined => (type.kind === 'typedef' ? typedefs.get(type.name) : undefined);
    const names = new Map(parameters.map(([name, argument]) => [argument, name] as const).toReversed());
    this.#renaming = names.size + typedefs.size > 0 ? (type) => own(type) ?? names.get(typeName(type, 'c++')) : undefined;
    this.#language = options.language ?? 'c';
    this.#column = options.offsets === true ? new LayoutColumn(options.hexadecimal) : undefined;
  }

  /** `show` counts down as gdb's does: 1 opens a body, 0 opens anonymous ones, below that nothing opens. */
  body(type: CType, show: number, level: number): string {
    if (type.kind === 'enum') return show > 0 || type.name === undefined ? this.#enum(type, show) : specifier(type, this.#language);
    if (!isStruct(type)) return specifier(type, this.#language);
    if (type.rust && show > 0 && !this.#column) return rustBody(type);
    const head =
      type.name === undefined ? type.kind : show > 0 ? `${type.kind} ${templateName(type.name)}` : specifier(type, this.#language);
    if (show <= 0 && type.name !== undefined) return head;
    if (show < 0 || level > MAX_DEPTH * 4) return `${head} {...}`;
    const bound =
      level === 0 && this.parameters.length > 0 ? ` [with ${this.parameters.map((bound) => bound.join(' = ')).join(', ')}]` : '';
    return `${head}${bound}${this.#bases(type)} {\n${this.#lines(type, show, level)
      .map((line) => `${line}\n`)
      .join('')}${this.#indent(level, level === 0)}}`;
  }

  #indent(level: number, outermost = false): string {
    return ' '.repeat(level + (this.#column ? LayoutColumn.width + (outermost ? 2 : 0) : 0));
  }

  #enum(type: EnumType, show: number): string {
    const head = type.name === undefined ? 'enum' : `enum ${templateName(type.name)}`;
    if (show < 0) return `${head} {...}`;
    let next = 0n;
    const list = type.enumerators().map(({ name, value }) => {
      const text = value === next ? templateName(name) : `${templateName(name)} = ${value}`;
      next = value + 1n;
      return text;
    });
    const underlying = this.#language === 'c++' ? ` : ${integerName(type)}` : '';
    return `${type.scoped ? head.replace('enum', 'enum class') : head}${underlying} {${list.join(', ')}}`;
  }

  #bases(type: StructType): string {
    const bases = type.members().filter((member) => member.isBase);
    if (bases.length === 0) return '';
    return ` : ${bases.map((base) => `${base.access ?? (type.kind === 'class' ? 'private' : 'public')} ${base.virtualBase ? 'virtual ' : ''}${typeName(base.type, 'c++')}`).join(', ')}`;
  }

  #lines(type: StructType, show: number, level: number): string[] {
    const inner = this.#indent(level + 4);
    if (type.size === undefined) return [`${inner}<incomplete type>`];
    const members = type.members().filter((member) => !member.isBase && !isTablePointer(member));
    const methods = this.options.methods === false || this.#column ? [] : methodsByName(type);
    const lines: string[] = [];
    const labels = this.#labels(type, level);
    this.#column?.open(type);
    const isEmpty = [type.members(), type.methods(), type.typedefs?.() ?? []].every((list) => list.length === 0);
    if (isEmpty) lines.push(`${inner}<no data fields>`);
    for (const member of members.slice(0, MAX_MEMBERS)) {
      lines.push(...labels.before(member.access, false), ...this.#member(type, member, show, level));
    }
    if (members.length > 0 && methods.length > 0 && labels.shown()) lines.push('');
    for (const method of methods) {
      const words = `${method.isStatic ? 'static ' : method.virtual ? 'virtual ' : ''}${methodText(method, type, this.#renaming)}`;
      lines.push(...labels.before(method.access, true), `${inner}${words};`);
    }
    lines.push(...this.#typedefs(type, level, labels, type.members().length + type.methods().length > 0));
    if (this.#column) lines.push(...this.#column.close(type, level, show > 0));
    return lines;
  }

  #typedefs(type: StructType, level: number, labels: Labels, isBelow: boolean): string[] {
    const typedefs = this.options.typedefs === false || this.#column || this.#language !== 'c++' ? [] : (type.typedefs?.() ?? []);
    const rows = typedefs.flatMap(({ type: { name, target }, access }) => [
      ...labels.before(access, false),
      `${this.#indent(level + 4)}typedef ${declaration(target, lastPart(name), 'c++', 0, undefined, this.#renaming)};`,
    ]);
    return rows.length > 0 && isBelow ? ['', ...rows] : rows;
  }

  /** C++ access labels, where any member is not what the keyword makes it. */
  #labels(type: StructType, level: number): Labels {
    const usual = type.kind === 'class' ? 'private' : 'public';
    const all = [...type.members().filter((member) => !member.isBase), ...type.methods(), ...(type.typedefs?.() ?? [])];
    // The pointer to the virtual table counts as private.
    const hasPrivate = usual === 'public' && type.members().some(isTablePointer);
    const needed = this.#language === 'c++' && (hasPrivate || all.some((member) => (member.access ?? usual) !== usual));
    let current: string | undefined;
    return {
      shown: () => current !== undefined,
      before: (access, always) => {
        const own = access ?? usual;
        if (!(needed || (always && this.#language === 'c++')) || own === current) return [];
        current = own;
        return [`${this.#indent(level)}  ${own}:`];
      },
    };
  }

  #member(type: StructType, member: Member, show: number, level: number): string[] {
    const column = this.#column;
    const before = column && !member.staticVariable ? column.member(type, member) : [];
    const prefix = column ? (before.pop() ?? ' '.repeat(LayoutColumn.width)) : '';
    const direct = strip(member.type);
    const opens = column !== undefined && !member.staticVariable && isStruct(direct) && member.type.kind !== 'typedef';
    const open = (base: CType): string => {
      column?.descend(type, member, opens);
      const text = this.body(base, opens ? show : show - 1, level + 4);
      column?.ascend();
      return text;
    };
    const text = declaration(member.type, member.name ?? '', this.#language, 0, open, this.#renaming);
    const bits = member.bitSize === undefined ? '' : ` : ${member.bitSize}`;
    return [...before, `${prefix}${' '.repeat(level + 4)}${member.staticVariable ? 'static ' : ''}${text}${bits};`];
  }
}

const isTablePointer = ({ name }: Member): boolean => /^_vptr[.$]/.test(name ?? '');

/** Those that are written, overloads together, in the order in which the names come up; also where the compiler adds one. */
function methodsByName(type: StructType): readonly Method[] {
  const groups = new Map<string, Method[]>();
  for (const method of type.methods()) {
    const group = groups.get(method.name) ?? [];
    if (!method.artificial) group.push(method);
    groups.set(method.name, group);
  }
  return [...groups.values()].flat();
}

function integerName(type: EnumType): string {
  const names: Readonly<Record<number, string>> = { 1: 'char', 2: 'short', 4: 'int', 8: 'long' };
  return `${type.signed ? '' : 'unsigned '}${names[sizeOf(type) ?? 4] ?? 'int'}`;
}

/** `int get(int) const`, without the hidden `this`. */
function methodText(method: ReturnType<StructType['methods']>[number], type: StructType, renaming: Renaming | undefined): string {
  const [first, ...rest] = method.type.parameters;
  const hidden = first?.artificial === true || first?.name === 'this';
  const parameters = (hidden ? rest : method.type.parameters).filter((parameter) => !parameter.artificial);
  const list = parameterList(functionLike(method.type, method.type.returns, parameters), 'c++', 0, renaming);
  const self = hidden ? strip(first.type) : undefined;
  const constant = self?.kind === 'pointer' ? objectQualifiers(self.target) : '';
  const plain = type.name?.replace(/<.*$/s, '').split('::').pop();
  const special = method.name === plain || method.name.startsWith('~') || isConversion(method.name);
  const text = `${method.name}${list}`;
  return special ? `${text}${constant}` : `${declaration(method.type.returns, '', 'c++', 0, undefined, renaming)} ${text}${constant}`;
}

/**
 * Identifiers as a frame sees them: blocks outwards (C11, 6.2.1), the file's own names, the program's, other images', and at last
 * bare ELF symbols. C++ names are also tried in the namespaces and classes around.
 */
import { typing } from '../common/advice.js';
import { DeetError } from '../common/errors.js';
import type { Frame, ImageMap, LoadedImage } from '../inferior/frame.js';
import { fileAddress, type Address, type FileAddress } from '../common/addresses.js';
import type { ElfSymbol, FunctionSymbol, Scope, SymbolImage, Variable } from '../symbols/model.js';
import type { CType, Method } from '../symbols/types.js';
import * as c from './c-types.js';
import type { Meaning, NameSpace, ScopePath } from './context.js';
import type { Macro } from './macros.js';
import { valueAtEntry } from './entry-values.js';
import { MemoryPlace, type Memory } from './place.js';
import { symbolValue } from './unknown.js';
import { sameName, splitName } from '../symbols/cxx-names.js';
import { isStruct, strip } from './types.js';
import { Value } from './value.js';
import { visibleScopes, type Outward, type VisibleScope } from './visible-scopes.js';

/** What turns symbols into values; built in frame-context.ts. */
export interface SymbolWorld {
  readonly images: ImageMap;
  readonly memory: Memory;
  readonly frame: Frame | undefined;
  readonly language: 'c' | 'c++';
  /** A variable as a value in a frame (undefined: none needed or none there). */
  variable(variable: Variable, frame: Frame | undefined): Value;
  /** Macros of the user's own, before those of the program. */
  readonly macros?: ReadonlyMap<string, Macro> | undefined;
  /** Frames further out, for the names around a nested function. */
  readonly outward?: Outward | undefined;
  /** The newest frame of a function, for `f::local`. */
  frameOf?(fn: FunctionSymbol): Frame | undefined;
  /** The thread's copy of a thread-local symbol of an image. */
  tlsAddress?(loaded: LoadedImage, offset: bigint): Address | undefined;
}

const isExported = (image: SymbolImage, name: string): boolean => image.symbolsNamed(name).some(({ binding }) => binding !== 'local');

type Tag = 'struct' | 'union' | 'enum' | 'class';

const MAX_SCOPES = 256;

export class FrameNames implements NameSpace {
  constructor(private readonly world: SymbolWorld) {}

  get language(): 'c' | 'c++' {
    return this.world.language;
  }

  isType(name: string): boolean {
    const local = this.local(name);
    if (local) return local.kind === 'type';
    if (c.baseTypeNamed(name)) return false;
    // In C a tag is no type without its keyword; what the file calls a variable or function hides other files' types.
    return this.#spellings(name).some((candidate) =>
      this.#images().some(({ image }) => {
        const type = image.typeNamed(candidate, undefined, this.#near(image));
        return type !== undefined && (this.world.language === 'c++' || !isTagged(type)) && !this.#isObject(image, candidate);
      }),
    );
  }

  #isObject(image: SymbolImage, name: string): boolean {
    const near = this.#near(image);
    return (
      this.#chooseVariable(image, name, undefined, near) !== undefined || this.#chooseFunction(image, name, undefined, near) !== undefined
    );
  }

  isSymbol(name: string): boolean {
    return (this.local(name) ?? this.global(name)) !== undefined;
  }

  local(name: string): Meaning | undefined {
    for (const { scope, frame } of this.#scopes()) {
      const variable = inBlock(scope.variables(), name);
      if (variable && !variable.isDeclaration) return { kind: 'value', value: this.world.variable(variable, frame) };
      if (variable) return undefined;
      const type = scope.types().find((entry) => entry.name === name && (this.world.language === 'c++' || !isTagged(entry.type)));
      if (type) return { kind: 'type', type: type.type };
      const constant = scope.enumerator?.(name);
      if (constant) return { kind: 'value', value: Value.integer(constant.type, constant.value) };
      const argument = this.#templateArgument(scope, name, frame);
      if (argument) return argument;
    }
    return undefined;
  }

  /** C++: `N` and `T` in an instance of a template. */
  #templateArgument(scope: Scope, name: string, frame: Frame | undefined): Meaning | undefined {
    const { types = [], values = [] } = scope.templateArguments?.() ?? {};
    const type = types.find((each) => each.name === name);
    if (type) return { kind: 'type', type: type.type };
    const value = values.find((each) => each.name === name);
    return value && { kind: 'value', value: this.world.variable(value, frame) };
  }

  atEntry(name: string): Value | undefined {
    for (const { scope, frame } of this.#scopes()) {
      const variable = inBlock(scope.variables(), name);
      if (variable) return valueAtEntry(variable, frame);
    }
    return undefined;
  }

  #scopes(): Iterable<VisibleScope> {
    return visibleScopes(this.world.frame, this.world.outward);
  }

  global(name: string): Meaning | undefined {
    for (const candidate of this.#spellings(name)) {
      let foreign: Meaning | undefined;
      for (const loaded of this.#images()) {
        if (foreign && !isExported(loaded.image, candidate)) continue;
        const object = this.#objectIn(loaded, candidate, undefined);
        if (object && !object.isForeign) return object.meaning;
        foreign ??= object?.meaning;
        const other = foreign ? undefined : this.#typeIn(loaded, candidate);
        if (other) return other;
      }
      if (foreign) return foreign;
    }
    return this.#bareSymbol(name) ?? this.#inlinedHere(name) ?? this.#insideNamespace(name);
  }

  /** C++, and modules of Fortran: as if by a using directive, for which debug information is rarely there; only when nothing else bears the name. */
  #insideNamespace(name: string): Meaning | undefined {
    if (this.world.language !== 'c++' && this.world.frame?.function?.language !== 'other') return undefined;
    for (const loaded of this.#images()) {
      const variable = loaded.image
        .variablesNamed(name)
        .find(({ role, isDeclaration }) => (role === 'global' || role === 'file-static') && !isDeclaration);
      if (variable) return { kind: 'value', value: this.world.variable(variable, undefined) };
      const [fn] = loaded.image.functionsNamed(name);
      if (fn) return { kind: 'value', value: this.functionValue(fn, loaded) };
    }
    return undefined;
  }

  /** C++: `std::x` may stand in an inline namespace, `std::v2::x`, and `inner::x` in one that a using directive opens; debug information does not always say. */
  #insideNamespaces(where: ScopePath, name: string): Meaning | undefined {
    const isInside = this.#insideOf(where, name);
    if (!isInside) return undefined;
    for (const loaded of this.#images()) {
      const variable = loaded.image.variablesNamed(name).find((each) => isInside(each.qualifiedName) && !each.isDeclaration);
      if (variable) return { kind: 'value', value: this.world.variable(variable, undefined) };
      const fn = loaded.image.functionsNamed(name).find((each) => isInside(each.qualifiedName));
      if (fn) return { kind: 'value', value: this.functionValue(fn, loaded) };
    }
    return undefined;
  }

  /** Whether a qualified name may be meant so; undefined: nothing but the very name is. */
  #insideOf({ path, file }: ScopePath, name: string): ((qualified: string | undefined) => boolean) | undefined {
    if (this.world.language !== 'c++' || path.length === 0 || file !== undefined) return undefined;
    const scope = path.join('::');
    return (qualified) => {
      const plain = qualified?.replaceAll('(anonymous namespace)::', '');
      return (
        plain !== undefined &&
        ((plain.startsWith(`${scope}::`) && plain.endsWith(`::${name}`)) || plain.endsWith(`::${scope}::${name}`)) &&
        !/[<(]/.test(plain)
      );
    };
  }

  /** C++: `namespace fs = std::filesystem`. */
  #behindAlias([first, ...rest]: readonly string[]): readonly string[] | undefined {
    if (this.world.language !== 'c++' || first === undefined) return undefined;
    for (const { image } of this.#images()) {
      const namespace = image.namespaceAlias?.(first);
      if (namespace !== undefined && namespace !== first) return [...namespace.split('::'), ...rest];
    }
    return undefined;
  }

  /** A function without code of its own stands where the frame executes it. */
  #inlinedHere(name: string): Meaning | undefined {
    const { frame } = this.world;
    for (let scope = frame?.scope, i = 0; scope && i < MAX_SCOPES; scope = scope.parent, i++) {
      const { inlined } = scope;
      if (inlined?.name === name && frame?.loaded) return { kind: 'value', value: this.#codeAt(inlined.type, inlined.entry, frame.loaded) };
    }
    return undefined;
  }

  /** Inside a class its name means the class, not its constructors (C++17, [class]/2). */
  #spellings(name: string): string[] {
    const prefixes = this.#enclosing().filter((prefix) => prefix !== name && !prefix.endsWith(`::${name}`));
    const all = [...prefixes.map((prefix) => `${prefix}::${name}`), name];
    return [...all, ...all.flatMap((each) => this.#behindTypedef(each) ?? [])];
  }

  /** `std::string::size_type` is declared in the class that `std::string` is a name of. */
  #behindTypedef(name: string): string | undefined {
    const end = this.world.language === 'c++' ? /::[^:<>]+$/.exec(name)?.index : undefined;
    if (end === undefined) return undefined;
    for (const { image } of this.#images()) {
      const type = image.typeNamed(name.slice(0, end), undefined, this.#near(image));
      const meant = type?.kind === 'typedef' ? strip(type) : undefined;
      if (meant && isStruct(meant) && meant.name !== undefined) return meant.name + name.slice(end);
    }
    return undefined;
  }

  /** `ns::Class`, `ns` inside `ns::Class::f`. */
  #enclosing(): string[] {
    const parts = (this.world.frame?.function?.qualifiedName ?? '').split('::').slice(0, 8);
    return parts.slice(0, -1).map((_, i, all) => all.slice(0, all.length - i).join('::'));
  }

  /** The frame's own image first. */
  #images(): readonly LoadedImage[] {
    const own = this.world.frame?.loaded;
    const all = this.world.images.all();
    return own ? [own, ...all.filter((loaded) => loaded.image !== own.image)] : all;
  }

  #near(image: SymbolImage): FileAddress | undefined {
    const { frame } = this.world;
    if (!frame?.loaded || frame.loaded.image !== image) return undefined;
    return fileAddress(Number(BigInt.asIntN(64, frame.lookup - frame.loaded.bias)));
  }

  #inImage(loaded: LoadedImage, name: string, file: string | undefined): Meaning | undefined {
    return this.#objectIn(loaded, name, file)?.meaning ?? (file === undefined ? this.#typeIn(loaded, name) : undefined);
  }

  /** A variable or function. Foreign is what only another file's code sees: before it comes what any image exports under this name, as in gdb. */
  #objectIn(loaded: LoadedImage, name: string, file: string | undefined): { meaning: Meaning; isForeign: boolean } | undefined {
    const { image } = loaded;
    const near = this.#near(image);
    const variable = this.#chooseVariable(image, name, file, near);
    const isForeign = variable?.role === 'file-static' && file === undefined && !this.#isOwn(variable, image, near);
    const fn = variable && !isForeign ? undefined : this.#chooseFunction(image, name, file, near);
    if (variable && !fn?.external) return { meaning: { kind: 'value', value: this.world.variable(variable, undefined) }, isForeign };
    if (!fn) return undefined;
    const isElsewhere = !fn.external && file === undefined && fn.declared?.file.path !== this.#fileOf(image, near);
    return { meaning: { kind: 'value', value: this.functionValue(fn, loaded) }, isForeign: isElsewhere };
  }

  #isOwn(variable: Variable, image: SymbolImage, near: FileAddress | undefined): boolean {
    if (near === undefined) return false;
    return image
      .fileScopeVariables(near)
      .some(({ name, declared }) => name === variable.name && declared?.line === variable.declared?.line);
  }

  /** Of the code that is looked at. */
  #fileOf(image: SymbolImage, near: FileAddress | undefined): string | undefined {
    return near === undefined ? undefined : image.functionAt(near)?.declared?.file.path;
  }

  #typeIn({ image }: LoadedImage, name: string): Meaning | undefined {
    const near = this.#near(image);
    const enumerator = image.enumeratorNamed(name, near);
    if (enumerator) return { kind: 'value', value: Value.integer(enumerator.type, enumerator.value) };
    const type = image.typeNamed(name, undefined, near);
    return type && (this.world.language === 'c++' || !isTagged(type)) ? { kind: 'type', type } : undefined;
  }

  #chooseVariable(image: SymbolImage, name: string, file: string | undefined, near: FileAddress | undefined): Variable | undefined {
    const all = image
      .variablesNamed(name, file)
      .filter(({ role, qualifiedName }) => (role === 'global' || role === 'file-static') && sameName(name, qualifiedName ?? name));
    const defined = all.filter((variable) => !variable.isDeclaration);
    const [first] = defined;
    if (defined.length <= 1 || near === undefined || file !== undefined) return first ?? all[0];
    const own = image
      .fileScopeVariables(near)
      .find((variable) => (variable.qualifiedName ?? variable.name) === name && !variable.isDeclaration);
    return own ?? defined.find((variable) => variable.role === 'global') ?? first;
  }

  #chooseFunction(image: SymbolImage, name: string, file: string | undefined, near: FileAddress | undefined): FunctionSymbol | undefined {
    const files = file === undefined ? undefined : new Set(image.filesMatching(file).map((source) => source.path));
    const all = image
      .functionsNamed(name)
      .filter((fn) => isCalled(fn, name) && (!files || (fn.declared !== undefined && files.has(fn.declared.file.path))));
    if (all.length <= 1) return all[0];
    const here = this.#fileOf(image, near);
    return all.find((fn) => fn.declared?.file.path === here && here !== undefined) ?? all.find((fn) => fn.external) ?? all[0];
  }

  functionValue(fn: FunctionSymbol, loaded: LoadedImage): Value {
    // Assemblers describe where a function lies, not what it is.
    if (isNameless(fn.type.returns)) return symbolValue(fn.name, 'code', this.world.memory, BigInt(fn.entry) + loaded.bias);
    return this.#codeAt(fn.type, fn.entry, loaded);
  }

  #codeAt(type: CType, entry: FileAddress, loaded: LoadedImage): Value {
    return new Value(type, new MemoryPlace(this.world.memory, BigInt(entry) + loaded.bias));
  }

  /** Of a function that another image defines, an image has only a stub in its procedure linkage table. */
  #bareSymbol(name: string): Meaning | undefined {
    for (const spelling of [name, `${name}@plt`])
      for (const loaded of this.#images()) {
        const symbol = loaded.image.symbolsNamed(spelling).find(({ address, type }) => address !== 0 || type === 'tls');
        const value = symbol && this.#symbol(name, symbol, loaded);
        if (value) return { kind: 'value', value };
      }
    return undefined;
  }

  /** C libraries give one function several names, of which the debug information has one. */
  #symbol(name: string, symbol: ElfSymbol, loaded: LoadedImage): Value | undefined {
    const fn = symbol.type === 'function' ? loaded.image.functionAt(symbol.address) : undefined;
    if (fn?.entry === symbol.address) return this.functionValue(fn, loaded);
    const kind = symbol.type === 'ifunc' ? 'ifunc' : symbol.type === 'function' ? 'code' : 'data';
    const offset = BigInt(symbol.address);
    const address = symbol.type === 'tls' ? this.world.tlsAddress?.(loaded, offset) : offset + loaded.bias;
    return address === undefined ? undefined : symbolValue(name, kind, this.world.memory, address);
  }

  scoped(where: ScopePath, name: string): Meaning | undefined {
    const qualified = [...where.path, name].join('::');
    const spellings = where.file === undefined && where.path.length > 0 ? this.#spellings(qualified) : [qualified];
    for (const loaded of this.#images()) {
      for (const spelling of spellings) {
        const direct = this.#inImage(loaded, spelling, where.path.length === 0 ? where.file : undefined);
        if (direct) return direct;
      }
      const inside = this.#insideFunction(loaded, where, name);
      if (inside) return inside;
    }
    const inlined = this.#insideNamespaces(where, name);
    if (inlined) return inlined;
    const meant = this.#behindAlias(where.path);
    if (meant) return this.scoped({ ...where, path: meant }, name);
    const container = this.type(where.path.join('::'));
    this.#requireScope(where, container);
    return (
      (container && this.#memberOf(container, name)) ??
      (where.path.length === 0 && where.file === undefined ? this.global(name) : undefined)
    );
  }

  overloads(where: ScopePath, name: string): readonly Value[] {
    for (const candidate of this.#spellings([...where.path, name].join('::'))) {
      for (const loaded of this.#images()) {
        const found = loaded.image.functionsNamed(candidate).filter((fn) => isCalled(fn, candidate));
        if (found.length > 0) return found.map((fn) => this.functionValue(fn, loaded));
      }
    }
    const isInside = this.#insideOf(where, name);
    for (const loaded of isInside ? this.#images() : []) {
      const found = loaded.image.functionsNamed(name).filter((fn) => isInside?.(fn.qualifiedName));
      if (found.length > 0) return found.map((fn) => this.functionValue(fn, loaded));
    }
    const meant = where.path.length > 0 ? this.#behindAlias(where.path) : undefined;
    return meant ? this.overloads({ ...where, path: meant }, name) : [];
  }

  codeOf(method: Method): Value | undefined {
    const fn = method.code();
    const loaded = fn && this.#images().find(({ image }) => image.functionAt(fn.entry) === fn);
    if (loaded) return this.functionValue(fn, loaded);
    // The C++ library has the instances of its templates that most programs use.
    const { linkageName } = method;
    if (linkageName === undefined) return undefined;
    for (const { image, bias } of this.#images()) {
      const symbol = image.symbolsNamed(linkageName).find(({ address, type }) => address !== 0 && type === 'function');
      if (symbol) return Value.at(method.type, this.world.memory, BigInt(symbol.address) + bias);
    }
    return undefined;
  }

  /** What stands before `::` must be something. @throws DeetError `no-symbol` */
  #requireScope({ file, path }: ScopePath, container: CType | undefined): void {
    const images = this.#images();
    if (file !== undefined && !images.some(({ image }) => image.filesMatching(file).length > 0))
      throw new DeetError('no-symbol', `No source file named "${file}".`, typing('info sources', 'for their names'));
    const [first] = path;
    if (this.world.language !== 'c' || file !== undefined || container || first === undefined || path.length > 1) return;
    const known = images.some(({ image }) => image.functionsNamed(first).length > 0 || image.inlinedCallsOf(first).length > 0);
    if (!known) throw new DeetError('no-symbol', `No symbol "${first}" in current context.`);
  }

  /** `Color::Red`, `Class::static_member`. */
  #memberOf(container: CType, name: string): Meaning | undefined {
    if (container.kind === 'enum') {
      const entry = container.enumerators().find((candidate) => candidate.name === name || candidate.name.endsWith(`::${name}`));
      return entry && { kind: 'value', value: Value.integer(container, entry.value) };
    }
    if (!isStruct(container)) return undefined;
    const member = container.members().find((candidate) => candidate.name === name && candidate.staticVariable);
    return member?.staticVariable && { kind: 'value', value: this.world.variable(member.staticVariable, undefined) };
  }

  /** The inlined call of a function that the frame executes. */
  #inlinedAround(name: string): Scope | undefined {
    let scope = this.world.frame?.scope;
    for (let i = 0; scope && i < MAX_SCOPES; scope = scope.parent, i++) if (scope.inlined?.name === name) return scope;
    return undefined;
  }

  /** A function's static variables live always; its others in its newest frame. */
  #insideFunction(loaded: LoadedImage, where: ScopePath, name: string): Meaning | undefined {
    if (where.path.length === 0) return undefined;
    const spelling = where.path.join('::');
    const here = this.#inlinedAround(spelling);
    const own = here && searchScope(here, name, 0);
    if (own) return { kind: 'value', value: this.world.variable(own, this.world.frame) };
    const fn = this.#chooseFunction(loaded.image, spelling, where.file, this.#near(loaded.image));
    const scope = fn?.scope() ?? loaded.image.inlinedCallsOf(spelling)[0];
    const variable = scope && searchScope(scope, name, 0);
    if (!variable) return undefined;
    const frame = variable.role === 'static-local' || !fn ? undefined : this.world.frameOf?.(fn);
    return { kind: 'value', value: this.world.variable(variable, frame) };
  }

  type(name: string, tag?: Tag): CType | undefined {
    for (const { scope } of this.#scopes()) {
      const types = [...scope.types(), ...(scope.templateArguments?.().types ?? [])];
      const found = types.find((entry) => entry.name === name && fits(entry.type, tag));
      if (found) return found.type;
    }
    for (const candidate of this.#spellings(name)) {
      for (const loaded of this.#images()) {
        const found = loaded.image.typeNamed(candidate, tag, this.#near(loaded.image));
        if (found) return found;
      }
    }
    const meant = name.includes('::') ? this.#behindAlias(splitName(name)) : undefined;
    return meant && this.type(meant.join('::'), tag);
  }

  macro(name: string): Macro | undefined {
    const own = this.world.macros?.get(name);
    if (own) return own;
    const [loaded] = this.#images();
    const near = loaded && this.#near(loaded.image);
    if ((name === '__FILE__' || name === '__LINE__') && near !== undefined && loaded.image.unitAt(near)?.hasMacros) {
      const row = loaded.image.lineAt(near);
      return row && { body: name === '__LINE__' ? String(row.line) : JSON.stringify(row.file.path) };
    }
    return loaded?.image.macroNamed(name, this.#near(loaded.image));
  }

  *suggestions(): Iterable<string> {
    for (const { scope } of this.#scopes()) for (const variable of scope.variables()) yield variable.name;
    const [loaded] = this.#images();
    if (!loaded) return;
    yield* loaded.image.variableNames();
    yield* loaded.image.functionNames();
    yield* loaded.image.typeNames();
  }
}

/** By its whole name: `ns::f` is not `f`, and a class is not its constructor. */
const isCalled = (fn: FunctionSymbol, name: string): boolean =>
  sameName(name, fn.qualifiedName) || fn.linkageName === name || (fn.language !== 'c++' && fn.name === name);

const isNameless = (type: CType): boolean => type.kind === 'base' && type.encoding === 'unspecified' && type.name === '';

const isTagged = (type: CType): boolean => isStruct(type) || type.kind === 'enum';

/** C++ mixes struct and class; a typedef of an anonymous struct answers to no tag. */
function fits(type: CType, tag: Tag | undefined): boolean {
  if (tag === undefined) return true;
  return type.kind === tag || (tag === 'struct' && type.kind === 'class') || (tag === 'class' && type.kind === 'struct');
}

/** A block's own variables come first; behind them may stand those of blocks inside it of which the optimizer left no code. */
const inBlock = (variables: readonly Variable[], name: string): Variable | undefined => variables.find((each) => each.name === name);

function searchScope(scope: Scope, name: string, depth: number): Variable | undefined {
  const own = inBlock(scope.variables(), name);
  if (own || depth > 32) return own;
  for (const child of scope.children()) {
    const found = child.kind === 'inlined' ? undefined : searchScope(child, name, depth + 1);
    if (found) return found;
  }
  return undefined;
}

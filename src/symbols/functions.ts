/**
 * Functions, their trees of scopes and their variables (DWARF 5, 3.3 to 3.5 and 4.1), read from the entries when looked
 * at. An inlined call or an out-of-line instance says little itself: names and types come from its abstract origin.
 */
import { fileAddress, type FileAddress } from '../common/addresses.js';
import { At, Tag } from '../dwarf/constants.js';
import type { Die } from '../dwarf/die.js';
import { rangesOf } from '../dwarf/ranges.js';
import { callSitesOf } from './call-sites.js';
import type { CodeEntry, Compilation } from './compilation.js';
import type {
  AddressRange,
  CallSite,
  Enclosing,
  FunctionSymbol,
  LocationDescription,
  Scope,
  SourcePosition,
  SymbolImage,
  TemplateArguments,
  Variable,
} from './model.js';
import { templateArgumentsOf } from './template-arguments.js';
import type { CType, EnumType, FunctionType } from './types.js';
import { linkageNameOf, locationOf, nameOf, readVariable, type ScopeHost } from './variables.js';

/** Lexical blocks and inlined calls nest; deeper than this is damage. */
const MAX_DEPTH = 256;
const MAX_CHILDREN = 1_000_000;

const NO_ARGUMENTS: TemplateArguments = { types: [], values: [] };

export class ScopeNode implements Scope {
  private read:
    | { children: ScopeNode[]; variables: Variable[]; types: { name: string; type: CType }[]; enums: EnumType[]; symbols: number }
    | undefined;

  constructor(
    readonly kind: Scope['kind'],
    readonly die: Die,
    readonly ranges: readonly AddressRange[],
    readonly parent: ScopeNode | undefined,
    readonly owner: FunctionEntry,
    private readonly depth: number,
    readonly inlined?: Scope['inlined'],
  ) {}

  private content(): NonNullable<ScopeNode['read']> {
    if (!this.read) {
      this.read = { children: [], variables: [], types: [], enums: [], symbols: 0 };
      try {
        this.collect(this.die, 0);
        this.inherit(this.die);
      } catch (error) {
        this.die.unit.file.warn(error);
      }
    }
    return this.read;
  }

  private readonly origins = new Set<Die['offset']>();

  private collect(from: Die, nesting: number): void {
    for (const die of from.children()) {
      const origin = die.reference(At.abstract_origin);
      if (origin && die.tag !== Tag.call_site && die.tag !== Tag.GNU_call_site) this.origins.add(origin.offset);
      this.take(die, nesting);
    }
  }

  /** What the abstract instance has and this one does not mention was optimized out; its names are visible all the same. */
  private inherit(die: Die): void {
    const origin = die.reference(At.abstract_origin);
    if (!origin) return;
    const abstract = origin.children();
    const concrete = die.children();
    // clang's blocks do not name their origin; where both lists have the same shape, the place tells.
    if (concrete.length === abstract.length && concrete.every((child, i) => child.tag === abstract[i].tag))
      concrete.forEach((child, i) => {
        if (child.tag === Tag.lexical_block && !child.has(At.abstract_origin)) this.origins.add(abstract[i].offset);
      });
    for (const child of abstract) if (!this.origins.has(child.offset)) this.take(child, 0);
  }

  private take(die: Die, nesting: number): void {
    const content = this.read;
    if (!content || content.symbols > MAX_CHILDREN) return;
    const { owner } = this;
    switch (die.tag) {
      case Tag.formal_parameter:
      case Tag.variable: {
        const variable = readVariable(die, owner.unit, owner.host, true);
        if (variable) {
          content.variables.push(variable);
          content.symbols++;
        }
        break;
      }
      case Tag.lexical_block:
      case Tag.try_block: {
        const ranges = rangesOf(die);
        if (ranges.length > 0) this.addChild('block', die, ranges);
        // A block of an abstract instance has no addresses: what it declares belongs to its surroundings. One that has an
        // empty range was optimized out with all that is in it.
        else if (!die.has(At.low_pc) && !die.has(At.ranges) && nesting < MAX_DEPTH) this.collect(die, nesting + 1);
        break;
      }
      case Tag.inlined_subroutine: {
        // Without a name (where damage hides it) there is no telling whose code it is, and gdb takes no notice of it.
        const ranges = nameOf(die) === undefined ? [] : rangesOf(die);
        if (ranges.length > 0) this.addChild('inlined', die, ranges);
        break;
      }
      case Tag.structure_type:
      case Tag.union_type:
      case Tag.class_type:
      case Tag.enumeration_type:
      case Tag.typedef: {
        const name = die.string(At.name);
        const type = name === undefined && die.tag !== Tag.enumeration_type ? undefined : owner.host.types.read(die);
        if (type && name !== undefined) content.types.push({ name, type });
        if (type?.kind === 'enum') content.enums.push(type);
        content.symbols++;
        break;
      }
      case Tag.label:
      case Tag.subprogram:
        content.symbols++;
        break;
      default:
    }
  }

  private addChild(kind: 'block' | 'inlined', die: Die, ranges: readonly AddressRange[]): void {
    if (this.depth >= MAX_DEPTH) return;
    this.read?.children.push(
      new ScopeNode(
        kind,
        die,
        ranges,
        this,
        this.owner,
        this.depth + 1,
        kind === 'inlined' ? this.owner.inlinedCall(die, ranges) : undefined,
      ),
    );
  }

  children(): readonly ScopeNode[] {
    return this.content().children;
  }

  variables(): readonly Variable[] {
    return this.content().variables;
  }

  types(): readonly { name: string; type: CType }[] {
    return this.content().types;
  }

  enumerator(name: string): { value: bigint; type: EnumType } | undefined {
    for (const type of this.content().enums) {
      const found = type.scoped ? undefined : type.enumerators().find((each) => each.name === name);
      if (found) return { value: found.value, type };
    }
    return undefined;
  }

  templateArguments(): TemplateArguments {
    const { die, owner } = this;
    if (this.kind === 'block' || owner.language !== 'c++') return NO_ARGUMENTS;
    try {
      return templateArgumentsOf(die, owner.unit, owner.host);
    } catch (error) {
      die.unit.file.warn(error);
      return NO_ARGUMENTS;
    }
  }

  /** True if a debugger that keeps only blocks with names in them would keep this one. */
  get hasSymbols(): boolean {
    return this.kind !== 'block' || this.content().symbols > 0;
  }

  enclosing(): Enclosing | undefined {
    if (this.kind === 'block' || this.owner.language === 'c++') return undefined;
    const lineage = this.die.lineage();
    if (lineage.some((step) => step.flag(At.external))) return undefined;
    const own = lineage[lineage.length - 1];
    const { unit } = this.owner;
    const around = own.unit === unit.unit ? unit.subprogramAround(own.offset) : undefined;
    if (around === undefined) return undefined;
    return {
      hasInstance: (scope) =>
        scope instanceof ScopeNode && scope.kind !== 'block' && scope.die.lineage().some(({ offset }) => offset === around),
      isInside: (block) => block instanceof ScopeNode && block.mayHold(own),
    };
  }

  /** Stands an entry in this block? Where the block is a copy that does not name its origin, it may. */
  private mayHold({ offset }: Die): boolean {
    const lineage = this.die.lineage();
    const isCopy = lineage.length === 1 && this.owner.die.lineage().length > 1;
    return isCopy || lineage.some((step) => step.offset < offset && offset < step.siblingOffset());
  }

  contains(address: number): boolean {
    return this.ranges.some((range) => address >= range.low && address < range.high);
  }
}

export class FunctionEntry implements FunctionSymbol {
  readonly name: string;
  readonly linkageName?: string;
  readonly ranges: readonly AddressRange[];
  readonly entry: FileAddress;
  readonly die: Die;
  readonly image: SymbolImage;

  constructor(
    code: CodeEntry,
    readonly unit: Compilation,
    readonly host: ScopeHost,
  ) {
    this.die = code.die;
    this.ranges = code.ranges;
    this.entry = code.entry;
    this.image = host.image;
    const name = nameOf(this.die);
    const linkage = linkageNameOf(this.die);
    // Where the name stands in a part that is lost (link-time optimization with -gsplit-dwarf), the linker has it.
    this.name = name ?? linkage ?? host.image.symbolAt(this.entry)?.name ?? '';
    if (linkage !== undefined && linkage !== this.name) this.linkageName = linkage;
  }

  private qualified: string | undefined;

  get qualifiedName(): string {
    return (this.qualified ??= this.host.functionName(this.die) || this.name);
  }

  get declared(): SourcePosition | undefined {
    return this.unit.declared(this.die);
  }

  private anywhere(attribute: number): boolean {
    return this.die.lineage().some((step) => step.flag(attribute));
  }

  get external(): boolean {
    return this.anywhere(At.external);
  }

  get isMain(): boolean {
    const { qualifiedName } = this;
    if (qualifiedName === 'main' || this.anywhere(At.main_subprogram)) return true;
    // Go's compiler says it by the name alone.
    return qualifiedName === 'main.main' && this.language === 'other';
  }

  get noReturn(): boolean {
    return this.anywhere(At.noreturn);
  }

  get language(): FunctionSymbol['language'] {
    return this.unit.language;
  }

  get producer(): string {
    return this.unit.producer;
  }

  get type(): FunctionType {
    return functionType(this.die, this.host);
  }

  get frameBase(): LocationDescription | undefined {
    return locationOf(this.die, At.frame_base, this.unit);
  }

  get staticLink(): LocationDescription | undefined {
    return locationOf(this.die, At.static_link, this.unit);
  }

  private root: ScopeNode | undefined;

  scope(): ScopeNode {
    return (this.root ??= new ScopeNode('function', this.die, this.ranges, undefined, this, 0));
  }

  private sites: readonly CallSite[] | undefined;

  callSites(): readonly CallSite[] {
    return (this.sites ??= callSitesOf(this.die, this.unit, this.host));
  }

  inlinedCall(die: Die, ranges: readonly AddressRange[]): NonNullable<Scope['inlined']> {
    const { host, unit } = this;
    const line = die.number(At.call_line);
    const file = die.number(At.call_file);
    const source = file === undefined ? undefined : unit.source(file);
    const column = die.number(At.call_column);
    const low = die.address(At.entry_pc) ?? die.address(At.low_pc) ?? entryOffset(die) ?? ranges[0]?.low ?? 0;
    const name = nameOf(die) ?? '';
    return {
      name,
      qualifiedName: host.functionName(die) || name,
      get type(): FunctionType {
        return functionType(die, host);
      },
      call: source && line !== undefined ? { file: source, line, ...(column ? { column } : {}) } : undefined,
      entry: fileAddress(low),
    };
  }
}

/** DW_AT_entry_pc of class constant is an offset from the base of the entry (DWARF 5, 2.18). */
const entryOffset = (die: Die): number | undefined => {
  const offset = die.number(At.entry_pc);
  const low = die.address(At.low_pc) ?? rangesOf(die)[0]?.low;
  return offset === undefined || low === undefined ? undefined : low + offset;
};

/** The type of a function as it is declared; what a method with `auto` for a result returns only its definition knows. */
const functionType = (die: Die, host: ScopeHost): FunctionType => {
  const lineage = die.lineage();
  const type = host.types.read(lineage[lineage.length - 1] ?? die);
  if (type.kind !== 'function') return { kind: 'function', returns: type, parameters: [], varargs: false, prototyped: true };
  const { returns, parameters, varargs, prototyped } = type;
  const isOpen = returns.kind === 'base' && returns.encoding === 'unspecified' && lineage.length > 1;
  return isOpen ? { kind: 'function', returns: host.types.typeOf(die), parameters, varargs, prototyped } : type;
};

/**
 * Functions, their trees of scopes and their variables (DWARF 5, 3.3 to 3.5 and 4.1), read from the entries when looked
 * at. An inlined call or an out-of-line instance says little itself: names and types come from its abstract origin.
 */
import { fileAddress, type FileAddress } from '../common/addresses.js';
import { At, Form, Tag } from '../dwarf/constants.js';
import type { Die } from '../dwarf/die.js';
import { locationListOffset } from '../dwarf/lists.js';
import { rangesOf } from '../dwarf/ranges.js';
import { callSitesOf } from './call-sites.js';
import type { CodeEntry, Compilation } from './compilation.js';
import type { AddressRange, CallSite, FunctionSymbol, LocationDescription, Scope, SourcePosition, SymbolImage, Variable } from './model.js';
import type { TypeReader } from './types-reader.js';
import type { CType, FunctionType } from './types.js';

/** What functions and scopes need of their image. */
export interface ScopeHost {
  readonly image: SymbolImage;
  readonly types: TypeReader;
  qualifiedName(die: Die): string;
  /** The definition of a variable that is only declared here. */
  definitionOfVariable(die: Die): { die: Die; unit: Compilation } | undefined;
  compilationOf(die: Die): Compilation | undefined;
}

/** Lexical blocks and inlined calls nest; deeper than this is damage. */
const MAX_DEPTH = 256;
const MAX_CHILDREN = 1_000_000;

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
  return isOffset ? { kind: 'list', offset, unit } : { kind: 'constant', value: BigInt(offset) };
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

/** The variable that an entry describes. `static` locals are told apart by where they live: at a fixed address. */
export const readVariable = (die: Die, unit: Compilation, host: ScopeHost, inFunction: boolean): Variable | undefined => {
  const lineage = die.lineage();
  const name = first(lineage, (step) => step.string(At.name));
  if (name === undefined) return undefined;
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
  const qualified = inFunction ? name : host.qualifiedName(die);
  // A type completed by the definition (`extern int a[]; int a[10];`) is the definition's.
  const types = host.types;
  return {
    name,
    ...(linkageName !== undefined && linkageName !== name ? { linkageName } : {}),
    ...(qualified !== name ? { qualifiedName: qualified } : {}),
    role,
    get type(): CType {
      return types.typeOf(place.has(At.type) ? place : die);
    },
    location,
    get declared(): SourcePosition | undefined {
      return unit.declared(die);
    },
    artificial: lineage.some((step) => step.flag(At.artificial)),
    ...(isDeclaration ? { isDeclaration } : {}),
    image: host.image,
  };
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

export class ScopeNode implements Scope {
  private read: { children: ScopeNode[]; variables: Variable[]; types: { name: string; type: CType }[]; symbols: number } | undefined;

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
      this.read = { children: [], variables: [], types: [], symbols: 0 };
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
    for (const child of origin.children()) if (!this.origins.has(child.offset)) this.take(child, 0);
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
        // Without code the block is only a wrapper: what it declares belongs to its surroundings.
        if (ranges.length === 0) {
          if (nesting < MAX_DEPTH) this.collect(die, nesting + 1);
        } else this.addChild('block', die, ranges);
        break;
      }
      case Tag.inlined_subroutine: {
        const ranges = rangesOf(die);
        if (ranges.length > 0) this.addChild('inlined', die, ranges);
        break;
      }
      case Tag.structure_type:
      case Tag.union_type:
      case Tag.class_type:
      case Tag.enumeration_type:
      case Tag.typedef: {
        const name = die.string(At.name);
        if (name !== undefined) content.types.push({ name, type: owner.host.types.read(die) });
        content.symbols++;
        break;
      }
      case Tag.label:
        if (die.has(At.low_pc)) content.symbols++;
        break;
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

  /** True if a debugger that keeps only blocks with names in them would keep this one. */
  get hasSymbols(): boolean {
    return this.kind !== 'block' || this.content().symbols > 0;
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
    this.name = name ?? linkage ?? '';
    if (linkage !== undefined && linkage !== this.name) this.linkageName = linkage;
  }

  private qualified: string | undefined;

  get qualifiedName(): string {
    return (this.qualified ??= this.host.qualifiedName(this.die) || this.name);
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
      qualifiedName: host.qualifiedName(die) || name,
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

/** The type of a function: that of the first entry in its lineage that has parameters or a result of its own. */
const functionType = (die: Die, host: ScopeHost): FunctionType => {
  const lineage = die.lineage();
  const type = host.types.read(lineage[lineage.length - 1] ?? die);
  return type.kind === 'function' ? type : { kind: 'function', returns: type, parameters: [], varargs: false, prototyped: true };
};

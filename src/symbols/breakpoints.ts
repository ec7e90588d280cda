/**
 * Where breakpoints go, by the rules of gdb's linespecs: `break FUNCTION` at each function of the name, at each of its
 * inlined calls and at symbols that no debug information describes; `break FILE:LINE` at the statements that begin the
 * line, one for each block of code. What lies in a function's prologue moves behind it.
 */
import { fileAddress, type FileAddress } from '../common/addresses.js';
import { At } from '../dwarf/constants.js';
import type { Compilation } from './compilation.js';
import type { DebugInfo } from './debug-info.js';
import type { FunctionEntry, ScopeNode } from './functions.js';
import type { InlinedCode } from './lookup.js';
import type { ElfSymbol, LineLocation, ResolvedLocation, SourceFile, SourcePosition } from './model.js';
import { locationsAreExact, prologueEnd, stepTarget, type PrologueView } from './prologue.js';

/**
 * A symbol that no debug information describes: behind the frame set-up that its instructions show. `unit` is the one that
 * has lines for it all the same (functions that the compiler folded into others).
 */
export const locationOfSymbol = (symbol: ElfSymbol, code: CodeSource, unit: Compilation | undefined): ResolvedLocation => {
  const lines = unit?.lines();
  const address = prologueEnd({
    entry: symbol.address,
    ranges: [{ low: symbol.address, high: fileAddress(symbol.address + symbol.size) }],
    producer: unit?.producer ?? '',
    lines,
    hasLocationLists: unit?.hasLocationLists ?? false,
    language: unit?.language ?? 'other',
    inlinedAt: () => false,
    bytesAt: (at, length) => code.bytesAt(at, length),
  });
  const row = lines?.rowAt(address);
  return { address, function: symbol.name, position: row && { file: row.file, line: row.line } };
};

/** What these rules ask of the file. */
export interface CodeSource {
  bytesAt(address: FileAddress, length: number): Uint8Array | undefined;
}

export class BreakpointRules {
  private readonly ends = new WeakMap<FunctionEntry, FileAddress>();

  constructor(
    private readonly info: DebugInfo,
    private readonly code: CodeSource,
  ) {}

  /** Where the body of a function begins. */
  afterPrologue(fn: FunctionEntry): FileAddress {
    let end = this.ends.get(fn);
    if (end === undefined) this.ends.set(fn, (end = prologueEnd(this.view(fn))));
    return end;
  }

  /** Where a step into a function ends. */
  stepTarget(fn: FunctionEntry): FileAddress {
    return stepTarget(this.view(fn));
  }

  private view(fn: FunctionEntry): PrologueView {
    const { info, code } = this;
    return {
      entry: fn.ranges[0]?.low ?? fn.entry,
      ranges: fn.ranges,
      producer: fn.producer,
      lines: fn.unit.lines(),
      hasLocationLists: fn.unit.hasLocationLists,
      language: fn.language,
      inlinedAt: (address) => info.scopesAt(address)[0]?.kind === 'inlined',
      bytesAt: (address, length) => code.bytesAt(address, length),
    };
  }

  /** `break FUNCTION` for functions and inlined calls that the debug information has. */
  ofFunction(name: string): ResolvedLocation[] {
    const result = new Map<number, ResolvedLocation>();
    const add = (location: ResolvedLocation): void => {
      if (!result.has(location.address)) result.set(location.address, location);
    };
    for (const fn of this.info.lookup.functions(name)) add(this.atStart(fn.ranges[0]?.low ?? fn.entry, fn, fn.qualifiedName));
    for (const call of this.info.lookup.inlinedCalls(name)) add(this.atStart(this.startOf(call), call.owner, call.qualifiedName));
    return [...result.values()].sort((a, b) => a.address - b.address);
  }

  /**
   * Where an inlined call begins: at its lowest address. If no line begins there and the compiler names no entry (clang counts the padding in front of a loop to
   * what is inlined there, and nothing ever executes it), at the first of its own lines.
   */
  private startOf({ die, ranges, owner }: InlinedCode): FileAddress {
    const [{ low }] = ranges;
    const lines = owner.unit.lines();
    const mayBePadding = die.has(At.ranges) && !die.has(At.entry_pc) && owner.producer.includes('clang');
    if (!mayBePadding || lines.rowAt(low)?.address === low) return low;
    const isOwn = (at: FileAddress): boolean => this.info.scopesAt(at).find(({ kind }) => kind === 'inlined')?.die.offset === die.offset;
    return ranges
      .flatMap((range) => lines.rowsIn(range))
      .filter(({ address, isStatement }) => isStatement && address > low && isOwn(address))
      .reduce((first, row) => (row.line < first.line ? row : first), { address: low, line: Infinity }).address;
  }

  /** A function by another name that the linker has for it: `malloc`, which is `__libc_malloc` in its debug information. */
  ofAlias(fn: FunctionEntry): ResolvedLocation {
    return this.atStart(fn.entry, fn, fn.qualifiedName);
  }

  /** A function, or an inlined call, that begins at an address. */
  private atStart(address: FileAddress, owner: FunctionEntry, name: string): ResolvedLocation {
    const exact = locationsAreExact(this.view(owner));
    const row = owner.unit.lines().rowAt(address);
    if (exact && row) return { address, function: name, position: { file: row.file, line: row.line } };
    const moved = this.outOfPrologue(address, owner);
    return moved ? { ...moved, function: name } : { address, function: name, position: row && { file: row.file, line: row.line } };
  }

  /** If an address lies before the end of its function's prologue: that end, with its line. */
  private outOfPrologue(address: FileAddress, fn: FunctionEntry): ResolvedLocation | undefined {
    const end = this.afterPrologue(fn);
    // Parts of a function that lie before its entry (the cold ones of gcc) are no prologue; gdb takes them for it, and stops at the entry instead.
    if (address < fn.entry || address >= end) return undefined;
    // In inlined code the line shown is that of the call, in the function itself.
    const outermost = this.info.scopesAt(end).findLast((scope) => scope.kind === 'inlined');
    const row = fn.unit.lines().rowAt(end);
    const position: SourcePosition | undefined = outermost?.inlined?.call ?? (row && { file: row.file, line: row.line });
    return { address: end, function: fn.qualifiedName, position, isMoved: true };
  }

  /** `break FILE:LINE`. */
  ofLine(file: SourceFile, line: number): LineLocation[] {
    const units = this.info.sources.unitsOf(file);
    let wanted = line;
    let addresses: FileAddress[] = [];
    let best: number | undefined;
    const collect = (): void => {
      for (const unit of units) {
        const found = unit.lines().statementsOf(file, wanted);
        addresses.push(...found.addresses);
        if (found.best !== undefined && (best === undefined || found.best < best)) best = found.best;
      }
    };
    collect();
    if (addresses.length === 0 && best !== undefined) {
      wanted = best;
      addresses = [];
      collect();
    }
    const result = new Map<number, LineLocation>();
    for (const address of this.onePerBlock(addresses)) {
      const fn = this.info.functionAt(address);
      const inlined = this.info.scopesAt(address).find((scope) => scope.inlined)?.inlined;
      const location = (fn && this.outOfPrologue(address, fn)) ?? {
        address,
        function: inlined?.qualifiedName ?? fn?.qualifiedName,
        position: { file, line: wanted },
      };
      if (!result.has(location.address)) result.set(location.address, { ...location, line: wanted });
    }
    return [...result.values()].sort((a, b) => a.address - b.address);
  }

  /** Of several statements of the line in one block the first stands for all. Blocks without names in them do not count. */
  private onePerBlock(addresses: readonly FileAddress[]): FileAddress[] {
    const seen = new Set<ScopeNode | Compilation>();
    return addresses.filter((address) => {
      const block = this.info.scopesAt(address).find((scope) => scope.hasSymbols) ?? this.info.compilationAt(address);
      if (!block) return true;
      if (seen.has(block)) return false;
      seen.add(block);
      return true;
    });
  }
}

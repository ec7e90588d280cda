/**
 * What symbols say of an address on the stack: the function, the calls that were inlined there, and the line of each.
 * Remembered by place, because a deep stack has few of them.
 */
import { fileAddress, type FileAddress } from '../common/addresses.js';
import { demangledName } from '../symbols/cxx-names.js';
import type { ElfSymbol, FunctionSymbol, Scope, SourcePosition, SymbolImage } from '../symbols/model.js';
import type { CodePlace } from './unwinder_code.js';

/** One frame that people see of an activation: an inlined call, or (the last) the function itself. */
export interface PlaceFrame {
  readonly inlined: boolean;
  readonly name: string | undefined;
  /** Its innermost scope at the address. */
  readonly scope: Scope | undefined;
  /** The inlined call's scope, or the function's. */
  readonly whole: Scope | undefined;
}

export interface PlaceSymbols {
  readonly function: FunctionSymbol | undefined;
  /** Without debug information: the ELF symbol. */
  readonly symbol: ElfSymbol | undefined;
  /** Innermost first; never empty. */
  readonly frames: readonly PlaceFrame[];
  /** The line of the address, which is the innermost frame's. */
  readonly line: SourcePosition | undefined;
}

/** Not remembered: see `symbolsOf`. */
export const symbolsAt = (image: SymbolImage, address: FileAddress): PlaceSymbols => {
  const scopes = image.scopesAt(address);
  const found = image.functionAt(address);
  const symbol = found === undefined ? image.symbolAt(address) : undefined;
  const frames: PlaceFrame[] = [];
  let innermost: Scope | undefined;
  for (const scope of scopes) {
    innermost ??= scope;
    if (scope.kind === 'block') continue;
    const inlined = scope.kind === 'inlined';
    frames.push({ inlined, name: inlined ? scope.inlined?.qualifiedName : scope.owner.qualifiedName, scope: innermost, whole: scope });
    innermost = undefined;
    if (!inlined) break;
  }
  if (frames.at(-1)?.inlined !== false)
    frames.push({
      inlined: false,
      name: found?.qualifiedName ?? (symbol && (demangledName(symbol.name) ?? symbol.name)),
      scope: found?.scope(),
      whole: found?.scope(),
    });
  return { function: found, symbol, frames, line: image.lineAt(address) };
};

const NOTHING: PlaceSymbols = {
  function: undefined,
  symbol: undefined,
  frames: [{ inlined: false, name: undefined, scope: undefined, whole: undefined }],
  line: undefined,
};

const known = new WeakMap<CodePlace, PlaceSymbols>();

export const symbolsOf = (place: CodePlace): PlaceSymbols => {
  let symbols = known.get(place);
  if (symbols === undefined) {
    symbols = place.loaded === undefined ? NOTHING : symbolsAt(place.loaded.image, place.inFile);
    known.set(place, symbols);
  }
  return symbols;
};

/**
 * How many of the inlined calls at an address begin exactly there, innermost first: a thread that stops at this address has not
 * entered them yet, and gdb shows their caller (`skipInlinedAtStart` of Stack). A call begins where its first range does, and again wherever the
 * code before is not its own; where one of its ranges merely adjoins another nothing begins. gcc's DW_AT_entry_pc may lie in the middle of the
 * call's code (behind instructions that were moved up): for gdb nothing begins there.
 */
export const inlinedCallsStartingAt = (image: SymbolImage, address: FileAddress): number => {
  const scopes = image.scopesAt(address);
  if (scopes.every(({ kind }) => kind !== 'inlined')) return 0;
  const before = new Set(image.scopesAt(fileAddress(address - 1)));
  let count = 0;
  for (const scope of scopes) {
    if (scope.kind === 'function') break;
    if (scope.kind === 'block') continue;
    if (scope.ranges[0]?.low !== address && before.has(scope)) break;
    count++;
  }
  return count;
};

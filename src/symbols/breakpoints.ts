/**
 * `break FILE:LINE` by gdb's rules (decode_digits_ordinary and create_sals_line_offset of its linespec.c): the statements
 * that begin the line, one for each block of code; when a function begins there, behind its prologue.
 */
import type { FileAddress } from '../common/addresses.js';
import type { Compilation } from './compilation.js';
import type { DebugInfo } from './debug-info.js';
import type { ScopeNode } from './functions.js';
import type { ResolvedLocation, SourceFile, SymbolImage } from './model.js';

interface Candidate {
  readonly address: FileAddress;
  readonly unit: Compilation;
  readonly block: ScopeNode | undefined;
}

export const locationsOfLine = (info: DebugInfo, image: SymbolImage, file: SourceFile, line: number): ResolvedLocation[] => {
  const units = info.compilations().filter((unit) => unit.sources.includes(file));
  let wanted = line;
  let found = statements(info, units, file, wanted);
  if (found.candidates.length === 0 && found.best !== undefined) {
    wanted = found.best;
    found = statements(info, units, file, wanted);
  }
  const result = new Map<number, ResolvedLocation>();
  for (const candidate of onePerBlock(found.candidates)) {
    const fn = info.functionAt(candidate.address);
    let { address } = candidate;
    if (fn) {
      // At a function's beginning, or anywhere in its prologue: where a breakpoint on the function would go.
      if (address >= fn.entry && fn.ranges.some((range) => address >= range.low && address < range.high)) {
        const behind = image.afterPrologue(fn);
        if (behind > address && address >= fn.entry) address = behind;
      }
    }
    if (!result.has(address)) result.set(address, { address, function: fn?.qualifiedName, position: { file, line: wanted } });
  }
  return [...result.values()].sort((a, b) => a.address - b.address);
};

const statements = (
  info: DebugInfo,
  units: readonly Compilation[],
  file: SourceFile,
  line: number,
): { candidates: Candidate[]; best: number | undefined } => {
  const candidates: Candidate[] = [];
  let best: number | undefined;
  for (const unit of units) {
    const found = unit.lines().statementsOf(file, line);
    for (const address of found.addresses) candidates.push({ address, unit, block: blockAt(info, address) });
    if (found.best !== undefined && (best === undefined || found.best < best)) best = found.best;
  }
  return { candidates, best };
};

/** The innermost block with names in it: gdb does not keep others. */
const blockAt = (info: DebugInfo, address: FileAddress): ScopeNode | undefined => info.scopesAt(address).find((scope) => scope.hasSymbols);

/** Of several statements of the line in one block the first stands for all. */
const onePerBlock = (candidates: readonly Candidate[]): Candidate[] => {
  const seen = new Set<ScopeNode>();
  return candidates.filter(({ block }) => {
    if (!block) return true;
    if (seen.has(block)) return false;
    seen.add(block);
    return true;
  });
};

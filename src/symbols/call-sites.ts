/** Calls and what the compiler knows of their arguments (DWARF 5, 3.4; before that GNU extensions of the same shape). */
import { fileAddress } from '../common/addresses.js';
import { At, Tag } from '../dwarf/constants.js';
import type { Die } from '../dwarf/die.js';
import { parameterReference } from '../dwarf/operations.js';
import type { Compilation } from './compilation.js';
import type { CallSite } from './model.js';
import type { ScopeHost } from './variables.js';

const MAX_DEPTH = 256;

/** The calls in a function, inlined parts included, sorted by return address. */
export const callSitesOf = (root: Die, unit: Compilation, host: ScopeHost): readonly CallSite[] => {
  const result: CallSite[] = [];
  const visit = (parent: Die, depth: number): void => {
    for (const die of parent.children()) {
      if (die.tag === Tag.call_site || die.tag === Tag.GNU_call_site) {
        const site = readSite(die, unit, host);
        if (site) result.push(site);
      } else if ((die.tag === Tag.lexical_block || die.tag === Tag.inlined_subroutine) && depth < MAX_DEPTH) visit(die, depth + 1);
    }
  };
  try {
    visit(root, 0);
  } catch (error) {
    root.unit.file.warn(error);
  }
  return result.sort((a, b) => a.returnAddress - b.returnAddress);
};

const readSite = (die: Die, unit: Compilation, host: ScopeHost): CallSite | undefined => {
  // DW_TAG_GNU_call_site has the return address as DW_AT_low_pc.
  const returnAddress = die.address(At.call_return_pc) ?? die.address(At.low_pc);
  if (returnAddress === undefined) return undefined;
  const parameters: { location: Uint8Array; value?: Uint8Array }[] = [];
  for (const child of die.children()) {
    if (child.tag !== Tag.call_site_parameter && child.tag !== Tag.GNU_call_site_parameter) continue;
    const origin = child.reference(At.call_parameter) ?? child.reference(At.abstract_origin);
    const location = child.block(At.location) ?? (origin && parameterReference(origin.offset - origin.unit.offset));
    const value = child.block(At.call_value) ?? child.block(At.GNU_call_site_value);
    if (location) parameters.push(value ? { location, value } : { location });
  }
  const tailCall = die.flag(At.call_tail_call) || die.flag(At.GNU_tail_call);
  const target = targetOf(die, tailCall, host);
  const targetValue = die.block(At.call_target) ?? die.block(At.GNU_call_site_target);
  return {
    returnAddress: fileAddress(returnAddress),
    tailCall,
    ...(target === undefined ? {} : { target: fileAddress(target) }),
    ...(targetValue === undefined ? {} : { targetValue }),
    parameters,
    unit,
  };
};

/**
 * The entry of the function that is called, when the call names one that has code in this image. Jumps to a function that is chosen when the program is loaded (memcpy)
 * count as jumps to what chooses it, as in gdb: neither jumps back.
 */
const targetOf = (die: Die, tailCall: boolean, host: ScopeHost): number | undefined => {
  const callee = die.reference(At.call_origin) ?? die.reference(At.abstract_origin);
  if (!callee) return undefined;
  const low = callee.address(At.low_pc);
  if (low !== undefined) return low;
  const name = callee.string(At.linkage_name) ?? callee.string(At.MIPS_linkage_name) ?? callee.string(At.name);
  if (name === undefined) return undefined;
  const symbols = host.image.symbolsNamed(name).filter(({ type }) => type === 'function' || type === 'ifunc');
  const [first] = symbols;
  if (tailCall && symbols.every(({ type }) => type === 'ifunc')) return first?.address;
  return symbols.length === 1 && first.type === 'function' ? first.address : undefined;
};

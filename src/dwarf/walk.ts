/**
 * A walk over every entry of a unit that costs a few additions per entry: for questions that any depth may answer (is
 * there a location list, where is this function inlined, which functions stand inside of functions).
 */
import { skipByPlan, type Abbreviation } from './abbreviations.js';
import type { Unit } from './unit.js';

/**
 * Calls `visit` for each entry whose abbreviation `wants` accepts, in order of offsets, until it returns true.
 * @param from offset of an entry, for a part of the unit: that entry and all below it
 * @throws FormatError at an entry without an abbreviation
 */
export const walk = (
  unit: Unit,
  wants: (abbreviation: Abbreviation) => boolean,
  visit: (offset: number, abbreviation: Abbreviation) => boolean | void,
  from = unit.firstDie,
): void => {
  const { bytes, end, abbreviations } = unit;
  const decided = new Map<Abbreviation, boolean>();
  let position = from;
  let depth = 0;
  while (position < end) {
    const offset = position;
    let code: number = bytes[position++];
    if (code >= 0x80) {
      let scale = 128;
      let byte;
      code &= 0x7f;
      do {
        byte = bytes[position++] ?? 0;
        code += (byte & 0x7f) * scale;
        scale *= 128;
      } while (byte >= 0x80);
    }
    if (code === 0) {
      if (--depth <= 0) return;
      continue;
    }
    const abbreviation = abbreviations.get(code);
    if (!abbreviation) return unit.fail(offset, `no abbreviation ${code}`);
    let wanted = decided.get(abbreviation);
    if (wanted === undefined) decided.set(abbreviation, (wanted = wants(abbreviation)));
    if (wanted && visit(offset, abbreviation)) return;
    position = abbreviation.fixedSize >= 0 ? position + abbreviation.fixedSize : skipByPlan(bytes, position, abbreviation.plan, unit);
    if (abbreviation.hasChildren) depth++;
    else if (depth === 0) return;
  }
};

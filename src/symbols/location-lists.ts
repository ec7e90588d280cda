/** Does a unit use location lists at all? That tells optimized code with exact variable places from unoptimized code. */
import { skipByPlan } from '../dwarf/abbreviations.js';
import { At, Form, Tag } from '../dwarf/constants.js';
import type { Unit } from '../dwarf/unit.js';

/**
 * True if a variable or parameter of the unit has a location list. Abbreviations that cannot have one are passed over by
 * size; the answer comes with the first that can.
 */
export const usesLocationLists = (unit: Unit): boolean => {
  const { bytes, end, abbreviations } = unit;
  let position = unit.firstDie;
  let depth = 0;
  while (position < end) {
    let code = bytes[position++] as number;
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
      if (--depth <= 0) return false;
      continue;
    }
    const abbreviation = abbreviations.get(code);
    if (!abbreviation) return false;
    if (abbreviation.tag === Tag.variable || abbreviation.tag === Tag.formal_parameter) {
      const index = abbreviation.attributes.indexOf(At.location);
      const form = index < 0 ? 0 : (abbreviation.forms[index] as number);
      if (form === Form.sec_offset || form === Form.loclistx || (unit.version < 4 && (form === Form.data4 || form === Form.data8)))
        return true;
    }
    position = abbreviation.fixedSize >= 0 ? position + abbreviation.fixedSize : skipByPlan(bytes, position, abbreviation.plan, unit);
    if (abbreviation.hasChildren) depth++;
  }
  return false;
};

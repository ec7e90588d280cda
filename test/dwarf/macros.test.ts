/** Macros: .debug_macro with imports, strings of every form, and rings of imports; .debug_macinfo. */
import { describe, expect, it } from 'vitest';
import { At, Form, Tag } from '../../src/dwarf/constants.js';
import { readMacros, type MacroEvent } from '../../src/dwarf/macros.js';
import { abbreviations, dwarfWith, text, u16, u32, uleb, unit5 } from './sections.js';

const events = (attribute: number, sections: Readonly<Record<string, readonly number[]>>): { events: MacroEvent[]; problem?: unknown } => {
  const abbrev = abbreviations([1, Tag.compile_unit, false, attribute, Form.sec_offset]);
  const file = dwarfWith({ abbrev, info: unit5([1, ...u32(0)]), ...sections });
  const result: MacroEvent[] = [];
  try {
    readMacros(file.units()[0], (event) => void result.push(event));
  } catch (problem) {
    return { events: result, problem };
  }
  return { events: result };
};

const header = (flags = 0): number[] => [...u16(5), flags];

describe('macros', () => {
  it('of .debug_macro', () => {
    const first = [
      ...header(2),
      ...u32(0), // of the line table
      ...[3, 0, 1], // start_file
      ...[1, ...uleb(10), ...text('A 1')],
      ...[5, ...uleb(11), ...u32(2)], // define_strp
      ...[0x0b, 12, 0], // define_strx
      ...[2, 13, ...text('A')],
      ...[6, 14, ...u32(2)], // undef_strp
      ...[7, ...u32(100)], // import
      4,
      0,
    ];
    const macro = [...first, ...Array<number>(100 - first.length).fill(0), ...header(), 1, 1, ...text('D 4'), 0];
    const sections = { macro, str: [...text('x'), ...text('B 2'), ...text('C 3')], str_offsets: [...u32(8), ...u16(5), 0, 0, ...u32(6)] };
    expect(events(At.macros, sections)).toEqual({
      events: [
        { kind: 'start', line: 0, file: 1 },
        { kind: 'define', line: 10, text: 'A 1' },
        { kind: 'define', line: 11, text: 'B 2' },
        { kind: 'define', line: 12, text: 'C 3' },
        { kind: 'undef', line: 13, text: 'A' },
        { kind: 'undef', line: 14, text: 'B 2' },
        { kind: 'define', line: 1, text: 'D 4' },
        { kind: 'end' },
      ],
    });
  });

  it('a unit that imports itself, and chains of imports', () => {
    expect(events(At.macros, { macro: [...header(), 7, ...u32(0), 1, 1, ...text('A'), 0] }).events).toHaveLength(1);
    const chain = Array.from({ length: 5000 }, (_, i) => [...header(), 7, ...u32((i + 1) * 9), 0]).flat();
    expect(events(At.GNU_macros, { macro: chain }).events).toEqual([]);
  });

  it('of .debug_macinfo', () => {
    const macinfo = [3, 0, 1, 1, 5, ...text('A(x) x'), 255, 7, ...text('vendor'), 2, 6, ...text('A'), 4, 0];
    expect(events(At.macro_info, { macinfo }).events).toEqual([
      { kind: 'start', line: 0, file: 1 },
      { kind: 'define', line: 5, text: 'A(x) x' },
      { kind: 'undef', line: 6, text: 'A' },
      { kind: 'end' },
    ]);
  });

  it.each([
    ['an entry of no known kind', [...header(), 1, 1, ...text('A'), 99], '.debug_macro+0x7: macro entry of kind 99'],
    ['a version of the future', [...u16(9), 0], '.debug_macro+0x0: macro unit of version 9'],
    ['a string without an end', [...header(), 1, 1, 0x41], 'string without an end'],
  ])('%s', (_, macro, problem) => {
    expect(String(events(At.macros, { macro }).problem)).toContain(problem);
  });
});

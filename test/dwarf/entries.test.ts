/** Units, abbreviations and entries: against readelf, and every form of attribute. */
import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { At, Form, Tag } from '../../src/dwarf/constants.js';
import type { Die } from '../../src/dwarf/die.js';
import { DwarfFile } from '../../src/dwarf/file.js';
import { walk } from '../../src/dwarf/walk.js';
import { fixture } from '../helpers/build.js';
import { symbolsProgram } from '../symbols/oracle.js';
import { abbreviations, dwarfOf, dwarfWith, text, u16, u32, u64, uleb, unit4, unit5, counted } from './sections.js';

/** `<depth><offset>` of each entry, and its tag's number, in the order of the file. */
const ours = (file: DwarfFile): string[] => {
  const result: string[] = [];
  const visit = (die: Die, depth: number): void => {
    result.push(`${depth} ${die.offset.toString(16)} ${die.string(At.name) ?? ''}`);
    for (const child of die.children()) visit(child, depth + 1);
  };
  for (const unit of [...file.units(), ...file.typeSectionUnits()]) visit(unit.root, 0);
  return result;
};

const readelfs = (program: string): string[] => {
  const result: string[] = [];
  for (const line of execFileSync('readelf', ['--debug-dump=info', '--wide', program], { encoding: 'utf8', maxBuffer: 1 << 28 }).split(
    '\n',
  )) {
    const entry = /^ *<([0-9a-f]+)><([0-9a-f]+)>: Abbrev Number: [1-9]/.exec(line);
    if (entry) result.push(`${parseInt(entry[1], 16)} ${entry[2]} `);
    // Before the name, in brackets, its form: `(indirect string, offset: 0x12): `, `(strp) (offset: 0x12): `.
    const name = /DW_AT_name +: (?:\([^)]*\):? )*(.*?)\s*$/.exec(line);
    if (name && result.length > 0) result[result.length - 1] += name[1];
  }
  return result;
};

describe('entries', () => {
  it.each([
    ['-g', symbolsProgram([])],
    ['-O2', symbolsProgram(['-O2'])],
    ['-gdwarf-2', symbolsProgram(['-gdwarf-2', '-gstrict-dwarf'])],
    ['-gdwarf-4', symbolsProgram(['-gdwarf-4'])],
    ['-gdwarf64', symbolsProgram(['-gdwarf64'])],
    ['-gz', symbolsProgram(['-gz'])],
    ['type units', symbolsProgram(['-fdebug-types-section'])],
    ['type units of DWARF 4', symbolsProgram(['-fdebug-types-section', '-gdwarf-4'])],
    ['LTO', symbolsProgram(['-flto', '-O2'])],
    ['clang', symbolsProgram(['-std=gnu11'], 'clang')],
    ['C++', fixture('classes')],
  ])('%s: the same tree as readelf', (_, program) => {
    const file = dwarfOf(program);
    const mine = ours(file);
    expect(mine.length).toBeGreaterThan(50);
    expect(mine).toEqual(readelfs(program));
    expect(file.warnings).toEqual([]);
  });

  it('a walk sees every entry, and a walk of a part that part', () => {
    const file = dwarfOf(symbolsProgram([]));
    for (const unit of file.units()) {
      const seen: number[] = [];
      walk(
        unit,
        () => true,
        (offset) => void seen.push(offset),
      );
      const all: number[] = [];
      const visit = (die: Die): void => {
        all.push(die.offset);
        die.children().forEach(visit);
      };
      visit(unit.root);
      expect(seen).toEqual(all);
      for (const child of unit.root.children()) {
        const part: number[] = [];
        walk(
          unit,
          () => true,
          (offset) => void part.push(offset),
          child.offset,
        );
        expect(part).toEqual(all.filter((offset) => offset >= child.offset && offset < child.siblingOffset()));
      }
    }
  });
});

describe('forms', () => {
  const one = (form: number, value: readonly number[], sections: Record<string, readonly number[]> = {}): Die => {
    const file = dwarfWith({
      abbrev: abbreviations([1, Tag.compile_unit, true], [2, Tag.variable, false, At.const_value, form, At.byte_size, Form.data1]),
      info: unit5([1, 2, ...value, 0x5a, 0]),
      ...sections,
    });
    const [die] = file.units()[0].root.children();
    // What follows the value is where it should be.
    expect(die.number(At.byte_size)).toBe(0x5a);
    expect(file.warnings).toEqual([]);
    return die;
  };

  it.each([
    ['data1', Form.data1, [0xff], 255n, -1n],
    ['data2', Form.data2, u16(0xfffe), 65534n, -2n],
    ['data4', Form.data4, u32(0xffff_fffd), 4294967293n, -3n],
    ['data8', Form.data8, u64(-4n), (1n << 64n) - 4n, -4n],
    ['udata', Form.udata, [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01], 1n << 63n, 1n << 63n],
    ['sdata', Form.sdata, [0x7b], -5n, -5n],
    ['indirect udata', Form.indirect, [Form.udata, 0x85, 0x01], 133n, 133n],
  ])('%s', (_, form, value, unsigned, signed) => {
    expect(one(form, value).big(At.const_value)).toBe(unsigned);
    expect(one(form, value).big(At.const_value, true)).toBe(signed);
  });

  it.each([
    ['exprloc', Form.exprloc, [2, 7, 8]],
    ['block', Form.block, [2, 7, 8]],
    ['block1', Form.block1, [2, 7, 8]],
    ['block2', Form.block2, [2, 0, 7, 8]],
    ['block4', Form.block4, [2, 0, 0, 0, 7, 8]],
  ])('%s', (_, form, value) => {
    expect(one(form, value).block(At.const_value)).toEqual(Uint8Array.from([7, 8]));
  });

  it('data16 is a block of 16 bytes', () => {
    const bytes = Array.from({ length: 16 }, (_, i) => i);
    expect(one(Form.data16, bytes).block(At.const_value)).toEqual(Uint8Array.from(bytes));
  });

  it.each([
    ['string', Form.string, text('caf\u00e9'), {}],
    ['strp', Form.strp, u32(3), { str: [...text('ab'), ...text('caf\u00e9')] }],
    ['line_strp', Form.line_strp, u32(1), { line_str: [0, ...text('caf\u00e9')] }],
    // Without DW_AT_str_offsets_base the table follows its header.
    ['strx', Form.strx, [1], { str: text('caf\u00e9'), str_offsets: [...u32(12), ...u16(5), 0, 0, ...u32(99), ...u32(0)] }],
    ['strx1', Form.strx1, [1], { str: text('caf\u00e9'), str_offsets: [...u32(12), ...u16(5), 0, 0, ...u32(99), ...u32(0)] }],
    ['strx2', Form.strx2, [1, 0], { str: text('caf\u00e9'), str_offsets: [...u32(12), ...u16(5), 0, 0, ...u32(99), ...u32(0)] }],
    ['strx3', Form.strx3, [1, 0, 0], { str: text('caf\u00e9'), str_offsets: [...u32(12), ...u16(5), 0, 0, ...u32(99), ...u32(0)] }],
    ['strx4', Form.strx4, u32(1), { str: text('caf\u00e9'), str_offsets: [...u32(12), ...u16(5), 0, 0, ...u32(99), ...u32(0)] }],
  ])('%s', (_, form, value, sections) => {
    expect(one(form, value, sections).string(At.const_value)).toBe('caf\u00e9');
  });

  const table = [...u32(20), ...u16(5), 8, 0, ...u64(0x10), ...u64(0x401000)];
  it.each([
    ['addr', Form.addr, u64(0x401000)],
    ['addrx', Form.addrx, [1]],
    ['addrx1', Form.addrx1, [1]],
    ['addrx2', Form.addrx2, [1, 0]],
    ['addrx3', Form.addrx3, [1, 0, 0]],
    ['addrx4', Form.addrx4, u32(1)],
  ])('%s', (_, form, value) => {
    expect(one(form, value, { addr: table }).address(At.const_value)).toBe(0x401000);
  });

  it('an index that a table does not have is no value', () => {
    expect(one(Form.addrx, [2], { addr: table }).address(At.const_value)).toBeUndefined();
    expect(one(Form.strx1, [200]).string(At.const_value)).toBeUndefined();
  });

  // The variable's entry stands 13 bytes into the unit: behind the header (12) and the first entry.
  it.each([
    ['ref1', Form.ref1, [13]],
    ['ref2', Form.ref2, u16(13)],
    ['ref4', Form.ref4, u32(13)],
    ['ref8', Form.ref8, u64(13)],
    ['ref_udata', Form.ref_udata, uleb(13)],
    ['ref_addr', Form.ref_addr, u32(13)],
  ])('%s', (_, form, value) => {
    expect(one(form, value).reference(At.const_value)?.offset).toBe(13);
  });

  it('flags', () => {
    expect(one(Form.flag, [1]).flag(At.const_value)).toBe(true);
    expect(one(Form.flag, [0]).flag(At.const_value)).toBe(false);
    expect(one(Form.flag_present, []).flag(At.const_value)).toBe(true);
  });

  it('a constant of the abbreviation itself keeps all its bits', () => {
    const abbrev = [1, Tag.compile_unit, 0, At.const_value, Form.implicit_const, ...Array<number>(9).fill(0xff), 0x00, 0, 0, 0];
    const root = dwarfWith({ abbrev, info: unit5([1]) }).units()[0].root;
    expect(root.big(At.const_value)).toBe((1n << 63n) - 1n);
  });

  it('a type of another unit, by its signature', () => {
    const abbrev = abbreviations(
      [1, Tag.compile_unit, true],
      [2, Tag.variable, false, At.type, Form.ref_sig8],
      [3, Tag.type_unit, true],
      [4, Tag.base_type, false, At.name, Form.string],
    );
    const typeUnit = counted([...u16(5), 2, 8, ...u32(0), ...u64(0x1122_3344_5566_7788n), ...u32(25), 3, 4, ...text('int'), 0]);
    const file = dwarfWith({ abbrev, info: [...unit5([1, 2, ...u64(0x1122_3344_5566_7788n), 0]), ...typeUnit] });
    const [variable] = file.units()[0].root.children();
    expect(variable.reference(At.type)?.string(At.name)).toBe('int');
  });
});

describe('damage in entries', () => {
  const abbrev = abbreviations([1, Tag.compile_unit, true], [2, Tag.variable, false, At.name, Form.string], [3, Tag.namespace, true]);

  it('an abbreviation that is missing ends the list', () => {
    const file = dwarfWith({ abbrev, info: unit4([1, 2, ...text('a'), 9, 2, ...text('b'), 0]) });
    expect(
      file
        .units()[0]
        .root.children()
        .map((die) => die.string(At.name)),
    ).toEqual(['a']);
    expect(file.warnings).toEqual(['.debug_info+0xf: no abbreviation 9']);
  });

  it('an attribute that runs out of its unit', () => {
    const file = dwarfWith({ abbrev, info: unit4([1, 2, 0x61, 0x62]) });
    expect(file.units()[0].root.children()).toEqual([]);
    expect(file.warnings).toEqual(['.debug_info+0xc: entry runs over the end of its unit']);
  });

  it('lists of children that never end', () => {
    const file = dwarfWith({ abbrev, info: unit4([1, ...Array<number>(100_000).fill(3)]) });
    expect(file.units()[0].root.children()).toHaveLength(1);
  });

  it('a list of children without an end is over where its unit is, though another unit follows', () => {
    const file = dwarfWith({ abbrev, info: [...unit4([1, 2, ...text('a')]), ...unit4([1, 0])] });
    const [first, second] = file.units();
    expect(first.root.siblingOffset()).toBe(second.offset);
    expect(file.warnings).toEqual([]);
  });

  it('a unit has no entries before its first and behind its end', () => {
    const file = dwarfWith({ abbrev, info: [...unit4([1, 0]), ...unit4([1, 0])] });
    const [first, second] = file.units();
    expect(first.dieAt(second.firstDie)).toBeUndefined();
    expect(second.dieAt(first.firstDie)).toBeUndefined();
    expect(second.dieAt(second.firstDie)?.tag).toBe(Tag.compile_unit);
  });

  it('a unit of absurd length ends the list of units, one of an unknown version does not', () => {
    const good = unit4([1, 0]);
    const strange = counted([...u16(77), ...u32(0), 8, 1, 0]);
    const file = dwarfWith({ abbrev, info: [...good, ...strange, ...good, ...u32(0xfff0)] });
    expect(file.units().map((unit) => unit.offset)).toEqual([0, 26]);
    expect(file.warnings).toEqual([
      '.debug_info+0xd: unit of version 77 with 0-byte addresses',
      expect.stringMatching(/^\.debug_info\+0x27: unit of absurd length/),
    ]);
  });

  it('what the walk over the headers leaves behind is told once, in order and whole', () => {
    const padding = 700_000;
    const unit = [...u32(padding + 7), ...u16(4), ...u32(0), 8];
    const info = new Uint8Array(5 * (unit.length + padding));
    for (let at = 0; at < info.length; at += unit.length + padding) info.set(unit, at);
    const told: Uint8Array[] = [];
    const file = new DwarfFile(
      (name) => (name === 'info' ? info : new Uint8Array(0)),
      undefined,
      undefined,
      (bytes) => told.push(bytes),
    );
    expect(file.units()).toHaveLength(5);
    expect(told).toHaveLength(3);
    expect(Buffer.concat(told).equals(info)).toBe(true);
  });

  it('a chain of origins that is a ring', () => {
    const ring = abbreviations([1, Tag.compile_unit, true], [2, Tag.subprogram, false, At.abstract_origin, Form.ref1]);
    const [first] = dwarfWith({ abbrev: ring, info: unit4([1, 2, 14, 2, 12, 0]) })
      .units()[0]
      .root.children();
    expect(first.lineage().map((die) => die.offset)).toEqual([12, 14]);
  });
});

it('a unit whose root cannot be read speaks no language, and does not take that of the others away', () => {
  const abbrev = abbreviations([1, Tag.compile_unit, false, At.language, Form.data1]);
  const [bad, good] = dwarfWith({ abbrev, info: [...unit4([0x7f]), ...unit4([1, 2])] }).units();
  expect([bad.language, good.language]).toEqual([0, 2]);
});

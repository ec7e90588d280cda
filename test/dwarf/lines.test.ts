/** Line tables: against readelf, and programs that compilers do not write. */
import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { At, Form, Tag } from '../../src/dwarf/constants.js';
import { filePath, joinPath, readLineHeader } from '../../src/dwarf/lines.js';
import type { Unit } from '../../src/dwarf/unit.js';
import { RowFlag, runLineProgram, type LineRows } from '../../src/symbols/line-rows.js';
import { allBuilds, otherBuilds } from '../helpers/matrix.js';
import { symbolsProgram } from '../symbols/oracle.js';
import { abbreviations, counted, dwarfOf, dwarfWith, sleb, text, u16, u32, u64, uleb, unit4, unit5 } from './sections.js';

const lineRows = (unit: Unit): { rows: LineRows; problem?: unknown; files: (string | undefined)[] } => {
  const header = readLineHeader(unit, unit.root.number(At.stmt_list) ?? 0);
  const run = runLineProgram(unit, header);
  return { ...run, files: header.files.map((_, index) => filePath(unit, header, index)?.path) };
};

/** `address line is_stmt` of each row, `address -` where a sequence ends. */
const ours = (program: string): string[] =>
  dwarfOf(program)
    .units()
    .filter((unit) => unit.root.has(At.stmt_list) && (unit.root.tag === Tag.compile_unit || unit.root.tag === Tag.skeleton_unit))
    .flatMap((unit) => {
      const { rows } = lineRows(unit);
      return Array.from({ length: rows.count }, (_, i) => {
        const end = (rows.flags(i) & RowFlag.endSequence) !== 0;
        const statement = (rows.flags(i) & RowFlag.isStatement) !== 0;
        return `${rows.address(i).toString(16)} ${end ? '-' : `${rows.line(i)}${statement ? ' x' : ''}`}`;
      });
    });

const readelfs = (program: string): string[] =>
  execFileSync('readelf', ['--debug-dump=decodedline', '--wide', program], { encoding: 'utf8' })
    .split('\n')
    .map((line) => /^\S+\s+(\d+|-)\s+(?:0x)?([0-9a-f]+)(?:\[\d+\])?(?:\s+\d+)?(\s+x)?(?:\s+END)?\s*$/.exec(line))
    .filter((match) => match !== null)
    .map(([, line, address, statement]) => `${address} ${line}${statement && line !== '-' ? ' x' : ''}`);

/** Rows as sequences, in the order of their first addresses: `runLineProgram` sorts those of a unit, readelf does not. */
const sequences = (rows: readonly string[]): string[] => {
  const found: string[][] = [[]];
  for (const row of rows) {
    found.at(-1)?.push(row);
    if (row.endsWith(' -')) found.push([]);
  }
  const begin = ([row = 'f']: readonly string[]): number => parseInt(row, 16);
  return found.sort((a, b) => begin(a) - begin(b)).flat();
};

describe('line tables', () => {
  it.each([...[...allBuilds, ...otherBuilds].map(({ name, flags, compiler }) => [name, symbolsProgram(flags, compiler)] as const)])(
    '%s: the same rows as readelf',
    (_, program) => {
      const rows = ours(program);
      expect(rows.length).toBeGreaterThan(10);
      expect(sequences(rows)).toEqual(sequences(readelfs(program)));
    },
  );
});

/** A unit with a line table of version 4: one directory, two files, the program given. */
const unitWithLines = (program: readonly number[], options: { minimum?: number; operations?: number; range?: number } = {}): Unit => {
  const { minimum = 1, operations = 1, range = 14 } = options;
  // Standard opcodes up to 13: the last is of some vendor and has two operands.
  const lengths = [0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1, 2];
  const tables = [...text('inc'), 0, ...text('a.c'), 0, 0, 0, ...text('b.h'), 1, 0, 0, 0];
  const head = [minimum, operations, 1, 0xfb, range, lengths.length + 1, ...lengths, ...tables];
  const line = counted([...u16(4), ...u32(head.length), ...head, ...program]);
  const abbrev = abbreviations([1, Tag.compile_unit, false, At.stmt_list, Form.sec_offset, At.comp_dir, Form.string]);
  return dwarfWith({ abbrev, info: unit4([1, ...u32(0), ...text('/home/me')]), line }).units()[0];
};

const setAddress = (address: number): number[] => [0, 9, 2, ...u64(address)];
const endSequence = [0, 1, 1];
const special = (addressAdvance: number, lineAdvance: number): number => lineAdvance + 5 + 14 * addressAdvance + 14;

const listed = (unit: Unit): string[] => {
  const { rows } = lineRows(unit);
  return Array.from({ length: rows.count }, (_, i) => {
    const flags = Object.entries(RowFlag)
      .filter(([, bit]) => rows.flags(i) & bit)
      .map(([name]) => ` ${name}`)
      .join('');
    const discriminator = rows.discriminator(i) ? ` discriminator ${rows.discriminator(i)}` : '';
    return `${rows.address(i).toString(16)} ${rows.file(i)}:${rows.line(i)}:${rows.column(i)}${flags}${discriminator}`;
  });
};

describe('line programs', () => {
  it('every standard opcode', () => {
    const program = [
      ...setAddress(0x1000),
      ...[3, ...sleb(9)], // advance_line
      ...[5, ...uleb(300)], // set_column
      1, // copy
      ...[2, ...uleb(4)], // advance_pc
      ...[4, 2], // set_file
      6, // negate_stmt
      7, // set_basic_block
      10, // set_prologue_end
      1,
      8, // const_add_pc: as special opcode 255
      11, // set_epilogue_begin
      ...[12, 3], // set_isa
      1,
      ...[9, ...u16(0x100)], // fixed_advance_pc
      ...[13, 1, 2], // unknown, two operands
      special(2, -3),
      ...endSequence,
    ];
    expect(listed(unitWithLines(program))).toEqual([
      '1000 1:10:300 isStatement',
      '1004 2:10:300 prologueEnd',
      '1015 2:10:300 epilogueBegin',
      '1117 2:7:300',
      '1117 2:7:300 endSequence',
    ]);
  });

  it('extended opcodes: discriminators, files defined on the way, vendors', () => {
    const unit = unitWithLines([
      ...setAddress(0x2000),
      ...[0, 2, 4, 7], // set_discriminator
      1,
      1,
      ...[0, 8, 3, ...text('c.h'), 1, 0, 0], // define_file
      ...[0, 4, 0x80, 1, 2, 3], // of a vendor
      ...[4, 3],
      special(1, 1),
      ...endSequence,
    ]);
    expect(listed(unit)).toEqual([
      '2000 1:1:0 isStatement discriminator 7',
      '2000 1:1:0 isStatement',
      '2001 3:2:0 isStatement',
      '2001 3:2:0 isStatement endSequence',
    ]);
    expect(lineRows(unit).files).toEqual([undefined, '/home/me/a.c', '/home/me/inc/b.h', '/home/me/inc/c.h']);
  });

  it('several operations in one instruction', () => {
    const program = [...setAddress(0x3000), special(1, 1), special(4, 1), special(1, 0), ...endSequence];
    expect(listed(unitWithLines(program, { minimum: 16, operations: 3 })).map((row) => row.split(' ')[0])).toEqual([
      '3000',
      '3010',
      '3020',
      '3020',
    ]);
  });

  it('each sequence begins anew, and stands where its address belongs', () => {
    const program = [...setAddress(0x5000), ...[3, ...sleb(99)], ...[4, 2], 6, 1, ...endSequence, ...setAddress(0x4000), 1, ...endSequence];
    expect(listed(unitWithLines(program))).toEqual([
      '4000 1:1:0 isStatement',
      '4000 1:1:0 isStatement endSequence',
      '5000 2:100:0',
      '5000 2:100:0 endSequence',
    ]);
  });

  it('a program that breaks off is closed where it stood', () => {
    const { rows, problem } = lineRows(unitWithLines([...setAddress(0x6000), 1, 2, 0x80]));
    expect(rows.count).toBe(2);
    expect(rows.flags(1) & RowFlag.endSequence).toBeTruthy();
    expect(String(problem)).toMatch(/\.debug_line\+0x[0-9a-f]+: the line program breaks off/);
  });

  it('special opcodes with a line range of 0', () => {
    expect(String(lineRows(unitWithLines([100], { range: 0 })).problem)).toContain('line range of 0');
  });
});

describe('the tables of version 5', () => {
  const unitWithTables = (tables: readonly number[]): Unit => {
    const head = [1, 1, 1, 0xfb, 14, 13, 0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1, ...tables];
    const line = counted([...u16(5), 8, 0, ...u32(head.length), ...head]);
    const abbrev = abbreviations([1, Tag.compile_unit, false, At.stmt_list, Form.sec_offset]);
    const str = [...text('x'), ...text('sub/deep')];
    return dwarfWith({ abbrev, info: unit5([1, ...u32(0)]), line, str, line_str: text('main.c') }).units()[0];
  };

  it('columns in any order, of any form', () => {
    const directories = [1, 1, Form.string, 2, ...text('/build'), ...text('sub')];
    const columns = [4, 5, Form.data16, 2, Form.udata, ...uleb(0x2001), Form.block1, 1, Form.string];
    const md5 = Array.from({ length: 16 }, (_, i) => i);
    const file = (directory: number, name: string): number[] => [...md5, directory, 2, 9, 9, ...text(name)];
    const unit = unitWithTables([...directories, ...columns, 3, ...file(0, 'main.c'), ...file(1, 'b.h'), ...file(0, '../c.h')]);
    const header = readLineHeader(unit, 0);
    expect(header.files.map((_, index) => filePath(unit, header, index)?.path)).toEqual(['/build/main.c', '/build/sub/b.h', '/c.h']);
    expect(header.files[0]?.md5).toEqual(Uint8Array.from(md5));
  });

  it('names in string sections', () => {
    const unit = unitWithTables([1, 1, Form.strp, 1, ...u32(2), 2, 1, Form.line_strp, 2, Form.data1, 1, ...u32(0), 0]);
    const header = readLineHeader(unit, 0);
    expect(header.directories).toEqual(['sub/deep']);
    expect(header.files).toEqual([{ name: 'main.c', directory: 0 }]);
  });

  it.each([
    ['a count without end', [1, 1, Form.string, ...uleb(1_000_000_000)], 'absurd number of files'],
    ['an unknown form', [1, 1, 0x7f, 1, 0], 'form 0x7f'],
    ['a string without an end', [1, 1, Form.string, 2, ...text('a'), 0x62, 0x62], 'string without an end'],
  ])('%s', (_, tables, problem) => {
    expect(() => readLineHeader(unitWithTables(tables), 0)).toThrow(problem);
  });
});

describe('paths', () => {
  it.each([
    ['/home/me', 'src', 'a.c', '/home/me/src/a.c'],
    ['/home/me', '', 'a.c', '/home/me/a.c'],
    ['/home/me', '/usr/include', 'stdio.h', '/usr/include/stdio.h'],
    ['/home/me', 'src', '/abs/b.c', '/abs/b.c'],
    ['/home/me/build', '../src', './c.c', '/home/me/src/c.c'],
    ['/', '../..', 'd.c', '/d.c'],
    ['build', '../src', 'e.c', 'src/e.c'],
    ['', '..', 'f.c', '../f.c'],
  ])('%s + %s + %s', (base, directory, name, path) => expect(joinPath(base, directory, name)).toBe(path));
});

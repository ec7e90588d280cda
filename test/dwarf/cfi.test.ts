/** Call-frame tables of real files against `readelf --debug-dump=frames-interp`, row by row; and hand-made programs. */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { fileAddress } from '../../src/common/addresses.js';
import { CallFrames, type RegisterRule, type Row } from '../../src/dwarf/cfi.js';
import { FrameEntries } from '../../src/dwarf/cfi-entries.js';
import { rowAt, visitRows } from '../../src/dwarf/cfi-program.js';
import type { CallFrameSource } from '../../src/dwarf/location.js';
import { openImage } from '../../src/symbols/open.js';
import { attackFrames } from '../fuzz/frames.js';
import { compileText } from '../helpers/build.js';

const names = ['rax', 'rdx', 'rcx', 'rbx', 'rsi', 'rdi', 'rbp', 'rsp', 'r8', 'r9', 'r10', 'r11', 'r12', 'r13', 'r14', 'r15', 'ra'];

const signed = (value: number): string => (value >= 0 ? `+${value}` : String(value));

const cell = (rule: RegisterRule | undefined): string => {
  switch (rule?.kind) {
    case undefined:
    case 'undefined':
      return 'u';
    case 'same':
      return 's';
    case 'offset':
      return `c${signed(rule.offset)}`;
    case 'value-offset':
      return `v${signed(rule.offset)}`;
    case 'register':
      return `r${rule.register}`;
    case 'expression':
      return 'exp';
    case 'value-expression':
      return 'vexp';
  }
};

/** A row in readelf's words, without the columns that say nothing. */
const textOf = ({ cfa, registers }: Row): string => {
  const cfaText = cfa.kind === 'expression' ? 'exp' : `${names[cfa.register]}${signed(cfa.offset)}`;
  const cells = [...registers].filter(([, rule]) => cell(rule) !== 'u').sort(([a], [b]) => a - b);
  return [cfaText, ...cells.map(([register, rule]) => `${names[register]}=${cell(rule)}`)].join(' ');
};

interface Table {
  readonly low: number;
  readonly high: number;
  readonly rows: { readonly at: number; readonly text: string }[];
}

/** readelf's tables of one section. */
const readelf = (path: string, section: string): Table[] => {
  // Its status is 1 for files with entries that it finds odd, which it prints all the same.
  const { stdout: output } = spawnSync('readelf', ['--wide', '--debug-dump=frames-interp', path], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const tables: Table[] = [];
  let columns: string[] = [];
  let inSection = false;
  let table: Table | undefined;
  for (const line of output.split('\n')) {
    if (line.startsWith('Contents of')) inSection = line.includes(` ${section} `);
    if (!inSection) continue;
    const head = / FDE .*pc=([0-9a-f]+)\.\.([0-9a-f]+)/.exec(line);
    if (head) tables.push((table = { low: parseInt(head[1], 16), high: parseInt(head[2], 16), rows: [] }));
    else if (line.includes(' CIE ')) table = undefined;
    else if (/^ +LOC/.test(line)) columns = line.trim().split(/\s+/).slice(2);
    else if (table && /^[0-9a-f]{16} /.test(line)) {
      // A register is printed with its name behind it: `r9 (r9)`.
      const [at, cfa, ...cells] = line
        .replace(/ \(r\w+\)/g, '')
        .trim()
        .split(/\s+/);
      const shown = cells.map((text, i) => [columns[i], text]).filter(([, text]) => text !== 'u');
      table.rows.push({ at: parseInt(at, 16), text: [cfa, ...shown.map(([name, text]) => `${name}=${text}`)].join(' ') });
    }
  }
  return tables;
};

const program = `
#include <stdio.h>
#include <string.h>
double mean(const double *v, int n) { double s = 0; for (int i = 0; i < n; i++) s += v[i]; return n ? s / n : 0; }
int big(int n) { char text[n + 1]; memset(text, 'x', n); text[n] = 0; return printf("%s", text) + (int) mean((double[]) {1, 2}, 2); }
int main(int argc, char **argv) { return big(argc) + (int) strlen(argv[0]); }
`;

const files: [string, string, string][] = [
  ['/bin/ls', '/bin/ls', '.eh_frame'],
  ['libc', '/lib/x86_64-linux-gnu/libc.so.6', '.eh_frame'],
  ['gcc -O0', compileText('cfi.c', program), '.eh_frame'],
  ['gcc -O2', compileText('cfi.c', program, ['-O2']), '.eh_frame'],
  ['clang -O2', compileText('cfi.c', program, ['-O2'], 'clang'), '.eh_frame'],
  ['.debug_frame', compileText('cfi.c', program, ['-O1', '-fno-asynchronous-unwind-tables']), '.debug_frame'],
  ['.debug_frame, DWARF 4', compileText('cfi.c', program, ['-O1', '-gdwarf-4', '-fno-asynchronous-unwind-tables']), '.debug_frame'],
];

describe('tables of real files', () => {
  it.each(files)('%s as readelf has them', (_, path, section) => {
    const tables = readelf(path, section);
    const image = openImage(path);
    const frames = new CallFrames(image.callFrames);
    const entries = FrameEntries.of(image.callFrames).find((each) => each.section.name === section);
    expect(tables.length).toBeGreaterThan(0);
    expect([...(entries?.frames() ?? [])].map(({ low, high }) => [low, high])).toEqual(tables.map(({ low, high }) => [low, high]));
    let compared = 0;
    for (const { low, high, rows } of tables) {
      const entry = frames.entryAt(low);
      if (high === low || entry === undefined) continue;
      // A table of one row is not printed.
      const wanted: string[] = [];
      const found: string[] = [];
      for (const [i, { at, text }] of rows.entries()) {
        const end = rows[i + 1]?.at ?? high;
        if (end === at) continue;
        wanted.push(`${at} ${text}`, `${at} ${text}`);
        for (const row of [rowAt(entry, at), frames.rowAt(end - 1)]) found.push(row === undefined ? '' : `${row.low} ${textOf(row)}`);
        compared++;
      }
      expect([entry.low, entry.high, frames.rowAt(low)?.low, ...found]).toEqual([low, high, low, ...wanted]);
    }
    expect(compared).toBeGreaterThan(4);
  });

  it('are found without .eh_frame_hdr too, and with one that lies', () => {
    const { callFrames } = openImage(files[2][1]);
    const main = openImage(files[2][1]).symbolsNamed('main')[0].address;
    const expected = new CallFrames(callFrames).rowAt(main + 4);
    expect(expected).toBeDefined();
    expect(new CallFrames({ ...callFrames, ehFrameHeader: undefined }).rowAt(main + 4)).toEqual(expected);
    const header = callFrames.ehFrameHeader!;
    for (const bytes of [header.bytes.slice(0, 9), Uint8Array.from(header.bytes, (byte, i) => (i === 0 ? 9 : byte)), new Uint8Array(0)])
      expect(new CallFrames({ ...callFrames, ehFrameHeader: { ...header, bytes } }).rowAt(main + 4)).toEqual(expected);
  });

  it('are found in a file without section headers', () => {
    const program = files[3][1];
    const bare = `${program}.bare`;
    const bytes = readFileSync(program);
    bytes.fill(0, 40, 48); // e_shoff
    bytes.fill(0, 58, 64); // e_shentsize, e_shnum, e_shstrndx
    writeFileSync(bare, bytes);
    const [whole, cut] = [program, bare].map((path) => new CallFrames(openImage(path).callFrames));
    const main = openImage(program).symbolsNamed('main')[0].address;
    expect(cut.rowAt(main)).toBeDefined();
    for (const { low, high } of FrameEntries.of(openImage(program).callFrames)[0].frames())
      for (let address = low as number; address < high; address++) expect(cut.rowAt(address)).toEqual(whole.rowAt(address));
  });

  it('have no row outside of all functions', () => {
    const frames = new CallFrames(openImage('/bin/ls').callFrames);
    expect(frames.rowAt(0)).toBeUndefined();
    expect(frames.rowAt(2 ** 40)).toBeUndefined();
    expect(frames.rowAt(NaN)).toBeUndefined();
  });
});

/** A .debug_frame with one CIE and one FDE for [0x1000, 0x1100). */
const source = (instructions: readonly number[], initial: readonly number[] = [0x0c, 7, 8, 0x90, 1]): CallFrameSource => {
  const entry = (body: readonly number[]): number[] => {
    const padded = [...body, ...new Array<number>((8 - ((body.length + 4) % 8)) % 8).fill(0)];
    return [padded.length & 0xff, padded.length >> 8, 0, 0, ...padded];
  };
  const address = (value: number): number[] => [value & 0xff, (value >> 8) & 0xff, 0, 0, 0, 0, 0, 0];
  const cie = entry([0xff, 0xff, 0xff, 0xff, 1, 0, 1, 0x78, 16, ...initial]);
  const fde = entry([0, 0, 0, 0, ...address(0x1000), ...address(0x100), ...instructions]);
  return {
    ehFrame: undefined,
    ehFrameHeader: undefined,
    debugFrame: { bytes: Uint8Array.from([...cie, ...fde]) },
    textAddress: undefined,
    gotAddress: undefined,
  };
};

const rowsOf = (instructions: readonly number[]): string[] => {
  const entry = new CallFrames(source(instructions)).entryAt(0x1000);
  const rows: string[] = [];
  if (entry) visitRows(entry, (row) => rows.push(`${row.low.toString(16)} ${textOf(row)}`) > 0);
  return rows;
};

const start = '1000 rsp+8 ra=c-8';

describe('instructions', () => {
  it.each<[string, number[], string[]]>([
    ['advance_loc and def_cfa_offset', [0x41, 0x0e, 16], [start, '1001 rsp+16 ra=c-8']],
    ['advance_loc1', [0x02, 0x20, 0x0e, 16], [start, '1020 rsp+16 ra=c-8']],
    ['advance_loc2', [0x03, 0x80, 0, 0x0e, 16], [start, '1080 rsp+16 ra=c-8']],
    ['advance_loc4', [0x04, 0x80, 0, 0, 0, 0x0e, 16], [start, '1080 rsp+16 ra=c-8']],
    ['set_loc', [0x01, 0x10, 0x10, 0, 0, 0, 0, 0, 0, 0x0e, 16], [start, '1010 rsp+16 ra=c-8']],
    ['offset', [0x86, 2], ['1000 rsp+8 rbp=c-16 ra=c-8']],
    ['offset_extended', [0x05, 6, 2], ['1000 rsp+8 rbp=c-16 ra=c-8']],
    ['offset_extended_sf', [0x11, 6, 0x7f], ['1000 rsp+8 rbp=c+8 ra=c-8']],
    ['GNU_negative_offset_extended', [0x2f, 6, 2], ['1000 rsp+8 rbp=c+16 ra=c-8']],
    ['val_offset', [0x14, 6, 2], ['1000 rsp+8 rbp=v-16 ra=c-8']],
    ['val_offset_sf', [0x15, 6, 0x7e], ['1000 rsp+8 rbp=v+16 ra=c-8']],
    ['register', [0x09, 6, 3], ['1000 rsp+8 rbp=r3 ra=c-8']],
    ['same_value', [0x08, 6], ['1000 rsp+8 rbp=s ra=c-8']],
    ['undefined', [0x07, 16], ['1000 rsp+8']],
    ['expression', [0x10, 6, 1, 0x30], ['1000 rsp+8 rbp=exp ra=c-8']],
    ['val_expression', [0x16, 6, 1, 0x30], ['1000 rsp+8 rbp=vexp ra=c-8']],
    ['def_cfa', [0x0c, 6, 16], ['1000 rbp+16 ra=c-8']],
    ['def_cfa_sf', [0x12, 6, 0x7e], ['1000 rbp+16 ra=c-8']],
    ['def_cfa_register', [0x0d, 6], ['1000 rbp+8 ra=c-8']],
    ['def_cfa_offset_sf', [0x13, 0x7e], ['1000 rsp+16 ra=c-8']],
    ['def_cfa_expression', [0x0f, 1, 0x30], ['1000 exp ra=c-8']],
    ['restore', [0x86, 2, 0x90, 3, 0x41, 0xc6, 0xd0], ['1000 rsp+8 rbp=c-16 ra=c-24', '1001 rsp+8 ra=c-8']],
    ['restore_extended', [0x90, 3, 0x41, 0x06, 16], ['1000 rsp+8 ra=c-24', '1001 rsp+8 ra=c-8']],
    [
      'remember_state and restore_state, the CFA included',
      [0x0a, 0x0e, 32, 0x86, 2, 0x41, 0x0b],
      ['1000 rsp+32 rbp=c-16 ra=c-8', '1001 rsp+8 ra=c-8'],
    ],
    ['GNU_args_size and GNU_window_save', [0x2e, 0x10, 0x2d, 0x41, 0x0e, 16], [start, '1001 rsp+16 ra=c-8']],
  ])('%s', (_, instructions, rows) => {
    expect(rowsOf(instructions)).toEqual(rows);
  });

  it.each<[string, number[]]>([
    ['an unknown instruction', [0x3c]],
    ['restore_state without a state', [0x0b]],
    ['a block longer than the entry', [0x0f, 0x60]],
    ['an offset for a CFA that is an expression', [0x0f, 1, 0x30, 0x0e, 8]],
    ['set_loc backwards', [0x41, 0x01, 0, 0, 0, 0, 0, 0, 0, 0]],
    ['states remembered without an end', new Array<number>(300).fill(0x0a)],
  ])('%s makes the table unknown from there', (_, instructions) => {
    const frames = new CallFrames(source([0x42, 0x0e, 16, 0x41, ...instructions]));
    expect(frames.rowAt(0x1001)).toMatchObject({ cfa: { offset: 8 } });
    expect(frames.rowAt(0x1002)).toMatchObject({ cfa: { offset: 16 } });
    expect(frames.rowAt(0x1080)).toBeUndefined();
  });
});

describe('damaged sections', () => {
  it('lose the damaged entry only', () => {
    const { callFrames } = openImage(files[2][1]);
    const entries = [...FrameEntries.of(callFrames)[0].frames()];
    const victim = entries[2];
    const bytes = callFrames.ehFrame!.bytes.slice();
    bytes.fill(0xff, victim.offset + 4, victim.offset + 8); // its pointer to the CIE
    const frames = new CallFrames({ ...callFrames, ehFrameHeader: undefined, ehFrame: { ...callFrames.ehFrame!, bytes } });
    for (const { low } of entries) expect(frames.rowAt(low) === undefined).toBe(low === victim.low);
  });

  it('may end anywhere', () => {
    const { callFrames } = openImage(files[2][1]);
    const { bytes, address } = callFrames.ehFrame!;
    for (let length = 0; length < bytes.length; length++) {
      const cut = { ...callFrames, ehFrameHeader: undefined, ehFrame: { bytes: bytes.subarray(0, length), address: fileAddress(address) } };
      expect([...FrameEntries.of(cut)[0].frames()].length).toBeLessThanOrEqual(bytes.length / 8);
    }
  });

  it('of any kind answer every question', () => {
    const sources = [files[2][1], files[5][1]].map((path) => openImage(path).callFrames);
    for (let seed = 0; seed < 400; seed++) attackFrames(sources[seed % 2], seed);
  });
});

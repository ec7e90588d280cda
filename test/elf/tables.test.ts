/** Headers, segments, sections and notes: the same numbers as readelf's, in every form of a program. */
import { describe, expect, it } from 'vitest';
import type { ElfFile } from '../../src/elf/file.js';
import { PT, SHT } from '../../src/elf/constants.js';
import { ElfSymbols } from '../../src/elf/symbols.js';
import { load, programs, run, systemFiles, withoutSections } from './programs.js';

const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0');

/** `[Nr] Name Type Address Off Size ES Flg Lk Inf Al` of readelf -S, name and type left out here and compared apart. */
const sectionRows = (path: string): { name: string; nobits: boolean; numbers: string }[] =>
  [
    ...run('readelf', '-SW', path).matchAll(
      /^ +\[ *\d+\] (\S*) +(\S+) +([0-9a-f]{16}) ([0-9a-f]{6,}) ([0-9a-f]{6,}) ([0-9a-f]{2,}) +(\S*?) +(\d+) +(\d+) +(\d+)$/gm,
    ),
  ].map(([, name, type, address, offset, size, entry, , link, info, align]) => ({
    name: type === 'NULL' ? '' : name,
    nobits: type === 'NOBITS',
    numbers: [address, offset, size, entry, link, info, align].join(' '),
  }));

const ourSections = (elf: ElfFile): ReturnType<typeof sectionRows> =>
  elf.sections.map((s) => ({
    name: s.name,
    nobits: s.type === SHT.NOBITS,
    numbers: [hex(s.address, 16), hex(s.offset, 6), hex(s.size, 6), hex(s.entrySize, 2), s.link, s.info, s.align].join(' '),
  }));

const segmentRows = (path: string): string[] =>
  [
    ...run('readelf', '-lW', path).matchAll(
      /^ {2}(\S+) +0x([0-9a-f]+) 0x([0-9a-f]+) 0x[0-9a-f]+ 0x([0-9a-f]+) 0x([0-9a-f]+) ([R ][W ][E ]) (?:0x)?([0-9a-f]+)$/gm,
    ),
  ].map(
    ([, , offset, address, fileSize, memorySize, flags, align]) =>
      [offset, address, fileSize, memorySize].map((text) => parseInt(text, 16)).join(' ') + ` ${flags} ${parseInt(align, 16)}`,
  );

const ourSegments = (elf: ElfFile): string[] =>
  elf.segments.map(
    (s) =>
      `${s.offset} ${s.address} ${s.fileSize} ${s.memorySize} ${s.readable ? 'R' : ' '}${s.writable ? 'W' : ' '}${s.executable ? 'E' : ' '} ${s.align}`,
  );

const files = (): [string, string][] => [
  ...Object.entries(programs).map(([name, build]): [string, string] => [name, build()]),
  ['sectionless', withoutSections(programs.pie())],
  ...systemFiles().map((path): [string, string] => [path, path]),
];

describe.each(files())('%s', (_name, path) => {
  const elf = load(path);

  it('has the sections of readelf', () => {
    expect(ourSections(elf)).toEqual(sectionRows(path));
  });

  it('has the segments of readelf', () => {
    const rows = segmentRows(path);
    expect(rows.length).toBeGreaterThan(0);
    expect(ourSegments(elf)).toEqual(rows);
  });

  it('has the entry point, build-id, interpreter and libraries of readelf', () => {
    expect(run('readelf', '-hW', path)).toContain(`0x${elf.entryPoint.toString(16)}\n`);
    const notes = run('readelf', '-nW', path);
    expect(elf.buildId).toBe(/Build ID: ([0-9a-f]+)/.exec(notes)?.[1]);
    expect(elf.interpreter).toBe(/program interpreter: (.*)\]/.exec(run('readelf', '-lW', path))?.[1]);
    const dynamic = run('readelf', '-dW', path);
    const named = (tag: string): string[] => [...dynamic.matchAll(new RegExp(`\\(${tag}\\).*\\[(.*)\\]`, 'g'))].map((match) => match[1]);
    if (elf.segments.find((s) => s.type === PT.DYNAMIC)?.fileSize === 0) return; // A debug file: readelf reads what is not there.
    expect(elf.dynamic?.needed ?? []).toEqual(named('NEEDED'));
    expect(elf.dynamic?.soname).toBe(named('SONAME').at(0));
  });

  it('is read without complaint', () => {
    elf.sections.forEach((section) => elf.contentsOf(section));
    new ElfSymbols(elf).all();
    expect(elf.warnings).toEqual([]);
  });
});

describe('kinds of files', () => {
  it('knows programs from libraries', () => {
    const kinds = { noPie: true, pie: true, static: true, staticPie: true, library: false } as const;
    for (const [name, isProgram] of Object.entries(kinds))
      expect([name, load(programs[name as keyof typeof kinds]()).isProgram]).toEqual([name, isProgram]);
    expect(load(programs.noPie()).relocatable).toBe(false);
    expect(load(programs.pie()).relocatable).toBe(true);
  });

  it('has bytes at addresses of the file, none for .bss and none outside', () => {
    const elf = load(programs.noPie());
    const text = elf.section('.rodata');
    expect(text).toBeDefined();
    if (!text) return;
    expect(elf.bytesAt(text.address, text.size)).toEqual(elf.contentsOf(text));
    const bss = elf.section('.bss');
    expect(bss && elf.sectionAt(bss.address)).toBe(bss);
    expect(bss && elf.bytesAt(bss.address, 1)).toBeUndefined();
    expect(elf.bytesAt(0x10, 1)).toBeUndefined();
    expect(elf.span.low).toBe(0x400000);
  });
});

/** From a file's name to its units: what is read for it. */
import { expect, it } from 'vitest';
import { DwarfFile } from '../../src/dwarf/file.js';
import { SourceFiles } from '../../src/symbols/source-files.js';

/** A table of version 4 of .debug_line (DWARF 4, 6.2.4): of its header only what says how long it is. */
const table = (header: Buffer, program: Buffer): Buffer => {
  const lengths = Buffer.alloc(10);
  lengths.writeUInt32LE(6 + header.length + program.length, 0);
  lengths.writeUInt16LE(4, 4);
  lengths.writeUInt32LE(header.length, 6);
  return Buffer.concat([lengths, header, program]);
};

/** A file whose line table has these names, as offsets of .debug_line_str, in its header or in its program. */
const filesNamed = (place: 'header' | 'program', ...names: string[]): { files: SourceFiles; asked: () => number } => {
  const strings = Buffer.from(`${names.join('\0')}\0`, 'utf8');
  const offsets = Buffer.alloc(4 * names.length);
  names.forEach((name, index) => offsets.writeUInt32LE(strings.indexOf(`${name}\0`), 4 * index));
  const nothing = Buffer.alloc(0);
  const line = place === 'header' ? table(offsets, nothing) : table(nothing, offsets);
  const sections = new Map<string, Uint8Array>([
    ['line_str', strings],
    ['line', line],
  ]);
  let asked = 0;
  const file = new DwarfFile((name) => sections.get(name) ?? new Uint8Array());
  return { files: new SourceFiles(file, () => (asked++, [])), asked: () => asked };
};

it('asks for the units only when a line table may have the name', () => {
  const longer = filesNamed('header', 'domain.c', 'lib/text-main.c', 'main.cc', 'remain');
  expect(longer.files.matching('main.c')).toEqual([]);
  expect(longer.asked()).toBe(0);
  for (const names of [['main.c'], ['modules/main.c']]) {
    const named = filesNamed('header', 'other.c', ...names);
    named.files.matching('main.c');
    expect(named.asked()).toBe(1);
  }
});

it('takes bytes of a line program for no name', () => {
  const named = filesNamed('program', 'other.c', 'main.c');
  expect(named.files.matching('main.c')).toEqual([]);
  expect(named.asked()).toBe(0);
});

/** From a file's name to its units: what is read for it. */
import { expect, it } from 'vitest';
import { DwarfFile } from '../../src/dwarf/file.js';
import { SourceFiles } from '../../src/symbols/source-files.js';

/** A file whose line table has these names, as offsets of .debug_line_str. */
const filesNamed = (...names: string[]): { files: SourceFiles; asked: () => number } => {
  const strings = Buffer.from(`${names.join('\0')}\0`, 'utf8');
  const line = Buffer.alloc(4 * names.length);
  names.forEach((name, index) => line.writeUInt32LE(strings.indexOf(`${name}\0`), 4 * index));
  const sections = new Map<string, Uint8Array>([
    ['line_str', strings],
    ['line', line],
  ]);
  let asked = 0;
  const file = new DwarfFile((name) => sections.get(name) ?? new Uint8Array());
  return { files: new SourceFiles(file, () => (asked++, [])), asked: () => asked };
};

it('asks for the units only when a line table may have the name', () => {
  const longer = filesNamed('domain.c', 'lib/text-main.c', 'main.cc', 'remain');
  expect(longer.files.matching('main.c')).toEqual([]);
  expect(longer.asked()).toBe(0);
  for (const names of [['main.c'], ['modules/main.c']]) {
    const named = filesNamed('other.c', ...names);
    named.files.matching('main.c');
    expect(named.asked()).toBe(1);
  }
});

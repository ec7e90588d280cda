/** From a file's name to its units: each is found in whatever form its table has names, and what is not named is not read. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { DwarfFile } from '../../src/dwarf/file.js';
import type { DebugInfo } from '../../src/symbols/debug-info.js';
import { NameUnits, type IndexStore } from '../../src/symbols/name-units.js';
import { openImage } from '../../src/symbols/open.js';
import { SourceFiles } from '../../src/symbols/source-files.js';
import { compile, fixture, fixtures, type Compiler } from '../helpers/build.js';
import { table4, table5, type Form5 } from '../helpers/line-tables.js';

const folder = mkdtempSync(join(tmpdir(), 'deet-files-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

interface Asked {
  readonly files: SourceFiles;
  /** How often the units were asked for, and which sections were read. */
  readonly asked: () => number;
  readonly read: Set<string>;
}

const asking = (sections: Readonly<Record<string, Uint8Array>>, store?: IndexStore): Asked => {
  const read = new Set<string>();
  const file = new DwarfFile((name) => {
    read.add(name);
    return sections[name] ?? new Uint8Array();
  });
  let asked = 0;
  return { files: new SourceFiles(file, () => (asked++, []), store), asked: () => asked, read };
};

const tables: [string, (names: readonly string[], program?: Buffer) => Readonly<Record<string, Uint8Array>>][] = [
  ['version 2', (names, program) => ({ line: table4(2, names, program) })],
  ['version 4', (names, program) => ({ line: table4(4, names, program) })],
  ...(['string', 'line_strp', 'strp'] as const).map((form: Form5): (typeof tables)[number] => [`version 5, ${form}`, (names, program) => table5(form, names, program)]), // prettier-ignore
];

describe.each(tables)('a table of %s', (_which, table) => {
  it('has the units asked for only when it names the file', () => {
    const longer = asking(table(['domain.c', 'lib/text-main.c', 'main.cc', 'remain', 'main.c/']));
    expect(longer.files.matching('main.c')).toEqual([]);
    expect(longer.asked()).toBe(0);
    for (const name of ['main.c', 'modules/main.c', '/a/./main.c']) {
      const named = asking(table(['other.c', name]));
      named.files.matching('main.c');
      expect(named.asked(), name).toBe(1);
    }
  });

  it('has names in its header only', () => {
    const named = asking(table(['other.c'], Buffer.from('main.c\0')));
    expect(named.files.matching('main.c')).toEqual([]);
    expect(named.asked()).toBe(0);
  });

  it('may name any file when it is damaged', () => {
    const { line, ...strings } = table(['other.c', 'another.c']);
    const cut = Buffer.from(line);
    // header_length: the header ends before its list of files does.
    cut.writeUInt32LE(cut.readUInt32LE(cut.readUInt16LE(4) >= 5 ? 8 : 6) - 3, cut.readUInt16LE(4) >= 5 ? 8 : 6);
    const damaged = asking({ ...strings, line: cut });
    damaged.files.matching('main.c');
    expect(damaged.asked()).toBe(1);
  });
});

describe('the index', () => {
  const kept = (): { store: IndexStore; saved: NameUnits[] } => {
    const saved: NameUnits[] = [];
    return { saved, store: { load: () => saved.at(-1), save: (index) => saved.push(index) } };
  };

  it('is kept, and then no section is read to say no', () => {
    const { store, saved } = kept();
    const sections = table5('line_strp', ['other.c']);
    asking(sections, store).files.matching('main.c');
    expect(saved).toHaveLength(1);
    const next = asking(sections, store);
    next.files.matching('main.c');
    expect([next.asked(), [...next.read]]).toEqual([0, []]);
    next.files.matching('other.c');
    expect(next.asked()).toBe(1);
    expect(saved).toHaveLength(1);
  });

  it('is made anew when what was kept of it is damaged', () => {
    const { store, saved } = kept();
    const sections = table5('line_strp', ['main.c']);
    saved.push(new NameUnits(new Uint8Array(8), false, () => false));
    const found = asking(sections, store);
    found.files.matching('main.c');
    expect(found.asked()).toBe(1);
    expect(saved).toHaveLength(2);
  });

  it('of a big program lies beside that of its names', () => {
    vi.stubEnv('XDG_CACHE_HOME', folder);
    vi.stubEnv('DEET_INDEX_CACHE', undefined);
    try {
      // Rows by the hundred thousand: what makes an index worth keeping.
      const source = join(folder, 'rows.c');
      const rows = String.raw`.rept 150000\n .loc 1 100000\n nop\n .loc 1 1\n nop\n .endr`;
      writeFileSync(source, `int main() { __asm__("${rows}"); }\n`);
      const program = compile(source, ['-O0', '-Wl,--build-id']);
      const found = (): readonly string[] => openImage(program).filesMatching('rows.c').map(({ path }) => path); // prettier-ignore
      expect(found()).toEqual([source]);
      const [entry = ''] = readdirSync(join(folder, 'deet')).filter((name) => name.endsWith('.files'));
      const bytes = readFileSync(join(folder, 'deet', entry));
      expect(openImage(program).filesMatching('others.c')).toEqual([]);
      writeFileSync(join(folder, 'deet', entry), Buffer.from(bytes).fill(0x5a, bytes.length >>> 1));
      expect(found()).toEqual([source]);
      expect(readFileSync(join(folder, 'deet', entry))).toEqual(bytes);
    } finally {
      vi.unstubAllEnvs();
    }
  });
});

describe('programs', () => {
  const builds: [string, Compiler, string[]][] = [
    ['inlines.c', 'gcc', ['-O2']],
    ['inlines.c', 'gcc', ['-gdwarf-4', '-gz']],
    ['inlines.c', 'gcc', ['-gdwarf-3', '-gstrict-dwarf']],
    ['types.c', 'gcc', ['-gdwarf64']],
    ['types.c', 'gcc', ['-O2', '-flto']],
    ['types.c', 'gcc', ['-fdebug-types-section']],
    ['inlines.c', 'clang', ['-gdwarf-5']],
    ['inlines.c', 'clang', ['-gdwarf-4']],
  ];

  it.each([
    ...builds.map(([source, compiler, flags]): [string, () => string] => [
      [compiler, ...flags, source].join(' '),
      () => compile(join(fixtures, source), flags, compiler),
    ]),
    ['libc with its debug file', () => '/lib/x86_64-linux-gnu/libc.so.6'],
    ['a program of several files', () => fixture('classes')],
  ])('every unit, of many each nth, is found by each of its files: %s', (_which, program) => {
    const { info } = openImage(program(), { indexCache: false }) as unknown as { info: DebugInfo };
    const missing: string[] = [];
    let files = 0;
    const units = info.compilations();
    for (const unit of units.filter(({ number }) => number % Math.ceil(units.length / 50) === 0))
      for (const source of new Set(unit.sources)) {
        if (!source) continue;
        files++;
        if (!info.sources.unitsOf(source).includes(unit)) missing.push(`${source.path} of unit ${unit.number}`);
      }
    expect(missing).toEqual([]);
    expect(files).toBeGreaterThan(0);
  });
});

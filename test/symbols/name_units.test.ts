/** The index of names against the table that the reader of entries makes: whatever the table has, the index finds. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DwarfFile } from '../../src/dwarf/file.js';
import { bareName } from '../../src/symbols/cxx-names.js';
import { Flag, Kind } from '../../src/symbols/entries.js';
import type { DebugInfo } from '../../src/symbols/debug-info.js';
import { Mark, NameUnits } from '../../src/symbols/name-units.js';
import { openImage } from '../../src/symbols/open.js';
import { compile, compileText, fixture, fixtures, type Compiler } from '../helpers/build.js';

const infoOf = (path: string): DebugInfo => {
  const image = openImage(path, { indexCache: false }) as unknown as { info: DebugInfo };
  return image.info;
};

const markOf = (kind: number, flags: number): number => {
  switch (kind) {
    case Kind.function:
      // The pass in the addon follows no references: to it a function that link-time optimization only calls may be inlined.
      return flags & Flag.code ? Mark.code : flags & Flag.inlined ? Mark.inlined : Mark.inlined | Mark.other;
    case Kind.variable:
      return Mark.variable;
    case Kind.enumerator:
      return Mark.enumerator;
    case Kind.namespace:
      return Mark.other;
    default:
      return flags & Flag.declaration ? Mark.other : Mark.type;
  }
};

/** Names that the index does not find in their unit; and how many there were. */
const compare = (path: string): { missing: string[]; names: number } => {
  const { names } = infoOf(path).lookup;
  const table = names.all();
  const missing: string[] = [];
  let count = 0;
  for (let i = 0; i < table.count; i++) {
    const name = table.name(i);
    if (name === '') continue;
    count++;
    const known = table.kinds[i] === Kind.function ? bareName(name) : name;
    const found = names.unitsOf(known, markOf(table.kinds[i], table.flags[i]));
    if (!found.some(({ number }) => number === table.units[i])) missing.push(name);
  }
  return { missing, names: count };
};

const variants: [string, Compiler, string[]][] = [
  ['inlines.c', 'gcc', ['-O2']],
  ['inlines.c', 'gcc', ['-O2', '-gdwarf-4', '-gz']],
  ['inlines.c', 'clang', ['-O2', '-gdwarf-5']],
  ['inlines.c', 'clang', ['-O2', '-gdwarf-4']],
  ['types.c', 'gcc', ['-fdebug-types-section', '-gdwarf-4']],
  ['types.c', 'gcc', ['-fdebug-types-section', '-gdwarf-5']],
  ['types.c', 'gcc', ['-gdwarf64']],
  ['types.c', 'gcc', ['-gdwarf-2', '-gstrict-dwarf']],
  ['types.c', 'gcc', ['-O2', '-flto']],
  ['classes.cc', 'g++', []],
  ['classes.cc', 'g++', ['-O2', '-flto']],
  ['classes.cc', 'clang++', ['-gdwarf-5']],
  ['classes.cc', 'g++', ['-gsplit-dwarf']],
];

describe('finds every entry in its unit', () => {
  it.each(variants)('%s, %s %s', (name, compiler, flags) => {
    const { missing, names } = compare(compile(join(fixtures, name), flags, compiler));
    expect(missing).toEqual([]);
    expect(names).toBeGreaterThan(5);
  });
});

describe('tells kinds apart', () => {
  const text = `
enum colour { red };
typedef struct pair { int a, b; } pair;
static inline __attribute__((always_inline)) int twice(int x) { return 2 * x; }
int counter;
int outer(int n) {
  int nested(int m) { return m + n; }
  return nested(twice(n)) + red;
}
int main(void) { pair p = {outer(1), counter}; return p.a; }
`;
  const { names } = infoOf(compileText('kinds.c', text)).lookup;
  it.each([
    ['outer', Mark.code],
    ['twice', Mark.inlined],
    ['counter', Mark.variable],
    ['pair', Mark.type],
    ['red', Mark.enumerator],
    ['nested', Mark.nested],
  ])('%s', (name, mark) => {
    expect(names.unitsOf(name, mark)).toHaveLength(1);
    expect(names.unitsOf(name, Mark.any & ~mark)).toEqual([]);
  });
  it('a name that stands nowhere', () => {
    expect(names.unitsOf('nobody', Mark.any)).toEqual([]);
  });
});

it('a unit that is damaged may have any name', () => {
  const { file } = infoOf(fixture('types'));
  const info = Uint8Array.from(file.section('info'));
  // An abbreviation code that does not exist, in the middle of the first unit.
  const [unit] = file.units();
  info.fill(0xfe, unit.offset + 200, unit.offset + 204);
  const damaged = new DwarfFile((name) => (name === 'info' ? info : file.section(name)));
  const lookup = infoOf(fixture('types')).lookup.names;
  Object.assign(lookup, { file: damaged });
  expect(lookup.unitsOf('nobody', Mark.code).map(({ number }) => number)).toEqual([0]);
});

it('an empty index knows nothing', () => {
  expect(new NameUnits(new Uint8Array(0), false).of('main', Mark.any)).toEqual([]);
});

it('big debug information is not kept in memory by the passes over it', () => {
  // 40 units of 64 KiB: one function each, and room.
  const unit =
    '.4byte 65536\n.2byte 4\n.4byte 0\n.byte 8\n.byte 1\n.byte 2\n.asciz "named"\n.quad 0\n.byte 0\n.fill 65536 - 7 - 1 - 1 - 6 - 8 - 1, 1, 0\n';
  const source = `.section .debug_abbrev\n.byte 1, 0x11, 1, 0, 0\n.byte 2, 0x2e, 0, 3, 8, 0x11, 1, 0, 0, 0\n.section .debug_info\n${unit.repeat(40)}.text\n.globl main\nmain: ret\n`;
  const path = compileText('many_units.s', source, []);
  const { lookup } = infoOf(path);
  expect(lookup.names.unitsOf('named', Mark.code)).toHaveLength(40);
  const resident = [
    ...readFileSync('/proc/self/smaps', 'utf8').matchAll(/(\S+)\n(?:Size|KernelPageSize|MMUPageSize).*\n(?:.*\n)*?Rss:\s+(\d+)/g),
  ]
    .filter(([, name]) => name === path)
    .reduce((total, [, , kib]) => total + Number(kib), 0);
  expect(resident).toBeLessThan(1024);
});

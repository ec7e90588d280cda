/** Symbols: every row of readelf's tables, the PLT names of objdump, and the choice of gdb for an address. */
import { describe, expect, it } from 'vitest';
import { SHN, STB, STT } from '../../src/elf/constants.js';
import { ElfSymbols } from '../../src/elf/symbols.js';
import { SymbolNames } from '../../src/elf/symbol-names.js';
import type { SymbolTable } from '../../src/elf/symbol-table.js';
import { gdb } from '../helpers/gdb.js';
import { load, objcopy, programs, run, systemFiles, withoutSections } from './programs.js';

const TYPES: Record<string, number> = { NOTYPE: 0, OBJECT: 1, FUNC: 2, SECTION: 3, FILE: 4, COMMON: 5, TLS: 6, IFUNC: 10 };
const BINDINGS: Record<string, number> = { LOCAL: 0, GLOBAL: 1, WEAK: 2, UNIQUE: 10 };
const SECTIONS: Record<string, number> = { UND: SHN.UNDEF, ABS: SHN.ABS, COM: SHN.COMMON };

/** Rows of `readelf -sW`: value, size, type, binding, section, name[@version]. Section symbols have names of readelf's own making. */
const readelfRows = (path: string, table: '--dyn-syms' | '.symtab'): string[] => {
  const output =
    table === '.symtab' ? (run('readelf', '-sW', path).split("Symbol table '.symtab'")[1] ?? '') : run('readelf', table, '-W', path);
  const row = /^ +\d+: ([0-9a-f]{16}) +(\d+|0x[0-9a-f]+) (\S+) +(\S+) +\S+ +(\S+) ?(\S+)?(?: \(\d+\))? ?$/gm;
  return [...output.matchAll(row)].map(([, value, size, type, binding, section, name]) =>
    [
      parseInt(value, 16),
      Number(size),
      TYPES[type],
      BINDINGS[binding],
      SECTIONS[section] ?? Number(section),
      type === 'SECTION' ? '' : (name ?? ''),
    ].join(' '),
  );
};

const ourRows = (table: SymbolTable | undefined): string[] =>
  Array.from({ length: table?.count ?? 0 }, (_, i) => {
    if (!table) return '';
    const version = table.version(i);
    const name = table.name(i) + (version ? (version.isDefault ? '@@' : '@') + version.name : '');
    return [
      table.value(i),
      table.size(i),
      table.type(i),
      table.binding(i),
      table.section(i),
      table.type(i) === STT.SECTION ? '' : name,
    ].join(' ');
  });

describe.each([
  ...Object.entries(programs)
    .filter(([name]) => name !== 'onlyDebug')
    .map(([name, build]): [string, string] => [name, build()]),
  ...systemFiles().map((path): [string, string] => [path, path]),
])('%s', (_name, path) => {
  const elf = load(path);
  it('has the static symbols of readelf', () => {
    expect(ourRows(elf.symtab)).toEqual(readelfRows(path, '.symtab'));
  });
  it('has the dynamic symbols of readelf, with versions', () => {
    expect(ourRows(elf.dynsym)).toEqual(readelfRows(path, '--dyn-syms'));
  });
});

describe('a file without section headers', () => {
  it.each(['pie', 'sysvHash', 'library'] as const)('still has its dynamic symbols and versions: %s', (name) => {
    const path = programs[name]();
    const elf = load(withoutSections(path));
    expect(elf.sections).toEqual([]);
    expect(ourRows(elf.dynsym)).toEqual(readelfRows(path, '--dyn-syms'));
    expect(elf.buildId).toBe(load(path).buildId);
  });

  it('still names its PLT stubs', () => {
    const path = programs.pie();
    const stubs = (file: string): unknown[] =>
      new ElfSymbols(load(file))
        .all()
        .filter((s) => s.name.endsWith('@plt'))
        .map((s) => [s.name, s.address, s.size]);
    expect(stubs(withoutSections(path))).toEqual(stubs(path));
    expect(stubs(path).length).toBeGreaterThan(2);
  });
});

describe('PLT names', () => {
  it.each(['noPie', 'pie', 'ibt', 'bindNow', 'static', 'sysvHash'] as const)('are those of objdump: %s', (name) => {
    const path = programs[name]();
    const theirs = [...run('objdump', '-d', path).matchAll(/^([0-9a-f]+) <(\S+@plt)>:$/gm)].map(
      ([, address, symbol]) => `${parseInt(address, 16)} ${symbol}`,
    );
    const ours = new ElfSymbols(load(path))
      .all()
      .filter((s) => s.name.endsWith('@plt'))
      .map((s) => `${s.address} ${s.name}`);
    // objdump has no names for stubs of local IFUNCs of a static program's .plt where gdb has; ours are gdb's.
    expect(ours.filter((row) => !row.includes('*ABS*'))).toEqual(theirs.filter((row) => !row.includes('*ABS*')));
    if (name !== 'static') expect(theirs.length).toBeGreaterThan(1);
  });
});

describe('the symbol of an address', () => {
  const path = programs.noPie();
  const symbols = new ElfSymbols(load(path));
  const named = (name: string) => {
    const [symbol] = symbols.named(name);
    if (!symbol) throw new Error(`no symbol ${name}`);
    return symbol;
  };

  it('is the same as gdb says, at every symbol, in and behind it', () => {
    const addresses = symbols
      .all()
      .filter((s) => s.type !== 'tls' && s.section !== undefined)
      .flatMap((s) => [s.address, s.address + 1, s.address + Math.max(0, s.size - 1), s.address + s.size, s.address + s.size + 3])
      .map((address) => `0x${address.toString(16)}`);
    const theirs = gdb(
      addresses.map((address) => `info symbol ${address}`),
      path,
    )
      .trim()
      .split('\n')
      .map((line) => /^(\S+)(?: \+ (\d+))? in section (\S+)$/.exec(line)?.slice(1, 3) ?? []);
    const ours = addresses.map((address) => {
      const symbol = symbols.at(Number(address));
      return symbol ? { symbol, offset: Number(address) - symbol.address } : undefined;
    });
    expect(theirs.length).toBe(ours.length);
    const differences = theirs.flatMap(([name, offset], i) => {
      const mine = ours[i];
      if (name === undefined || !mine) return name === mine?.symbol.name ? [] : [`${addresses[i]}: gdb ${name}, ours ${mine?.symbol.name}`];
      // Of several names for one place each may choose another; gdb leaves out the number of a static variable (`completed.0`), and puts what it takes for
      // another part of the name in brackets (`puts@got[plt]`).
      const same =
        mine.offset === Number(offset ?? 0) &&
        symbols
          .all()
          .some(
            (s) =>
              s.address === mine.symbol.address &&
              s.name.replace(/\.\d+$/, '').replace(/\.plt$/, '[plt]') === name.replace(/\.plt$/, '[plt]'),
          );
      return same ? [] : [`${addresses[i]}: gdb ${name}+${offset}, ours ${mine.symbol.name}+${mine.offset}`];
    });
    expect(differences).toEqual([]);
  });

  it('reaches to the end of a sized symbol, and from a bare label to the next', () => {
    const main = named('main');
    expect(main.type).toBe('function');
    expect(symbols.at(main.address + main.size - 1)?.name).toBe('main');
    expect(symbols.at(main.address + main.size)?.name).not.toBe('main');
    const [first, second] = [named('bare_first'), named('bare_second')];
    expect([first.size, first.type, first.binding]).toEqual([0, 'function', 'local']);
    expect(symbols.at(second.address - 1)?.name).toBe('bare_first');
    expect(symbols.at(second.address + 1)?.name).toBe('bare_second');
  });

  it('prefers the global name to weak and local ones', () => {
    const weak = named('weak_function');
    expect(named('alias_function').address).toBe(weak.address);
    expect(symbols.at(weak.address)?.name).toBe('alias_function');
  });

  it('is none in a gap behind a sized symbol, though there are labels before it', () => {
    const { address, size } = named('before_gap');
    expect(symbols.at(address + size - 1)?.name).toBe('before_gap');
    expect(symbols.at(address + size + 2)).toBeUndefined();
  });

  it('is none outside of the program', () => {
    expect(symbols.at(0)).toBeUndefined();
    expect(symbols.at(2 ** 40)).toBeUndefined();
  });
});

describe('names', () => {
  const symbols = new ElfSymbols(load(programs.noPie()));

  it('finds every symbol that there is, once', () => {
    for (const symbol of symbols.all()) {
      const found = symbols.named(symbol.name).filter((s) => s.address === symbol.address && s.type === symbol.type);
      expect([symbol.name, found.length]).toEqual([symbol.name, 1]);
    }
    for (const absent of ['mai', 'main2', '', 'puts', 'main@plt']) expect(symbols.named(absent)).toEqual([]);
  });

  it('finds the same by search as by hash, to the last symbol of the table', () => {
    const table = load(programs.library()).dynsym;
    expect(table?.isDefined(table.count - 1)).toBe(true);
    if (!table) return;
    const names = new SymbolNames([{ table, base: 0 }]);
    const last = table.name(table.count - 1);
    const found = Array.from({ length: 20 }, () => names.find(last));
    expect(found[0]).toContain(table.count - 1);
    expect(found).toEqual(found.map(() => found[0]));
  });

  it('says what kind each is', () => {
    const kind = (name: string): unknown[] => symbols.named(name).map((s) => [s.type, s.binding, s.section]);
    expect(kind('indirect')).toEqual([['ifunc', 'global', '.text']]);
    expect(kind('per_thread')).toEqual([['tls', 'global', '.tdata']]);
    expect(kind('per_thread_zero')).toEqual([['tls', 'local', '.tbss']]);
    expect(kind('hidden_bss')).toEqual([['object', 'local', '.bss']]);
    expect(kind('weak_function')).toEqual([['function', 'weak', '.text']]);
    expect(kind('strdup@plt')).toEqual([['function', 'local', '.plt']]);
    expect(kind('strdup@got.plt')).toEqual([['object', 'local', '.got.plt']]);
  });

  it('has all versions of a symbol, the default one first', () => {
    const library = new ElfSymbols(load(objcopy(programs.library(), 'library.stripped', '--strip-all')));
    const answers = library.named('answer');
    expect(answers.map((s) => s.version)).toEqual([
      { name: 'VERS_2', isDefault: true },
      { name: 'VERS_1', isDefault: false },
    ]);
  });

  it('lists symbols by address', () => {
    const addresses = symbols
      .all()
      .filter((s) => s.type !== 'tls' && s.section !== undefined)
      .map((s) => s.address);
    expect(addresses).toEqual([...addresses].sort((a, b) => a - b));
  });

  it('takes the static symbols from the debug file of a stripped program', () => {
    const stripped = load(programs.stripped());
    expect(new ElfSymbols(stripped).named('static_function')).toEqual([]);
    const both = new ElfSymbols(stripped, load(programs.onlyDebug()));
    const [found] = both.named('static_function');
    expect(found).toEqual(symbols.named('static_function')[0]);
    expect(both.at(found.address + 1)?.name).toBe('static_function');
    expect(both.named('strdup@plt')).toHaveLength(1);
    expect(both.named('exported_data')).toHaveLength(1);
  });
});

describe('a table', () => {
  it('knows global from local', () => {
    const table = load(programs.noPie()).symtab;
    const bindings = new Set(Array.from({ length: table?.count ?? 0 }, (_, i) => table?.binding(i)));
    expect([...bindings].sort()).toEqual([STB.LOCAL, STB.GLOBAL, STB.WEAK]);
  });
});

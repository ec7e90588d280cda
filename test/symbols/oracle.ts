/** gdb as an oracle for symbols: one run of gdb answers for hundreds of names, lines and addresses. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileAddress, type FileAddress } from '../../src/common/addresses.js';
import type { SymbolImage } from '../../src/symbols/model.js';
import type { CType } from '../../src/symbols/types.js';
import { compile, fixtures, type Compiler } from '../helpers/build.js';
import { patience } from '../helpers/patience.js';

export interface Questions {
  readonly breaks: readonly string[];
  readonly addresses: readonly number[];
  readonly types: readonly string[];
}

export interface Answers {
  /** By what was asked: [address, line] of each location; line 0 where gdb shows none. */
  readonly breaks: Readonly<Record<string, [number, number][]>>;
  readonly addresses: Readonly<
    Record<number, { file: string | null; line: number; low: number; high: number; scopes: (string | string[])[] }>
  >;
  /** By name and tag. */
  readonly types: Readonly<Record<string, Record<string, unknown>>>;
}

export const askGdb = (program: string, questions: Questions): Answers => {
  const folder = mkdtempSync(join(tmpdir(), 'deet-symbols-'));
  try {
    const [asked, answered] = [join(folder, 'asked'), join(folder, 'answered')];
    writeFileSync(asked, JSON.stringify(questions));
    execFileSync('gdb', ['-nx', '-q', '-batch', '-x', join(import.meta.dirname, 'gdb_symbols.py'), program], {
      env: { ...process.env, SPECS: asked, OUT: answered },
      stdio: ['ignore', 'ignore', 'pipe'],
      timeout: patience,
      killSignal: 'SIGKILL',
    });
    return JSON.parse(readFileSync(answered, 'utf8')) as Answers;
  } finally {
    rmSync(folder, { recursive: true });
  }
};

/** The fixture of two files. */
export const symbolsProgram = (flags: readonly string[], compiler: Compiler = 'gcc'): string =>
  compile(join(fixtures, 'symbols.c'), [join(fixtures, 'symbols_other.c'), ...flags], compiler);

/** Addresses in all functions of an image. */
export const addressesIn = (image: SymbolImage, step: number): FileAddress[] => {
  const result = new Set<number>();
  for (const name of image.functionNames())
    for (const fn of image.functionsNamed(name))
      for (const { low, high } of fn.ranges) for (let at: number = low; at < high; at += step) result.add(at);
  return [...result].map(fileAddress);
};

/** Scopes at an address in the form of the oracle. */
export const scopesAt = (image: SymbolImage, address: FileAddress): (string | string[])[] => {
  const result: (string | string[])[] = [];
  for (const scope of image.scopesAt(address)) {
    const names = scope.variables().map((variable) => variable.name);
    if (names.length > 0) result.push(names.sort());
    if (scope.inlined) result.push(scope.inlined.qualifiedName);
    if (scope.kind === 'function') result.push(scope.owner.qualifiedName);
  }
  return result;
};

const unqualified = (type: CType): CType => {
  while (type.kind === 'const' || type.kind === 'volatile' || type.kind === 'restrict' || type.kind === 'atomic') type = type.target;
  return type;
};

const shortName = (type: CType): string => {
  const plain = unqualified(type);
  if (plain.kind === 'void') return 'void';
  if ('name' in plain && plain.name !== undefined) return plain.name;
  return plain.kind === 'function' ? 'True' : 'False';
};

/** A type in the form of the oracle. */
export const describeType = (given: CType, whole = false): unknown => {
  const type = unqualified(given);
  switch (type.kind) {
    case 'typedef':
      return ['typedef', type.name, describeType(type.target)];
    case 'pointer':
      return ['pointer', shortName(type.target)];
    case 'array':
      // gdb's Python says of an array without a bound that it has one element.
      return ['array', typeof type.count === 'number' ? type.count : 1, describeType(type.element)];
    case 'enum':
      return ['enum', type.name ?? null, type.size, type.enumerators().map(({ name, value }) => [name, Number(value)])];
    case 'struct':
    case 'class':
    case 'union': {
      const fields = type
        .members()
        .map((m) => [m.name ?? null, m.offset * 8 + (m.bitOffset ?? 0), m.bitSize ?? 0, describeType(m.type)] as const);
      return [type.kind === 'union' ? 'union' : 'struct', type.name ?? null, type.size ?? 0, ...(whole ? [fields] : [])];
    }
    case 'base':
      return ['base', type.name, type.size];
    case 'void':
      return ['base', 'void', 1];
    default:
      return [type.kind];
  }
};

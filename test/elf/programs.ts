/** The files that ELF tests look at: one small program in every form that linkers and strip give it, and some of the system's. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, realpathSync, renameSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { parseElf, type ElfFile } from '../../src/elf/file.js';
import { compile, fixtures } from '../helpers/build.js';

const source = join(fixtures, 'elf_symbols.c');

/** A copy of `path` made by a command that writes `out`; kept beside it. */
export const derived = (path: string, name: string, make: (out: string) => void): string => {
  const out = join(dirname(path), name);
  if (existsSync(out)) return out;
  mkdirSync(dirname(out), { recursive: true });
  const temporary = `${out}.${process.pid}`;
  make(temporary);
  renameSync(temporary, out);
  return out;
};

export const objcopy = (path: string, name: string, ...flags: string[]): string =>
  derived(path, name, (out) => execFileSync('objcopy', [...flags, path, out], { stdio: 'pipe' }));

/** The file without its section header table, as sstrip leaves it: e_shoff, e_shnum and e_shstrndx are zero. */
export const withoutSections = (path: string): string =>
  derived(path, `${basename(path)}.sectionless`, (out) => {
    const bytes = readFileSync(path);
    bytes.fill(0, 40, 48);
    bytes.fill(0, 58, 64);
    bytes.writeUInt16LE(64, 58);
    writeFileSync(out, bytes);
  });

const build = (...flags: string[]): string => compile(source, ['-pthread', ...flags]);

export const programs = {
  noPie: (): string => build(),
  pie: (): string => build('-pie', '-fPIE'),
  static: (): string => build('-static'),
  staticPie: (): string => build('-static-pie', '-fPIE'),
  ibt: (): string => build('-pie', '-fPIE', '-fcf-protection=full', '-Wl,-z,ibtplt'),
  bindNow: (): string => build('-pie', '-fPIE', '-Wl,-z,now'),
  sysvHash: (): string => build('-Wl,--hash-style=sysv'),
  noBuildId: (): string => build('-Wl,--build-id=none'),
  zlib: (): string => build('-gz=zlib'),
  zlibGnu: (): string => build('-gz=zlib-gnu'),
  zstd: (): string => objcopy(build(), 'zstd', '--compress-debug-sections=zstd'),
  stripped: (): string => objcopy(build(), 'stripped', '--strip-all'),
  onlyDebug: (): string => objcopy(build(), 'only.debug', '--only-keep-debug'),
  library: (): string =>
    compile(join(fixtures, 'elf_library.c'), ['-shared', '-fPIC', `-Wl,--version-script=${join(fixtures, 'elf_library.map')}`]),
} as const;

export const systemFiles = (): string[] =>
  ['/bin/ls', '/lib/x86_64-linux-gnu/libc.so.6', '/lib64/ld-linux-x86-64.so.2', '/usr/bin/python3.11'].map((path) => realpathSync(path));

export const load = (path: string): ElfFile => parseElf(readFileSync(path), path);

export const run = (command: string, ...args: string[]): string =>
  execFileSync(command, args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    maxBuffer: 1 << 28,
    env: { ...process.env, LC_ALL: 'C' },
  });

/** Core files for tests: by the kernel where it writes them into the working directory, else by gdb. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { built } from './build.js';
import { gdb } from './gdb.js';

/** /proc/sys/kernel/core_pattern (core(5)): a plain name means a file in the working directory. A hard limit may forbid it. */
const pattern = readFileSync('/proc/sys/kernel/core_pattern', 'utf8').trim();
const allowed = spawnSync('/bin/sh', ['-c', 'ulimit -c unlimited']).status === 0;
const kernelWrites = allowed && /^[^|/]+$/.test(pattern);

const folders: string[] = [];

/** An empty folder that goes with the test file. */
export const folderForCores = (): string => {
  mkdirSync(built, { recursive: true });
  const folder = mkdtempSync(join(built, 'core-'));
  folders.push(folder);
  return folder;
};

/** Call once at the top of a test file: core files are large. */
export const coresGoAfterwards = (): void => {
  afterAll(() => {
    for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
  });
};

/** Runs a program until it dies of a signal. Its core file is as the kernel makes it. */
export const coreOf = (program: string, args: readonly string[] = [], environment: Readonly<Record<string, string>> = {}): string => {
  const folder = folderForCores();
  if (!kernelWrites) return gdbCoreOf(program, args);
  try {
    execFileSync('/bin/sh', ['-c', 'ulimit -c unlimited; exec "$@"', 'sh', program, ...args], {
      cwd: folder,
      env: { ...process.env, ...environment },
      stdio: 'ignore',
    });
  } catch {
    // It dies: that is what it is for.
  }
  const [name] = readdirSync(folder);
  if (name === undefined) throw new Error(`${program} left no core file`);
  return join(folder, name);
};

/** As gdb writes it where a program stops for a signal, or at a breakpoint. */
export const gdbCoreOf = (program: string, args: readonly string[] = [], before: readonly string[] = []): string => {
  const path = join(folderForCores(), 'core');
  gdb([...before, 'run > /dev/null', `generate-core-file ${path}`, 'kill'], program, args);
  return path;
};

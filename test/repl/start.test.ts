/** How the command itself is loaded: its program and the code cache are mapped files, and whatever is missing of that is done without. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { built, sample } from '../helpers/build.js';
import { leakGuard } from '../helpers/leaks.js';
import { deet } from './cli.js';

leakGuard();

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(built, 'start-'));
  const command = resolve(deet(), '../../..');
  for (const part of ['dist', 'src']) cpSync(join(command, part), join(folder, part), { recursive: true });
  symlinkSync(join(command, 'build'), join(folder, 'build'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** What it says, and whether its program is a mapped file. */
const start = (): { said: string[]; mapped: boolean } => {
  const maps = "shell grep -o 'dist/main.cjs' /proc/$PPID/maps";
  const { stdout, stderr } = spawnSync(
    process.execPath,
    [join(folder, 'src/bin/deet.cjs'), '-nx', '--batch', '-ex', 'run', '-ex', maps, sample('hello')],
    {
      encoding: 'utf8',
    },
  );
  const lines = `${stdout}${stderr}`.trimEnd().split('\n');
  return { said: lines.filter((line) => line !== 'dist/main.cjs'), mapped: lines.includes('dist/main.cjs') };
};

const started = { said: ['Hello, world!', 'Child exited (status 0)'], mapped: true };

it('maps its program, and makes the code cache anew when that is gone or damaged', () => {
  const cache = join(folder, 'dist', `main.${process.version}.cache`);
  const size = (): number => statSync(cache).size;
  const enough = 100_000;
  expect(start()).toEqual(started);
  rmSync(cache);
  expect(start()).toEqual(started);
  expect(size()).toBeGreaterThan(enough);
  writeFileSync(cache, 'no code');
  expect(start()).toEqual(started);
  expect(size()).toBeGreaterThan(enough);
  expect(start()).toEqual(started);
  expect(readdirSync(join(folder, 'dist')).filter((name) => /^main(?!\.v[\d.]+\.cache$)/.test(name))).toEqual(['main.cjs']);
});

it('says what is missing', () => {
  rmSync(join(folder, 'dist/main.cjs'));
  expect(start().said).toEqual([`deet is not built (${join(folder, 'dist/main.cjs')} is missing). Run "npm install" in its folder.`]);
});

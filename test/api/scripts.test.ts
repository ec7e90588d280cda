/** The examples in samples/scripts do what they promise, with `deet` being this source. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { built, compile } from '../helpers/build.js';
import { leakGuard } from '../helpers/leaks.js';

leakGuard();

const root = resolve(import.meta.dirname, '../..');
const scripts = join(root, 'samples/scripts');
/** Inside of the project, so that the addon is found. */
const folder = join(built, `scripts-${process.pid}`);
const names = ['corrupted_list', 'mallocs', 'server'];

beforeAll(() => {
  mkdirSync(folder, { recursive: true });
  execFileSync(join(root, 'node_modules/.bin/esbuild'), [
    ...names.map((name) => join(scripts, `${name}.mjs`)),
    '--bundle',
    '--platform=node',
    '--format=esm',
    '--packages=external',
    `--alias:deet=${join(root, 'src/index.ts')}`,
    '--out-extension:.js=.mjs',
    `--outdir=${folder}`,
    '--log-level=error',
  ]);
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const run = (name: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): string => {
  const { stdout, stderr, status } = spawnSync(process.execPath, [join(folder, `${name}.mjs`), ...args], {
    encoding: 'utf8',
    env: { ...process.env, ...env },
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return stdout;
};

describe('samples/scripts', () => {
  it('corrupted_list finds the insertion', () => {
    const list = compile(join(scripts, 'corrupted_list.c'));
    expect(run('corrupted_list', ['40'], { LIST: list })).toMatch(/^Insertion 31, of 8, loses 21 nodes: 9 10 11 .* 28\nbefore: 0 0 1 2 /);
    expect(run('corrupted_list', ['10'], { LIST: list })).toBe('The list was never corrupted.\n');
  });

  it('mallocs logs them with their callers', () => {
    const lines = run('mallocs', [compile(join(scripts, 'corrupted_list.c')), '3']).split('\n');
    expect(lines.filter((line) => /^malloc\(16\) = 0x[0-9a-f]+ {2}by insert \(.*corrupted_list\.c:12\)$/.test(line))).toHaveLength(3);
    expect(lines).toContain('0 8 16 ');
    expect(lines.filter((line) => /^ {2}0x[0-9a-f]+, 16 bytes, by insert/.test(line))).toHaveLength(3);
  });

  it('server looks into the grandchild', () => {
    const said = run('server', ['hand'], { SERVER: compile(join(root, 'samples/servers/processes.c')) });
    expect(said).toMatch(/^process 3 of the family serves the client; it looks for "hand"\n/);
    expect(said).toContain('3 found');
  });
});

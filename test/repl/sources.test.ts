/** Sources that have moved or were written again, and programs that were built again while deet runs. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { leakGuard } from '../helpers/leaks.js';
import { commands, run } from './cli.js';

leakGuard();

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'deet-sources-'));
  mkdirSync(join(folder, 'old/src'), { recursive: true });
  mkdirSync(join(folder, 'old/include'));
  writeFileSync(join(folder, 'old/src/prog.c'), '#include "twice.h"\nint main(void) {\n  return twice(0);\n}\n');
  writeFileSync(join(folder, 'old/include/twice.h'), 'static int twice(int x) {\n  return x * 2;\n}\n');
  shell('cd old; gcc -g -Iinclude src/prog.c -o ../prog');
});
afterEach(() => rmSync(folder, { recursive: true }));

const shell = (script: string): string => execFileSync('/bin/sh', ['-ec', script], { cwd: folder, encoding: 'utf8', stdio: 'pipe' });

const lines = async (list: readonly string[], cwd = '.'): Promise<string[]> => {
  const { stdout, stderr } = await run([...commands(...list), join(folder, 'prog')], { cwd: join(folder, cwd), shell: 'exec "$@" 2>&1' });
  return (stdout + stderr).replaceAll(folder, '').trimEnd().split('\n');
};

describe('a tree of sources that has moved', () => {
  beforeEach(() => shell('mv old new'));

  it('is missed, with what to do', async () => {
    expect(await lines(['list twice'])).toEqual([
      '/old/include/twice.h: no such file, or it cannot be read. Say where the sources are: directory FOLDER',
    ]);
  });

  it.each([
    ['by the working directory', [], 'new'],
    ['by a folder that is searched', ['directory $PLACE/new'], '.'],
    ['by a rule', ['set substitute-path $PLACE/old $PLACE/new'], '.'],
  ])('is found %s', async (_, list, cwd) => {
    const said = await lines([...list.map((each) => each.replaceAll('$PLACE', folder)), 'list twice,+0', 'info source'], cwd);
    expect(said).toContain('   1  static int twice(int x) {');
    expect(said).toContain('Current source file is /old/include/twice.h');
    expect(said).toContain('Located in /new/include/twice.h');
  });

  it('is looked for anew after cd', async () => {
    expect((await lines(['list twice', `cd ${folder}/new`, 'list twice,+0'])).at(-1)).toBe('   1  static int twice(int x) {');
  });
});

describe('a source that was written after the program was built', () => {
  const recent = 'warning: twice.h is more recent than /prog: its lines may not be those that the program was built from.';
  beforeEach(() => utimesSync(join(folder, 'old/include/twice.h'), new Date(), new Date(Date.now() + 10_000)));

  it('is shown with a warning, once', async () => {
    const said = await lines(['list main', 'break twice', 'run', 'list twice', 'run']);
    expect(said.filter((line) => line.startsWith('warning: '))).toEqual([recent]);
    expect(said.indexOf(recent)).toBe(said.indexOf('Breakpoint 0, twice (x=0)') - 1);
  });

  it('is a warning in JSON, too', async () => {
    const { stdout } = await run(['--json', ...commands('list twice'), join(folder, 'prog')]);
    expect(JSON.parse(stdout.split('\n')[0] ?? '')).toMatchObject({
      type: 'message',
      level: 'warning',
      text: expect.stringContaining('twice.h') as string,
    });
  });
});

it('a program that was built again is told of with the next run, its breakpoints go with their functions, and hits are counted anew', async () => {
  const script = join(folder, 'again.sh');
  writeFileSync(script, `cd ${folder}/old && sed -i '1i int before;' include/twice.h && gcc -g -Iinclude src/prog.c -o ../prog`);
  const said = await lines(['break twice', 'run', `shell sh ${script}`, 'run', 'info breakpoints']);
  const places = said.filter((line) => line.startsWith('Stopped at '));
  expect(places).toEqual(['Stopped at /old/include/twice.h:2', 'Stopped at /old/include/twice.h:3']);
  expect(said).toContain('/prog has changed; its symbols are read again.');
  expect(said).toContain('-> 3    return x * 2;');
  expect(said).toContain('\tbreakpoint already hit 1 time');
  expect(said.filter((line) => line.startsWith('warning: '))).toEqual([]);
});

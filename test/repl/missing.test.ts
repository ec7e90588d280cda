/** Debug information in files that are gone or do not fit: the user is told once, with the command that needed it, and the rest still works. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { leakGuard } from '../helpers/leaks.js';
import { commands, run } from './cli.js';

leakGuard();

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'deet-missing-'));
  writeFileSync(join(folder, 'prog.c'), 'static int twice(int x) {\n  return x * 2;\n}\nint main(void) {\n  return twice(0);\n}\n');
});
afterEach(() => rmSync(folder, { recursive: true }));

const shell = (script: string): string => execFileSync('/bin/sh', ['-ec', script], { cwd: folder, encoding: 'utf8', stdio: 'pipe' });

const backtrace = async (program = 'prog', ...before: string[]): Promise<{ warnings: string[]; frames: string[] }> => {
  const { stdout } = await run([...commands(...before, 'break twice', 'run', 'backtrace', 'info locals'), join(folder, program)]);
  const lines = stdout.split('\n');
  return {
    warnings: lines.filter((line) => line.startsWith('warning: ')),
    frames: lines.filter((line) => line.startsWith('#')).map((line) => line.replaceAll(`${folder}/`, '').replace(/0x[0-9a-f]+ in /, '')),
  };
};

describe('a file of debug information', () => {
  it('that -gsplit-dwarf made and that is gone leaves lines and names', async () => {
    shell('gcc -g -gsplit-dwarf -c prog.c; gcc prog.o -o prog');
    expect(await backtrace()).toEqual({ warnings: [], frames: ['#0  twice (x=0) at prog.c:2', '#1  main () at prog.c:5'] });
    mkdirSync(join(folder, 'away'));
    renameSync(join(folder, 'prog.dwo'), join(folder, 'away/prog.dwo'));
    const lines = 'its source has lines only, no variables and types';
    const advice = 'Type "set debug-file-directory FOLDER" if it is elsewhere.';
    expect(await backtrace()).toEqual({
      warnings: [`warning: prog.dwo of ${folder}/prog was not found (it would be ${folder}/prog.dwo): ${lines}. ${advice}`],
      frames: ['#0  twice () at prog.c:2', '#1  main () at prog.c:5'],
    });
    const { frames } = await backtrace('prog', `set debug-file-directory ${folder}/away`);
    expect(frames).toEqual(['#0  twice (x=0) at prog.c:2', '#1  main () at prog.c:5']);
    shell("sed 's/twice/other/' prog.c > new.c; gcc -g -gsplit-dwarf -c new.c; mv new.dwo prog.dwo");
    expect((await backtrace()).warnings).toEqual([
      `warning: prog.dwo of ${folder}/prog is of another build (${folder}/prog.dwo): ${lines}. Put the one of this build in its place.`,
    ]);
  });

  it('that was built again is not that of .gnu_debuglink', async () => {
    shell(
      'gcc -g -Wl,--build-id=none prog.c -o prog; objcopy --only-keep-debug prog prog.debug; strip -g prog; objcopy --add-gnu-debuglink=prog.debug prog',
    );
    expect((await backtrace()).warnings).toEqual([]);
    shell('printf x >> prog.debug');
    expect(await backtrace()).toEqual({
      warnings: [expect.stringContaining(`${folder}/prog.debug is not the debug file of this build`)],
      frames: ['#0  twice ()', '#1  main ()'],
    });
  });

  it('that dwz moved the common part to is wanted as a whole', async () => {
    shell('gcc -g prog.c -o prog; gcc -g -O1 prog.c -o other; dwz -m common.dwz prog other');
    expect(await backtrace()).toEqual({ warnings: [], frames: ['#0  twice (x=0) at prog.c:2', '#1  main () at prog.c:5'] });
    mkdirSync(join(folder, 'away'));
    renameSync(join(folder, 'prog'), join(folder, 'away/prog'));
    expect(await backtrace('away/prog')).toEqual({
      warnings: [
        expect.stringMatching(
          /\/away\/prog: its debug information is not used, because the part that dwz moved to common\.dwz was not found\. Type "set debug-file-directory FOLDER" if it is FOLDER\/\.build-id\/..\/\w+\.debug\.$/,
        ),
      ],
      frames: ['#0  twice ()', '#1  main ()'],
    });
  });
});

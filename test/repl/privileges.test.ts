/** A set-user-ID program is told of when it runs without its owner's rights: here because deet itself was told to gain none (PR_SET_NO_NEW_PRIVS). */
import { chmodSync, chownSync, copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { compileText } from '../helpers/build.js';
import { leakGuard } from '../helpers/leaks.js';
import { commands, run } from './cli.js';

leakGuard();

const folder = mkdtempSync(join(tmpdir(), 'deet-rights-'));
afterAll(() => rmSync(folder, { recursive: true }));

const user = process.getuid?.() ?? 0;

/** Root makes one that belongs to somebody else; nobody else can, but every system has one of root's. */
const foreign = (): string => {
  if (user !== 0) return '/usr/bin/su';
  const program = join(folder, 'foreign');
  copyFileSync(compileText('nothing.c', 'int main(void) { return 0; }\n'), program);
  chownSync(program, 1, 1);
  chmodSync(program, 0o4755);
  return program;
};

describe('a set-user-ID program', () => {
  it('is said to run without its rights, when it is started and when another program executes it', async () => {
    const program = foreign();
    const executing = compileText(
      'executing.c',
      '#include <unistd.h>\nint main(int n, char **v) { (void)n; return execv(v[1], v + 1); }\n',
    );
    const wanted = `[${program} is set-user-ID ${user === 0 ? 1 : 0}, but runs as user ${user}: a traced program gets no privileges]`;
    const shell = 'exec setpriv --no-new-privs "$@"';
    for (const words of [
      [program, '--version'],
      [executing, program, '--version'],
    ]) {
      const { stdout, status } = await run(['--batch', ...commands('run'), '--args', ...words], { shell });
      expect(stdout.split('\n').filter((line) => line.includes('set-user-ID'))).toEqual([wanted]);
      expect(status).toBe(0);
    }
  });
});

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compileText, sample } from '../helpers/build.js';
import { leakGuard } from '../helpers/leaks.js';
import { commands, root, run, type Conversation, type Finished } from './cli.js';

leakGuard();

const [hello, segfault, exit_, calls] = ['hello', 'segfault', 'exit', 'function_calls'].map(sample);
const echoing = compileText(
  'echoing.c',
  '#include <stdio.h>\nint main(void) { char line[99]; setbuf(stdout, NULL); while (fgets(line, 99, stdin)) printf("got %s", line); return 3; }\n',
);
const waiting = compileText(
  'waiting.c',
  '#include <stdio.h>\n#include <unistd.h>\nint main(void) { puts("ready"); fflush(stdout); for (;;) pause(); }\n',
);

let folder: string;
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), 'deet-batch-'))));
afterAll(() => rmSync(folder, { recursive: true }));

const script = (name: string, ...lines: string[]): string => {
  const path = join(folder, name);
  writeFileSync(path, `${lines.join('\n')}\n`);
  return path;
};

describe('exit statuses of a batch', () => {
  it('0 when all commands succeeded', async () => {
    expect(await run([...commands('run'), hello])).toEqual({
      status: 0,
      signal: null,
      stdout: 'Hello, world!\nChild exited (status 0)\n',
      stderr: '',
    });
  });

  it('1 when one failed; the next -ex runs', async () => {
    const { status, stdout, stderr } = await run([...commands('print nosuch', 'print 6*7'), hello]);
    expect([status, stdout]).toEqual([1, '$1 = 42\n']);
    expect(stderr).toBe('No symbol "nosuch" in current context.\n');
  });

  it('1 when a line of a file failed, which ends the file', async () => {
    const path = script('failing', 'print 1', '# a comment', '', 'print nosuch', 'print 2');
    const { status, stdout, stderr } = await run(['--batch', '-x', path, '-ex', 'print 3', hello]);
    expect([status, stdout]).toEqual([1, '$1 = 1\n$2 = 3\n']);
    expect(stderr).toMatch(/^failing:4: No symbol "nosuch"/);
  });

  it('1 when a file is not there', async () => {
    const { status, stderr } = await run(['--batch', '-x', '/no/such/file', hello]);
    expect([status, stderr]).toEqual([1, '/no/such/file: No such file or directory.\n']);
  });

  it.each([
    ['no program', []],
    ['an unknown option', ['--nonsense', 'x']],
    ['an option without its value', ['--batch', '-ex']],
    ['a limit that is no number', ['--timeout', 'soon', 'x']],
  ])('2 and the usage for %s', async (_, words) => {
    const { status, stderr, stdout } = await run(words);
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/^Usage: deet .*$/m);
  });

  it.each([
    ['missing', '/no/such/program', /there is no such file|no file/],
    ['a directory', '/tmp', /is a folder/],
    ['text', join(root, 'package.json'), /text file/],
  ])('2 and one sentence when the program is %s', async (_, program, expected) => {
    const { status, stderr } = await run([...commands('run'), program]);
    expect(status).toBe(2);
    expect(stderr).toMatch(expected);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });

  it("the program's own with --return-child-result", async () => {
    expect((await run(['--return-child-result', ...commands('run 42'), exit_])).status).toBe(42);
    expect((await run(['--return-child-result', ...commands('run', 'continue'), segfault])).status).toBe(128 + 11);
  });

  it('124 past --timeout, with everything killed', async () => {
    // Until the limit is long enough for the program to come to its wait on this machine; a shorter one ends whatever is going on then.
    for (let [limit, stdout] = [0.5, '']; stdout !== 'ready\n'; limit *= 2) {
      const finished = await run(['--timeout', String(limit), ...commands('run'), waiting]);
      ({ stdout } = finished);
      expect([finished.status, ['', 'ready\n']]).toEqual([124, expect.arrayContaining([stdout])]);
      expect(finished.stderr).toContain(`The time limit of ${limit} s has passed`);
    }
  });

  it('what quit says', async () => expect((await run([...commands('quit 7', 'print 1'), hello])).status).toBe(7));
});

describe('the command line', () => {
  it('leaves everything behind the program to it', async () => {
    const { stdout } = await run([...commands('show args', 'run'), '--args', calls, '--batch', '-x', 'a b']);
    expect(stdout).toContain('Child exited (status 0)');
    const words = compileText(
      'words.c',
      '#include <stdio.h>\nint main(int c, char **v) { for (int i = 1; i < c; i++) printf("[%s]", v[i]); puts(""); }\n',
    );
    expect((await run([...commands('run'), words, '--batch', '-ex', 'a b'])).stdout).toContain('[--batch][-ex][a b]\n');
  });

  it('sets directory and environment of the program', async () => {
    const shows = compileText(
      'shows.c',
      '#include <stdio.h>\n#include <stdlib.h>\n#include <unistd.h>\nint main(void) { char at[999]; printf("%s %s\\n", getcwd(at, 999), getenv("COLOUR")); }\n',
    );
    const { stdout } = await run(['--cd', folder, '--env', 'COLOUR=blue', ...commands('run'), shows]);
    expect(stdout).toContain(`${folder} blue\n`);
  });

  it('keeps certificates from Node, whose start they would double, not from the program', async () => {
    const shows = compileText(
      'certificates.c',
      `#include <stdio.h>
#include <string.h>
extern char **environ;
int main(void) { for (char **v = environ; *v; v++) if (strstr(*v, "=/none such")) puts(*v); }
`,
    );
    // Node warns of a file that it cannot read.
    const { stdout, stderr } = await run([...commands('run'), shows], { env: { NODE_EXTRA_CA_CERTS: '/none such' } });
    expect({ stdout, stderr }).toEqual({ stdout: 'NODE_EXTRA_CA_CERTS=/none such\nChild exited (status 0)\n', stderr: '' });
  });

  it('says in a sentence that its addon is not built', async () => {
    const { status, stderr } = await run([...commands('run'), hello], { env: { DEET_ADDON_BUILD: 'None' } });
    expect(status).toBe(2);
    expect(stderr).toMatch(/^The native addon is missing \(.*\/build\/None\/deet\.node\)\. Run "npm install" .*\n$/);
  });

  it('takes -ex and -x in their order', async () => {
    const path = script('order', 'echo file\\n');
    const { stdout } = await run(['--batch', '-ex', 'echo first\\n', '-x', path, '-ex', 'echo last\\n', hello]);
    expect(stdout).toBe('first\nfile\nlast\n');
  });

  it('tells its version, which is the package’s', async () => {
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
    expect((await run(['--version'])).stdout).toBe(`deet ${version}\n`);
    expect((await run(['--help'])).stdout).toMatch(/^Usage: deet /);
  });
});

describe('the end of a batch', () => {
  it.each([
    ['SIGSEGV', 139],
    ['SIGINT', 130],
  ])('lets a program die of the %s that it sent itself: its end is told', async (signal, code) => {
    const program = compileText(`raise_${signal}.c`, `#include <signal.h>\nint main(void) { raise(${signal}); return 0; }\n`);
    const { status, stdout } = await run(['--batch', '--return-child-result', ...commands('run'), program]);
    expect(stdout).toMatch(new RegExp(`Child exited due to signal ${signal}\n$`));
    expect(status).toBe(code);
  });
});

describe('the end of a batch on a program whose children die, too', () => {
  it('lets each die, and the program go on to its own end', async () => {
    const program = compileText(
      'dying_children.c',
      `#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>
int main(void) {
  int signals[] = {SIGABRT, SIGFPE, SIGTERM, SIGSYS, SIGXCPU}, status, sum = 0;
  for (int i = 0; i < 5; i++) {
    if (fork() == 0) raise(signals[i]);
    wait(&status);
    sum += WTERMSIG(status);
  }
  printf("%d\\n", sum);
  fflush(stdout);
  raise(SIGKILL);
}
`,
    );
    const { status, stdout } = await run(['--batch', '--return-child-result', ...commands('run'), program]);
    expect(stdout).toMatch(/^84$/m);
    expect(stdout).toMatch(/Child exited due to signal SIGKILL\n$/);
    expect(status).toBe(137);
  });
});

describe('the session of the program', () => {
  const program = compileText(
    'session.c',
    '#include <stdio.h>\n#include <unistd.h>\nint main(void) { puts(getsid(0) == getpid() ? "leader" : "member"); return 0; }\n',
  );

  it.each([
    ['setsid "$@"', 'leader'],
    ['"$@"', 'member'],
  ])('is as it would be without deet: started by %s it is a %s', async (shell, what) => {
    const { stdout } = await run(['--batch', ...commands('run'), program], { shell: `${shell} | cat` });
    expect(stdout).toBe(`${what}\nChild exited (status 0)\n`);
  });
});

describe('standard input that is no terminal', () => {
  it('is read as commands, without a prompt; an error does not end it', async () => {
    const { status, stdout, stderr } = await run([hello], { input: 'print 1\nnonsense\n\nprint 2' });
    expect([status, stdout]).toEqual([0, '$1 = 1\n$2 = 2\n']);
    expect(stderr).toMatch(/^Unrecognized command\./);
  });

  it('belongs to the program behind the line that runs it', async () => {
    const input = 'print 1\nrun\none\ntwo\n';
    const expected = '$1 = 1\ngot one\ngot two\nChild exited (status 3)\n';
    expect((await run([echoing], { input })).stdout).toBe(expected);
    // From a file, and piped slowly.
    const path = script('input', ...input.trim().split('\n'));
    const { stdout } = await run([], { shell: `"$@" '${echoing}' < '${path}'` });
    expect(stdout).toBe(expected);
    const slow = await run([echoing], {
      started: async ({ stdin, said }) => {
        stdin.write('print 1\n');
        await said('$1');
        stdin.write('run\none\n');
        await said('got one');
        stdin.end('two\n');
      },
    });
    expect(slow.stdout).toBe(expected);
  });

  it('ends with what is alive killed', async () => {
    const { status, stdout } = await run([calls], { input: 'break func2\nrun\n' });
    expect(status).toBe(0);
    expect(stdout).toMatch(/Killing running inferior \(pid \d+\)\n$/);
    expect(stdout).not.toContain('Child exited');
  });
});

describe('nothing is left', () => {
  const untilReady = (act: (conversation: Conversation) => void): Promise<Finished> =>
    run(['-ex', 'run', waiting], {
      started: async (conversation) => {
        await conversation.said('ready');
        act(conversation);
      },
    });

  it.each(['SIGTERM', 'SIGHUP', 'SIGKILL'] as const)('after %s', async (signal) => {
    const { status, signal: by } = await untilReady(({ kill }) => kill(signal));
    expect([status, by]).toEqual(signal === 'SIGKILL' ? [null, 'SIGKILL'] : [signal === 'SIGTERM' ? 143 : 129, null]);
  });

  it('after SIGTERM and after the time limit in a computation that hears of nothing', async () => {
    const big = compileText(
      'big.c',
      `#include <stdlib.h>
int main(void) {
  char *big = malloc(1 << 26);
  for (int i = 0; i < 1 << 26; i++) big[i] = i * 7 + i / 100 + 1;
  return big == NULL;
}
`,
    );
    const endless = ['set print elements 0', 'set print repeats 0', 'echo begins\\n', 'print *big@(1 << 26)'];
    const { status, stdout } = await run([...commands('break 5', 'run', ...endless), big], {
      started: async ({ said, kill }) => {
        await said('begins');
        kill('SIGTERM');
      },
    });
    expect(status).toBe(143);
    expect(stdout).toMatch(/begins\n$/);
    expect((await run(['--timeout', '1', ...commands('break 5', 'run', ...endless), big])).status).toBe(124);
  });

  it('when SIGINT stops the program, and the input ends', async () => {
    const { status, stdout } = await untilReady(({ kill, stdin }) => {
      kill('SIGINT');
      stdin.end('backtrace\n');
    });
    expect(status).toBe(0);
    expect(stdout).toContain('Child stopped (signal SIGINT)\n');
    expect(stdout).toMatch(/^#\d+ .*main \(\) at .*waiting\.c/m);
  });
});

/** One process of several: killed, let go of, held at its birth; and what has changed between two stops. */
import { describe, expect, it } from 'vitest';
import { compileText } from '../helpers/build.js';
import { leakGuard } from '../helpers/leaks.js';
import { commands, run } from '../repl/cli.js';

leakGuard();

const program = (name: string, body: string): string =>
  compileText(
    `${name}.c`,
    `#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
${body}`,
    ['-pthread', '-w'],
  );

const family = (): string =>
  program(
    'family',
    `void here(void) {}
     int main(void) { pid_t a = fork(); if (a == 0) { pause(); _exit(1); } pid_t b = fork(); if (b == 0) { here(); _exit(2); }
       int s; waitpid(a, &s, 0); printf("a: %d\\n", WIFSIGNALED(s) ? WTERMSIG(s) : -1); waitpid(b, &s, 0); printf("b: %d\\n", WEXITSTATUS(s)); }`,
  );

describe('kill inferiors and detach inferiors', () => {
  it('kills one, and the others go on where they stood', async () => {
    const { stdout, status } = await run([...commands('break here', 'run', 'kill inferiors 2', 'info inferiors', 'continue'), family()]);
    expect(stdout).toMatch(/\[Inferior 2 \(process \d+\) killed\]/);
    const after = stdout.slice(stdout.indexOf('killed]'));
    expect(after).toMatch(/^\* 3 +process/m);
    expect(after).not.toMatch(/^..2 +process/m);
    expect(stdout).toContain('a: 9');
    expect(stdout).toContain('b: 2');
    expect(status).toBe(0);
  });

  it('selects another process when the current one is killed', async () => {
    const { stdout, stderr } = await run([
      ...commands('break here', 'run', 'kill inferior 3', 'backtrace', 'kill inferiors 1 2'),
      family(),
    ]);
    expect(stdout.slice(stdout.indexOf('[Inferior 3'))).toMatch(/^#0 .*\n(?:.*\n)*\[Inferior 1 .* killed\]\n(?:.*\n)*\[Inferior 2 /m);
    expect(stderr).toBe('');
  });

  it('lets one go, which then does without deet what it would have done', async () => {
    const { stdout, stderr, status } = await run([
      ...commands('break here', 'run', 'detach inferior 3', 'kill inferiors 2', 'continue'),
      family(),
    ]);
    expect(stdout).toMatch(/\[Inferior 3 \(process \d+\) detached\]/);
    expect(stdout).toContain('b: 2');
    expect(stderr).toBe('');
    expect(status).toBe(0);
  });

  it('says that there is no such process', async () => {
    const { stderr, status } = await run([...commands('break here', 'run', 'kill inferiors 7'), family()]);
    expect(stderr).toMatch(/^There is no process 7\./m);
    expect(status).toBe(1);
  });
});

describe('hold and release', () => {
  it('without a number mean the selected process, and all that are held', async () => {
    const { stdout, stderr } = await run([
      ...commands('break here', 'run', 'release', 'hold', 'release', 'hold 1', 'hold 2', 'release', 'kill'),
      family(),
    ]);
    const said = stdout.split('\n').filter((line) => /held|stands still|runs again/.test(line));
    expect(said.map((line) => line.replace(/\d+/, 'N'))).toEqual([
      'No process is held.',
      'Process N stands still until "release".',
      'Process N runs again with the others.',
      'Process N stands still until "release".',
      'Process N stands still until "release".',
      'Process N runs again with the others.',
      'Process N runs again with the others.',
    ]);
    expect(stderr).toBe('');
  });

  it('one that was let go and is a zombie has ended', async () => {
    const body = `void here(void) {} int main(void) { pid_t a = fork(); if (a == 0) { for (;;) pause(); } here(); siginfo_t i; kill(a, SIGTERM);
      waitid(P_PID, a, &i, WEXITED | WNOWAIT); here(); wait(NULL); }`;
    const { stdout } = await run([...commands('break here', 'run', 'detach inferior 2', 'continue', 'info tree'), program('let-go', body)]);
    expect(stdout).toMatch(/^└─ \d+ let-go: let go, and has ended; forked at main/m);
  });
});

it('detach-on-fork off: the process that is not followed stands still until it is released', async () => {
  const lines = ['set follow-fork-mode parent', 'set detach-on-fork off', 'break here', 'run', 'info inferiors', 'release 2', 'continue'];
  const held = program(
    'held',
    `void here(void) {} int main(void) { pid_t a = fork(); if (a == 0) { puts("child"); exit(0); } here(); waitpid(a, NULL, 0); puts("parent"); }`,
  );
  const { stdout, status } = await run([...commands(...lines), held]);
  const stop = stdout.indexOf('  2    process');
  expect(stop).toBeGreaterThan(0);
  expect(stdout.indexOf('child\n')).toBeGreaterThan(stop);
  expect(stdout).toContain('parent\n');
  expect(status).toBe(0);
  // Or all run, if that is asked for.
  for (const mode of ['parent', 'child']) {
    const all = [`set follow-fork-mode ${mode}`, 'set detach-on-fork off', 'set schedule-multiple on', 'run'];
    expect((await run([...commands(...all), held])).stdout).toMatch(/^child\n[^]*^parent\n/m);
  }
});

describe('info fds -changes', () => {
  const opens = (): string =>
    program(
      'opens',
      `int main(void) { int p[2]; pipe(p);\n int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);\n dup2(fd, p[0]);\n close(p[1]);\n return 0; }`,
    );

  it('tells what was opened, replaced and closed since the last stop', async () => {
    const { stdout } = await run([
      ...commands(
        'break main',
        'run',
        'next',
        'info fds -changes',
        'next',
        'next',
        'info fds -changes',
        'next',
        'info fds -c',
        'stepi',
        'info fds -c',
      ),
      opens(),
    ]);
    const rows = [...stdout.matchAll(/^ +\d+ {2}(?:opened|closed|replaced|changed) .*$/gm)].map(([row]) =>
      row.trim().replace(/:\[\d+\]/g, ':[N]'),
    );
    expect(rows).toEqual([
      '3  opened   pipe pipe:[N] (read)',
      '4  opened   pipe pipe:[N] (write)',
      '3  replaced  device /dev/null (read); before: pipe pipe:[N] (read)',
      '4  closed   pipe pipe:[N] (write)',
    ]);
    expect(stdout).toContain('No descriptor has changed since the last stop.');
  });

  it('is one object of JSON', async () => {
    const { stdout } = await run(['--json', ...commands('break main', 'run', 'next', 'info fds -changes'), opens()]);
    const object = stdout
      .split('\n')
      .filter((line) => line.includes('descriptorChanges'))
      .map((line): unknown => JSON.parse(line));
    expect(object).toMatchObject([
      { type: 'descriptorChanges', changes: [{ fd: 3, change: 'opened', after: { kind: 'pipe', end: 'read' } }, { fd: 4 }] },
    ]);
  });
});

describe('when it is over', () => {
  it('explain tells of the signal that ended the program, or of its status', async () => {
    const alarm = await run([...commands('run', 'explain'), program('alarm', `int main(void) { alarm(1); pause(); }`)]);
    expect(alarm.stdout).toMatch(
      /^The program \(alarm, pid \d+\) was ended by SIGALRM \(.*\), for which it had no handler: a timer of the program's own ran out/m,
    );
    const three = await run([...commands('run', 'explain'), program('three', `int main(void) { return 3; }`)]);
    expect(three.stdout).toMatch(/^The program \(three, pid \d+\) has ended by itself, with status 3\.$/m);
  });

  it('the report gives the line of the popen that nobody closed', async () => {
    const { stdout } = await run([
      ...commands('run'),
      program('popen', `int main(void) {\n FILE *f = popen("cat", "w");\n fputs("hi\\n", f); fflush(f);\n return 0; }`),
    ]);
    expect(stdout).toMatch(/^Note: Process \d+ \(\w+\), forked by popen at popen\.c:8, outlived its parent .* \(pclose does\)\.$/m);
  });
});

describe('who is kept standing', () => {
  const waits = (): string =>
    program(
      'waits',
      `void here(void) {}
       int main(void) { pid_t a = fork(); if (a == 0) { here(); _exit(1); } waitpid(a, NULL, 0); puts("waited"); }`,
    );

  it('is said when nobody else moves: held', async () => {
    const { stdout } = await run([
      '--timeout',
      '600',
      ...commands('set hang-after 3', 'break here', 'run', 'hold 2', 'continue', 'release 2', 'continue'),
      waits(),
    ]);
    expect(stdout).toMatch(
      /^\[Nobody moves, and process \d+ is held: Ctrl-C, then "release 2"\]\n(?:.*\n)*The program has made no progress\.$/m,
    );
    expect(stdout).toContain('waited');
  });

  it('is said when nobody else moves: not scheduled', async () => {
    const { stdout } = await run([
      '--timeout',
      '600',
      ...commands('set hang-after 3', 'set schedule-multiple off', 'run', 'set schedule-multiple on', 'continue'),
      waits(),
    ]);
    expect(stdout).toMatch(/^\[Nobody moves, and process \d+ is not let run: Ctrl-C, then "set schedule-multiple on"\]$/m);
    expect(stdout).toContain('waited');
  });
});

describe('a stop shows what it is about', () => {
  it('a hang: who waits for whom', async () => {
    const { stdout } = await run([
      ...commands('set hang-after 1', 'run'),
      program('stuck', `int main(void) { int p[2]; pipe(p); char c; read(p[0], &c, 1); }`),
    ]);
    expect(stdout).toMatch(
      /^The program has made no progress\.\n(?:.*\n)*Process \d+ reads pipe \d+ \(fd 3\); its write end is still open in itself, fd 4: /m,
    );
  });

  it('a fork bomb: its tree, not all of a large one, and the line that forks', async () => {
    const bomb = program('bomb', `int main(void) { for (;;)\nfork(); }`);
    const { stdout } = await run([...commands('set process-limit 40', 'run'), bomb]);
    expect(stdout).toMatch(
      /^Child stopped: the family has [4-9]\d live processes.*, and "set process-limit 40" lets it have no more\..*\n.*\ncalled from main at .*bomb\.c:\d+\n/m,
    );
    expect(stdout.match(/^.*bomb: stopped; .*at main bomb\.c:\d+/gm)?.length).toBe(30);
    expect(stdout).toMatch(/^\.\.\. and \d+ more: "info tree" shows all$/m);
  });
});

describe('set follow-exec-mode', () => {
  it.each([
    ['new', /\/first\.$/m],
    ['same', /\/echo\.$/m],
  ])('%s', async (mode, expected) => {
    const shell = program('first', `int main(void) { execl("/bin/echo", "echo", "hello", NULL); }`);
    const { stdout } = await run([...commands(`set follow-exec-mode ${mode}`, 'run', 'info inferiors'), shell]);
    expect(/^No process is running\. The program is .*$/m.exec(stdout)?.[0]).toMatch(expected);
  });
});

describe('who does not wait', () => {
  it('is said by why: at work, or spinning', async () => {
    const { stdout } = await run([
      ...commands('break here', 'run', 'why'),
      program(
        'busy',
        `void here(void) {\n}\n static char state(pid_t pid) { char name[40], state = 0; sprintf(name, "/proc/%d/stat", pid); FILE *file = fopen(name, "r");
          fscanf(file, "%*d (%*[^)]) %c", &state); fclose(file); return state; }
         int main(void) { pid_t a = fork(); if (a == 0) { pause(); } while (state(a) != 'S') usleep(1000); here(); kill(a, 9); wait(NULL); }`,
      ),
    ]);
    expect(stdout).toMatch(/^Process \d+ is not blocked: it is in here at busy\.c:8$/m);
    expect(stdout).toMatch(/^Process \d+ waits for a signal \(pause\)$/m);
  });

  it('is no hang: a loop that looks again and again', async () => {
    const { stdout } = await run([
      ...commands('set hang-after 1', 'run'),
      program('polls', `int main(void) { for (int i = 0; i < 25; i++) usleep(100000); puts("done"); return 0; }`),
    ]);
    expect(stdout).toContain('done');
    expect(stdout).toContain('Child exited (status 0)');
  });
});

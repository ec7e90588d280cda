/** What `info tree` and `explain` say of processes that are stopped, dead, or let go. */
import { describe, expect, it } from 'vitest';
import { compileText } from '../helpers/build.js';
import { leakGuard } from '../helpers/leaks.js';
import { commands, run } from '../repl/cli.js';

leakGuard();

const said = async (name: string, body: string, ...typed: string[]): Promise<string> => {
  const program = compileText(
    `${name}.c`,
    `#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>
static void look(void) {}
${body}`,
    ['-w'],
  );
  return (await run(['--timeout', '600', ...commands(...typed), program])).stdout;
};

/** Waits until a child is a zombie, stopped, or gone, without taking it. */
const settled = 'siginfo_t i; ';

describe('explain, of a program that is no more', () => {
  it.each([
    ['SIGKILL', 'kill(getpid(), SIGKILL);', /was ended by SIGKILL \(Killed\): somebody sent it, or the kernel did/],
    [
      'SIGALRM',
      'alarm(1); pause();',
      /was ended by SIGALRM \(Alarm clock\), for which it had no handler: a timer of the program's own ran out/,
    ],
    ['SIGTERM', 'raise(SIGTERM);', /was ended by SIGTERM \(Terminated\), for which it had no handler: somebody sent it \(kill\)/],
    ['status', 'exit(3);', /has ended by itself, with status 3\.$/m],
  ])('%s', async (name, body, text) => {
    expect(await said(`ends-${name}`, `int main(void) { ${body} }`, 'run', 'continue', 'explain')).toMatch(text);
  });
});

describe('info tree', () => {
  const tree = (name: string, body: string): Promise<string> =>
    said(`tree-${name}`, `int main(void) { ${settled}${body} look(); }`, 'break look', 'run', 'info tree', 'why');

  it('says that the kernel reaped where SIGCHLD was ignored, although it is not any more', async () => {
    const body =
      'int main(void) { signal(SIGCHLD, SIG_IGN); pid_t c = fork(); if (c == 0) _exit(4); while (kill(c, 0) == 0) usleep(1000); look(); signal(SIGCHLD, SIG_DFL); look(); }';
    const text = await said('tree-ignored', body, 'break look', 'run', 'continue', 'info tree');
    expect(text).toMatch(/exited \(status 4\), reaped by the kernel \(its parent ignores SIGCHLD\)/);
  });

  it('says who is a zombie, and of what it died', async () => {
    const body = 'if (fork() == 0) kill(getpid(), SIGKILL); waitid(P_ALL, 0, &i, WEXITED | WNOWAIT);';
    expect(await tree('zombie', body)).toMatch(/zombie since \d\d:\d\d:\d\d, killed by SIGKILL; forked at main/);
  });

  it('says who was let go because the program itself traces it', async () => {
    const body =
      'if (fork() == 0) { ptrace(PTRACE_TRACEME, 0, 0, 0); raise(SIGSTOP); _exit(0); } waitid(P_ALL, 0, &i, WSTOPPED | WNOWAIT);';
    const text = await tree('traced', body);
    expect(text).toMatch(/^\[Process \d+ is about to be traced by the program itself: deet lets it go\]$/m);
    expect(text).toMatch(/let go: runs without deet; forked at main/);
  });

  it('says who is stopped by a signal', async () => {
    const text = await tree('stopped', 'if (fork() == 0) { raise(SIGSTOP); _exit(0); } waitid(P_ALL, 0, &i, WSTOPPED | WNOWAIT);');
    expect(text).toMatch(/─ \d+ tree-stopped: stopped by SIGSTOP; at main/);
    expect(text).toMatch(/^Process \d+ is stopped by SIGSTOP: SIGCONT lets it go on$/m);
  });

  it('why says what SIGTTIN is about', async () => {
    const text = await tree('background', 'if (fork() == 0) { raise(SIGTTIN); _exit(0); } waitid(P_ALL, 0, &i, WSTOPPED | WNOWAIT);');
    expect(text).toMatch(/^Process \d+ is stopped by SIGTTIN, which comes to who reads the terminal from the background: SIGCONT /m);
  });

  it('why says whom deet itself keeps standing, and what lets it run', async () => {
    const body = 'int main(void) { if (fork() == 0) _exit(0); look(); }';
    const others = await said('kept-process', body, 'set schedule-multiple off', 'break look', 'run', 'why');
    expect(others).toMatch(/^Process \d+ is kept back by deet \(set schedule-multiple off\): "set schedule-multiple on" lets it run$/m);
  });

  it('why says who is held, and what lets it run', async () => {
    const held = await said('kept-held', 'int main(void) { look(); look(); }', 'break look', 'run', 'hold', 'why');
    expect(held).toMatch(/^Process \d+ is held by deet: "release \d+" lets it run$/m);
  });

  it('says which exec failed, and so does explain at the end', async () => {
    const body = 'int main(void) { if (fork() == 0) { execlp("no-such-program", "x", NULL); _exit(127); } wait(NULL); return 0; }';
    const text = await said('not-executed', body, 'run', 'info tree', 'explain');
    expect(text).toMatch(
      /─ \d+ not-executed: exited \(status 127\), reaped by \d+; forked at .*; exec of no-such-program failed \(ENOENT\) at main not-executed\.c:\d+$/m,
    );
    expect(text).toMatch(/ Process \d+ could not execute no-such-program at not-executed\.c:\d+ \(ENOENT\)\.$/m);
    expect(text).not.toMatch(/^Note: /m);
  });

  it('says who has lost its parent', async () => {
    const body = 'pid_t c = fork(); if (c == 0) { if (fork() == 0) { pause(); } _exit(0); } waitpid(c, NULL, 0);';
    expect(await tree('orphan', body)).toMatch(/^ {3}└─ \d+ tree-orphan: .*; orphaned, adopted by \d+$/m);
  });

  it('says who of the family has inherited an orphan, and waited for it', async () => {
    const body = `#include <sys/prctl.h>
      int main(void) { prctl(PR_SET_CHILD_SUBREAPER, 1); int p[2]; char c; pipe(p);
        pid_t child = fork(); if (child == 0) { if (fork() == 0) { read(p[0], &c, 1); _exit(5); } _exit(0); }
        waitpid(child, NULL, 0); write(p[1], "x", 1); while (wait(NULL) > 0); return 0; }`;
    const text = await said('subreaper', body, 'run', 'info tree');
    const [, first] = /^(\d+) subreaper: /m.exec(text) ?? [];
    expect(text).toMatch(new RegExp(`exited \\(status 5\\), reaped by ${first}; .*; orphaned, adopted by ${first}$`, 'm'));
    expect(text).not.toMatch(/^Note: /m);
  });
});

it('explain knows the SIGHUP of a process group that nobody could wake any more', async () => {
  const body = `int main(void) { siginfo_t i; if (fork() == 0) { setpgid(0, 0); pid_t c = fork(); if (c == 0) { raise(SIGSTOP); _exit(1); }
      waitid(P_ALL, 0, &i, WSTOPPED | WNOWAIT); _exit(0); } wait(NULL); }`;
  expect(await said('hangup', body, 'run', 'explain')).toMatch(
    /^The kernel sent SIGHUP: .* the last parent outside of the process group has ended/m,
  );
});

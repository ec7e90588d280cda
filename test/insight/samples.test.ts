/** The lectures' samples as a student meets them: deet runs each at a script's prompt, and the cause stands in what it says; of its fix it has nothing to say. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { compile, writeText } from '../helpers/build.js';
import { leakGuard } from '../helpers/leaks.js';
import { commands, root, run } from '../repl/cli.js';

leakGuard();

/** `says`: in the output of `run` and then of `asks`. */
interface Row {
  readonly sample: string;
  readonly asks?: readonly string[];
  readonly says: readonly RegExp[];
  /** Where there is a fix: `./sample fixed` ends, and nothing was left undone. */
  readonly fixed?: false;
}

const said = async (sample: string, ...typed: string[]): Promise<string> => {
  const program = compile(join(root, 'samples', sample), ['-pthread', '-w', '-no-pie']);
  return (await run(['--timeout', '600', ...commands(...typed), program])).stdout;
};

/** What a hang is asked. */
const hang = ['why', 'explain', 'info tree'];

const rows: readonly Row[] = [
  {
    sample: 'fork/runaway.c',
    says: [
      /^Note: Each of \d+, \d+, \d+, \d+ and 3 more \(runaway\), forked at runaway\.c:15, returned from start_workers and ran on in its parent's code to the end of main\./m,
      /^Note: The fork at runaway\.c:15 was run by children too/m,
    ],
  },
  { sample: 'fork/nested_forks.c', says: [/^Note: The fork at nested_forks\.c:19 was run by children too \(\d+\)/m] },
  { sample: 'fork/child_returns.c', says: [/^Note: Process \d+ .* returned from compress and ran on/m] },
  { sample: 'fork/exception.cc', says: [/^Note: Process \d+ .* returned from run_in_child and ran on in its parent's code/m] },
  { sample: 'fork/exec_fails.c', says: [/^Note: Process \d+ .*: exec of no-such-compressor at exec_fails\.c:14 failed \(ENOENT\)/m] },
  {
    sample: 'fork/held_lock.c',
    asks: hang,
    says: [
      /^Process \d+ waits for child \d+, which waits for the mutex `log_lock`, held by a thread \(\d+\) that does not exist in this process: fork\(\) copied a locked lock$/m,
      /^Process \d+ waits for the mutex `log_lock`, held by a thread \(\d+\) that does not exist in this process: fork\(\) copied a locked lock$/m,
      /^The program has made no progress\. It is in main at .*held_lock\.c:52, which had called waitpid\. It waits for child \d+, which/m,
    ],
  },
  {
    sample: 'fork/malloc_lock.c',
    asks: hang,
    says: [
      /^Process \d+ waits for malloc's lock, held by a thread that does not exist in this process: fork\(\) copied a locked lock$/m,
      /^(?:├─ .*reaped by|└─ \d+ malloc_lock: stopped in futex; at main malloc_lock\.c:44; forked at main malloc_lock\.c:41$)/m,
    ],
  },
  { sample: 'fork/stdio_twice.c', says: [/^Note: .* 9 bytes of output \("starting\\n"\) were still in stdout's buffer/m] },
  {
    sample: 'fork/exit_handler.c',
    says: [
      /^Note: Process \d+ \(exit_handler\), forked at exit_handler\.c:19, ran the exit handler `remove_lock`, registered before the fork/m,
    ],
  },
  {
    sample: 'fork/zombies.c',
    // Nobody presses Enter here: the parent may go first.
    says: [
      /^Note: .* \(zombies\), forked at zombies\.c:15, (?:ended \(status \d\) and was never waited for by its parent \d+: a zombie|outlived its parent \d+ \(status 0\), which did not wait for it)\.$/m,
    ],
  },
  {
    sample: 'pipes/write_end_open.c',
    asks: hang,
    says: [
      /^Process \d+ reads pipe \d+ \(fd 3\); its write end is still open in pid \d+ fd 4 and in itself, fd 4: it will never see end of file$/m,
      /^Deadlock of process \d+ and process \d+: /m,
    ],
  },
  {
    sample: 'pipes/dup2_order.c',
    says: [
      /^Note: Process \d+ \(echo\): dup2\(4, 1\) at dup2_order\.c:12 failed \(EBADF\), because fd 4 was not open there; fd 1 stayed what it was\./m,
    ],
  },
  {
    sample: 'pipes/dup2_swapped.c',
    says: [
      /^Note: Process \d+ \(sort\): dup2\(0, 3\) at dup2_swapped\.c:12 made fd 3 \(pipe:\[\d+\], read end\) a copy of fd 0, which stayed what it was\. The old descriptor comes first: dup2\(3, 0\)\.$/m,
    ],
  },
  {
    sample: 'pipes/sibling_deadlock.c',
    asks: hang,
    says: [/^Deadlock of process \d+, process \d+ and process \d+: /m, /^├─ \d+ sibling_deadlock: stopped in read; at count_bytes/m],
  },
  {
    sample: 'threads/lock_order.c',
    asks: hang,
    says: [/^Deadlock of threads 2 and 3 of process \d+: /m, /which had called pthread_join\. It waits for thread 2 to end/],
  },
  {
    sample: 'signals/sigchld_lost.c',
    says: [
      /^Note: Each of \d+, \d+, \d+ and \d+ .*: a zombie\. One SIGCHLD came for 5 children at sigchld_lost\.c:\d+: signals of one kind are not counted, so the handler calls waitpid until nobody is left\.$/m,
    ],
  },
  {
    sample: 'signals/sigchld_race.c',
    asks: ['info tree', 'run fixed', 'info tree'],
    // The job is added in line 48: before it (also in fork itself), and in the fixed program behind it.
    says: [
      /^├─ .*, reaped by \d+; forked at main sigchld_race\.c:44; SIGCHLD came at main sigchld_race\.c:4[467]$/m,
      /^├─ .*, reaped by \d+; forked at main sigchld_race\.c:44; SIGCHLD came at main sigchld_race\.c:49$/m,
    ],
  },
  {
    sample: 'spawn/run.c',
    asks: ['info report', 'info tree'],
    says: [/^Nothing was left undone\.$/m, /^├─ \d+ \w+: exited \(status 3\), reaped/m],
    fixed: false,
  },
];

describe('deet on a sample', () => {
  it.each(rows)('$sample', async ({ sample, asks = [], says, fixed }) => {
    const text = await said(sample, 'set hang-after 1', 'run', ...asks);
    for (const each of says) expect(text).toMatch(each);
    if (fixed === false) return;
    const right = await said(sample, 'run fixed');
    expect(right).toMatch(/^Child exited \(status 0\)$/m);
    expect(right).not.toContain('Note:');
  });

  it('exit handlers of a static program, newest first, without those that destroy objects of C++', async () => {
    const source = writeText(
      'handlers.cc',
      `#include <cstdlib>
#include <sys/wait.h>
#include <unistd.h>
struct Log { ~Log() {} };
static Log one, several[2];
static void first() {}
static void second(int, void *) {}
int main() { atexit(first); on_exit(second, nullptr); if (fork() == 0) exit(0); wait(nullptr); }`,
    );
    for (const flags of [['-static'], ['-pie']]) {
      const { stdout } = await run([...commands('run'), compile(source, flags)]);
      expect(stdout).toMatch(/ran the exit handlers `second` and `first`, registered/);
    }
  });

  it('dup2 that takes the place of a file that was just opened for that, and of no other', async () => {
    const source = writeText(
      'redirect.c',
      `#include <fcntl.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>
int main(int argc, char *argv[]) {
  int out = open(argv[1], O_WRONLY | O_CREAT | O_TRUNC, 0600), in = open(argv[1], O_RDONLY);
  for (int way = 0; way < 3; way++) {
    if (fork() == 0) {
      if (way == 0) dup2(1, in);
      if (way == 1) dup2(1, out);
      if (way == 2 && write(out, "x", 1) == 1) dup2(1, out);
      _exit(0);
    }
    wait(NULL);
  }
}`,
    );
    const file = `${compile(source)}.out`;
    const { stdout } = await run([...commands(`run ${file}`), compile(source)]);
    const notes = stdout.split('\n').filter((each) => each.startsWith('Note:'));
    expect(notes).toEqual([
      expect.stringMatching(
        /^Note: Process \d+ \(redirect\): dup2\(1, 3\) at redirect\.c:10 made fd 3 \(.*redirect\.out\) a copy of fd 1, which stayed what it was\. The old descriptor comes first: dup2\(3, 1\)\.$/,
      ),
    ]);
  });

  it('descriptors that are not open, or the other end of the pipe, in programs of one thread and of several', async () => {
    const source = writeText(
      'closed.c',
      `#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>
static void *nothing(void *argument) { return argument; }
static void work(int *ends) {
  char text[8];
  if (write(ends[0], "x", 1) < 0) close(ends[0]);
  close(ends[0]);
  if (read(ends[0], text, 8) < 0) close(-1);
  for (int fd = 100; fd < 5000; fd++) close(fd);
}
int main(void) {
  int ends[2];
  if (pipe(ends) < 0) return 1;
  if (fork() == 0) { work(ends); _exit(0); }
  wait(NULL);
  pthread_t thread;
  pthread_create(&thread, NULL, nothing, NULL);
  pthread_join(thread, NULL);
  work(ends);
}`,
    );
    for (const flags of [['-pthread'], ['-pthread', '-static', '-pie']]) {
      const { stdout } = await run([...commands('run'), compile(source, flags)]);
      const notes = stdout.split('\n').filter((each) => each.startsWith('Note:'));
      const once = [
        /\(closed\): write\(3\) at closed\.c:7 failed \(EBADF\), because fd 3 \(pipe:\[\d+\], read end\) is not open for writing\.$/,
        /\(closed\): close\(3\) at closed\.c:8 failed \(EBADF\), because fd 3 was not open there: it had been closed before, or never opened\.$/,
        /\(closed\): read\(3\) at closed\.c:9 failed \(EBADF\), because fd 3 was not open there: it had been closed before, or never opened\.$/,
      ].map((each): unknown => expect.stringMatching(each));
      expect(notes).toEqual(once.flatMap((each) => [each, each]));
    }
  });

  it('a read that SIGCHLD interrupts, for who does not call it again, and what may be open at the end', async () => {
    const source = writeText(
      'interrupted.c',
      `#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
static void ended(int signal) { (void)signal; }
static int sleeps(pid_t pid) {
  char name[40], state = 0;
  sprintf(name, "/proc/%d/stat", pid);
  FILE *file = fopen(name, "r");
  int found = fscanf(file, "%*d (%*[^)]) %c", &state);
  fclose(file);
  return found == 1 && state == 'S';
}
int main(int argc, char *argv[]) {
  struct sigaction action = {.sa_handler = ended};
  struct rlimit few = {12, 12};
  int data[2], end[2];
  char text[8];
  setrlimit(RLIMIT_NOFILE, &few);
  if (pipe(data) < 0 || pipe(end) < 0) return 2;
  sigaction(SIGCHLD, &action, NULL);
  if (fork() == 0) { close(end[1]); _exit((int)read(end[0], text, 1)); }
  if (fork() == 0) { while (!sleeps(getppid())) continue; _exit(0); }
  ssize_t got = read(data[0], text, 8);
  if (argc > 1) {
    if (write(data[1], "x", 1) == 1) got = read(data[0], text, 8);
    while (pipe(end) == 0) continue;
  }
  return got < 0 ? 0 : 1;
}`,
    );
    const notes = async (command: string): Promise<string[]> => {
      const { stdout } = await run([...commands(command, 'explain'), compile(source)]);
      return stdout.split('\n').filter((each) => each.includes('EINTR') || each.includes('EMFILE'));
    };
    const given =
      /\(interrupted\): read\(3\) at interrupted\.c:25 was interrupted by SIGCHLD \(EINTR\) and not called again, although process \d+ could still write to it\./;
    expect(await notes('run')).toEqual([expect.stringMatching(given), expect.stringMatching(given)]);
    const full =
      /\(interrupted\) ended \(status 1\) with 1[12] descriptors open, \d of them (?:read|write) ends of pipes, and may have 12: /;
    expect(await notes('run again')).toEqual([expect.stringMatching(full), expect.stringMatching(full)]);
  });

  it('a fork bomb: how many, and which line made them', async () => {
    const text = await said('fork/bomb.c', 'set process-limit 12', 'run', 'explain');
    const [, living = ''] =
      /^Child stopped: the family has (\d+) live processes.*, and "set process-limit 12" lets it have no more\./m.exec(text) ?? [];
    expect(Number(living)).toBeGreaterThanOrEqual(12);
    expect(text).toContain(`The family has come to ${living} live processes, and "set process-limit 12" lets it have no more.`);
    expect(text).toContain(`${Number(living) - 1} of them were forked in main at bomb.c:17.`);
  });
});

import { describe, expect, it, vi } from 'vitest';
import { activityOf } from '../../src/linux/activity.js';
import { Chronicle } from '../../src/insight/chronicle.js';
import { descriptorTables } from '../../src/insight/descriptors.js';
import { processTree } from '../../src/insight/tree.js';
import { why } from '../../src/insight/waits.js';
import { readStat } from '../../src/linux/proc.js';
import { native } from '../../src/native.js';
import { Session } from '../../src/session/session.js';
import { type Compiler, compileText, sample } from '../helpers/build.js';
import { leakGuard } from '../helpers/leaks.js';
import { until } from '../helpers/until.js';
import { stopAsleep } from './ask.js';
import { asleep, preamble } from './native.js';

leakGuard();

const program = (name: string, body: string): string => compileText(`${name}.c`, preamble + body, ['-pthread', '-w']);

/** A session whose program's output goes nowhere. */
class Watched implements Disposable {
  readonly session: Session;
  readonly chronicle: Chronicle;

  constructor(path: string, args: string[] = []) {
    this.session = new Session(path, { batch: true, arguments: args });
    this.session.redirections = [1, 2].map((fd) => ({ fd, path: '/dev/null', access: 'truncate' as const }));
    this.chronicle = new Chronicle(this.session);
  }

  /** Runs until `threads` threads of the family sleep, and stops them. */
  async stuck(threads: number): Promise<void> {
    expect((await stopAsleep(this.session, threads)).kind).toBe('stopped');
  }

  [Symbol.dispose](): void {
    this.session.close();
    this.chronicle.dispose();
  }
}

describe('why, for programs that deet has stopped', () => {
  it('reads the call that was interrupted from the registers, and names locks in structures', async () => {
    using watched = new Watched(sample('threads/lock_order'));
    await watched.stuck(3);
    const { waits, deadlocks, deadlockTexts } = why(watched.chronicle.family());
    expect(waits.map(({ text }) => text.replace(/, which.*/, ''))).toEqual([
      'waits for thread 2 to end (pthread_join)',
      'waits for the mutex `b.lock` held by thread 3',
      'waits for the mutex `a.lock` held by thread 2',
    ]);
    expect(deadlocks).toEqual([[waits[1]?.tid, waits[2]?.tid]]);
    expect(deadlockTexts[0]).toContain('waits for the mutex `a.lock` held by thread 2');
  });

  it('knows locks, conditions and semaphores by the functions that wait and by the expressions they were given', async () => {
    using watched = new Watched(
      program(
        'heap-locks',
        `struct queue { long n; pthread_mutex_t lock; pthread_cond_t filled; sem_t room; };
         static void *lock(void *x) { struct queue *queue = x; pthread_mutex_lock(&queue->lock); return x; }
         static void *wait_for(void *x) { struct queue *q = x; pthread_mutex_t own = PTHREAD_MUTEX_INITIALIZER; pthread_mutex_lock(&own); pthread_cond_wait(&q->filled, &own); return x; }
         static void *post(void *x) { struct queue *q = x; sem_wait(&q->room); return x; }
         int main(void) { struct queue *q = calloc(1, sizeof *q); pthread_t t; pthread_mutex_lock(&q->lock);
           pthread_create(&t, NULL, lock, q); pthread_create(&t, NULL, wait_for, q); pthread_create(&t, NULL, post, q); pause(); }`,
      ),
    );
    await watched.stuck(4);
    const texts = why(watched.chronicle.family()).waits.map(({ text }) => text.replace(/, which.*/, ''));
    expect(texts.slice(1).sort()).toEqual([
      expect.stringMatching(/^waits for the condition variable `q->filled` \(0x\w+\)$/),
      expect.stringMatching(/^waits for the mutex `queue->lock` \(0x\w+\) held by thread 1$/),
      expect.stringMatching(/^waits for the semaphore `q->room` \(0x\w+\)$/),
    ]);
    expect(why(watched.chronicle.family()).deadlocks).toEqual([]);
  });

  it('finds the lock that fork copied', async () => {
    using watched = new Watched(sample('fork/held_lock'));
    const run = watched.session.run();
    const pids = await until(() => {
      const family = watched.session.processes().map(({ pid }) => pid);
      return family.length === 2 && watched.session.processes().every(({ threads }) => threads.size === 1) && family;
    });
    await asleep(() => pids, 2);
    watched.session.pause();
    await run;
    const waits = why(watched.chronicle.family()).waits;
    expect(waits[1]?.text).toMatch(
      /^waits for the mutex `log_lock`, held by a thread \(\d+\) that does not exist in this process: fork\(\) copied a locked lock$/,
    );
    expect(waits[1]).toMatchObject({ forever: true, on: { kind: 'mutex', symbol: 'log_lock' } });
  });

  it('finds the open write end, the shared descriptors and the tree of the family', async () => {
    using watched = new Watched(sample('pipes/write_end_open'));
    await watched.stuck(2);
    const { chronicle, session } = watched;
    const [parent = 0, child = 0] = session.processes().map(({ pid }) => pid);
    const report = why(chronicle.family());
    expect(report.deadlocks).toEqual([[parent, child]]);
    expect(report.waits[1]?.text).toMatch(
      new RegExp(`^reads pipe \\d+ \\(fd 3\\); its write end is still open in pid ${parent} fd 4 and in itself, fd 4: it will never see`),
    );
    expect(descriptorTables([parent, child])[1]?.descriptors.find(({ fd }) => fd === 4)?.sharedWith).toEqual([{ pid: parent, fd: 4 }]);
    expect(processTree(chronicle.family()).processes).toMatchObject([
      { pid: parent, state: 'stopped', call: 'wait4', children: [{ pid: child, call: 'read', forkedAt: { function: 'main', line: 23 } }] },
    ]);
    expect(activityOf([parent, child])).toBe(activityOf([parent, child]));
  });
});

describe('the chronicle of a run', () => {
  const report = async (path: string, args: string[] = []): Promise<string[]> => {
    using watched = new Watched(path, args);
    const { session, chronicle } = watched;
    const outcome = await session.run();
    expect(outcome.kind).toBe('ended');
    return chronicle.report().problems.map(({ kind, text }) => `${kind}: ${text.replace(/^Process \d+/, 'Process N')}`);
  };

  it('tells of children that ran on, and of output that was written twice', async () => {
    expect(await report(sample('fork/exec_fails'))).toEqual([
      expect.stringMatching(
        /^ran-on: Process N \(exec_fails\): exec of no-such-compressor at exec_fails\.c:14 failed \(ENOENT\), and the child went on in its parent's code\. Call _exit after a failed exec\.$/,
      ),
    ]);
    expect(await report(sample('fork/exec_fails'), ['fixed'])).toEqual([]);
    // From main itself there is nothing to return from; and who says that it failed has not gone on.
    const inMain = (rest: string, flags: readonly string[] = [], compiler?: Compiler): string =>
      compileText(
        'exec_in_main.c',
        `#include <stdlib.h>
#include <unistd.h>
#include <sys/wait.h>
int main(int argc, char *argv[]) { if (fork() == 0) { execlp("no-such-program", "x", NULL); ${rest} } wait(NULL); return 0; }`,
        flags,
        compiler,
      );
    const goneOn = [expect.stringMatching(/^ran-on: .*: exec of no-such-program at exec_in_main\.c:4 failed \(ENOENT\)/)];
    for (const flags of [[], ['-static']])
      for (const compiler of [undefined, 'musl-gcc'] as const) expect(await report(inMain('', flags, compiler))).toEqual(goneOn);
    expect(await report(inMain('exit(127);'))).toEqual([]);
    expect(await report(sample('fork/child_returns'))).toEqual([expect.stringMatching(/^ran-on: .* returned from compress and ran on/)]);
    expect(await report(sample('fork/stdio_twice'))).toEqual([
      expect.stringMatching(/^double-flush: .*\("starting\\n"\) were still in stdout's buffer/),
    ]);
    expect(await report(sample('fork/stdio_twice'), ['fixed'])).toEqual([]);
  });

  it('tells of forks that children ran too', async () => {
    expect(await report(sample('fork/nested_forks'))).toContainEqual(
      expect.stringMatching(/^nested-fork: The fork at nested_forks\.c:19 was run by children too/),
    );
  });

  it('stops at the end of those only who have children, and at exit(3) of whom it comes by', async () => {
    const body =
      'int main(void) { for (int i = 0; i < 3; i++) { if (fork() == 0) { if (i == 1) exit(0); _exit(0); } wait(NULL); } return 0; }';
    const ends = async (flags: readonly string[]): Promise<string[]> => {
      using watched = new Watched(compileText('ways-out.c', preamble + body, flags));
      const told: string[] = [];
      watched.session.subscribe((event) => {
        if (event.type === 'exit-called' || event.type === 'exiting') told.push(`${event.type} ${event.thread.process.id}`);
      });
      await watched.session.run();
      return told;
    };
    expect(await ends(['-w'])).toEqual(['exit-called 3', 'exit-called 1', 'exiting 1']);
    // Nothing is known of its functions: each end is looked at.
    const each = ['2', '3', '4'].flatMap((id) => [`exit-called ${id}`, `exiting ${id}`]);
    expect(await ends(['-w', '-static', '-s'])).toEqual([...each, 'exiting 1']);
  });

  it('knows which function forked for the program', async () => {
    const popen = program('popened', 'int main(void) { char c; FILE *p = popen("echo x", "r"); while (fread(&c, 1, 1, p)); return 0; }');
    expect(await report(popen)).toContainEqual(
      expect.stringMatching(/^(?:orphan|zombie): Process N \(\w+\), forked by popen at popened\.c:\d+, .*\(pclose does\)/),
    );
  });

  it('knows where vfork was called, and an exec that failed in several places by its name, whatever others do meanwhile', async () => {
    const body = `int main(void) {
         int said[2], done[2]; char c; pipe(said); pipe(done);
         if (fork() == 0) { close(done[1]); execl("/nowhere/nosuch", "nosuch", NULL); write(said[1], "x", 1); read(done[0], &c, 1); execl("/nosuch", "nosuch", NULL); _exit(127); }
         read(said[0], &c, 1);
         if (vfork() == 0) execl("/bin/true", "true", NULL);
         close(done[1]); while (wait(NULL) > 0); }`;
    using watched = new Watched(program('two-execs', body));
    await watched.session.run();
    expect(processTree(watched.chronicle.family()).processes).toMatchObject([
      {
        children: [
          { failedExec: { program: 'nosuch', error: 'ENOENT' } },
          { forkedAt: { function: 'main', file: expect.stringMatching(/two-execs\.c$/) as string } },
        ],
      },
    ]);
  });

  it('tells of zombies, and who reaped whom', async () => {
    const body = 'int main(void) { for (int i = 0; i < 2; i++) if (fork() == 0) _exit(i); while (wait(NULL) > 0); return 0; }';
    expect(await report(program('reaps', body))).toEqual([]);
    const zombies = await report(
      program('zombies', `int main(void) { siginfo_t s; if (fork() == 0) _exit(3); waitid(P_ALL, 0, &s, WEXITED | WNOWAIT); return 0; }`),
    );
    expect(zombies).toEqual([
      expect.stringMatching(/^zombie: Process N \(zombies\), forked at zombies\.c:\d+, ended \(status 3\) and was never waited for/),
    ]);
  });

  it('knows who outlived its parent, whoever of both is reported first', async () => {
    const body = 'int main(void) { pid_t own = getpid(); if (fork() == 0) { while (getppid() == own) usleep(100); _exit(0); } return 3; }';
    using watched = new Watched(program('orphan', body));
    const { cont } = native;
    const stateOf = (pid: number | undefined): string => (pid === undefined ? 'X' : (readStat(pid)?.state ?? 'X'));
    const spy = vi.spyOn(native, 'cont').mockImplementation((tid, signal) => {
      const [parent, child] = watched.session.processes().map(({ pid }) => pid);
      const result = cont(tid, signal);
      // Both are dead when deet looks; the kernel tells of the youngest first.
      while (tid === parent && stateOf(parent) === 'R') continue;
      while (stateOf(parent) === 'Z' && /[RSD]/.test(stateOf(child))) continue;
      return result;
    });
    try {
      await watched.session.run();
    } finally {
      spy.mockRestore();
    }
    expect(watched.chronicle.report().problems).toMatchObject([{ kind: 'orphan' }]);
    expect(processTree(watched.chronicle.family()).processes).toMatchObject([{ status: 3, children: [{ status: 0, orphaned: true }] }]);
  });

  it('the first thread may leave the others alone with the children', async () => {
    const body = `void *rest(void *main_thread) { pid_t child = fork(); if (child == 0) _exit(3); siginfo_t s; waitid(P_PID, child, &s, WEXITED | WNOWAIT);
pthread_kill(*(pthread_t *)main_thread, SIGUSR1); pthread_join(*(pthread_t *)main_thread, NULL); wait(NULL); exit(0); }
void leave(int n) {}
int main(void) { static pthread_t self, other; self = pthread_self(); signal(SIGUSR1, leave); pthread_create(&other, NULL, rest, &self); pause(); pthread_exit(NULL); }`;
    expect(await report(program('first-thread', body))).toEqual([]);
  });

  it('remembers the dead in the tree, and begins anew with each run', async () => {
    using watched = new Watched(
      program('reaped', 'int main(void) { if (fork() == 0) _exit(3); wait(NULL); if (fork() == 0) _exit(4); wait(NULL); pause(); }'),
    );
    await watched.stuck(1);
    const tree = processTree(watched.chronicle.family());
    expect(tree.processes).toMatchObject([
      {
        state: 'stopped',
        children: [
          { state: 'reaped', status: 3 },
          { state: 'reaped', status: 4 },
        ],
      },
    ]);
    expect(tree.processes[0]?.children[0]?.reapedBy).toBe(tree.processes[0]?.pid);
    watched.session.kill();
    await watched.stuck(1);
    expect(processTree(watched.chronicle.family()).processes).toHaveLength(1);
  });

  it('names descriptors that a program inherits through exec', async () => {
    const body = `int main(void) { int p[2]; pipe(p); fcntl(p[0], F_SETFD, FD_CLOEXEC); if (fork() == 0) execlp("true", "true", NULL); wait(NULL); return 0; }`;
    expect(await report(program('leaks', body))).toEqual([
      expect.stringMatching(
        /^leaked-fd: Process N started \w+ with descriptors of its parent still open: fd 4 \(pipe:\[\d+\], write end\)\./,
      ),
    ]);
  });
});

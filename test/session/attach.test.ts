/** Attaching to processes that run already, and letting them go. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { debugRegistersTrap } from '../../src/inferior/debug_registers.js';
import { Session } from '../../src/session/session.js';
import { native } from '../../src/native.js';
import { readChildren, readStat, readSyscall, readThreads } from '../../src/linux/proc.js';
import { syscallName } from '../../src/linux/syscalls.js';
import { Chronicle } from '../../src/insight/chronicle.js';
import { processTree } from '../../src/insight/tree.js';
import { why } from '../../src/insight/waits.js';
import type { SessionEvent } from '../../src/session/types.js';
import { compileText, fixture } from '../helpers/build.js';
import { leakGuard } from '../helpers/leaks.js';
import { processFacts } from '../helpers/processes.js';
import { until } from '../helpers/until.js';
import { memberOf } from '../insight/native.js';
import { driven, record, stopOf, waitingInput } from './drive.js';

leakGuard();

const stateOf = (pid: number): string => /^State:\s+(\S)/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1] ?? '?';
const tracerOf = (pid: number): number => Number(/^TracerPid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]);
/** How often all threads have gone to sleep. */
const sleepsOf = (pid: number): number =>
  readThreads(pid)
    .map((tid) => Number(/^voluntary_ctxt_switches:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/task/${tid}/status`, 'latin1'))?.[1]))
    .reduce((sum, count) => sum + count);

interface Running {
  readonly child: ChildProcess;
  readonly pid: number;
  /** Ends its input, and yields what it has written. */
  readonly finish: () => Promise<string>;
}

/** A program that nobody traces, not a child of deet's own: a shell stands between. */
const running = async (body: (program: Running) => Promise<void>, ...args: string[]): Promise<void> => {
  const child = spawn('/bin/sh', ['-c', 'exec 3<&0; "$0" "$@" <&3 & echo $!; exec 3<&-; wait $!', fixture('attached'), ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  // The shell gives a background job /dev/null as its input unless it is told otherwise.
  child.stdin.on('error', () => undefined);
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => (text += part));
  await until(() => text.includes('\n'));
  const pid = Number(text.split('\n')[0]);
  await until(() => readThreads(pid).length > 1);
  const closed = once(child, 'close');
  try {
    await body({
      child,
      pid,
      finish: async () => {
        child.stdin.end();
        await closed;
        return text.split('\n').slice(1).join('\n');
      },
    });
  } finally {
    native.kill(pid, 9);
    child.stdin.destroy();
    await closed;
  }
};

const attached = async (pid: number, body: (session: Session) => Promise<void>): Promise<void> => {
  const session = new Session(undefined);
  try {
    stopOf(await session.attach(pid));
    await body(session);
  } finally {
    session.close();
  }
};

describe('attach', () => {
  it('stops all threads, breakpoints work, and detach leaves neither int3 nor stop', () =>
    running(async ({ pid }) => {
      await attached(pid, async (session) => {
        expect(session.threads()).toHaveLength(2);
        session.break('step_on');
        session.break('counter', { hardware: debugRegistersTrap(), pending: true });
        for (let hit = 0; hit < 3; hit++) expect(stopOf(await session.continue()).reason).toBe('breakpoint');
        session.detach();
        expect(session.state).toBe('none');
      });
      expect(tracerOf(pid)).toBe(0);
      // It runs on, through the places of the breakpoints: the counting thread sleeps a little in each turn.
      const turns = sleepsOf(pid);
      await until(() => sleepsOf(pid) > turns + 10);
      await attached(pid, async (session) => {
        expect(session.threads()).toHaveLength(2);
        await Promise.resolve();
      });
    }));

  it('takes threads that are born meanwhile', () =>
    running(async ({ pid }) => {
      for (let round = 0; round < 10; round++) {
        await attached(pid, async (session) => {
          const known = new Set(session.threads().map(({ tid }) => tid));
          const missed = readThreads(pid).filter((tid) => !known.has(tid));
          // One that is dead already cannot be traced (EPERM), and may wait for a processor before it is gone.
          expect(missed.filter((tid) => !['Z', 'X', undefined].includes(readStat(`${pid}/task/${tid}`)?.state))).toEqual([]);
          session.break('step_on');
          expect(stopOf(await session.continue()).reason).toBe('breakpoint');
        });
        expect(tracerOf(pid)).toBe(0);
      }
    }, 'births'));

  it('leaves a stopped process stopped when nobody has let it run', () =>
    running(async ({ pid }) => {
      await until(() => stateOf(pid) === 'T');
      await attached(pid, async (session) => {
        expect(session.threads()).toHaveLength(2);
        await Promise.resolve();
      });
      // The kernel wakes it for a moment, to stop again.
      await until(() => stateOf(pid) === 'T');
    }, 'stop'));

  it('lets a stopped process run with continue, without a SIGCONT that it could see', () =>
    running(async ({ pid }) => {
      await until(() => stateOf(pid) === 'T');
      const session = new Session(undefined);
      try {
        const events = record(session);
        stopOf(await session.attach(pid));
        expect(events.flatMap((event) => (event.type === 'message' ? [event.text] : []))).toEqual([
          `Attached to process ${pid}`,
          expect.stringContaining('had been stopped by a signal before'),
        ]);
        session.break('step_on');
        expect(stopOf(await session.continue()).reason).toBe('breakpoint');
        expect((await session.evaluate('continued')).bytes()[0]).toBe(0);
        session.detach();
      } finally {
        session.close();
      }
      expect(stateOf(pid)).not.toBe('T');
    }, 'stop'));

  it('takes the number of a thread for its process', () =>
    running(async ({ pid }) => {
      const thread = readThreads(pid).find((tid) => tid !== pid) ?? 0;
      await attached(thread, async (session) => {
        expect(session.processes().map((each) => each.pid)).toEqual([pid]);
        await expect(session.attach(thread)).rejects.toThrow(`Process ${pid} is being debugged already.`);
      });
    }));

  it('says why not', async () => {
    const session = new Session(undefined);
    try {
      await expect(session.attach(0x3ffffff)).rejects.toThrow('there is no such process');
      await expect(session.attach(process.pid)).rejects.toThrow('that is deet itself');
      await running(async ({ pid }) => {
        await attached(pid, async () => {
          await expect(session.attach(pid)).rejects.toThrow(new RegExp(`it is traced already, by process ${process.pid}`));
        });
      });
    } finally {
      session.close();
    }
  });

  it('says of a process whose first thread has ended that others run', () =>
    running(async ({ pid }) => {
      await until(() => stateOf(pid) === 'Z');
      const session = new Session();
      await expect(session.attach(pid)).rejects.toThrow(
        `Cannot attach to process ${pid}: its first thread has ended, and only others run on.`,
      );
      session.close();
    }, 'leader'));

  it('lets what was attached to go on when the session ends', () =>
    running(async ({ pid, finish }) => {
      await attached(pid, async (session) => {
        session.break('step_on');
        stopOf(await session.continue());
      });
      expect(stateOf(pid)).not.toMatch(/[Tt]/);
      expect(await finish()).toBe('0 0\n');
    }));
});

describe('attach to a family', () => {
  /** A shell with two children: one waits for its input, the other for what the first writes. */
  const family = async (body: (pid: number, children: readonly number[]) => Promise<void>): Promise<void> => {
    const child = spawn('/bin/sh', ['-c', "exec 3<&0; sh -c 'echo $$; cat <&3 | cat; exit 0' & exec 3<&-; wait $!"], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (part: string) => (text += part));
    await until(() => text.includes('\n'));
    const pid = Number(text);
    const asleep = (): boolean => readChildren(pid).filter((each) => readSyscallOf(each) === 'read').length === 2;
    await until(asleep);
    const closed = once(child, 'close');
    try {
      await body(pid, readChildren(pid));
      await until(asleep); // all run on as before
      for (const each of [pid, ...readChildren(pid)]) expect(tracerOf(each)).toBe(0);
    } finally {
      child.stdin.end();
      await closed;
    }
  };
  const readSyscallOf = (pid: number): string | undefined => {
    const call = readSyscall(pid);
    return typeof call === 'object' ? syscallName(call.number) : undefined;
  };
  const nodes = (chronicle: Chronicle): unknown => processTree(chronicle.family()).processes;
  const notes = (events: readonly SessionEvent[]): string[] => events.flatMap((event) => (event.type === 'message' ? [event.text] : []));

  it('shows those that are not traced as far as /proc does, and takes them over one by one or all together', () =>
    family(async (pid, [first = 0, second = 0]) => {
      await attached(pid, async (session) => {
        // Known from its beginning, as at the prompt.
        session.detach();
        const chronicle = new Chronicle(session);
        const events = record(session);
        stopOf(await session.attach(pid));
        expect(notes(events)[1]).toMatch(/has 2 descendants that deet does not trace/);
        const untraced = { state: 'blocked', call: 'read', untraced: true, ppid: pid };
        const traced = { state: 'stopped', call: 'read', ppid: pid };
        expect(nodes(chronicle)).toMatchObject([
          {
            pid,
            children: [
              { pid: first, ...untraced },
              { pid: second, ...untraced },
            ],
          },
        ]);
        const { waits } = why(chronicle.family());
        expect(waits.find((wait) => wait.pid === second)?.text).toMatch(new RegExp(`reads pipe .*still open in pid ${first} fd 1$`));
        stopOf(await session.attach(second));
        expect(session.processes().map((each) => [each.id, each.pid, each.parent?.pid])).toEqual([
          [1, pid, undefined],
          [2, second, pid],
        ]);
        expect(nodes(chronicle)).toMatchObject([
          {
            pid,
            children: [
              { pid: first, ...untraced },
              { pid: second, ...traced },
            ],
          },
        ]);
        session.control.attachDescendants(session.processes());
        expect(nodes(chronicle)).toMatchObject([
          {
            pid,
            children: [
              { pid: second, ...traced },
              { pid: first, ...traced },
            ],
          },
        ]);
        for (const process of session.processes()) session.detach(process);
        stopOf(await session.attach(pid, true));
        expect(session.processes().map((each) => each.pid)).toEqual([pid, first, second]);
        expect(notes(events).at(-1)).toBe(`Attached to process ${second}`);
        chronicle.dispose();
      });
    }));

  it('takes orphans of its process group over, too', async () => {
    const job = 'echo $$; (cat <&3 & echo $!); exec cat <&3';
    const child = spawn('/bin/sh', ['-c', `exec 3<&0; setsid sh -c '${job}' & exec 3<&-; wait $!`], { stdio: ['pipe', 'pipe', 'inherit'] });
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (part: string) => (text += part));
    await until(() => /\n.*\n/.test(text));
    const [pid = 0, orphan = 0] = text.split('\n').map(Number);
    await until(() => [pid, orphan].every((each) => readSyscallOf(each) === 'read') && readStat(orphan)?.parent !== pid);
    const closed = once(child, 'close');
    try {
      await attached(pid, (session) => {
        session.detach();
        return session.attach(pid, true).then(() => {
          expect(session.processes().map((each) => [each.pid, each.parent])).toEqual([
            [pid, undefined],
            [orphan, undefined],
          ]);
        });
      });
      expect([pid, orphan].map(tracerOf)).toEqual([0, 0]);
    } finally {
      child.stdin.end();
      await closed;
    }
  });

  it('from a child, its brothers are of its family', () =>
    family((_, [first = 0, second = 0]) => {
      const { waits } = why([memberOf(second)]);
      expect(waits[0]?.text).toMatch(new RegExp(`open in pid ${first} \\(cat, not traced\\) fd 1$`));
      return Promise.resolve();
    }));
});

describe("a trap of deet that is still on its way is nobody else's", () => {
  it('when a thread sleeps in the system call that it was taken over', () =>
    driven(fixture('restarts'), async (session, output) => {
      session.programArguments = ['until told'];
      const tell = waitingInput(session);
      session.settings.set('displaced-stepping', 'off');
      session.break('syscall', { pending: true });
      const { thread } = stopOf(await session.run());
      const code = thread.process.space.read(thread.pc, 256);
      const offset = code.findIndex((byte, i) => byte === 0x0f && code[i + 1] === 0x05);
      session.breakpoints.delete(0);
      session.break(`*${thread.pc + BigInt(offset)}`);
      stopOf(await session.continue());
      for (let i = 0; i < 3; i++) {
        const going = session.continue();
        await until(() => processFacts(thread.tid)?.state === 'S');
        session.pause();
        expect(stopOf(await going).reason).toBe('pause');
      }
      session.detach();
      tell();
      await until(() => output() === 'poll 1 when told\n');
    }));

  it('when several threads have met a watchpoint at once', () =>
    driven(
      compileText(
        'all_write.c',
        `#include <pthread.h>
#include <stdio.h>
#include <stdatomic.h>
static volatile long shared, ended;
static atomic_int begun;
static void *run(void *unused) { begun++; while (!ended) shared++; return unused; }
static void all_run(void) {}
int main(void) {
  pthread_t threads[4];
  for (int i = 0; i < 4; i++) pthread_create(&threads[i], 0, run, 0);
  while (begun < 4) ;
  all_run();
  for (int i = 0; i < 4; i++) pthread_join(threads[i], 0);
  puts("ended");
  return 0;
}
`,
        ['-pthread'],
      ),
      async (session, output) => {
        session.break('all_run', { temporary: true });
        stopOf(await session.run());
        session.watchpoints.create('watch', 'shared');
        expect(stopOf(await session.continue()).reason).toBe('watchpoint');
        await session.evaluate('ended = 1');
        session.detach();
        await until(() => output() === 'ended\n');
      },
    ));
});

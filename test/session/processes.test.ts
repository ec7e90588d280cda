/** Families: every way to make a process, with breakpoints in the children; which of them is followed; and that no child dies of an int3 of deet's. */
import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import type { Session } from '../../src/session/session.js';
import type { Outcome } from '../../src/session/types.js';
import { compileText, fixture, lineOf, sample } from '../helpers/build.js';
import { leakGuard } from '../helpers/leaks.js';
import { driven, endOf, placeOf, record, stopOf } from './drive.js';

leakGuard();

const births = fixture('births');
const everything = execFileSync(births, { encoding: 'utf8' });

/** Goes on to the end; where each stop was, and in which process of the family (1 is the first). */
const tour = async (session: Session, first: Outcome): Promise<{ stops: string[]; end: string }> => {
  const stops: string[] = [];
  let outcome = first;
  for (; outcome.kind === 'stopped'; outcome = await session.continue()) stops.push(`${outcome.stop.process.id} ${placeOf(session)}`);
  return { stops, end: endOf(outcome) };
};

describe.each(['both', 'parent', 'child'] as const)('every way to make a process (follow-fork-mode %s)', (mode) => {
  it('works as without a debugger, with breakpoints on everything that children run', () =>
    driven(births, async (session, output) => {
      session.settings.set('follow-fork-mode', mode);
      for (const place of ['status_of', 'by_fork', 'clone_child', 'thread_main', 'grow', String(lineOf('births.c', "in the fork's child"))])
        session.break(place, { ignore: 1_000_000 });
      expect(endOf(await session.run())).toBe('exited 0');
      expect(output()).toBe(everything);
    }));
});

describe('breakpoints in children', () => {
  const inChild = lineOf('births.c', "in the fork's child");
  const own = String(inChild);

  it('fork: hit in the child and in the parent, which are told apart', () =>
    driven(births, async (session, output) => {
      session.programArguments = ['fork'];
      session.break(own);
      const { stops, end } = await tour(session, await session.run());
      expect(stops.sort()).toEqual([`1 by_fork:${inChild}`, `2 by_fork:${inChild}`]);
      expect(end).toBe('exited 0');
      expect(output()).toBe('fork 11\n');
    }));

  it('fork, parent followed: the child runs through the same code and does not die of the int3', () =>
    driven(births, async (session, output) => {
      session.programArguments = ['fork'];
      session.settings.set('follow-fork-mode', 'parent');
      session.break(own);
      const { stops } = await tour(session, await session.run());
      expect(stops).toEqual([`1 by_fork:${inChild}`]);
      expect(output()).toBe('fork 11\n');
    }));

  it('fork, child followed: the parent goes on unseen, and is waited for', () =>
    driven(births, async (session, output) => {
      session.programArguments = ['fork'];
      session.settings.set('follow-fork-mode', 'child');
      session.break(own);
      const { stops, end } = await tour(session, await session.run());
      expect(stops).toEqual([`2 by_fork:${inChild}`]);
      expect(end).toBe('exited 0');
      expect(output()).toBe('fork 11\n');
    }));

  it('clone with shared memory: hit in the child, and the site stays for the parent', () =>
    driven(births, async (session, output) => {
      session.programArguments = ['clone'];
      session.break('clone_child');
      session.break('status_of');
      const first = await session.run();
      const [parent, child] = session.processes();
      expect(child.space).toBe(parent.space);
      const { stops } = await tour(session, first);
      expect(stops.map((stop) => stop.replace(/:\d+$/, '')).sort()).toEqual(['1 status_of', '2 clone_child']);
      expect(output()).toBe('clone 16\n');
    }));

  it('vfork: the child borrows the memory; breakpoints of both are kept', () =>
    driven(births, async (session, output) => {
      session.programArguments = ['vfork'];
      session.break(String(lineOf('births.c', 'if (pid == 0) _exit(12)')));
      session.break('status_of');
      const { stops } = await tour(session, await session.run());
      const line = lineOf('births.c', 'if (pid == 0) _exit(12)');
      expect(stops).toEqual([`2 by_vfork:${line}`, `1 by_vfork:${line}`, `1 status_of:${lineOf('births.c', 'int status = 0')}`]);
      expect(output()).toBe('vfork 12\n');
    }));

  it('spawn, system and popen: the shell runs, and a breakpoint in it would be hit', () =>
    driven(births, async (session, output) => {
      const events = record(session);
      for (const way of ['spawn', 'system', 'popen']) {
        session.programArguments = [way];
        expect(endOf(await session.run())).toBe('exited 0');
        expect(output()).toMatch(/^(?:spawn 13|system 14|popen 15)\n$/);
      }
      const executed = events.flatMap((event) => (event.type === 'executed' ? [event.process.program] : []));
      expect(executed).toHaveLength(3);
      expect(executed.every((program) => /sh$/.test(program))).toBe(true);
    }));

  it('a tree: a breakpoint is hit in each of 14 descendants', () =>
    driven(births, async (session, output) => {
      session.programArguments = ['tree'];
      session.break('grow');
      const seen = new Set<number>();
      let outcome = await session.run();
      for (; outcome.kind === 'stopped'; outcome = await session.continue()) seen.add(outcome.stop.process.pid);
      expect(session.breakpoints.get(0).hits).toBe(15);
      expect(seen.size).toBe(15);
      expect(output()).toBe('tree 14 descendants\n');
    }));

  it('set while parent and child are alive goes into both', () =>
    driven(births, async (session) => {
      session.programArguments = ['fork'];
      session.break(own, { temporary: true });
      await session.run();
      session.break('status_of');
      const breakpoint = session.break('_exit', { pending: true });
      expect(session.processes()).toHaveLength(2);
      expect(breakpoint.locations[0]?.planted.size).toBe(2);
      const { end } = await tour(session, await session.continue());
      expect(end).toBe('exited 0');
    }));

  it('deleted at a stop disappears from all: nobody meets it any more', () =>
    driven(births, async (session, output) => {
      session.programArguments = ['tree'];
      session.break('grow');
      stopOf(await session.run());
      stopOf(await session.continue());
      stopOf(await session.continue());
      session.breakpoints.delete(0);
      expect(endOf(await session.continue())).toBe('exited 0');
      expect(output()).toBe('tree 14 descendants\n');
    }));
});

describe('steps around births', () => {
  it.each(['next', 'step'] as const)('%s over fork stays in the parent', (how) =>
    driven(births, async (session) => {
      session.programArguments = ['fork'];
      session.break('by_fork');
      const { process } = stopOf(await session.run());
      const { process: now } = stopOf(await session.step({ over: how === 'next', instruction: false }));
      expect(now).toBe(process);
      expect(placeOf(session)).toBe(`by_fork:${lineOf('births.c', "in the fork's child")}`);
      const { end } = await tour(session, await session.continue());
      expect(end).toBe('exited 0');
    }),
  );

  it('next over vfork waits for the child and stays in the parent', () =>
    driven(births, async (session, output) => {
      session.programArguments = ['vfork'];
      session.break('by_vfork');
      const { process } = stopOf(await session.run());
      for (let i = 0; i < 3; i++) expect(stopOf(await session.step({ over: true, instruction: false })).process).toBe(process);
      expect(endOf(await session.continue())).toBe('exited 0');
      expect(output()).toBe('vfork 12\n');
    }));

  it('single steps through a fork: the child is born without a trap of its own', () =>
    driven(births, async (session, output) => {
      session.programArguments = ['fork'];
      session.break('by_fork');
      session.break(String(lineOf('births.c', 'printf("fork %d')), { temporary: true });
      stopOf(await session.run());
      let outcome: Outcome;
      let steps = 0;
      do outcome = await session.step({ over: false, instruction: true });
      while (stopOf(outcome).reason === 'step' && ++steps < 20_000);
      expect(stopOf(outcome).reason).toBe('breakpoint');
      expect(endOf(await session.continue())).toBe('exited 0');
      expect(output()).toBe('fork 11\n');
    }));

  it('a breakpoint on the system call of fork itself is there in the child as well', () => {
    const program = compileText(
      'forks_twice.c',
      `#include <sys/syscall.h>
#include <sys/wait.h>
static long fork_here(void) { long r; __asm__ volatile("fork_call: syscall" : "=a"(r) : "a"(SYS_fork) : "rcx", "r11", "memory"); return r; }
static int reap(void) { int status; wait(&status); return WEXITSTATUS(status); }
int main(void) {
  if (fork_here() == 0) {
    if (fork_here() == 0) __asm__ volatile("syscall" : : "a"(SYS_exit), "D"(5));
    int status = reap();
    __asm__ volatile("syscall" : : "a"(SYS_exit), "D"(status + 1));
  }
  return reap() + 1;
}
`,
    );
    return driven(program, async (session) => {
      for (const way of ['on', 'off']) {
        session.settings.set('displaced-stepping', way);
        const { id } = session.break('*&fork_call', { pending: true });
        expect(session.breakpoints.get(id).locations).toHaveLength(1);
        const { stops, end } = await tour(session, await session.run());
        expect(stops.map((stop) => stop.split(' ')[0])).toEqual(['1', '2']);
        expect(end).toBe('exited 7');
        session.breakpoints.delete(id);
      }
    });
  });
});

describe('the family', () => {
  it('ends with its last member; the status is that of the first', () => {
    const program = compileText(
      'leaves_child.c',
      `#include <unistd.h>
int main(void) {
  pid_t first = getpid();
  if (fork() == 0) { while (getppid() == first) usleep(1000); _exit(9); }
  return 3;
}
`,
    );
    return driven(program, async (session) => {
      const events = record(session);
      expect(endOf(await session.run())).toBe('exited 3');
      const exits = events.flatMap((event) => (event.type === 'exited' ? [[event.process.id, event.last]] : []));
      expect(exits).toEqual([
        [1, false],
        [2, true],
      ]);
    });
  });

  it('schedule-multiple off lets the other processes stand', () =>
    driven(births, async (session) => {
      session.programArguments = ['fork'];
      session.break(String(lineOf('births.c', "in the fork's child")));
      const { process } = stopOf(await session.run());
      session.settings.set('schedule-multiple', 'off');
      const { thread } = stopOf(await session.step({ over: false, instruction: true }));
      expect(thread.process).toBe(process);
      session.settings.set('schedule-multiple', 'on');
      const { end } = await tour(session, await session.continue());
      expect(end).toBe('exited 0');
    }));

  it('a zombie that nobody waits for, and an orphan, do not keep the session', () => {
    const program = compileText(
      'orphans.c',
      `#include <unistd.h>
int main(void) {
  if (fork() == 0) _exit(1);
  if (fork() == 0) { if (fork() == 0) { usleep(20000); _exit(2); } _exit(3); }
  usleep(10000);
  return 0;
}
`,
    );
    return driven(program, async (session) => {
      expect(endOf(await session.run())).toBe('exited 0');
      expect(session.state).toBe('none');
      expect(endOf(await session.run())).toBe('exited 0');
    });
  });
});

describe('a fork bomb stops at the limit', () => {
  const bomb = sample('fork/bomb');
  const family = (session: Session): number => session.control.engine.family.size;

  it('at the fork that was one too many, and again when it goes on', () =>
    driven(bomb, async (session) => {
      session.settings.set('process-limit', '10');
      const { reason, limit } = stopOf(await session.run());
      expect([reason, limit]).toEqual(['fork', 10]);
      expect(family(session)).toBeLessThan(25);
      expect(stopOf(await session.continue()).limit).toBe(10);
      expect(family(session)).toBeLessThan(60);
    }));

  it.each(['parent', 'child'])('with its unseen processes, which stand then (follow-fork-mode %s)', (mode) =>
    driven(bomb, async (session) => {
      session.settings.set('process-limit', '10');
      session.settings.set('follow-fork-mode', mode);
      expect(stopOf(await session.run()).limit).toBe(10);
      const size = family(session);
      expect(size).toBeLessThan(25);
      expect(stopOf(await session.continue()).limit).toBe(10);
      expect(family(session)).toBeLessThan(3 * size);
    }),
  );
});

it('the child that is not followed goes on unseen, its signals too', () =>
  driven(
    compileText(
      'unseen_signal.c',
      '#include <signal.h>\n#include <sys/wait.h>\n#include <unistd.h>\nint main(void) {\n  int status;\n  if (fork() == 0) return raise(SIGSEGV);\n  wait(&status);\n  return WTERMSIG(status);\n}\n',
    ),
    async (session) => {
      session.settings.set('follow-fork-mode', 'parent');
      expect(endOf(await session.run())).toBe('exited 11');
    },
  ));

/** Programs whose breakpoints are checked in the program - threads, signals, families, what a user sees - must be as without. */
import { describe, expect, it } from 'vitest';
import { readMaps, readStat } from '../../src/linux/proc.js';
import { waitHub } from '../../src/linux/wait.js';
import { native } from '../../src/native.js';
import { compileText, fixture } from '../helpers/build.js';
import { endOf, placeOf, stopOf } from '../session/drive.js';
import { leakGuard } from '../helpers/leaks.js';
import { until } from '../helpers/until.js';
import { type Mode, open, endless, inProgram, reasonOf, everyInstruction } from './probing.js';

leakGuard();

describe('threads', () => {
  it('a million passages of many threads, each counted once', async () => {
    const [threads, each] = [8, 125_000];
    const session = open(fixture('threads_hit'), 'auto', [String(threads), String(each)]);
    try {
      const breakpoint = session.break('touch', { ignore: endless });
      session.break('main');
      stopOf(await session.run());
      expect(endOf(await session.continue())).toBe('exited 0');
      expect(breakpoint.hits).toBe(threads * each);
      expect(breakpoint.ignoreCount).toBe(endless - threads * each);
    } finally {
      session.close();
    }
  });

  it('the count ends at the right passage, and one that waits is shown at the site', async () => {
    const session = open(fixture('threads_hit'), 'target', ['4', '20000']);
    try {
      const breakpoint = session.break('touch', { ignore: 50_000 });
      const { thread } = stopOf(await session.run());
      expect(breakpoint.hits).toBe(50_001);
      expect(thread.pc).toBe(breakpoint.locations[0].address);
      expect(session.threads().filter(({ pc }) => !session.imageAt(pc))).toEqual([]);
      breakpoint.condition = '0';
      expect(endOf(await session.continue())).toBe('exited 0');
      expect(breakpoint.hits).toBe(50_001);
    } finally {
      session.close();
    }
  });

  it('paused in the middle, all stand in the program and nothing is lost', async () => {
    const session = open(fixture('threads_hit'), 'target', ['4', '100000']);
    try {
      const breakpoint = session.break('touch', { ignore: endless });
      expect(endOf(await session.run())).toBe('exited 0');
      expect(breakpoint.hits).toBe(400_000);
    } finally {
      session.close();
    }
    const paused = open(fixture('threads_hit'), 'target', ['4', String(endless)]);
    try {
      const breakpoint = paused.break('touch', { condition: 'each == -1', ignore: 0 });
      // Until then the loader runs code of files that it has not told of.
      const { space } = stopOf(await paused.start('main')).process;
      const { address = 0n } = await paused.evaluate('passages');
      for (let pauses = 0; pauses < 20; pauses++) {
        const before = space.readNumber(address, 8);
        const going = paused.continue();
        await until(() => space.readNumber(address, 8) > before);
        paused.pause();
        expect(stopOf(await going).reason).toBe('pause');
        expect(paused.threads().filter(({ pc }) => !paused.imageAt(pc))).toEqual([]);
      }
      await paused.evaluate('each = 0');
      expect(endOf(await paused.continue())).toBe('exited 0');
      expect(breakpoint.hits).toBe(0);
    } finally {
      paused.close();
    }
  });
});

const watchful = `
#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <sys/time.h>
#include <ucontext.h>
extern char __executable_start, etext;
static volatile int outside, seen;
volatile long sum, turns;
static void look(int number, siginfo_t *info, void *context) {
  uintptr_t pc = ((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP];
  seen++;
  if (pc < (uintptr_t)&__executable_start || pc >= (uintptr_t)&etext) outside++;
}
__attribute__((noinline)) static void busy(int i) { sum += i; turns++; }
int main(void) {
  struct sigaction action = {.sa_sigaction = look, .sa_flags = SA_SIGINFO};
  sigaction(SIGALRM, &action, 0);
  struct itimerval often = {{0, 1000}, {0, 1000}}, never = {{0, 0}, {0, 0}};
  setitimer(ITIMER_REAL, &often, 0);
  while (seen < 100) busy(1);
  setitimer(ITIMER_REAL, &never, 0);
  return outside ? 1 : sum != turns;
}`;

describe('signals', () => {
  it('handlers see the program interrupted in its own code, and no passage is counted twice', async () => {
    const session = open(compileText('watchful.c', watchful), 'target');
    try {
      const breakpoint = session.break('busy', { ignore: endless });
      session.break('_exit', { pending: true });
      stopOf(await session.run());
      expect(Number(await session.evaluate('turns').then(({ address }) => session.selection().process.space.readNumber(address!, 8)))).toBe(
        breakpoint.hits,
      );
      expect(endOf(await session.continue())).toBe('exited 0');
    } finally {
      session.close();
    }
  });
});

const family = `
#define _GNU_SOURCE
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>
volatile int sink;
__attribute__((noinline)) void visit(int i) { sink += i; }
int main(int argc, char *argv[]) {
  for (int i = 0; i < 1000; i++) visit(i);
  if (argc > 2) return 0;
  if (fork() == 0) {
    for (int i = 0; i < 2000; i++) visit(i);
    execl(argv[0], argv[0], "1", "2", (char *)0);
  }
  wait(0);
  for (int i = 0; i < 3000; i++) visit(i);
  if (vfork() == 0) {
    for (int i = 0; i < 500; i++) visit(i);
    _exit(0);
  }
  wait(0);
  for (int i = 0; i < 700; i++) visit(i);
  return 0;
}`;

/** The time that a process has used, in ticks of the clock (proc(5)). */
const timeOf = (pid: number): number => readStat(pid)?.userTime ?? 0;

/** Pages that are executable and belong to no file. */
const ownPages = (pid: number): string[] =>
  (readMaps(pid) ?? []).filter(({ executable, path }) => (executable && path === '') || path.startsWith('/memfd:')).map(({ path }) => path);

describe('families', () => {
  it.each(['auto', 'target'] as const)('fork and vfork have probes, exec begins without (%s)', async (mode) => {
    const program = compileText('probed_family.c', family);
    for (const [options, expected] of [
      [{ ignore: endless }, 8200],
      [{ condition: 'i == 499' }, 6],
      [{ condition: 'i > 400', ignore: endless }, 7300 - 401 * 6 + 99 + 299],
    ] as const) {
      const run = async (how: Mode): Promise<unknown> => {
        const session = open(program, how);
        try {
          const breakpoint = session.break('visit', { ...options, onHit: () => 'pass' });
          return [endOf(await session.run()), breakpoint.hits];
        } finally {
          session.close();
        }
      };
      const atStops = await run('host');
      if (!('condition' in options && 'ignore' in options)) expect(atStops).toEqual(['exited 0', expected]);
      expect(await run(mode)).toEqual(atStops);
    }
  });

  it.each(['parent', 'child'] as const)('follow-fork-mode %s', async (follow) => {
    const run = async (mode: Mode): Promise<unknown> => {
      const session = open(compileText('probed_family.c', family), mode);
      session.settings.set('follow-fork-mode', follow);
      try {
        const breakpoint = session.break('visit', { ignore: endless });
        return [endOf(await session.run()), breakpoint.hits];
      } finally {
        session.close();
      }
    };
    expect(await run('target')).toEqual(await run('host'));
  });

  it('a program that is let go has nothing of ours left, and runs on', async () => {
    const path = compileText('probed_spin.c', 'volatile long n; void visit(void) { n++; } int main(void) { for (;;) visit(); }');
    const launched = native.launch({
      path,
      argv: [path],
      environment: [],
      redirections: [],
      processGroup: true,
      foreground: false,
      disableRandomization: false,
      trace: false,
    });
    if (!('pid' in launched)) throw new Error(launched.step);
    const { pid } = launched;
    waitHub.letGo(pid);
    const session = open(path, 'target');
    try {
      await session.attach(pid);
      const { space } = session.selection().process;
      session.break('visit', { ignore: 100_000 });
      session.break('visit', { condition: 'n == -1' });
      const [first, second] = session.breakpoints.all();
      session.breakpoints.delete(second.id);
      const [{ address }] = first.locations;
      const own = space.read(address, 16);
      stopOf(await session.continue());
      expect(first.hits).toBe(100_001);
      session.breakpoints.setCondition(first.id, 'n == -1');
      const going = session.continue();
      await until(() => space.readRaw(address, 1)[0] === 0xe9);
      session.pause();
      stopOf(await going);
      expect(inProgram(session, first)).toEqual([true]);
      expect(ownPages(pid).sort()).toEqual(['', '/memfd: (deleted)']);
      // Reads never show the jump, however they fall; the raw bytes do.
      for (let offset = 0; offset < 8; offset++) {
        expect(space.read(address + BigInt(offset), 3)).toEqual(own.subarray(offset, offset + 3));
        expect(space.readNumber(address + BigInt(offset), 2)).toBe(BigInt(own[offset] | (own[offset + 1] << 8)));
      }
      expect(space.readRaw(address, 1)[0]).toBe(0xe9);
      session.detach();
      expect(ownPages(pid)).toEqual([]);
      const before = readMaps(pid)?.length;
      const turns = timeOf(pid);
      await until(() => timeOf(pid) > turns);
      expect(readMaps(pid)?.length).toBe(before);
      expect(native.kill(pid, 0)).toBe(0);
    } finally {
      session.close();
      native.kill(pid, 9);
      native.wait(pid, 0, new Int32Array(2));
    }
  });
});

describe('what a user sees', () => {
  it('steps through a site as without', async () => {
    const program = fixture('recursion');
    const walk = async (mode: Mode): Promise<string[]> => {
      const session = open(program, mode);
      try {
        await session.start('main');
        for (const place of everyInstruction(program, 'main')) session.break(place, { condition: '$rsp == 0' });
        const places: string[] = [];
        for (const instruction of [true, false, true, false, true, true, false, true, true, true, true]) {
          const outcome = await session.step({ over: true, instruction });
          places.push(outcome.kind === 'stopped' ? `${outcome.stop.reason} ${placeOf(session, true)}` : endOf(outcome));
          if (outcome.kind === 'ended') break;
        }
        return places;
      } finally {
        session.close();
      }
    };
    expect(await walk('target')).toEqual(await walk('host'));
  });

  it('a site in use is armed again after steps, and what is written there holds', async () => {
    const session = open(fixture('threads_hit'), 'target', ['1', '3000']);
    try {
      const breakpoint = session.break('touch', { ignore: 1000 });
      stopOf(await session.run());
      expect(breakpoint.hits).toBe(1001);
      for (let i = 0; i < 3; i++) await session.step({ over: true, instruction: true });
      session.breakpoints.update(breakpoint.id, { ignoreCount: 500 });
      const stop = stopOf(await session.continue());
      expect(breakpoint.hits).toBe(1502);
      // ud2 in place of the first instruction.
      stop.process.space.write(breakpoint.locations[0].address, Uint8Array.of(0x0f, 0x0b));
      session.breakpoints.update(breakpoint.id, { ignoreCount: 500 });
      expect(stopOf(await session.continue()).signal?.name).toBe('SIGILL');
    } finally {
      session.close();
    }
  });

  it.each([
    ['touch', { ignore: endless }, undefined],
    ['touch', { condition: '1.5 > each' }, 'the condition is not simple'],
    ['touch', { condition: 'each == -1', threadId: 7 }, 'it is for one thread only'],
    ['*&_start', { ignore: 5 }, undefined],
  ] as const)('%s %o is checked where it can be', async (place, options, why) => {
    const session = open(fixture('threads_hit'), 'target', ['1', '300']);
    try {
      const breakpoint = session.break(place, options);
      session.break('printf', { pending: true });
      stopOf(await session.run());
      if (why === undefined) expect(reasonOf(session, breakpoint) ?? 'fine').not.toBe('');
      else expect(reasonOf(session, breakpoint)).toBe(why);
    } finally {
      session.close();
    }
  });

  it('a disabled breakpoint costs no stop', async () => {
    const session = open(fixture('threads_hit'), 'host', ['1', '100000']);
    try {
      const breakpoint = session.break('touch');
      session.break('main');
      stopOf(await session.run());
      session.breakpoints.enable(breakpoint.id, false);
      const { space } = session.selection().process;
      const [{ address }] = breakpoint.locations;
      expect(space.readRaw(address, 1)).toEqual(space.read(address, 1));
      session.breakpoints.enable(breakpoint.id, true);
      expect(space.readRaw(address, 1)[0]).toBe(0xcc);
    } finally {
      session.close();
    }
  });
});

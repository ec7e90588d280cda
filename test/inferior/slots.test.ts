/** Breakpoints passed out of line: what the program does and what is counted must be the same as with the setting off. */
import { describe, expect, it } from 'vitest';
import { disassemble } from '../../src/inferior/disassemble.js';
import { jumpTo, relocated } from '../../src/inferior/relocate.js';
import { readMaps, readStat } from '../../src/linux/proc.js';
import { waitHub } from '../../src/linux/wait.js';
import { native } from '../../src/native.js';
import type { Session } from '../../src/session/session.js';
import { compileText, fixture } from '../helpers/build.js';
import { leakGuard } from '../helpers/leaks.js';
import { until } from '../helpers/until.js';
import { endOf, openSession, stopOf } from '../session/drive.js';

leakGuard();

type Mode = 'on' | 'off' | 'auto';

const open = (program: string, mode: Mode, args: readonly string[] = []): Session => {
  const session = openSession(program, { arguments: args, batch: true });
  session.settings.set('displaced-stepping', mode);
  session.redirections = [{ fd: 1, path: '/dev/null', access: 'truncate' }];
  return session;
};

/** Addresses of every instruction of a function of the program. */
const instructionsOf = (session: Session, name: string, length?: number): bigint[] => {
  const loaded = session.programImage();
  const symbol = loaded?.image.symbolsNamed(name)[0];
  if (!loaded || !symbol) throw new Error(`no ${name}`);
  const bytes = loaded.image.bytesAt(symbol.address, length ?? symbol.size) ?? new Uint8Array(0);
  return disassemble(bytes, BigInt(symbol.address)).map(({ address }) => address);
};

/** Runs to the end with breakpoints that never stop. Returns how each was hit, and the end. */
const hitsOf = async (program: string, mode: Mode, places: readonly string[], args: readonly string[] = []) => {
  const session = open(program, mode, args);
  try {
    const breakpoints = places.map((place) => session.break(place, { ignore: 1_000_000_000 }));
    const end = endOf(await session.run());
    return { end, hits: breakpoints.map(({ spec, hits }) => `${spec}: ${hits}`) };
  } finally {
    session.close();
  }
};

const everyInstruction = (program: string, ...functions: string[]): string[] => {
  const session = open(program, 'off');
  try {
    return functions.flatMap((name) => instructionsOf(session, name)).map((address) => `*0x${address.toString(16)}`);
  } finally {
    session.close();
  }
};

/** Pages that are executable and belong to no file. */
const slotPages = (pid: number): number => (readMaps(pid) ?? []).filter(({ executable, path }) => executable && path === '').length;

describe('an instruction moved', () => {
  const from = 0x401000n;
  const to = 0x10000000n;
  const moved = (...bytes: number[]): string | undefined => {
    const result = relocated(Uint8Array.from(bytes), from, to);
    return (
      result &&
      disassemble(result.bytes, to)[0]
        ?.text.replace(/\S+(?=\(%rip\))/, '')
        .replace(/\s+/g, ' ')
    );
  };
  it.each([
    ['push %rbp', [0x55]],
    ['mov 0x403040(%rip) -> the same target', [0x8b, 0x05, 0x3a, 0x20, 0, 0]],
    ['cmpl with an immediate behind the displacement', [0x83, 0x3d, 0x39, 0x20, 0, 0, 0x07]],
    ['rep movsb', [0xf3, 0xa4]],
    ['je short', [0x74, 0x10]],
    ['jne near', [0x0f, 0x85, 0, 1, 0, 0]],
    ['jmp short', [0xeb, 0xfe]],
  ])('%s', (_, bytes) => {
    expect(moved(...bytes)).toBe(
      disassemble(Uint8Array.from(bytes), from)[0]
        ?.text.replace(/\S+(?=\(%rip\))/, '')
        .replace(/\s+/g, ' '),
    );
  });

  it.each([
    ['call', [0xe8, 0, 0, 0, 0]],
    ['ret', [0xc3]],
    ['jmp through a register', [0xff, 0xe0]],
    ['syscall', [0x0f, 0x05]],
    ['int3', [0xcc]],
    ['ud2', [0x0f, 0x0b]],
    ['loop', [0xe2, 0xfe]],
    ['jrcxz', [0xe3, 0x10]],
    ['no instruction', [0x06]],
    ['half of one', [0x8b, 0x05, 0x3a]],
    ['an address relative to eip', [0x67, 0x8b, 0x05, 0x3a, 0x20, 0, 0]],
  ])('%s stays where it is', (_, bytes) => {
    expect(moved(...bytes)).toBeUndefined();
  });

  it('not further than a displacement reaches', () => {
    const load = Uint8Array.of(0x8b, 0x05, 0, 0, 0, 0);
    expect(relocated(load, from, from + (1n << 31n))).toBeDefined();
    expect(relocated(load, from, from + (1n << 31n) + 1n)).toBeUndefined();
    expect(jumpTo(from, from + (1n << 32n))).toBeUndefined();
  });
});

describe('the same with and without', () => {
  it('a breakpoint on every instruction of patch_points', async () => {
    const program = fixture('patch_points');
    const places = everyInstruction(program, 'main', 'leaf');
    const off = await hitsOf(program, 'off', places);
    expect(off.end).toBe('exited 11');
    expect(await hitsOf(program, 'on', places)).toEqual(off);
  });

  it.each(['plain', 'pie', 'O2'] as const)('a breakpoint on every instruction of a loop, %s', async (variant) => {
    const program = fixture('checksum', variant);
    const functions = variant === 'O2' ? ['main'] : ['checksum', 'main'];
    const places = everyInstruction(program, ...functions);
    const off = await hitsOf(program, 'off', places, ['1']);
    expect(off.hits.length).toBeGreaterThan(20);
    expect(await hitsOf(program, 'on', places, ['1'])).toEqual(off);
  });

  it('every instruction stepped', async () => {
    const program = fixture('patch_points');
    const walk = async (mode: Mode): Promise<string[]> => {
      const session = open(program, mode);
      try {
        for (const place of everyInstruction(program, 'main', 'leaf')) session.break(place, { condition: '0' });
        let outcome = await session.start('main');
        const places: string[] = [];
        while (outcome.kind === 'stopped') {
          places.push(session.selection().frame.pc.toString(16));
          outcome = await session.step({ over: false, instruction: true });
        }
        return [...places, endOf(outcome)];
      } finally {
        session.close();
      }
    };
    expect(await walk('on')).toEqual(await walk('off'));
  });
});

describe('threads', () => {
  it.each(['on', 'auto'] as const)('none passes unseen while another runs a copy (%s)', async (mode) => {
    const [threads, each] = [4, 500];
    const program = fixture('threads_hit');
    const { end, hits } = await hitsOf(program, mode, ['touch'], [String(threads), String(each)]);
    expect(end).toBe('exited 0');
    expect(hits).toEqual([`touch: ${threads * each}`]);
  });

  it('one that is stopped in a copy is shown at the original, and hit again only when it comes again', async () => {
    const session = open(fixture('threads_hit'), 'on', ['4', '2000']);
    try {
      const breakpoint = session.break('touch', {
        onHit: (_, hits) => {
          if (hits % 500 === 0) session.pause();
          return 'pass';
        },
      });
      const inProgram = (pc: bigint): boolean => session.imageAt(pc) !== undefined;
      let pauses = 0;
      let outcome = await session.run();
      while (outcome.kind === 'stopped') {
        pauses++;
        expect(outcome.stop.reason).toBe('pause');
        expect(session.threads().filter(({ pc }) => !inProgram(pc))).toEqual([]);
        outcome = await session.continue();
      }
      expect(endOf(outcome)).toBe('exited 0');
      expect(pauses).toBeGreaterThan(3);
      expect(breakpoint.hits).toBe(8000);
    } finally {
      session.close();
    }
  });
});

/** Handlers that look where they interrupted the program: never outside of its own code. */
const watchful = `
#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <sys/time.h>
#include <ucontext.h>
#include <unistd.h>
extern char __executable_start, etext;
static volatile int outside, seen, sum;
static volatile uintptr_t fault_address, fault_pc;
static void look(int number, siginfo_t *info, void *context) {
  uintptr_t pc = ((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP];
  if (number == SIGALRM) {
    seen++;
    if (pc < (uintptr_t)&__executable_start || pc >= (uintptr_t)&etext) outside++;
    return;
  }
  fault_address = (uintptr_t)info->si_addr;
  fault_pc = pc;
  ((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP] += 2;
}
__attribute__((noinline)) static void busy(void) {
  for (int i = 0; i < 100; i++) sum += i;
}
int main(void) {
  struct sigaction action = {.sa_sigaction = look, .sa_flags = SA_SIGINFO};
  sigaction(SIGALRM, &action, 0);
  sigaction(SIGFPE, &action, 0);
  sigaction(SIGSEGV, &action, 0);
  struct itimerval often = {{0, 1000}, {0, 1000}}, never = {{0, 0}, {0, 0}};
  setitimer(ITIMER_REAL, &often, 0);
  while (seen < 50) busy();
  setitimer(ITIMER_REAL, &never, 0);
  int zero = 0;
  extern char dividing, loading;
  __asm__ volatile("cltd; .globl dividing; dividing: idivl %0" : : "r"(zero) : "rax", "rdx");
  if (fault_address != (uintptr_t)&dividing || fault_pc != (uintptr_t)&dividing) return 2;
  __asm__ volatile(".globl loading; loading: movl (%0), %%eax" : : "r"(0L) : "rax");
  if (fault_address != 0 || fault_pc != (uintptr_t)&loading) return 3;
  return outside ? 1 : 0;
}`;

describe('signals', () => {
  it('handlers see the program interrupted where it was, and faults at their own address', async () => {
    const program = compileText('watchful.c', watchful);
    const places = [...everyInstruction(program, 'busy'), '*&dividing', '*&loading'];
    const { end, hits } = await hitsOf(program, 'on', places);
    expect(end).toBe('exited 0');
    expect(hits.slice(-2)).toEqual(['*&dividing: 1', '*&loading: 1']);
  });

  it('are counted as ever', async () => {
    const program = fixture('signals_counted');
    expect(await hitsOf(program, 'on', ['work', 'on_user', 'on_alarm'])).toEqual({
      end: 'exited 0',
      hits: ['work: 10', 'on_user: 10', 'on_alarm: 5'],
    });
  });

  it('a fault of a copied instruction stops at the original', async () => {
    const program = compileText('fault.c', 'int main(void) { __asm__ volatile("fault: movl 0, %eax"); return 0; }');
    const session = open(program, 'on');
    try {
      const [address] = instructionsOf(session, 'fault', 8);
      session.break(`*${address}`, { ignore: 5 });
      const stop = stopOf(await session.run());
      expect(stop.signal?.name).toBe('SIGSEGV');
      expect(stop.thread.pc).toBe(address);
      expect(session.selection().frame.functionName).toBe('main');
      expect(endOf(await session.continue())).toBe('killed SIGSEGV');
    } finally {
      session.close();
    }
  });
});

const family = `
#include <sys/wait.h>
#include <unistd.h>
__attribute__((noinline)) void visit(int i) { __asm__ volatile("" : : "r"(i)); }
int main(int argc, char *argv[]) {
  for (int i = 0; i < 5; i++) visit(i);
  if (argc > 2) return 0;
  if (fork() == 0) {
    for (int i = 0; i < 7; i++) visit(i);
    execl(argv[0], argv[0], "1", "2", (char *)0);
  }
  wait(0);
  for (int i = 0; i < 3; i++) visit(i);
  return 0;
}`;

describe('families', () => {
  it.each(['on', 'off'] as const)('fork inherits slots, exec begins without (%s)', async (mode) => {
    expect(await hitsOf(compileText('family.c', family), mode, ['visit'])).toEqual({ end: 'exited 0', hits: ['visit: 20'] });
  });

  it('a program that is let go has no page of ours left', async () => {
    const path = compileText('spin.c', 'volatile int n; void visit(void) { n++; } int main(void) { for (;;) visit(); }');
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
    const session = open(path, 'on');
    try {
      await session.attach(pid);
      session.break('visit', { ignore: 100 });
      stopOf(await session.continue());
      expect(slotPages(pid)).toBe(1);
      session.detach();
      expect(slotPages(pid)).toBe(0);
      await until(() => readStat(pid)?.state === 'R');
    } finally {
      session.close();
      native.kill(pid, 9);
      native.wait(pid, 0, new Int32Array(2));
    }
  });

  it('nothing is mapped into a program that is stopped in now and then', async () => {
    const session = open(fixture('recursion'), 'auto');
    try {
      let stop = stopOf(await session.start('main'));
      for (let i = 0; i < 5; i++) stop = stopOf(await session.step({ over: true, instruction: true }));
      expect(slotPages(stop.process.pid)).toBe(0);
    } finally {
      session.close();
    }
  });
});

/** A stopped program through the addon: registers, memory, waiting, signals, and what is refused. */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { native } from '../../src/native.js';
import { leakGuard } from '../helpers/leaks.js';
import { end, exited, launchStopped, planFor, SIGKILL, SIGTRAP, stoppedBy, waitFor, withStopped } from './support.js';

leakGuard();

const ENOENT = 2;
const ESRCH = 3;
const EIO = 5;
const EBADF = 9;
const ECHILD = 10;
const EFAULT = 14;
const EINVAL = 22;

/** Indices in struct user_regs_struct (sys/user.h). */
const RAX = 10;
const RIP = 16;
const RSP = 19;

const registersOf = (pid: number): BigUint64Array => {
  const registers = new BigUint64Array(27);
  expect(native.getRegisters(pid, registers)).toBe(0);
  return registers;
};

const withMemory = <T>(pid: number, use: (fd: number) => T): T => {
  const fd = native.openMemory(pid);
  expect(fd).toBeGreaterThan(2);
  try {
    return use(fd);
  } finally {
    expect(native.closeDescriptor(fd)).toBe(0);
  }
};

/** [start, end) of a line of /proc/PID/maps. */
const mapOf = (pid: number, name: string): [bigint, bigint] => {
  const line = readFileSync(`/proc/${pid}/maps`, 'utf8')
    .split('\n')
    .find((text) => text.endsWith(name));
  const [start = '', stop = ''] = (line ?? '').split(' ', 1)[0].split('-');
  return [BigInt(`0x${start}`), BigInt(`0x${stop}`)];
};

describe('registers', () => {
  it('are read and written as 27 words', () => {
    withStopped(planFor(['true']), (pid) => {
      const registers = registersOf(pid);
      const [start, stop] = mapOf(pid, '[stack]');
      expect(registers[RSP]).toBeGreaterThan(start);
      expect(registers[RSP]).toBeLessThan(stop);
      registers[RAX] = 0xfedc_ba98_7654_3210n;
      expect(native.setRegisters(pid, registers)).toBe(0);
      expect(registersOf(pid)).toEqual(registers);
      expect(native.getRegisters(pid, new BigUint64Array(26))).toBe(-EINVAL);
      registers[RSP] -= 64n;
      expect(native.setRegister(pid, RSP, registers[RSP])).toBe(0);
      expect(registersOf(pid)).toEqual(registers);
      expect(native.setRegister(pid, 27, 0n)).toBe(-EINVAL);
    });
  });

  it('come as sets of the size that the machine has', () => {
    withStopped(planFor(['true']), (pid) => {
      const NT_PRFPREG = 2;
      const NT_X86_XSTATE = 0x202;
      expect(native.getRegisterSet(pid, NT_PRFPREG, new Uint8Array(4096))).toBe(512);
      const state = new Uint8Array(64 * 1024);
      const size = native.getRegisterSet(pid, NT_X86_XSTATE, state);
      expect(size).toBeGreaterThanOrEqual(576);
      expect(native.setRegisterSet(pid, NT_X86_XSTATE, state.subarray(0, size))).toBe(size);
      expect(native.getRegisterSet(pid, 0x7777, state)).toBe(-EINVAL);
    });
  });

  it('include the debug registers; an address in the kernel is refused', () => {
    withStopped(planFor(['true']), (pid) => {
      expect(native.getDebugRegister(pid, 0)).toBe(0n);
      expect(native.setDebugRegister(pid, 0, 0x40_0000n)).toBe(0);
      expect(native.getDebugRegister(pid, 0)).toBe(0x40_0000n);
      expect(native.setDebugRegister(pid, 0, 0xffff_8000_0000_0000n)).toBe(-EINVAL);
      expect(native.setDebugRegister(pid, 8, 0n)).toBe(-EINVAL);
      expect(native.getDebugRegister(pid, -1)).toBe(-EINVAL);
    });
  });
});

describe('memory', () => {
  it('reads the same in both ways, and stops short at the first unreadable page', () => {
    withStopped(planFor(['true']), (pid) => {
      const [, top] = mapOf(pid, '[stack]');
      const [first, second] = [new Uint8Array(4096), new Uint8Array(4096)];
      withMemory(pid, (fd) => {
        for (const length of [1, 8, 100, 4095]) {
          expect(native.readMemory(pid, top - BigInt(length), first)).toBe(length);
          expect(native.readAt(fd, top - BigInt(length), second)).toBe(length);
          expect(first).toEqual(second);
        }
        expect(native.readMemory(pid, top, first)).toBe(-EFAULT);
        expect(native.readAt(fd, top, first)).toBe(-EIO);
        expect(native.readAt(fd, 0n, first)).toBe(-EIO);
        expect(native.readAt(fd, 0xffff_ffff_ff60_0000n, first)).toBe(-EIO);
        expect(native.writeAt(fd, 2n ** 64n - 8n, first)).toBe(-EIO);
      });
      // The path of the program is the last thing on its stack, before eight zero bytes.
      native.readMemory(pid, top - 18n, first);
      expect(Buffer.from(first.subarray(0, 10)).toString('latin1')).toBe('/bin/true\0');
    });
  });

  it('writes through the protection of code: a breakpoint is hit', () => {
    const pid = launchStopped(planFor(['true']));
    const at = registersOf(pid)[RIP];
    withMemory(pid, (fd) => {
      const saved = new Uint8Array(1);
      native.readAt(fd, at, saved);
      expect(native.writeAt(fd, at, Uint8Array.of(0xcc))).toBe(1);
      native.cont(pid, 0);
      expect(waitFor(pid)).toBe(stoppedBy(SIGTRAP));
      expect(native.writeAt(fd, at, saved)).toBe(1);
    });
    const registers = registersOf(pid);
    expect(registers[RIP]).toBe(at + 1n);
    const info = new Uint8Array(128);
    expect(native.getSignalInfo(pid, info)).toBe(0);
    const SI_KERNEL = 0x80;
    expect([...new Int32Array(info.buffer, 0, 3)]).toEqual([SIGTRAP, 0, SI_KERNEL]);
    expect(native.setSignalInfo(pid, info)).toBe(0);
    registers[RIP] = at;
    native.setRegisters(pid, registers);
    native.cont(pid, 0);
    expect(waitFor(pid)).toBe(exited(0));
  });

  it('has descriptors that no program inherits', () => {
    withStopped(planFor(['true']), (pid) => {
      withMemory(pid, (fd) => {
        const O_CLOEXEC = 0o2000000;
        expect(parseInt(/flags:\s*(\d+)/.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))?.[1] ?? '', 8) & O_CLOEXEC).toBe(O_CLOEXEC);
      });
    });
    expect(native.closeDescriptor(999)).toBe(-EBADF);
  });

  it('of a process that is gone is refused', () => {
    const pid = launchStopped(planFor(['true']));
    const fd = native.openMemory(pid);
    end(pid);
    const buffer = new Uint8Array(8);
    expect(native.readMemory(pid, 0x40_0000n, buffer)).toBe(-ESRCH);
    expect(native.readAt(fd, 0x40_0000n, buffer)).toBeLessThanOrEqual(0);
    native.closeDescriptor(fd);
    expect(native.openMemory(pid)).toBe(-ENOENT);
    expect(native.getRegisters(pid, new BigUint64Array(27))).toBe(-ESRCH);
  });
});

describe('waiting', () => {
  const into = new Int32Array(2);

  it('tells nothing, a stop, an end and a stranger apart', () => {
    const WNOHANG = 1;
    const pid = launchStopped(planFor(['false']));
    expect(native.wait(pid, WNOHANG, into)).toBe(0);
    expect([...into]).toEqual([0, 0]);
    native.step(pid, 0);
    expect(native.waitSpin(pid, 1_000_000, into)).toBe(pid);
    expect([...into]).toEqual([pid, stoppedBy(SIGTRAP)]);
    native.cont(pid, 0);
    expect(native.wait(pid, 0, into)).toBe(pid);
    expect(into[1]).toBe(exited(1));
    expect(native.wait(pid, 0, into)).toBe(-ECHILD);
    expect([...into]).toEqual([-ECHILD, 0]);
  });

  it('spins for a limited time, and only for one process', () => {
    withStopped(planFor(['true']), (pid) => {
      const start = performance.now();
      expect(native.waitSpin(pid, 20_000, into)).toBe(0);
      expect(performance.now() - start).toBeGreaterThanOrEqual(20);
    });
    for (const pid of [0, -1, -5]) expect(native.waitSpin(pid, 1, into)).toBe(-EINVAL);
  });

  it('waits until the next tick, and no longer than for a stop; other waits know no ticks', () => {
    withStopped(planFor(['true']), (pid) => {
      expect(native.ticks(5000)).toBe(0);
      try {
        expect(native.waitTick(pid, into)).toBe(0);
        expect(native.peekTick()).toBe(0);
        native.step(pid, 0);
        while (native.peekTick() === 0);
        expect(native.peekTick()).toBe(pid);
        expect(native.waitTick(pid, into)).toBe(pid);
        expect([...into]).toEqual([pid, stoppedBy(SIGTRAP)]);
      } finally {
        native.ticks(0);
      }
    });
    for (const pid of [0, -1]) expect(native.waitTick(pid, into)).toBe(-EINVAL);
    expect(native.ticks(-1)).toBe(-EINVAL);
    const sleeping = launchStopped(planFor(['sleep', '0.05']));
    native.ticks(1000);
    native.cont(sleeping, 0);
    expect(native.wait(sleeping, 0, into)).toBe(sleeping);
    native.ticks(0);
    expect(into[1]).toBe(exited(0));
  });

  it('sends SIGCHLD for stops only when it is wanted', async () => {
    let signals = 0;
    const count = (): void => {
      signals++;
    };
    // Node hears of signals in the order in which they came.
    const fence = (): Promise<unknown> =>
      new Promise((resolve) => {
        process.once('SIGUSR2', resolve);
        process.kill(process.pid, 'SIGUSR2');
      });
    process.on('SIGCHLD', count);
    try {
      const stops = async (wanted: 0 | 1): Promise<number> => {
        const pid = launchStopped(planFor(['true']));
        await fence();
        signals = 0;
        expect(native.signalStops(wanted)).toBe(0);
        native.step(pid, 0);
        waitFor(pid);
        native.signalStops(1);
        await fence();
        const seen = signals;
        end(pid);
        return seen;
      };
      expect(await stops(0)).toBe(0);
      expect(await stops(1)).toBe(1);
    } finally {
      process.off('SIGCHLD', count);
    }
  });

  it('looks without taking: the stop is still there', () => {
    expect(native.peekWaitable()).toBe(0);
    const launched = native.launch(planFor(['true']));
    const { pid } = launched as { pid: number };
    expect(native.peekWaitable()).toBe(pid);
    expect(native.peekWaitable()).toBe(pid);
    expect(waitFor(pid)).toBe(stoppedBy(SIGTRAP));
    expect(native.peekWaitable()).toBe(0);
    end(pid);
  });

  it('leaves the children of Node to Node', async () => {
    const child = spawn('/bin/sh', ['-c', 'exit 7']);
    const code = new Promise((resolve) => child.once('exit', resolve));
    // Until it is waitable; the event loop, which would reap it, does not turn meanwhile.
    while (native.peekWaitable() === 0);
    expect(native.peekWaitable()).toBe(child.pid);
    expect(await code).toBe(7);
  });
});

describe('signals', () => {
  it('are masked, sent to a process and to a thread', () => {
    const SIGUSR1 = 10;
    const SIGUSR2 = 12;
    const pid = launchStopped(planFor(['sleep', '1000']));
    expect(native.getSignalMask(pid)).toBe(0n);
    expect(native.setSignalMask(pid, 0xfffn)).toBe(0);
    expect(native.getSignalMask(pid)).toBe(0xfffn & ~(1n << 8n)); // SIGKILL cannot be blocked
    native.setSignalMask(pid, 0n);
    expect(native.killThread(pid, pid, SIGUSR1)).toBe(0);
    native.cont(pid, 0);
    expect(waitFor(pid)).toBe(stoppedBy(SIGUSR1));
    expect(native.kill(pid, SIGUSR2)).toBe(0);
    native.cont(pid, 0);
    expect(waitFor(pid)).toBe(stoppedBy(SIGUSR2));
    native.cont(pid, SIGUSR2);
    expect(waitFor(pid)).toBe(SIGUSR2);
    expect(native.kill(pid, 0)).toBe(-ESRCH);
    expect(native.killThread(pid, pid, 0)).toBe(-ESRCH);
  });

  it('are never sent to everybody', () => {
    expect(native.kill(0, 0)).toBe(-EINVAL);
    expect(native.kill(-1, 0)).toBe(-EINVAL);
  });
});

describe('system calls', () => {
  it('stop at entry and exit, and say which', () => {
    const pid = launchStopped(planFor(['true']));
    const SYSGOOD = 1;
    native.setOptions(pid, SYSGOOD | 0x100000);
    const info = new Uint8Array(88);
    const kinds: number[] = [];
    for (let count = 0; count < 2; count++) {
      expect(native.syscall(pid, 0)).toBe(0);
      expect(waitFor(pid)).toBe(stoppedBy(SIGTRAP | 0x80));
      expect(native.getSyscallInfo(pid, info)).toBeGreaterThan(24);
      kinds.push(info[0]);
    }
    expect(kinds).toEqual([1, 2]);
    expect(native.getSyscallInfo(pid, info.subarray(0, 1))).toBe(1);
    end(pid);
  });
});

describe('attaching', () => {
  it('seizes, interrupts, lets go', () => {
    const launched = native.launch(planFor(['sleep', '1000'], { trace: false }));
    const { pid } = launched as { pid: number };
    expect(native.seize(pid, 0)).toBe(0);
    expect(native.seize(pid, 0)).toBeLessThan(0);
    expect(native.interrupt(pid)).toBe(0);
    const PTRACE_EVENT_STOP = 128;
    expect(waitFor(pid)).toBe((PTRACE_EVENT_STOP << 16) | stoppedBy(SIGTRAP));
    expect(native.listen(pid)).toBe(0);
    expect(native.interrupt(pid)).toBe(0);
    expect(waitFor(pid)).toBe((PTRACE_EVENT_STOP << 16) | stoppedBy(SIGTRAP));
    expect(native.detach(pid, 0)).toBe(0);
    expect(native.detach(pid, 0)).toBe(-ESRCH);
    native.kill(pid, SIGKILL);
    expect(waitFor(pid)).toBe(SIGKILL);
  });

  it('gives the message of an event', () => {
    const pid = launchStopped(planFor(['sh', '-c', 'true & wait']));
    const TRACEFORK = 2;
    native.setOptions(pid, TRACEFORK | 0x100000);
    native.cont(pid, 0);
    expect(waitFor(pid)).toBe((1 << 16) | stoppedBy(SIGTRAP));
    const child = native.eventMessage(pid);
    expect(child).toBeGreaterThan(pid);
    waitFor(child);
    end(child);
    end(pid);
  });
});

describe('processes', () => {
  it('are compared by what they share', () => {
    const KCMP_VM = 1;
    withStopped(planFor(['true']), (pid) => {
      expect(native.compare(pid, pid, KCMP_VM, 0, 0)).toBe(0);
      expect([1, 2]).toContain(native.compare(process.pid, pid, KCMP_VM, 0, 0));
    });
    expect(native.compare(process.pid, 2 ** 22 + 1, KCMP_VM, 0, 0)).toBe(-ESRCH);
  });

  it('are bound to CPUs', () => {
    withStopped(planFor(['true']), (pid) => {
      const all = native.getAffinity(pid) as bigint;
      expect(all).toBeGreaterThan(0n);
      const first = all & -all;
      expect(native.setAffinity(pid, first)).toBe(0);
      expect(native.getAffinity(pid)).toBe(first);
      expect(native.setAffinity(pid, 0n)).toBe(-EINVAL);
      expect(native.setAffinity(pid, -1n)).toBe(-EINVAL);
      expect(native.setAffinity(pid, 1n << 2000n)).toBe(-EINVAL);
    });
    expect(native.getAffinity(2 ** 22 + 1)).toBe(-ESRCH);
  });
});

describe('names', () => {
  it('are demangled when they are mangled', () => {
    expect(native.demangle('_ZN3foo3barERKSs')).toBe('foo::bar(std::string const&)');
    for (const plain of ['main', 'i', '', '_Z', '_Zgarbage', 'Ünïcode']) expect(native.demangle(plain)).toBeUndefined();
  });
});

describe('a name that refers to itself', () => {
  /** `a<a<...>, a<...>>`: each level doubles the text (S_, S0_, S1_... are the parts so far, numbered in base 36). */
  const doubling = (levels: number): string => {
    const part = (index: number): string => (index === 0 ? 'S_' : `S${(index - 1).toString(36).toUpperCase()}_`);
    return `_Z1f1aIiiE${Array.from({ length: levels }, (_, level) => `S_I${part(level + 1).repeat(2)}E`).join('')}`;
  };

  it('is demangled while its text is of reasonable length', () => {
    expect(native.demangle(doubling(2))).toBe(
      'f(a<int, int>, a<a<int, int>, a<int, int> >, a<a<a<int, int>, a<int, int> >, a<a<int, int>, a<int, int> > >)',
    );
    expect(native.demangle(doubling(5))).toHaveLength(1048);
  });

  it('is left as it is when 300 characters would become a terabyte, and when it is nested without end', () => {
    expect(native.demangle(doubling(30))).toBeUndefined();
    for (const name of [`_Z1f${'P'.repeat(100_000)}i`, `_Z${'1fI'.repeat(50_000)}i`, `_ZN${'1a'.repeat(50_000)}Ev`])
      expect(native.demangle(name)).toBeUndefined();
  });
});

describe('arguments of another type', () => {
  it.each([
    ['a missing number', () => native.cont(...([1] as unknown as [number, number]))],
    ['a string', () => native.step('1' as unknown as number, 0)],
    ['a number for an address', () => native.readAt(1, 1 as unknown as bigint, new Uint8Array(1))],
    ['another array', () => native.getRegisters(1, new Uint8Array(216) as unknown as BigUint64Array)],
    ['no array', () => native.wait(1, 0, undefined as unknown as Int32Array)],
    ['no plan', () => native.launch(undefined as unknown as Parameters<typeof native.launch>[0])],
    ['a plan without argv', () => native.launch({ ...planFor(['true']), argv: undefined as unknown as string[] })],
    ['words that are none', () => native.launch({ ...planFor(['true']), argv: [1 as unknown as string] })],
    ['a path that is none', () => native.mapFile(3 as unknown as string)],
    ['bytes that are none', () => native.releasePages(3 as unknown as Uint8Array)],
    ['a buffer that is none', () => native.unmapFile(new Uint8Array(1) as unknown as ArrayBuffer)],
    ['a name that is none', () => native.demangle(3 as unknown as string)],
    ['a mask that is none', () => native.setAffinity(1, 1 as unknown as bigint)],
  ])('are refused: %s', (_, call) => {
    expect(call).toThrow(/expected|has not the type|Cannot convert undefined/);
  });
});

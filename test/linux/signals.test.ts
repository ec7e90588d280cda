import { describe, expect, it } from 'vitest';
import { decodeSignalInfo } from '../../src/linux/siginfo.js';
import { signalByNumber, signalName, signalNamed, signals, signalsInMask } from '../../src/linux/signals.js';
import { syscallName, syscallNumber } from '../../src/linux/syscalls.js';
import { constants } from 'node:os';

describe('signals', () => {
  it('have the numbers of this system, 1 to 64 without a gap', () => {
    expect(signals.map(({ number }) => number)).toEqual(Array.from({ length: 64 }, (_, index) => index + 1));
    for (const [name, number] of Object.entries(constants.signals)) expect([name, signalNamed(name)?.number]).toEqual([name, number]);
  });

  it('are treated as gdb treats them', () => {
    const treatment = (name: string) => signalNamed(name)?.treatment;
    expect(treatment('SIGINT')).toEqual({ stop: true, print: true, pass: false });
    expect(treatment('SIGCHLD')).toEqual({ stop: false, print: false, pass: true });
    expect(treatment('SIGSEGV')).toEqual({ stop: true, print: true, pass: true });
    const quiet = signals.filter((signal) => !signal.treatment.stop).map(({ name }) => name);
    expect(quiet.join(' ')).toBe('SIGALRM SIGCHLD SIGURG SIGVTALRM SIGPROF SIGWINCH SIGIO SIG32 SIG33');
  });

  it('are found by the spellings that users know', () => {
    const found = ['int', 'SIGPOLL', '9', 'SIGRTMIN', 'sigrtmin+2', 'RTMAX-1', 'SIG40', 'SIGRTMIN+31', '65', '0', ''].map(
      (text) => signalNamed(text)?.name,
    );
    expect(found).toEqual(['SIGINT', 'SIGIO', 'SIGKILL', 'SIG34', 'SIG36', 'SIG63', 'SIG40', undefined, undefined, undefined, undefined]);
    expect([signalName(11), signalName(0), signalByNumber(0)]).toEqual(['SIGSEGV', 'SIG0', undefined]);
    expect(signalsInMask(0x8000000000000402n).map(({ name }) => name)).toEqual(['SIGINT', 'SIGSEGV', 'SIG64']);
  });
});

describe('siginfo', () => {
  const bytes = (signal: number, code: number, ...words: number[]): Uint8Array => {
    const all = new Int32Array(32);
    all.set([signal, 0, code, 0, ...words]);
    return new Uint8Array(all.buffer);
  };

  it('gives the address of a fault, but none when the processor names none', () => {
    expect(decodeSignalInfo(bytes(11, 1, 8, 0))).toMatchObject({
      signalName: 'SIGSEGV',
      codeName: 'SEGV_MAPERR',
      address: 8n,
      fromKernel: true,
    });
    const general = decodeSignalInfo(bytes(11, 0x80, 0, 0));
    expect(general).toMatchObject({ codeName: 'SI_KERNEL' });
    expect(general).not.toHaveProperty('address');
  });

  it('gives the sender of a signal that a process sent', () => {
    expect(decodeSignalInfo(bytes(15, 0, 71, 1000))).toMatchObject({ codeName: 'SI_USER', pid: 71, uid: 1000, fromKernel: false });
    expect(decodeSignalInfo(bytes(6, -6, 71, 1000))).toMatchObject({ codeName: 'SI_TKILL', pid: 71 });
    expect(decodeSignalInfo(bytes(34, -1, 71, 1000, 42, 0))).toMatchObject({ codeName: 'SI_QUEUE', value: 42n });
  });

  it('gives the child and its status', () => {
    expect(decodeSignalInfo(bytes(17, 1, 72, 0, 3))).toMatchObject({ codeName: 'CLD_EXITED', pid: 72, status: 3 });
  });

  it('answers undefined for too few bytes and a number for a code without a name', () => {
    expect(decodeSignalInfo(new Uint8Array(12))).toBeUndefined();
    expect(decodeSignalInfo(bytes(11, 77, 0, 0))).toMatchObject({ codeName: '77' });
  });
});

describe('system calls', () => {
  it('are named by number and found by name, across the gap in the numbers', () => {
    expect([0, 1, 59, 61, 202, 231, 334, 435, 449, 462].map(syscallName)).toEqual(
      'read write execve wait4 futex exit_group rseq clone3 futex_waitv mseal'.split(' '),
    );
    expect([syscallName(400), syscallName(-1), syscallNumber('read'), syscallNumber('waitpid'), syscallNumber('nonsense')]).toEqual([
      undefined,
      undefined,
      0,
      61,
      undefined,
    ]);
  });
});

/** System calls that have just failed: their numbers and results are in the registers of who has been stopped on its way out of them. */
import { expect, it } from 'vitest';
import type { FamilyMember } from '../../src/insight/family.js';
import { why } from '../../src/insight/waits.js';
import { syscallNumber } from '../../src/linux/syscalls.js';

/** A process that cannot be: its number is beyond the kernel's limit (PID_MAX_LIMIT). */
const own = 0x400001;
const dead = (pid: number, life: Partial<FamilyMember>): FamilyMember => ({
  pid: own + pid,
  ppid: own,
  program: '/p',
  state: 'reaped',
  threads: [],
  ...life,
});

const said = (call: number, result: bigint, first: bigint, others: readonly FamilyMember[] = []): unknown => {
  const registers: Readonly<Record<string, bigint>> = { orig_rax: BigInt(call), rax: result, rdi: first };
  const register = (name: string): bigint => registers[name] ?? 0n;
  const place = { file: '/p.c', line: 7, function: 'main' };
  const threads = [{ tid: own, state: 'stopped' as const, register, place: () => place }];
  return why([{ pid: own, ppid: 1, program: '/p', state: 'stopped', threads }, ...others]).busy?.[0]?.text;
};

it('says which call fails again and again, and why there', () => {
  const wait4 = syscallNumber('wait4') ?? 0;
  const noChild = 'is not blocked: it is in main at p.c:7, where wait4 has just failed (ECHILD, No child processes)';
  expect(said(wait4, -10n, BigInt(own + 1), [dead(1, { reapedBy: own })])).toBe(`${noChild}: child ${own + 1} has been waited for already`);
  expect(said(wait4, -10n, BigInt(own + 2), [dead(1, {}), dead(2, { ppid: own + 1 })])).toBe(
    `${noChild}: process ${own + 2} is not its child, but one of ${own + 1}`,
  );
  expect(said(wait4, -10n, 0xffffffffn)).toBe(`${noChild}: it has no child that it has not waited for`);
  expect(said(wait4, -10n, 7n)).toBe(noChild);
  expect(said(syscallNumber('accept') ?? 0, -24n, 3n)).toContain('where accept has just failed (EMFILE, Too many open files)');
});

it('says nothing of a call that has not failed, or that deet itself has interrupted', () => {
  const plain = 'is not blocked: it is in main at p.c:7';
  expect(said(syscallNumber('read') ?? 0, 5n, 0n)).toBe(plain);
  expect(said(-1, -10n, 0n)).toBe(plain);
  expect(said(syscallNumber('vfork') ?? 0, -38n, 0n)).toBe(plain);
  expect(said(syscallNumber('read') ?? 0, -512n, 0n)).toBeUndefined();
});

/**
 * A system call that has just failed. Who asks again and again and does not look at errno runs for ever, and is on its way out of the kernel most of the time: there the
 * call's number and its result are in the registers.
 */
import { kernelError } from '../linux/errors.js';
import { readLimit } from '../linux/proc.js';
import { syscallName } from '../linux/syscalls.js';
import { argumentsOf, isInterrupted } from './blocked.js';
import type { FamilyMember, FamilyThread } from './family.js';
import { int } from './wait_facts.js';

/** -ENOSYS: what the register has on the way in, and in a fork that is being announced. */
const underWay = -38n;

/** What errno's text leaves open. */
const because = (name: string, error: string, first: number, { pid }: FamilyMember, family: readonly FamilyMember[]): string => {
  if (name === 'wait4' && error === 'ECHILD') {
    if (first <= 0) return first === -1 ? ': it has no child that it has not waited for' : '';
    const child = family.findLast((each) => each.pid === first);
    if (child?.reapedBy === pid) return `: child ${first} has been waited for already`;
    if (child?.reapedBy === 0) return `: child ${first} left nothing to wait for, because SIGCHLD was ignored`;
    return child && child.ppid !== pid ? `: process ${first} is not its child, but one of ${child.ppid}` : '';
  }
  const limit = error === 'EMFILE' ? readLimit(pid, 'Max open files') : undefined;
  return limit === undefined ? '' : `: all ${limit} descriptors that it may have are open`;
};

/** `accept has just failed (EMFILE, Too many open files)`. Undefined: none has. */
export const failedCall = (member: FamilyMember, thread: FamilyThread, family: readonly FamilyMember[]): string | undefined => {
  const number = BigInt.asIntN(64, thread.register?.('orig_rax') ?? -1n);
  const result = BigInt.asIntN(64, thread.register?.('rax') ?? 0n);
  const error = result < 0n && result !== underWay && !isInterrupted(result) ? kernelError(Number(-result)) : undefined;
  const name = number < 0n ? undefined : syscallName(Number(number));
  if (!error || name === undefined) return undefined;
  return `${name} has just failed (${error.name}, ${error.text})${because(name, error.name, int(argumentsOf(thread)[0]), member, family)}`;
};

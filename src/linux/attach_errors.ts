/** Why a process cannot be traced, in words that say what to do (ptrace(2), "Ptrace access mode checking"; Yama in the kernel's admin-guide). */
import { readFileSync } from 'node:fs';
import type { Advice } from '../common/advice.js';
import { DeetError } from '../common/errors.js';
import { errno } from './constants.js';
import { readStat, readStatus } from './proc.js';

const refused = (pid: number, why: string, advice: Advice, code = 'attach'): DeetError =>
  new DeetError(code, `Cannot attach to process ${pid}: ${why}.`, advice);

const startWithDeet: Advice = {
  prompt: 'Start the program with deet instead, which follows all its threads: run.',
  script: 'Start the program with launch() instead, which follows all its threads.',
  editor: 'Launch the program instead: then all its threads are followed.',
};

/** The value of kernel.yama.ptrace_scope; 0 also where there is no Yama. */
const ptraceScope = (): number => {
  try {
    return Number(readFileSync('/proc/sys/kernel/yama/ptrace_scope', 'latin1'));
  } catch {
    return 0;
  }
};

export const noSuchProcess = (pid: number): DeetError =>
  refused(
    pid,
    'there is no such process',
    {
      prompt: '"shell ps aux" lists those that there are.',
      script: 'ps aux lists those that there are.',
      editor: 'ps aux lists those that there are.',
    },
    'process-gone',
  );

/** Node looks after every child that it has started, whenever one of them changes, and takes what the kernel says of it: a stop would be lost on its debugger. */
export const childOfNode = (pid: number): DeetError =>
  refused(
    pid,
    'this very process has started it (child_process), and Node would take its stops for its end',
    "Launch it with deet, or let a shell start it: sh -c './program & echo $!'",
  );

export const attachError = (pid: number, error: number): DeetError => {
  if (error === errno.ESRCH) return noSuchProcess(pid);
  if (error !== errno.EPERM) return refused(pid, `errno ${error}`, 'Is it a process of this machine, and not of another container?');
  if (pid === process.pid) return refused(pid, 'that is deet itself', 'Another deet can debug this one.');
  const status = readStatus(pid);
  if (status && status.tracer !== 0) {
    const name = readStat(status.tracer)?.name;
    return refused(
      pid,
      `it is traced already, by process ${status.tracer}${name === undefined ? '' : ` (${name})`}`,
      'A process has one tracer at a time: end the other, or let it detach.',
    );
  }
  // The leader stays for as long as its threads run (pthread_exit(3)), and cannot be traced any more.
  if (readStat(pid)?.state === 'Z' && (status?.threads ?? 0) > 1)
    return refused(pid, 'its first thread has ended, and only others run on', startWithDeet);
  if (readStat(pid)?.state === 'Z')
    return refused(pid, 'it has ended, and its parent has not waited for it', '"info tree" of its parent tells more.');
  const own = process.geteuid?.() ?? 0;
  if (own !== 0 && status && status.user !== own)
    return refused(pid, `it belongs to user ${status.user}, deet runs as user ${own}`, 'Run deet as that user, or with sudo.');
  const scope = ptraceScope();
  if (scope === 3) return refused(pid, 'the kernel forbids it (kernel.yama.ptrace_scope is 3, until the next boot)', startWithDeet);
  if (scope > 0 && own !== 0)
    return refused(
      pid,
      `the kernel lets ${scope === 1 ? 'a debugger trace only what it has started' : 'only root trace'} (kernel.yama.ptrace_scope is ${scope})`,
      'Use sudo, or allow it until the next boot: sudo sysctl kernel.yama.ptrace_scope=0',
    );
  return refused(
    pid,
    'permission denied',
    'It may have more privileges than deet, be a part of the kernel, or a container may forbid ptrace (allow SYS_PTRACE).',
  );
};

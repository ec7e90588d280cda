/** Signals that say that a limit was reached: setrlimit(2), alarm(2). */
import { syscallName } from '../linux/syscalls.js';
import type { Explanation } from './crash.js';
import type { Fault } from './fault_scene.js';

/** -EFBIG as a system call's result. */
const tooLarge = -27n;

/** The kernel sends SIGXFSZ as if the program had sent it itself: the call that it was refused tells the two apart. */
const fileTooLarge = (fault: Fault): Explanation | undefined => {
  const { scene } = fault;
  if (BigInt.asIntN(64, scene.register('rax') ?? 0n) !== tooLarge) return undefined;
  const call = syscallName(Number(scene.register('orig_rax') ?? -1n));
  const fd = Number(BigInt.asIntN(32, scene.register('rdi') ?? -1n));
  const file = scene.descriptor?.(fd)?.noun;
  const limit = scene.limit?.('Max file size');
  const much = limit === undefined ? 'the limit on its size' : `${limit} bytes, the largest that a file of this process may be`;
  const which = file === undefined ? 'a file' : `${file} (fd ${fd})`;
  const text = `${fault.subject(fault.userFrame)} makes ${which} larger${call === undefined ? '' : ` (${call})`} than ${much} (RLIMIT_FSIZE, ulimit -f).`;
  return fault.explanation('limit', text);
};

/** Undefined: no limit, or somebody sent the signal. */
export const explainLimit = (fault: Fault): Explanation | undefined => {
  const { signal } = fault.scene;
  const who = fault.subject(fault.userFrame);
  switch (signal?.signalName) {
    case 'SIGXFSZ':
      return fileTooLarge(fault);
    case 'SIGXCPU': {
      if (!signal.fromKernel) return undefined;
      const limit = fault.scene.limit?.('Max cpu time');
      // With the signal the kernel raises the limit by a second, for the next one.
      const much = limit === undefined ? 'as long as it may' : `${limit - 1} s, as long as it may`;
      return fault.explanation('limit', `The process has used the processor for ${much} (RLIMIT_CPU, ulimit -t); it is in ${who}.`);
    }
    case 'SIGALRM':
    case 'SIGVTALRM':
    case 'SIGPROF':
      if (!signal.fromKernel) return undefined;
      return fault.explanation(
        'limit',
        `A timer of the program's own has run out (${signal.signalName}: alarm or setitimer), and no handler was there for it. It was in ${who}.`,
      );
    default:
      return undefined;
  }
};

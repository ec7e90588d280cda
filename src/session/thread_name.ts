/** What a thread is called: by the user (`thread name`), else by the program (pthread_setname_np(3), prctl(2) PR_SET_NAME), as the kernel keeps it (proc(5), comm). */
import { readFileSync } from 'node:fs';
import type { Thread } from '../inferior/thread.js';

/** Undefined: it has ended. */
export const threadName = ({ name, tid, process }: Thread): string | undefined => {
  if (name !== undefined) return name;
  try {
    return readFileSync(`/proc/${process.pid}/task/${tid}/comm`, 'utf8').replace(/\n$/, '');
  } catch {
    return undefined;
  }
};

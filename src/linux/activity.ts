/**
 * Whether a family of processes moves: the fingerprint behind `set hang-after`. Two equal fingerprints mean that between the two looks nobody
 * was born, died, used the processor or even woke up.
 */
import { procText, readStat, readThreads } from './proc.js';

const switches = (pid: number, tid: number): string =>
  (procText(`${pid}/task/${tid}/status`) ?? '').match(/^(?:non)?voluntary_ctxt_switches:\s*\d+/gm)?.join(' ') ?? '';

/** Undefined: somebody is running at this moment. */
export const activityOf = (pids: readonly number[]): string | undefined => {
  const marks: string[] = [];
  for (const pid of pids)
    for (const tid of readThreads(pid)) {
      const stat = readStat(`${pid}/task/${tid}`);
      if (!stat) continue;
      if (stat.state === 'R') return undefined;
      marks.push(`${tid} ${stat.startTime} ${stat.state} ${stat.userTime} ${stat.systemTime} ${switches(pid, tid)}`);
    }
  return marks.join('\n');
};

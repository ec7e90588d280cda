/** What can be seen of descriptors while a process is about to end and still has them. */
import { procNumbers, readLimit } from '../linux/proc.js';
import { readDescriptors, type Descriptor } from '../linux/proc_files.js';

/** The descriptors that a process may have are open. */
export interface UsedUp {
  readonly open: number;
  readonly limit: number;
  /** What most of them are: `read ends of pipes`. */
  readonly most: string;
  readonly count: number;
}

const kindOf = ({ kind, access }: Descriptor): string =>
  kind === 'pipe' && access !== 'path' ? `${access} ends of pipes` : kind === 'directory' ? 'directories' : `${kind}s`;

/** A pipe needs two: it fails while one is left. */
const atOnce = 2;
/** A lower limit would hardly let a program start. */
const leastLimit = 8;

/** Undefined: it could open more. */
export const usedUp = (pid: number): UsedUp | undefined => {
  const open = procNumbers(`${pid}/fd`).length;
  const limit = open < leastLimit ? undefined : readLimit(pid, 'Max open files');
  if (limit === undefined || open + atOnce <= limit) return undefined;
  const counts = new Map<string, number>();
  for (const kind of readDescriptors(pid).map(kindOf)) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  const [first] = [...counts].sort(([, a], [, b]) => b - a);
  return first && { open, limit, most: first[0], count: first[1] };
};

/** Which of the processes can still write to what is open there; undefined: none, or it is no pipe. */
export const writerTo = (open: Descriptor | undefined, pids: readonly number[]): number | undefined =>
  open?.kind !== 'pipe'
    ? undefined
    : pids.find((pid) =>
        readDescriptors(pid).some(({ target, access }) => target === open.target && access !== 'read' && access !== 'path'),
      );

/**
 * Nothing may be left of a test: no process (a daemonised grandchild neither), no zombie, no descriptor. Call `leakGuard()` once at the
 * top of a test file; a test that leaves something fails with what it left, and what it left is killed, so that the next test starts clean.
 */
import { readFileSync } from 'node:fs';
import { afterEach, beforeEach } from 'vitest';
import { allProcesses, childrenOf, descriptorsOf, hasEnvironment, processFacts } from './processes.js';

/** Every process started during a test inherits this variable, however far it strays from its parents. */
const variable = 'DEET_TEST_MARK';

export interface Snapshot {
  readonly mark: string;
  readonly children: ReadonlySet<number>;
  readonly descriptors: ReadonlyMap<number, string>;
}

let count = 0;

/** Marks all processes started from now on, and notes what is there already. */
export const snapshot = (): Snapshot => {
  const mark = `${process.pid}.${++count}`;
  process.env[variable] = mark;
  return { mark, children: new Set(childrenOf(process.pid)), descriptors: descriptorsOf('self') };
};

/** Processes that carry the mark, and new children of ours (zombies have no environment left, but they have a parent). */
const leftProcesses = (before: Snapshot): number[] => {
  const marked = allProcesses().filter((pid) => pid !== process.pid && hasEnvironment(pid, `${variable}=${before.mark}`));
  const born = childrenOf(process.pid).filter((pid) => !before.children.has(pid));
  return [...new Set([...marked, ...born])];
};

/** What Node opens for itself, whenever it likes: event loops of workers, and /dev/null in place of a closed stream. */
const nodesOwn = /^anon_inode:\[(?:eventpoll|eventfd|io_uring)\]$|^\/dev\/null$/;

const leftDescriptors = (before: Snapshot): string[] =>
  [...descriptorsOf('self')]
    .filter(([fd, target]) => before.descriptors.get(fd) !== target && !nodesOwn.test(target))
    // A descriptor that moved is no leak: count each target.
    .filter(([, target], _, all) => countOf(all, target) > countOf([...before.descriptors], target))
    .map(([fd, target]) => `descriptor ${fd}: ${target}`);

const countOf = (descriptors: readonly (readonly [number, string])[], target: string): number =>
  descriptors.filter(([, other]) => other === target).length;

const describeProcess = (pid: number): string => {
  const facts = processFacts(pid);
  let words = '';
  try {
    words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
  } catch {
    // It went away at last; that it was there is what matters.
  }
  return `process ${pid} (${words || (facts?.name ?? 'gone')}), state ${facts?.state ?? 'gone'}, child of ${facts?.parent ?? '?'}`;
};

/**
 * What is left since `before`, in words; empty when all is clean. A killed process and a closing socket need a moment to vanish: within
 * `grace` milliseconds that is no leak.
 */
export const leaksSince = async (before: Snapshot, grace = 60_000): Promise<string[]> => {
  const deadline = performance.now() + grace;
  for (;;) {
    const processes = leftProcesses(before);
    const descriptors = leftDescriptors(before);
    if (processes.length === 0 && descriptors.length === 0) return [];
    if (performance.now() >= deadline) return [...processes.map(describeProcess), ...descriptors];
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
};

/** Kills what a test left running. */
export const removeLeaks = (before: Snapshot): void => {
  for (const pid of leftProcesses(before)) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // Already gone.
    }
  }
};

/** Hooks for the whole file that calls it. */
export const leakGuard = (): void => {
  let before: Snapshot;
  beforeEach(() => {
    before = snapshot();
  });
  afterEach(async () => {
    const left = await leaksSince(before);
    removeLeaks(before);
    if (left.length > 0) throw new Error(`The test left behind:\n  ${left.join('\n  ')}`);
  });
};

/**
 * Deadlocks among threads of any processes. A wait ends when any one of its releasers acts; so a set of threads is stuck for
 * ever if each waits and all who could release it are in the set too. The largest such set is what remains when, again and again, threads
 * with a way out are taken away. The cycles in it are what a user is shown.
 */

/** By thread id: who could end its wait. Undefined: also somebody or something that we do not see (a client, a timer, a user). */
export type WaitGraph = ReadonlyMap<number, readonly number[] | undefined>;

/** Threads that can never go on, unless a signal helps. A thread with no releaser at all is one of them. */
export const stuckThreads = (graph: WaitGraph): Set<number> => {
  const stuck = new Set<number>();
  for (const [thread, releasers] of graph) if (releasers) stuck.add(thread);
  for (let changed = true; changed;) {
    changed = false;
    for (const thread of stuck) {
      if (graph.get(thread)?.some((releaser) => !stuck.has(releaser))) {
        stuck.delete(thread);
        changed = true;
      }
    }
  }
  return stuck;
};

/** All that can be reached from a thread by one step or more. */
export const reachable = (graph: WaitGraph, within: ReadonlySet<number>, start: number): Set<number> => {
  const seen = new Set<number>();
  const queue = [start];
  for (let thread = queue.pop(); thread !== undefined; thread = queue.pop())
    for (const next of graph.get(thread) ?? [])
      if (within.has(next) && !seen.has(next)) {
        seen.add(next);
        queue.push(next);
      }
  return seen;
};

/**
 * The knots of the graph: groups of threads each of which waits, over some steps, for itself. In the order in which they wait for each other,
 * as far as that is one row.
 */
export const deadlocks = (graph: WaitGraph): number[][] => {
  const stuck = stuckThreads(graph);
  const reach = new Map([...stuck].map((thread) => [thread, reachable(graph, stuck, thread)]));
  const done = new Set<number>();
  const groups: number[][] = [];
  for (const thread of stuck) {
    if (done.has(thread) || !reach.get(thread)?.has(thread)) continue;
    const members = [...stuck].filter((other) => reach.get(thread)?.has(other) && reach.get(other)?.has(thread));
    for (const member of members) done.add(member);
    groups.push(inRow(graph, members, thread));
  }
  return groups;
};

const inRow = (graph: WaitGraph, members: readonly number[], start: number): number[] => {
  const row = [start];
  for (;;) {
    const next = graph.get(row[row.length - 1] ?? start)?.find((each) => members.includes(each) && !row.includes(each));
    if (next === undefined) return [...row, ...members.filter((each) => !row.includes(each))];
    row.push(next);
  }
};

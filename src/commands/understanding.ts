/** The group "understand": why the program stopped, what it waits for, who made whom, who holds what. insight/ finds out; this asks. */
import { basename } from 'node:path';
import { startIt } from '../common/advice.js';
import { DeetError } from '../common/errors.js';
import type { Thread } from '../inferior/thread.js';
import type { Explanation } from '../insight/crash.js';
import { descriptorTables } from '../insight/descriptors.js';
import { explain } from '../insight/explain.js';
import { explainEnd } from '../insight/explain_end.js';
import { isAlive, listed, type FamilyMember } from '../insight/family.js';
import { sceneOf } from '../insight/thread_scene.js';
import { processTree } from '../insight/tree.js';
import { why } from '../insight/waits.js';
import type { Session } from '../session/session.js';
import type { Stop } from '../session/types.js';
import type { Command } from './command.js';
import { processesNamed } from './processes.js';
import { message, type Result } from './results.js';

/** What stopped the program, where it was no signal. */
const because = (stop: Stop, living: number): string | undefined => {
  if (stop.limit !== undefined)
    return `The family has come to ${living} live processes, and "set process-limit ${stop.limit}" lets it have no more.`;
  const numbers = stop.breakpoints.map(({ id }) => id);
  switch (stop.reason) {
    case 'breakpoint':
      return numbers.length === 0
        ? undefined
        : `${numbers.length > 1 ? 'Breakpoints' : 'Breakpoint'} ${listed(numbers)} stopped the program.`;
    case 'watchpoint':
      return `${(stop.watch ?? []).map(({ breakpoint, expression }) => `Watchpoint ${breakpoint.id} on \`${expression}\``).join(' and ')} stopped the program.`;
    case 'step':
      return 'The step has come to its end.';
    case 'hang':
      return 'The program has made no progress.';
    default:
      return undefined;
  }
};

/** Why this thread stands where it stands. */
export const explanationOf = (session: Session, thread: Thread): Explanation => {
  const stop = session.lastStop?.thread === thread ? session.lastStop : undefined;
  const info = stop?.signal?.info;
  const family = session.processes().map(({ pid }) => pid);
  const scene = sceneOf(thread, session.stack(thread), { family, ...(info && { signal: info }) });
  return explain(scene, stop && because(stop, family.length));
};

/** The line that has forked most of those that live: at a limit that is what a user looks for. */
const forkedMost = (family: readonly FamilyMember[]): string => {
  const counts = new Map<string, number>();
  for (const { forkedAt, threads } of family) {
    if (!forkedAt || threads.length === 0) continue;
    const place = `${forkedAt.function === undefined ? '' : `in ${forkedAt.function} `}at ${basename(forkedAt.file)}:${forkedAt.line}`;
    counts.set(place, (counts.get(place) ?? 0) + 1);
  }
  const [most] = [...counts].sort(([, a], [, b]) => b - a);
  return most ? ` ${most[1]} of them were forked ${most[0]}.` : '';
};

const explainCommand: Command = {
  name: 'explain',
  group: 'understand',
  about: 'Why the program stopped or crashed, in words.',
  run: ({ session, chronicle }): Result => {
    const end = session.state === 'none' ? explainEnd(chronicle.family(), chronicle.report().problems) : undefined;
    if (end) return end;
    const { thread } = session.selection();
    const found = explanationOf(session, thread);
    if (session.cores.current !== undefined || (found.cause !== 'stop' && found.cause !== 'signal')) return found;
    // Nothing went wrong: what it waits for is why it is here.
    const family = chronicle.family();
    const { waits, busy } = why(family);
    const wait = waits.find(({ tid }) => tid === thread.tid);
    const failed = busy?.find(({ tid }) => tid === thread.tid)?.failed;
    const more =
      (session.lastStop?.limit === undefined ? '' : forkedMost(family)) +
      (wait ? ` It ${wait.text}.` : '') +
      (failed === undefined ? '' : ` Its ${failed}.`);
    return more === '' ? found : { ...found, text: found.text + more };
  },
};

const whyCommand: Command = {
  name: 'why',
  group: 'understand',
  about: 'What each process is blocked on, and who waits for whom.',
  run: ({ chronicle, session }): Result => {
    session.requireLive();
    if (session.state === 'none') throw new DeetError('no-process', 'The program is not being run.', startIt);
    return why(chronicle.family());
  },
};

const infoTree: Command = {
  name: 'tree',
  group: 'understand',
  about: 'The family of processes since the run began, the dead included.',
  run: ({ chronicle, session }): Result => {
    session.requireLive();
    const family = chronicle.family();
    return family.length === 0 ? message('The program has not been run.') : processTree(family, session.selectedThread()?.process.pid);
  },
};

const infoFds: Command = {
  name: 'fds',
  aliases: ['descriptors'],
  group: 'understand',
  usage: '[-changes] [PROCESS...]',
  about: 'Open descriptors of every process, and who shares them; or what has changed since the last stop.',
  completes: [['-changes']],
  run: ({ session, chronicle, text, descriptorHistory }): Result[] => {
    session.requireLive();
    const [, changes, rest = ''] = /^\s*(-c\w*)?\s*(.*)$/.exec(text) ?? [];
    const chosen = rest.trim() === '' ? undefined : new Set(processesNamed(session, rest).map(({ pid }) => pid));
    const pids = session.processes().map(({ pid }) => pid);
    if (pids.length === 0) throw new DeetError('no-process', 'The program is not being run.', startIt);
    const wanted = ({ pid }: { readonly pid: number }): boolean => chosen?.has(pid) ?? true;
    // All are looked at, so that sharing shows; those asked for are shown.
    if (changes === undefined) {
      const untraced = chronicle.family().flatMap((member) => (member.untraced && isAlive(member) ? [member.pid] : []));
      return descriptorTables([...pids, ...untraced])
        .filter(wanted)
        .map((table) => (untraced.includes(table.pid) ? { ...table, untraced: true as const } : table));
    }
    const found = descriptorHistory.changes();
    if (!found)
      throw new DeetError('no-history', 'The descriptors before are not known: the program has not run since, or has too many processes.');
    return [{ ...found, changes: found.changes.filter(wanted) }];
  },
};

const infoReport: Command = {
  name: 'report',
  group: 'understand',
  about: 'What the processes left undone: zombies, orphans, leaked descriptors.',
  run: ({ chronicle, session }): Result => {
    session.requireLive();
    return chronicle.report();
  },
};

export const understandingCommands: readonly Command[] = [explainCommand, whyCommand];
export const understandingInfo: readonly Command[] = [infoTree, infoFds, infoReport];

/** Why a program is no more: by its own will, or by a signal that ended it before anybody could look. */
import { basename } from 'node:path';
import { signals } from '../linux/signals.js';
import type { Explanation } from './crash.js';
import { listed, type FamilyMember } from './family.js';
import type { Problem } from './report.js';

/** Where such a signal usually comes from. */
const origins: Readonly<Record<string, string>> = {
  SIGKILL: 'somebody sent it, or the kernel did (memory ran out, or a seccomp filter forbade a system call); no program can catch it',
  SIGALRM: "a timer of the program's own ran out (alarm, setitimer)",
  SIGVTALRM: "a timer of the program's own ran out (setitimer)",
  SIGPROF: "a timer of the program's own ran out (setitimer)",
  SIGINT: 'somebody pressed Ctrl-C or sent it',
  SIGTERM: 'somebody sent it (kill)',
  SIGHUP: 'its terminal was closed, or somebody sent it',
};

/** Whoever forked it sees the status alone. */
const notExecuted = ({ pid, failedExec }: FamilyMember): string => {
  if (!failedExec) return '';
  const { program, error, place } = failedExec;
  return ` Process ${pid} could not execute ${program}${place ? ` at ${basename(place.file)}:${place.line}` : ''} (${error}).`;
};

/** What a program may have ended for. */
const reasons: ReadonlySet<Problem['kind']> = new Set(['interrupted', 'used-up']);

/**
 * @param family in the order of birth: the first is the program itself
 * @param problems of the family's report
 * @returns undefined: it was never run, or lives
 */
export const explainEnd = (family: readonly FamilyMember[], problems: readonly Problem[]): Explanation | undefined => {
  const [first, ...others] = family;
  if (!first || first.threads.length > 0) return undefined;
  const { pid, program, status, signal } = first;
  const name = `The program (${basename(program)}, pid ${pid})`;
  const killed = others.filter((each) => each.signal !== undefined);
  const deaths = killed.length > 0 ? ` Killed by signals: ${listed(killed.map((each) => `process ${each.pid} (${each.signal})`))}.` : '';
  const why = problems.filter((each) => each.pid === pid && reasons.has(each.kind)).map((each) => ` ${each.text}`);
  const more = deaths + family.map(notExecuted).join('') + why.join('');
  if (signal === undefined) {
    const how = status === 0 ? 'with status 0, which means success' : `with status ${status ?? 'unknown'}`;
    return { type: 'explanation', cause: 'ended', text: `${name} has ended by itself, ${how}.${more}` };
  }
  const meaning = signals.find((each) => each.name === signal)?.description;
  const origin = origins[signal];
  const handler = signal === 'SIGKILL' ? '' : ', for which it had no handler';
  const text = `${name} was ended by ${signal}${meaning === undefined ? '' : ` (${meaning})`}${handler}${origin === undefined ? '' : `: ${origin}`}.${more}`;
  return { type: 'explanation', cause: 'ended', text };
};

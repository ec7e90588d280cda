/** Programs that hang, and what `why` says of them: untraced, as /proc shows them, or stopped by deet. */
import { Chronicle } from '../../src/insight/chronicle.js';
import { why, type WhyReport } from '../../src/insight/waits.js';
import { Session } from '../../src/session/session.js';
import type { Outcome } from '../../src/session/types.js';
import { asleep, familyOf, memberOf, Program } from './native.js';

interface Answer {
  readonly report: WhyReport;
  /** Of each wait, then of each deadlock; pids and the numbers of pipes and sockets have become names. */
  readonly texts: readonly string[];
  readonly pids: readonly number[];
}

const answer = (report: WhyReport, pids: readonly number[]): Answer => {
  const letters = new Map(pids.map((pid, index) => [pid, String.fromCharCode(65 + index)]));
  const plain = (text: string): string =>
    text.replace(/(pipe|socket) \d+(?!\.)\b/g, '$1 N').replace(/\b\d+\b/g, (digits) => letters.get(Number(digits)) ?? digits);
  return { report, texts: [...report.waits.map(({ text }) => plain(text)), ...report.deadlockTexts.map(plain)], pids };
};

/** Starts a program, waits until `threads` threads of its family sleep, and asks why. */
export const ask = async (name: string, body: string, threads: number): Promise<Answer> => {
  await using program = Program.start(name, body);
  const pids = await asleep(() => familyOf(program.pid), threads);
  return answer(why(pids.map(memberOf)), pids);
};

/** Runs a session's program until `threads` threads of its family sleep, and stops it. A run that fails or ends before is told at once. */
export const stopAsleep = async (session: Session, threads: number): Promise<Outcome> => {
  const run = session.run();
  let over = false;
  const ended = run.finally(() => (over = true));
  const sleeping = asleep(() => {
    if (over) throw new Error('the run is over');
    return session.processes().map(({ pid }) => pid);
  }, threads);
  await Promise.race([ended, sleeping]);
  if (!over) session.pause();
  return ended;
};

/** The same under deet: all are stopped, and their stacks and registers can be read. `threads` must sleep at the moment of the stop. */
export const askStopped = async (program: string, threads: number): Promise<Answer> => {
  const session = new Session(program, { batch: true });
  session.redirections = [1, 2].map((fd) => ({ fd, path: '/dev/null', access: 'truncate' as const }));
  const chronicle = new Chronicle(session);
  try {
    const outcome = await stopAsleep(session, threads);
    if (outcome.kind === 'ended') throw new Error(`it ended: ${JSON.stringify(outcome.ending)}`);
    return answer(
      why(chronicle.family()),
      chronicle.family().map(({ pid }) => pid),
    );
  } finally {
    session.kill();
    chronicle.dispose();
    session.close();
  }
};

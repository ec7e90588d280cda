/** One check: a fresh session, a folder of its own, limits; and nothing is left of it. */
import { existsSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { launch, type Session } from '../api/session.js';
import type { LaunchOptions } from '../api/options.js';
import type { Stop } from '../api/stop.js';
import type { Result } from '../commands/results.js';
import { Sources } from '../commands/sources.js';
import { DeetError } from '../common/errors.js';
import { plain } from '../render/style.js';
import { toText } from '../render/text.js';
import type { Endings } from './endings.js';
import { differences, type Ended } from './expectations.js';
import type { CheckGrade, Limits, ReadyCheck } from './lab.js';
import { copyForRun, type Programs } from './submission.js';

const mebibyte = 2 ** 20;

/** Signals that mean a mistake of the program: it stops there, so that the mistake can be explained. */
const deadly = ['SIGSEGV', 'SIGBUS', 'SIGFPE', 'SIGILL', 'SIGABRT', 'SIGSYS', 'SIGPIPE', 'SIGXFSZ'];

/** A limit was reached: in words for the student. */
class LimitReached extends Error {}

/** Watches what a session uses. At a limit the program is stopped, `reached` rejects, and the program is killed. */
class Watch {
  readonly reached: Promise<never>;
  #reach: (reason: LimitReached) => void = () => undefined;
  readonly #timer: NodeJS.Timeout;
  #written = 0;
  /** A limit was reached, or the check has ended. */
  #over = false;

  constructor(
    private readonly session: Session,
    private readonly limits: Limits,
  ) {
    this.reached = new Promise((_, reject) => (this.#reach = reject));
    // The check may have failed for another reason before.
    this.reached.catch(() => undefined);
    this.#timer = setTimeout(() => void this.#outOfTime(), limits.seconds * 1000);
    void this.#listen();
  }

  /** Whether a stop is one that a limit has made. */
  made(stop: Stop): boolean {
    return this.#over || stop.limit !== undefined;
  }

  close(): void {
    this.#over = true;
    clearTimeout(this.#timer);
  }

  async #outOfTime(): Promise<void> {
    if (this.#over) return;
    this.#over = true;
    const waits = await this.#waits();
    this.#end(`It had not ended after ${this.limits.seconds} s.${waits === '' ? '' : ` When it was killed:\n${waits}`}`);
  }

  /** What the family is doing instead of ending. */
  async #waits(): Promise<string> {
    const { session } = this;
    try {
      if (session.state === 'running') session.pause();
      for (let tries = 0; session.state === 'running' && tries < 100; tries++) await sleep(10);
      return asText(await session.why()).trimEnd();
    } catch {
      return '';
    }
  }

  async #listen(): Promise<void> {
    const { output, processes } = this.limits;
    for await (const event of this.session.events()) {
      if (event.type === 'output') this.#written += Buffer.byteLength(event.text);
      if (this.#over) continue;
      if (this.#written > output * mebibyte) this.#end(`It wrote more than ${output} MiB.`);
      if (event.type === 'stop' && event.stop.limit !== undefined) this.#end(`It came to have more than ${processes} processes at a time.`);
    }
  }

  #end(sentence: string): void {
    this.#over = true;
    this.#reach(new LimitReached(sentence));
    this.session.kill();
  }
}

const asText = (result: Result): string => toText(result, { style: plain, sources: new Sources() });

type Crash = NonNullable<Ended['crash']>;

/** The cause, and the line of the program's own that it happened at. */
const explained = async (session: Session, stop: Stop): Promise<string> => {
  const { text } = await session.explain();
  const own = stop.thread.frames().find(({ file }) => file !== undefined && existsSync(file));
  return own?.file === undefined ? text : `At ${basename(own.file)}:${own.line ?? '?'}: ${text}`;
};

/** To the end of the last process, through everything. */
const toTheEnd = async (session: Session, watch: Watch): Promise<Crash | undefined> => {
  let crash: Crash | undefined;
  while (session.state !== 'ended') {
    const stop = await session.continue();
    if (watch.made(stop)) return watch.reached;
    if (stop.signal !== undefined && deadly.includes(stop.signal)) crash = { signal: stop.signal, text: await explained(session, stop) };
  }
  return crash;
};

const runCommands = async (session: Session, commands: readonly string[]): Promise<string> => {
  let transcript = '';
  for (const command of commands) {
    try {
      for (const result of await session.command(command)) transcript += asText(result);
    } catch (error) {
      if (!(error instanceof DeetError)) throw error;
      transcript += `${error.message}${error.hint === undefined ? '' : ` ${error.hint}`}\n`;
    }
  }
  return transcript;
};

/** Nothing stops the program on its way to its end, but what can be explained. */
const letGo = (session: Session): void => {
  for (const breakpoint of session.breakpoints) breakpoint.enabled = false;
  session.handle('all nostop noprint pass');
  for (const signal of deadly) session.handle(`${signal} stop print pass`);
};

const messagesOf = async (check: ReadyCheck, session: Session, watch: Watch): Promise<readonly string[]> => {
  const transcript = await runCommands(session, check.commands ?? []);
  if (check.run) await check.run(session);
  if (!check.expect) return [];
  letGo(session);
  const crash = await toTheEnd(session, watch);
  return differences(check.expect, {
    exit: session.exit,
    stdout: session.stdout,
    stderr: session.stderr,
    problems: await session.report(),
    transcript,
    ...(crash && { crash }),
  });
};

/** What a check's own code throws: an assertion that failed, or a mistake in the check. */
const sentenceOf = (error: unknown): string => {
  if (error instanceof LimitReached || (error instanceof Error && /^(?:AssertionError|DeetError)/.test(error.name)))
    return error.message.trimEnd();
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
};

const optionsOf = (check: ReadyCheck, folder: string): LaunchOptions => {
  const { args, env, stdin, interactive, limits } = check;
  const input = `${folder}.stdin`;
  if (stdin !== undefined) writeFileSync(input, stdin);
  return {
    cwd: folder,
    stdin: stdin !== undefined ? { file: input } : interactive ? 'pipe' : 'ignore',
    limits: { memory: Math.floor(limits.memory * mebibyte), fileSize: Math.floor(limits.output * mebibyte) },
    settings: { 'process-limit': String(limits.processes + 1) },
    ...(args && { args }),
    ...(env && { env }),
  };
};

const failures = async (check: ReadyCheck, program: string, folder: string, endings: Endings): Promise<readonly string[]> => {
  let session: Session;
  try {
    session = await launch(program, optionsOf(check, folder));
  } catch (error) {
    return [sentenceOf(error)];
  }
  const forget = endings.add(() => session.close());
  const watch = new Watch(session, check.limits);
  try {
    return await Promise.race([messagesOf(check, session, watch), watch.reached]);
  } catch (error) {
    return [sentenceOf(error)];
  } finally {
    watch.close();
    session.close();
    forget();
  }
};

/** @param from the folder that the programs were built in  @param folder a new one for the check to run in */
export const runCheck = async (
  check: ReadyCheck,
  programs: Programs,
  from: string,
  folder: string,
  endings: Endings,
): Promise<CheckGrade> => {
  const { name, weight, hint } = check;
  const began = performance.now();
  const names = [...programs.keys()];
  const program = check.program === undefined && programs.size === 1 ? programs.get(names[0]) : programs.get(check.program ?? '');
  let messages: readonly string[];
  if (program === undefined)
    messages = [
      check.program === undefined
        ? `There are several programs (${names.join(', ')}), and the check does not say which it is for ("program").`
        : `There is no program "${check.program}" (there is ${names.join(', ')}).`,
    ];
  else {
    copyForRun(from, folder);
    messages = await failures(check, program, folder, endings);
  }
  const passed = messages.length === 0;
  return {
    name,
    weight,
    passed,
    seconds: Math.round(performance.now() - began) / 1000,
    messages: passed || hint === undefined ? messages : [...messages, hint],
  };
};

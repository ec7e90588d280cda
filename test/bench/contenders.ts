/** deet, gdb and the C tracer, each made to do the same thing to the same program; all return microseconds per unit. */
import { execFileSync, spawnSync } from 'node:child_process';
import { join, resolve } from 'node:path';
import { hex } from '../../src/common/addresses.js';
import { decodeInstruction, longestInstruction } from '../../src/inferior/disassemble.js';
import { Interpreter } from '../../src/commands/interpreter.js';
import { Chronicle } from '../../src/insight/chronicle.js';
import { toInteger } from '../../src/language/value.js';
import { plain } from '../../src/render/style.js';
import { toText } from '../../src/render/text.js';
import type { BreakOptions } from '../../src/session/breakpoints.js';
import { Session } from '../../src/session/session.js';
import { compile } from '../helpers/build.js';

export const root = resolve(import.meta.dirname, '../..');
const program = (name: string, flags: readonly string[] = []): string => compile(join(root, 'test/bench/programs', `${name}.c`), flags);

export const loop = program('loop');
export const forks = program('forks');
export const variables = program('variables');
const tree = program('tree');
export const values = program('values');
const tracer = program('tracer', ['-O2']);

export const since = (start: number): number => (performance.now() - start) * 1000;

/** A command from its start to its end. @throws when it cannot be run or fails */
export const wholeRun = (command: string, ...words: string[]): number => {
  const start = performance.now();
  const { status, error } = spawnSync(command, words, { stdio: 'ignore', cwd: root });
  if (error ?? status !== 0) throw new Error(`${command} ${words.join(' ')}: ${error?.message ?? `exit status ${status}`}`);
  return since(start);
};

/** Places in the programs, as the other contenders need them. */
export interface Places {
  readonly visit: string;
  /** Where `i` lies: distance from rbp. */
  readonly offset: string;
  /** Length of the instruction at `visit`. */
  readonly length: string;
  readonly forksMain: string;
}

const started = async (path: string, ...words: string[]): Promise<Session> => {
  const session = new Session(path, { arguments: words, batch: true });
  session.settings.set('debug-file-directory', '/nonexistent');
  await session.start('main');
  return session;
};

/** Asks deet itself. */
export const findPlaces = async (): Promise<Places> => {
  const session = await started(loop, '1');
  try {
    session.break('visit');
    await session.continue();
    const { process, frame } = session.selection();
    const offset = toInteger(await session.evaluate('(long)&i - (long)$rbp'));
    const instruction = decodeInstruction(process.space.read(frame.pc, longestInstruction), frame.pc);
    const other = await started(forks, '1');
    const forksMain = hex(other.selection().frame.pc);
    other.close();
    return { visit: hex(frame.pc), offset: String(offset), length: String(instruction?.length), forksMain };
  } finally {
    session.close();
  }
};

/** deet in this process: from a stop in main to the program's end. `host`: every hit is a stop; `auto`: as a user has it, checked in the program. */
export const deetHits = async (times: number, options: BreakOptions, checked: 'host' | 'auto'): Promise<number> => {
  const session = await started(loop, String(times));
  session.settings.set('breakpoint condition-evaluation', checked);
  try {
    const breakpoint = session.break('visit', options);
    const start = performance.now();
    const outcome = await session.continue();
    const spent = since(start);
    if (outcome.kind !== 'ended') throw new Error(`deet stopped: ${outcome.stop.reason}`);
    if (options.condition === undefined && breakpoint.hits !== times) throw new Error(`deet counted ${breakpoint.hits} hits of ${times}`);
    return spent / times;
  } finally {
    session.close();
  }
};

/** deet at a stop in `look` of the program of values: from a command's text to the text that a person reads. */
export const deetSays = async (before: readonly string[], timed: string, units: number, requires: RegExp): Promise<number> => {
  const session = new Session(values, { batch: true });
  const interpreter = new Interpreter(session);
  try {
    session.settings.set('debug-file-directory', '/nonexistent');
    for (const line of ['break look', 'run', ...before]) await interpreter.execute(line);
    const start = performance.now();
    const results = await interpreter.execute(timed);
    const text = results.map((result) => toText(result, { style: plain, sources: interpreter.sources })).join('');
    const spent = since(start);
    if (!requires.test(text)) throw new Error(`deet said: ${text.slice(0, 500)}`);
    return spent / units;
  } finally {
    interpreter.close();
    session.close();
  }
};

export const deetSteps = async (count: number): Promise<number> => {
  const session = await started(loop, String(count));
  try {
    const start = performance.now();
    await session.step({ over: false, instruction: true, count });
    return since(start) / count;
  } finally {
    session.close();
  }
};

/** @param noted as the prompt does it: with the chronicle, from which the report comes */
export const deetFollows = async (count: number, noted = false): Promise<number> => {
  const session = new Session(forks, { arguments: [String(count)], batch: true });
  session.settings.set('debug-file-directory', '/nonexistent');
  const chronicle = noted ? new Chronicle(session) : undefined;
  await session.start('main');
  try {
    const start = performance.now();
    await session.continue();
    chronicle?.report();
    return since(start) / count;
  } finally {
    chronicle?.dispose();
    session.close();
  }
};

/** `info tree` of a family that sleeps: the first time, when nothing is known of it. */
export const deetDraws = async (count: number): Promise<number> => {
  const session = new Session(tree, { arguments: [String(count)], batch: true });
  const interpreter = new Interpreter(session);
  try {
    const run = session.run();
    while (session.processes().length <= count) await new Promise((resolve) => setTimeout(resolve, 10));
    session.pause();
    await run;
    const start = performance.now();
    const results = await interpreter.execute('info tree');
    const text = results.map((result) => toText(result, { style: plain, sources: interpreter.sources })).join('');
    const spent = since(start);
    if (text.trim().split('\n').length !== count + 1) throw new Error(`deet said: ${text.slice(0, 500)}`);
    return spent;
  } finally {
    interpreter.close();
    session.kill();
    session.close();
  }
};

/** The C tracer prints events and nanoseconds per event. */
export const inC = (...words: string[]): number => {
  const [, nanoseconds] = execFileSync(tracer, words, { encoding: 'utf8' }).trim().split(' ');
  return Number(nanoseconds) / 1000;
};

/** gdb: what its own clock says of the last command, after the others. */
export const inGdb = (units: number, words: readonly string[], before: readonly string[], timed: string): number => {
  const commands = [
    'set debug-file-directory /nonexistent',
    'set pagination off',
    ...before,
    'python import time; start = time.perf_counter()',
    timed,
    'python print("@@%f" % (time.perf_counter() - start))',
  ];
  const output = execFileSync('gdb', ['-nx', '-q', '-batch', ...commands.flatMap((each) => ['-ex', each]), '--args', ...words], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
    maxBuffer: 1 << 28,
  });
  const seconds = /@@([\d.]+)$/m.exec(output)?.[1];
  if (seconds === undefined) throw new Error(`gdb said: ${output.slice(-500)}`);
  return (Number(seconds) * 1e6) / units;
};

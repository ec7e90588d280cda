/**
 * A session driven by short command lines, as a row of a step table has them, and the same rows carried out by gdb. Each row yields
 * the place where the program stands afterwards, in one form for both.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { hex, type Address } from '../../src/common/addresses.js';
import { DeetError } from '../../src/common/errors.js';
import { Session, type SessionOptions } from '../../src/session/session.js';
import type { Outcome, SessionEvent, Stop } from '../../src/session/types.js';
import { signalName } from '../../src/linux/signals.js';
import { built } from '../helpers/build.js';
import { gdb } from '../helpers/gdb.js';

/** `function:line`, `function`, `??`; `SIGSEGV in ...` when a signal is why; `exited 0`, `killed SIGSEGV`; `error`: refused. */
export type Where = string;

/** No separate debug information: libc has no lines for deet as for gdb. */
export const openSession = (program: string, options: SessionOptions = {}): Session => {
  const session = new Session(program, options);
  session.settings.set('debug-file-directory', '/nonexistent');
  return session;
};

let count = 0;

/** A session for as long as `body` runs. `output()` is what the program has written to its standard output and error. */
export const driven = async <T>(
  program: string,
  body: (session: Session, output: () => string) => T | Promise<T>,
  options: SessionOptions = {},
): Promise<T> => {
  const session = openSession(program, options);
  const file = join(built, `output.${process.pid}.${++count}`);
  session.redirections = [
    { fd: 0, path: '/dev/null', access: 'read' },
    { fd: 1, path: file, access: 'truncate' },
    { fd: 2, path: file, access: 'append' },
  ];
  try {
    return await body(session, () => (existsSync(file) ? readFileSync(file, 'utf8') : ''));
  } finally {
    session.close();
    rmSync(file, { force: true });
  }
};

/** Makes the standard input of the next run a named pipe that is empty. What is returned writes a byte into it: until then whoever reads there waits. */
export const waitingInput = (session: Session): (() => void) => {
  const path = join(built, `input.${process.pid}.${++count}`);
  execFileSync('mkfifo', [path]);
  onTestFinished(() => rmSync(path));
  session.redirections = [{ fd: 0, path, access: 'read' }, ...session.redirections.filter((each) => each.fd !== 0)];
  return () => writeFileSync(path, 'x', { flag: 'r+' });
};

/** Where a symbol of the program, or of a library that it has loaded, is now. */
export const addressOf = (session: Session, name: string): Address => {
  for (const { image, bias } of session.images()) {
    const symbol = image.symbolsNamed(name).find(({ address }) => address !== 0);
    if (symbol) return BigInt(symbol.address) + bias;
  }
  throw new Error(`no symbol ${name}`);
};

export const stopOf = (outcome: Outcome): Stop => {
  if (outcome.kind === 'ended') throw new Error(`the program has ended: ${JSON.stringify(outcome.ending)}`);
  return outcome.stop;
};

export const endOf = (outcome: Outcome): string => {
  if (outcome.kind === 'stopped')
    throw new Error(`the program has stopped: ${outcome.stop.signal?.name ?? outcome.stop.reason} at ${hex(outcome.stop.thread.pc)}`);
  const { ending } = outcome;
  return ending.kind === 'exited' ? `exited ${ending.status}` : `killed ${signalName(ending.signal)}`;
};

/** @param exact with the address */
export const placeOf = (session: Session, exact = false): Where => {
  const { frame } = session.selection();
  const name = frame.kind === 'signal' ? '<signal handler called>' : (frame.functionName ?? '??');
  const place = frame.position && frame.position.line > 0 ? `${name}:${frame.position.line}` : name;
  return exact ? `${place} ${hex(frame.pc)}` : place;
};

const whereOf = (session: Session, outcome: Outcome, exact = false): Where => {
  if (outcome.kind === 'ended') return endOf(outcome);
  const { signal } = outcome.stop;
  return `${signal ? `${signal.name} in ` : ''}${placeOf(session, exact)}`;
};

/** Carries out one row. */
const command = async (session: Session, line: string): Promise<Outcome | undefined> => {
  const [, verb = '', rest = ''] = /^(\S+)\s*(.*)$/.exec(line) ?? [];
  const count = Number(rest || 1);
  const [spec = '', condition] = rest.split(' if ');
  switch (verb) {
    case 'break':
    case 'tbreak':
      session.break(spec, { temporary: verb === 'tbreak', pending: true, ...(condition !== undefined && { condition }) });
      return undefined;
    case 'delete':
      for (const { id } of session.breakpoints.all()) session.breakpoints.delete(id);
      return undefined;
    case 'handle':
      session.signals.handle(rest);
      return undefined;
    case 'set': {
      const space = rest.lastIndexOf(' ');
      session.settings.set(rest.slice(0, space), rest.slice(space + 1));
      return undefined;
    }
    case 'skip': {
      const [kind = '', name = ''] = rest.split(' ');
      session.skips.add(
        kind === '-rfu' ? { function: name, functionKind: 'regex' } : kind === 'file' ? { file: name } : { function: name },
      );
      return undefined;
    }
    case 'frame':
      session.selectFrame(count);
      return undefined;
    case 'up':
      if (session.endsAtMain(session.selection().frame)) throw new DeetError('no-frame', 'Initial frame selected; you cannot go up.');
      session.selectFrame(session.selection().frame.level + count);
      return undefined;
    case 'run':
      return session.run();
    case 'start':
      return session.start('main');
    case 'starti':
      return session.start('first-instruction');
    case 'continue':
      return session.continue(rest ? count - 1 : 0);
    case 'step':
    case 'next':
      return session.step({ over: verb === 'next', instruction: false, count });
    case 'stepi':
    case 'nexti':
      return session.step({ over: verb === 'nexti', instruction: true, count });
    case 'finish':
      return session.finish();
    case 'until':
    case 'advance':
      return verb === 'advance' ? session.advance(rest) : session.until(rest === '' ? undefined : rest);
    case 'jump':
      return session.jump(rest);
    default:
      throw new Error(`no such row: ${line}`);
  }
};

/** All rows; after the program's end nothing more is carried out. */
export const walk = async (session: Session, lines: readonly string[], exact = false): Promise<Where[]> => {
  const places: Where[] = [];
  for (const line of lines) {
    let outcome: Outcome | undefined;
    try {
      outcome = await command(session, line);
    } catch (error) {
      places.push('error');
      if (!(error instanceof Error) || !('code' in error)) throw error;
      continue;
    }
    if (outcome) places.push(whereOf(session, outcome, exact));
    else places.push(session.state === 'stopped' ? placeOf(session, exact) : '-');
    if (outcome?.kind === 'ended') break;
  }
  return places;
};

/** The same rows in gdb. */
export const gdbWalk = (program: string, lines: readonly string[], args: readonly string[] = [], exact = false): Where[] => {
  const script = join(import.meta.dirname, 'gdb_walk.py');
  const output = gdb(
    [
      'set debug-file-directory /nonexistent',
      'set startup-with-shell off',
      'set breakpoint pending on',
      `python exact = ${exact ? 'True' : 'False'}`,
      `python rows = ${JSON.stringify(lines)}`,
      `source ${script}`,
    ],
    program,
    args,
  );
  const places = /^@@(\[.*\])$/m.exec(output)?.[1];
  if (places === undefined) throw new Error(`gdb said nothing: ${output}`);
  return JSON.parse(places) as Where[];
};

/** Collects events; for tests that count them. */
export const record = (session: Session): SessionEvent[] => {
  const events: SessionEvent[] = [];
  session.subscribe((event) => events.push(event));
  return events;
};

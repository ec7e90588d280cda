/**
 * The soak: the forking search server is launched again and again under deet, with several clients at a time, and after each run nothing may be left of it:
 * no process, no zombie, no descriptor. A few runs in the tests; `npm run soak` does 1,000 (`RUNS=50 npm run soak`: fewer).
 */
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { join } from 'node:path';
import { launch } from '../../src/index.js';
import { compile } from '../helpers/build.js';
import { leaksSince, snapshot } from '../helpers/leaks.js';

export interface SoakResult {
  readonly runs: number;
  readonly clients: number;
  /** Clients whose answer was not the one that all should get. */
  readonly wrong: number;
  /** What was left of a run, in words. */
  readonly left: readonly string[];
  /** Bytes by which this process has grown from the tenth run to the last. */
  readonly grown: number;
}

const ask = async (port: number, word: string): Promise<string> => {
  const socket = connect(port, '127.0.0.1');
  socket.write(`${word}\n`);
  return text(socket);
};

const portIn = (said: string): number | undefined => {
  const port = /listening on 127\.0\.0\.1:(\d+)\n/.exec(said)?.[1];
  return port === undefined ? undefined : Number(port);
};

/** One life of the server; every connection hits a breakpoint in the grandchild that serves it, and goes on. */
const serve = async (program: string, clients: number): Promise<string[]> => {
  await using session = await launch(program, { args: ['0', String(clients)] });
  await session.break('handle_client', { ignore: 1_000_000 });
  const exit = session.runToExit();
  let port: number | undefined;
  while ((port = portIn(session.stdout)) === undefined) await new Promise((resolve) => setImmediate(resolve));
  const server = port;
  const answers = await Promise.all(Array.from({ length: clients }, () => ask(server, 'hand')));
  await exit;
  return answers;
};

export const soak = async (runs: number, clients: number, progress: (run: number) => void = () => undefined): Promise<SoakResult> => {
  const program = compile(join(import.meta.dirname, '../../samples/servers/processes.c'));
  const left: string[] = [];
  let [wrong, early] = [0, 0];
  let expected: string | undefined;
  for (let run = 1; run <= runs; run++) {
    const before = snapshot();
    for (const answer of await serve(program, clients)) {
      expected ??= answer;
      if (answer !== expected || !answer.includes('found')) wrong++;
    }
    left.push(...(await leaksSince(before)));
    if (run === Math.min(10, runs)) early = process.memoryUsage.rss();
    progress(run);
  }
  return { runs, clients: runs * clients, wrong, left, grown: process.memoryUsage.rss() - early };
};

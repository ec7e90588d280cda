/**
 * The command as users have it: bundled once for all test files (under a hash of its sources, in test/.built), started as a process of its own.
 */
import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Writable } from 'node:stream';
import { built } from '../helpers/build.js';

export const root = resolve(import.meta.dirname, '../..');

const sourceHash = (): string => {
  const hash = createHash('sha256');
  for (const folder of ['src'])
    for (const entry of readdirSync(join(root, folder), { recursive: true, withFileTypes: true }))
      if (entry.isFile()) hash.update(entry.name).update(readFileSync(join(entry.parentPath, entry.name)));
  return hash.digest('hex').slice(0, 16);
};

let command: string | undefined;

/** Path of the built command. */
export const deet = (): string => {
  if (command !== undefined) return command;
  const folder = join(built, `cli-${sourceHash()}`);
  if (!existsSync(folder)) {
    mkdirSync(built, { recursive: true });
    const temporary = mkdtempSync(join(built, 'cli-new-'));
    execFileSync(process.execPath, [join(root, 'src/bin/bundle.mjs'), temporary], { stdio: ['ignore', 'ignore', 'pipe'] });
    try {
      renameSync(temporary, folder);
    } catch {
      rmSync(temporary, { recursive: true }); // another test file was faster
    }
  }
  return (command = join(folder, 'src/bin/deet.cjs'));
};

export interface Finished {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command that is talked to while it runs. */
export interface Conversation {
  readonly stdin: Writable;
  /** Waits until standard output contains a text. */
  said(text: string): Promise<void>;
  kill(signal: NodeJS.Signals): void;
}

export interface RunOptions {
  readonly input?: string;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** A line of sh that runs it as "$@": for redirections. */
  readonly shell?: string;
  /** Instead of `input`. */
  readonly started?: (conversation: Conversation) => Promise<void>;
}

/** Without init files, history and colours of whoever runs the tests. */
export const run = (
  words: readonly string[],
  { input = '', cwd = root, env = {}, shell = 'exec "$@"', started }: RunOptions = {},
): Promise<Finished> => {
  const child = spawn('/bin/sh', ['-c', shell, 'sh', deet(), '-nx', ...words], {
    cwd,
    env: { ...process.env, NO_COLOR: '1', ...env },
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  child.stdin.on('error', () => undefined); // deet may end before it has read everything
  const said = (text: string): Promise<void> =>
    new Promise((heard) => {
      const look = (): void => {
        if (stdout.includes(text)) heard();
        else child.stdout.once('data', look);
      };
      look();
    });
  if (started) void started({ stdin: child.stdin, said, kill: (signal) => void child.kill(signal) });
  else child.stdin.end(input);
  return new Promise((done, failed) => {
    child.on('error', failed);
    child.on('close', (status, signal) => done({ status, signal, stdout, stderr }));
  });
};

/** `-ex` before each command. */
export const commands = (...lines: readonly string[]): string[] => ['--batch', ...lines.flatMap((line) => ['-ex', line])];

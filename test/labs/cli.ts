/** `deet grade` as a process of its own, and labs made for tests. */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll } from 'vitest';
import type { ProgramGrade } from '../../src/labs/lab.js';
import { deet, root, type Finished } from '../repl/cli.js';

const made = mkdtempSync(join(tmpdir(), 'deet-labs-'));
afterAll(() => rmSync(made, { recursive: true }));
let count = 0;

/** A folder with these files; texts by path, anything else as JSON. */
export const folderWith = (files: Readonly<Record<string, unknown>>): string => {
  const folder = join(made, String(++count));
  for (const [name, content] of Object.entries(files)) {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  }
  return folder;
};

export interface GradeOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Called with what has been printed so far, whenever there is more. */
  readonly printed?: (text: string, kill: (signal: NodeJS.Signals) => void) => void;
}

export const runGrade = (words: readonly string[], { env = {}, printed }: GradeOptions = {}): Promise<Finished> => {
  const child = spawn(process.execPath, [deet(), 'grade', ...words], {
    cwd: root,
    env: { ...process.env, NO_COLOR: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  const tell = (): void => printed?.(stdout + stderr, (signal) => void child.kill(signal));
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    tell();
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
    tell();
  });
  return new Promise((done, failed) => {
    child.on('error', failed);
    child.on('close', (status, signal) => done({ status, signal, stdout, stderr }));
  });
};

/** The grades of one run, by `--format json`. */
export const gradesOf = async (...words: readonly string[]): Promise<ProgramGrade[]> => {
  const { stdout, stderr } = await runGrade(['--format', 'json', ...words]);
  if (stderr !== '') throw new Error(stderr);
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as ProgramGrade);
};

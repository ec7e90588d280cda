/** What the tests of the addon share: a plan to launch, a look at a stopped child through /proc, and a Node of their own to maltreat. */
import { spawnSync, type SpawnSyncReturns } from 'node:child_process';
import { readFileSync, readlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect } from 'vitest';
import { native, type LaunchPlan } from '../../src/native.js';
import { patience } from '../helpers/patience.js';

export const addon = resolve(import.meta.dirname, '../../build', process.env['DEET_ADDON_BUILD'] ?? 'Release', 'deet.node');

/** deet's environment without a sanitizer's runtime, with the mark by which leaked processes are found. */
export const environment = (): string[] =>
  Object.entries(process.env).flatMap(([name, value]) => (value === undefined || name === 'LD_PRELOAD' ? [] : [`${name}=${value}`]));

/** A traced launch of `command`, found in /bin. */
export const planFor = (command: readonly string[], changes: Partial<LaunchPlan> = {}): LaunchPlan => ({
  path: join('/bin', command[0]),
  argv: command,
  environment: environment(),
  redirections: [],
  processGroup: true,
  foreground: false,
  disableRandomization: true,
  trace: true,
  ...changes,
});

const status = new Int32Array(2);

/** waitpid(2) without flags: the raw status. */
export const waitFor = (pid: number): number => {
  expect(native.wait(pid, 0, status)).toBe(pid);
  return status[1];
};

/** Raw statuses, as wait(2) lays them out. */
export const exited = (code: number): number => code << 8;
export const stoppedBy = (signal: number): number => (signal << 8) | 0x7f;

export const SIGTRAP = 5;
export const SIGKILL = 9;

/** Kills and reaps. */
export const end = (pid: number): void => {
  native.kill(pid, SIGKILL);
  // A stop that came before the kill may still be reported first.
  while (waitFor(pid) !== SIGKILL);
};

/** Launches, and waits for the stop at exec. */
export const launchStopped = (plan: LaunchPlan): number => {
  const result = native.launch(plan);
  if (!('pid' in result)) throw new Error(`not launched: ${JSON.stringify(result)}`);
  expect(waitFor(result.pid)).toBe(stoppedBy(SIGTRAP));
  return result.pid;
};

/** Runs `look` on a child stopped at its exec, then kills it. */
export const withStopped = <T>(plan: LaunchPlan, look: (pid: number) => T): T => {
  const pid = launchStopped(plan);
  try {
    return look(pid);
  } finally {
    end(pid);
  }
};

/** Launches, lets it run to its end (signals are delivered) and returns the raw status. */
export const runToEnd = (plan: LaunchPlan): number => {
  const pid = launchStopped(plan);
  for (let signal = 0; ;) {
    expect(native.cont(pid, signal)).toBe(0);
    const result = waitFor(pid);
    if ((result & 0xff) !== 0x7f) return result;
    signal = result >> 8;
  }
};

/** A line of /proc/PID/status, such as `SigIgn`. */
export const statusLine = (pid: number | 'self', name: string): string =>
  new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '';

/** Fields of /proc/PID/stat from the state on (proc(5) counts the state as 3): [state, ppid, pgrp, session, tty_nr, tpgid, ...]. */
export const statFields = (pid: number): string[] => {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return text.slice(text.lastIndexOf(')') + 2).split(' ');
};

export const linkOf = (pid: number, fd: number): string => readlinkSync(`/proc/${pid}/fd/${fd}`);

/** A script's preamble: the addon as `native`, and a traced plan as `plan(...)`. */
const preamble = `
import { createRequire } from 'node:module';
import * as fs from 'node:fs';
import { Worker } from 'node:worker_threads';
const addon = ${JSON.stringify(addon)};
const native = createRequire('/')(addon);
const status = new Int32Array(2);
const environment = Object.entries(process.env).filter(([name]) => name !== 'LD_PRELOAD').map(([name, value]) => name + '=' + value);
const planFor = (argv, changes) => ({ path: '/bin/' + argv[0], argv, environment, redirections: [], processGroup: true,
  foreground: false, disableRandomization: true, trace: true, ...changes });
const end = (pid) => { native.kill(pid, 9); do native.wait(pid, 0, status); while (status[0] === pid && status[1] !== 9); };
`;

/** The words that run `script` (an ES module with the preamble before it) in a Node of its own. */
export const nodeCommand = (script: string, flags: readonly string[] = []): string[] => [
  process.execPath,
  ...flags,
  '--input-type=module',
  '-e',
  preamble + script,
];

/** Runs `script` in a Node of its own, started by `prefix` when there is one. A script that hangs is killed. */
export const runNode = (script: string, prefix: readonly string[] = [], flags: readonly string[] = []): SpawnSyncReturns<string> => {
  const [command, ...words] = [...prefix, ...nodeCommand(script, flags)];
  return spawnSync(command, words, { encoding: 'utf8', timeout: patience, killSignal: 'SIGKILL' });
};

/** runNode, for a script that prints one line of JSON. */
export const jsonFromNode = (script: string, prefix: readonly string[] = [], flags: readonly string[] = []): unknown => {
  const { stdout, stderr, status: code } = runNode(script, prefix, flags);
  expect({ stderr, code }).toEqual({ stderr: '', code: 0 });
  return JSON.parse(stdout);
};

/** However a session ends, no process of the debugged family is left: /proc is looked through by leakGuard after each test, and by the tests. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { beforeAll, describe, expect, it } from 'vitest';
import { built, fixture, sample } from '../helpers/build.js';
import { leakGuard } from '../helpers/leaks.js';
import { allProcesses, hasEnvironment, processFacts } from '../helpers/processes.js';
import { until } from '../helpers/until.js';
import { driven, endOf, openSession, stopOf } from './drive.js';

leakGuard();

/** Marked processes other than this one and those given, zombies too (they have no environment, but a parent). */
const left = (): number[] =>
  allProcesses().filter((pid) => pid !== process.pid && hasEnvironment(pid, `DEET_TEST_MARK=${process.env['DEET_TEST_MARK'] ?? ''}`));

const gone = (pid: number): boolean => processFacts(pid) === undefined;

/** An orphan is reaped by init, when init comes to it; the test's own limit is how long that may take. */
const vanish = (pids: readonly number[]): Promise<true> => until(() => pids.every(gone));

describe('in this process', () => {
  it('close() ends a stopped program at once', () =>
    driven(sample('sleepy_print'), async (session) => {
      session.break('main');
      const { pid } = stopOf(await session.run()).process;
      session.close();
      expect(gone(pid)).toBe(true);
      expect(left()).toEqual([]);
      session.close();
    }));

  it('close() ends a running one', async () => {
    const session = openSession(sample('sleepy_print'), { arguments: ['1000'] });
    session.redirections = [{ fd: 1, path: '/dev/null', access: 'truncate' }];
    const outcome = session.run();
    await until(() => session.processes().some(({ pid }) => processFacts(pid)?.name === 'sleepy_print'));
    const pids = session.processes().map(({ pid }) => pid);
    session.close();
    expect(pids.map(gone)).toEqual([true]);
    expect(endOf(await outcome)).toBe('killed SIGKILL');
  });

  it('kill() ends it, tells which, and the session goes on', () =>
    driven(sample('sleepy_print'), async (session) => {
      session.break('main');
      const { pid } = stopOf(await session.run()).process;
      expect(session.kill()).toEqual([pid]);
      expect(gone(pid)).toBe(true);
      expect(session.kill()).toEqual([]);
      stopOf(await session.run());
    }));

  it('run() again kills and reaps the first', () =>
    driven(sample('sleepy_print'), async (session) => {
      session.break('main');
      const first = stopOf(await session.run()).process;
      const second = stopOf(await session.run()).process;
      expect([gone(first.pid), gone(second.pid)]).toEqual([true, false]);
      expect(left()).toEqual([second.pid]);
    }));

  it('a failing start leaves nothing of the run before it, and nothing of itself', () =>
    driven(fixture('recursion'), async (session) => {
      session.break('factorial');
      await session.run();
      session.redirections = [{ fd: 1, path: '/no/such/folder/file', access: 'truncate' }];
      await expect(session.run()).rejects.toThrow('Error starting subprocess');
      expect(left()).toEqual([]);
      expect(session.state).toBe('none');
    }));

  it('a tree of processes goes as a whole', () =>
    driven(fixture('births'), async (session) => {
      session.programArguments = ['tree'];
      session.break('grow', { condition: 'depth == 0' });
      stopOf(await session.run());
      const pids = session.processes().map(({ pid }) => pid);
      expect(pids.length).toBeGreaterThanOrEqual(4);
      expect(session.kill().sort()).toEqual(pids.sort());
      await vanish(pids);
    }));

  it('1,000 threads go as a whole', () =>
    driven(fixture('threads_many'), async (session) => {
      session.break('all_here');
      const { process } = stopOf(await session.run());
      session.close();
      expect(gone(process.pid)).toBe(true);
    }));

  it.each(['both', 'parent', 'child'])('a daemonised grandchild goes with the family (follow-fork-mode %s)', (mode) =>
    driven(fixture('daemon'), async (session, output) => {
      session.settings.set('follow-fork-mode', mode);
      const run = session.run();
      // Where the daemon is followed the session waits for it, and would for long.
      await until(() => output() !== '');
      if (session.state === 'running') session.pause();
      await run;
      expect(output()).toBe('daemon started\n');
      session.close();
      expect(left()).toEqual([]);
    }),
  );

  it('a program that dies at each launch leaves no zombie in 50 runs', () =>
    driven(sample('exit'), async (session) => {
      for (let i = 0; i < 50; i++) expect(endOf(await session.run())).toBe('exited 0');
      expect(left()).toEqual([]);
    }));
});

describe('when the process that holds the session is killed', () => {
  let holder: string;
  beforeAll(() => {
    const hash = createHash('sha256')
      .update(readFileSync(join(import.meta.dirname, 'holder.ts')))
      .update(String(process.pid))
      .digest('hex');
    holder = join(built, `holder.${hash.slice(0, 16)}.mjs`);
    buildSync({
      entryPoints: [join(import.meta.dirname, 'holder.ts')],
      outfile: `${holder}.new`,
      bundle: true,
      packages: 'external',
      platform: 'node',
      format: 'esm',
    });
    renameSync(`${holder}.new`, holder);
    return () => {
      rmSync(holder);
    };
  });

  const die = async (signal: NodeJS.Signals, how: string, program: string, words: string[] = []): Promise<void> => {
    const file = join(built, `holder.${process.pid}.out`);
    rmSync(file, { force: true });
    const child = spawn(process.execPath, [holder, how, program, file, ...words], { stdio: ['ignore', 'pipe', 'inherit'] });
    await new Promise<void>((resolve, reject) => {
      child.stdout.once('data', () => {
        resolve();
      });
      child.once('exit', () => {
        reject(new Error('the holder has ended by itself'));
      });
    });
    const family = left().filter((pid) => pid !== child.pid);
    expect(family.length).toBeGreaterThan(0);
    const ended = new Promise((resolve) => child.once('exit', (_code, by) => resolve(by)));
    child.kill(signal);
    expect(await ended).toBe(signal);
    if (existsSync(file)) rmSync(file);
    await until(() => left().length === 0);
  };

  it.each(['SIGKILL', 'SIGTERM', 'SIGHUP'] as const)('by %s, a stopped program goes with it', (signal) =>
    die(signal, 'stopped', sample('hello')),
  );
  it.each(['SIGKILL', 'SIGTERM'] as const)('by %s, a running one', (signal) => die(signal, 'running', sample('sleepy_print'), ['100']));
  it('by SIGKILL in the middle of steps', () => die('SIGKILL', 'stepping', sample('count'), ['1000000000']));
  it('by SIGKILL, a daemonised grandchild', () => die('SIGKILL', 'running', fixture('daemon')));
});

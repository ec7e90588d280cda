/** Each hazard that native/launch.h describes, and the proof that the launcher avoids it. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterAll, describe, expect, it } from 'vitest';
import { native } from '../../src/native.js';
import { compile } from '../helpers/build.js';
import { leakGuard } from '../helpers/leaks.js';
import { childrenOf, descriptorsOf } from '../helpers/processes.js';
import {
  addon,
  end,
  environment,
  exited,
  jsonFromNode,
  launchStopped,
  nodeCommand,
  planFor,
  runNode,
  statFields,
  statusLine,
  waitFor,
  withStopped,
} from './support.js';

leakGuard();

const folder = mkdtempSync(join(tmpdir(), 'deet-launch-'));
afterAll(() => rmSync(folder, { recursive: true }));

const hostile = compile(join(import.meta.dirname, 'hostile_start.c'));

/** What a program started by a maltreated deet finds: signals, descriptors, personality. */
const inheritedScript = `
const result = native.launch(planFor(['sleep', '1000']));
if (result.pid === undefined) {
  console.log(JSON.stringify(result));
} else {
  const lines = Object.fromEntries(fs.readFileSync('/proc/' + result.pid + '/status', 'utf8').split('\\n').map((line) => line.split(':\\t')));
  console.log(JSON.stringify({ blocked: lines.SigBlk, ignored: lines.SigIgn, caught: lines.SigCgt,
    descriptors: fs.readdirSync('/proc/' + result.pid + '/fd').map(Number).sort((a, b) => a - b) }));
  end(result.pid);
}`;
const nothing = '0'.repeat(16);
const clean = { blocked: nothing, ignored: nothing, caught: nothing, descriptors: [0, 1, 2] };

describe('a lock held by another thread', () => {
  it('does not hang one of 2,000 launches while other threads allocate and log', async () => {
    const stop = new Int32Array(new SharedArrayBuffer(4));
    const busy = `
      const { workerData } = require('node:worker_threads');
      const fs = require('node:fs');
      const native = require(${JSON.stringify(addon)});
      const log = fs.openSync('/dev/null', 'w');
      require('node:worker_threads').parentPort.postMessage('running');
      // demangle() allocates and frees through malloc; the log takes the locks of files.
      while (Atomics.load(workerData, 0) === 0) fs.writeSync(log, native.demangle('_ZNSt6vectorISsSaISsEE9push_backERKSs') + Buffer.alloc(9000).length);
      fs.closeSync(log);`;
    const workers = [1, 2].map(() => new Worker(busy, { eval: true, workerData: stop }));
    await Promise.all(workers.map((worker) => new Promise((resolve) => worker.once('message', resolve))));
    const plan = planFor(['true']);
    for (let count = 0; count < 2000; count++) end(launchStopped(plan));
    Atomics.store(stop, 0, 1);
    await Promise.all(workers.map((worker) => new Promise((resolve) => worker.once('exit', resolve))));
  });
});

describe('shared memory instead of a copy', () => {
  it('borrows the memory of the launching process until exec, and nothing else: the cost does not depend on its size', () => {
    const vforkEvent = 2;
    const compareKinds = { memory: 1, descriptors: 2, directories: 3, signalHandlers: 4 };
    const inner = `const { pid } = native.launch(planFor(['true'], { trace: false }));
      native.wait(pid, 0, status); process.exit(status[1] === 0 ? 7 : 1);`;
    const command = nodeCommand(inner);
    const variables = Object.entries(process.env).map(([name, value]) => `${name}=${value}`);
    const launcher = launchStopped(planFor(command, { path: process.execPath, environment: variables }));
    // PTRACE_O_TRACEVFORK and TRACEFORK: the launcher's child is reported before it has run an instruction.
    expect(native.setOptions(launcher, 0x4 | 0x2 | 0x100000)).toBe(0);
    let seen: Record<string, boolean> | undefined;
    let status = 0;
    for (let signal = 0; ;) {
      native.cont(launcher, signal);
      status = waitFor(launcher);
      if ((status & 0xff) !== 0x7f) break;
      const event = status >> 16;
      signal = event === 0 ? status >> 8 : 0;
      if (event === 0) continue;
      expect(event).toBe(vforkEvent);
      const child = native.eventMessage(launcher);
      const same = (kind: number): boolean => native.compare(launcher, child, kind, 0, 0) === 0;
      seen = Object.fromEntries(Object.entries(compareKinds).map(([name, kind]) => [name, same(kind)]));
      waitFor(child);
      native.detach(child, 0);
    }
    expect(status).toBe(exited(7));
    expect(seen).toEqual({ memory: true, descriptors: false, directories: false, signalHandlers: false });
  });
});

describe('limits', () => {
  it('are lowered for good, those that are lower already stay, and deet keeps its own', () => {
    const limitsOf = (pid: number | 'self'): string => readFileSync(`/proc/${pid}/limits`, 'utf8');
    const own = limitsOf('self');
    const [fileSize, openFiles] = [1, 7];
    const limits = [
      { resource: fileSize, most: 3 * 2 ** 32 },
      { resource: openFiles, most: 2 ** 40 },
    ];
    const text = withStopped(planFor(['true'], { limits }), limitsOf);
    expect(text).toMatch(/^Max file size +12884901888 +12884901888 /m);
    const hard = /^Max open files +\d+ +(\d+)/m.exec(own)?.[1];
    expect(/^Max open files +(\d+) +(\d+)/m.exec(text)?.slice(1)).toEqual([hard, hard]);
    expect(limitsOf('self')).toBe(own);
  });
});

describe('signals', () => {
  it('are neither ignored, caught nor blocked in the program, although Node and its parent do so', () => {
    // SIGPIPE is bit 12: Node ignores it.
    expect(BigInt(`0x${statusLine('self', 'SigIgn')}`) & 0x1000n).toBe(0x1000n);
    expect(jsonFromNode(inheritedScript, [hostile])).toEqual(clean);
  });

  it('restores the mask of the launching thread', () => {
    const before = statusLine('self', 'SigBlk');
    end(launchStopped(planFor(['true'])));
    native.launch(planFor(['true'], { path: '/nowhere' }));
    expect(statusLine('self', 'SigBlk')).toBe(before);
  });

  it('that arrive between PTRACE_TRACEME and exec do not stop the child while its tracer sleeps', () => {
    // The children stay in the launcher's group, and a thread sends SIGUSR2 to the whole group as fast as it can.
    const script = `
      process.on('SIGUSR2', () => {});
      const worker = new Worker("for (;;) process.kill(0, 'SIGUSR2')", { eval: true });
      worker.on('online', () => {
        let launched = 0;
        for (let count = 0; count < 300; count++) {
          const { pid } = native.launch(planFor(['sleep', '1000'], { processGroup: false }));
          native.wait(pid, 0, status);
          if (status[1] === 0x57f) launched++;
          end(pid);
        }
        fs.writeSync(1, String(launched));
        process.kill(process.pid, 'SIGKILL');
      });`;
    expect(runNode(script, ['setsid', '--wait']).stdout).toBe('300');
  });
});

describe('descriptors', () => {
  it('beyond 0, 1 and 2 do not reach the program', () => {
    expect(withStopped(planFor(['true']), (pid) => [...descriptorsOf(pid).keys()].sort())).toEqual([0, 1, 2]);
  });

  it('are hidden one by one where close_range is not known', () => {
    const script = inheritedScript.replace("['sleep', '1000']", "['sleep', '1000'], { disableRandomization: false }");
    expect(jsonFromNode(script, ['bash', '-c', 'ulimit -n 256; exec "$@"', 'bash', hostile, '-n'])).toEqual(clean);
  });

  it('of the launcher stay as they were', () => {
    const before = [...descriptorsOf('self').keys()];
    end(launchStopped(planFor(['true'])));
    native.launch(planFor(['true'], { path: '/nowhere' }));
    expect([...descriptorsOf('self').keys()]).toEqual(before);
  });
});

describe('a failed step', () => {
  const ENOENT = 2;
  const EBADF = 9;
  const ENOTTY = 25;

  it.each([
    ['exec', { path: '/nowhere/program' }, { errno: ENOENT }],
    ['cwd', { cwd: '/nowhere' }, { errno: ENOENT }],
    ['tty', { tty: '/nowhere' }, { errno: ENOENT }],
    ['tty', { tty: '/dev/null' }, { errno: ENOTTY }],
    [
      'redirect',
      {
        redirections: [
          { fd: 0, path: '/dev/null', flags: 0, mode: 0 },
          { fd: 1, path: '/nowhere', flags: 0, mode: 0 },
        ],
      },
      { errno: ENOENT, index: 1 },
    ],
    ['redirect', { redirections: [{ fd: 1, from: 999 }] }, { errno: EBADF, index: 0 }],
    ['redirect', { redirections: [{ fd: 2 ** 31 - 1, from: 0 }] }, { errno: EBADF, index: 0 }],
    ['redirect', { redirections: [{ fd: -1, from: 0 }] }, { errno: EBADF, index: 0 }],
  ])('%s is named with its errno, and leaves no child: %j', (step, changes, expected) => {
    expect(native.launch(planFor(['true'], changes))).toEqual({ step, ...expected });
    expect(childrenOf(process.pid)).toEqual([]);
  });

  it('is personality where a filter refuses it, as in containers', () => {
    expect(jsonFromNode(inheritedScript, [hostile, '-n'])).toEqual({ step: 'personality', errno: 1 });
  });

  it('never lets the child go on in our code: what follows happens once', () => {
    const script = `
      process.on('exit', () => fs.writeSync(1, 'exit '));
      for (let count = 0; count < 100; count++) native.launch(planFor(['true'], { path: '/nowhere' }));
      fs.writeSync(1, 'after ');`;
    expect(runNode(script).stdout).toBe('after exit ');
  });
});

describe('an orphan', () => {
  it('dies with a deet that is killed right after the launch', () => {
    // leakGuard() finds the sleeping program if it lives on.
    const script = `native.launch(planFor(['sleep', '1000'])); process.kill(process.pid, 'SIGKILL');`;
    expect(runNode(script).signal).toBe('SIGKILL');
  });
});

describe('a worker thread', () => {
  it('launches and traces its own program', async () => {
    const script = `
      const native = require(${JSON.stringify(addon)});
      const { parentPort, workerData } = require('node:worker_threads');
      const status = new Int32Array(2);
      const { pid } = native.launch(workerData);
      native.wait(pid, 0, status);
      const atExec = status[1];
      native.cont(pid, 0);
      native.wait(pid, 0, status);
      parentPort.postMessage([atExec, status[1]]);`;
    const worker = new Worker(script, { eval: true, workerData: planFor(['false']) });
    const message = new Promise((resolve) => worker.once('message', resolve));
    const gone = new Promise((resolve) => worker.once('exit', resolve));
    expect(await message).toEqual([0x57f, exited(1)]);
    await gone;
  });

  it('gets ESRCH for a tracee of another thread', async () => {
    const pid = launchStopped(planFor(['true']));
    const script = `require('node:worker_threads').parentPort.postMessage(require(${JSON.stringify(addon)}).cont(${pid}, 0))`;
    const worker = new Worker(script, { eval: true });
    const message = new Promise((resolve) => worker.once('message', resolve));
    const gone = new Promise((resolve) => worker.once('exit', resolve));
    const ESRCH = 3;
    expect(await message).toBe(-ESRCH);
    await gone;
    end(pid);
  });
});

describe('the program', () => {
  it('gets its words and its environment byte for byte', () => {
    const argv = ['a name', '', 'äöü ✓', "'quoted' $HOME"];
    const variables = [...environment(), 'EMPTY=', 'WORDS=a b=c', 'UMLAUT=ü'];
    withStopped(planFor(argv, { path: '/bin/true', environment: variables }), (pid) => {
      expect(readFileSync(`/proc/${pid}/cmdline`, 'utf8')).toBe(argv.map((word) => `${word}\0`).join(''));
      expect(readFileSync(`/proc/${pid}/environ`, 'utf8')).toBe(variables.map((word) => `${word}\0`).join(''));
    });
  });

  it('leads a process group of its own, or stays in ours', () => {
    const groupOf = (processGroup: boolean): number =>
      withStopped(planFor(['true'], { processGroup }), (pid) => Number(statFields(pid)[2]) - pid);
    expect(groupOf(true)).toBe(0);
    expect(groupOf(false)).not.toBe(0);
  });

  it('leads a session of its own when asked', () => {
    const sessionOf = (session: boolean): number => withStopped(planFor(['true'], { session }), (pid) => Number(statFields(pid)[3]) - pid);
    expect(sessionOf(true)).toBe(0);
    expect(sessionOf(false)).not.toBe(0);
  });

  it('finds everything at the same address in every run, unless asked otherwise', () => {
    const maps = (disableRandomization: boolean): string =>
      withStopped(planFor(['true'], { disableRandomization }), (pid) =>
        readFileSync(`/proc/${pid}/maps`, 'utf8').replace(/ \S+ \[v.*/g, ''),
      );
    expect(maps(true)).toBe(maps(true));
    expect(maps(false)).not.toBe(maps(false));
  });

  it('runs free without a tracer', () => {
    const result = native.launch(planFor(['false'], { trace: false }));
    expect(waitFor((result as { pid: number }).pid)).toBe(exited(1));
  });
});

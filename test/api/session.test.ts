/** The scripting API, against the samples. */
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { inspect } from 'node:util';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { attach, DeetError, launch, type Event } from '../../src/index.js';
import { compileText, lineOf, sample, sampleSource } from '../helpers/build.js';
import { leakGuard } from '../helpers/leaks.js';
import { processFacts } from '../helpers/processes.js';
import { until } from '../helpers/until.js';

leakGuard();

const root = resolve(import.meta.dirname, '../..');
const calls = sample('function_calls');
/** Separate debug information of this machine's libraries is nobody's business here. */
const settings = { 'debug-file-directory': '/nonexistent' };

const codeOf = async (work: () => unknown): Promise<string> => {
  try {
    await work();
  } catch (error) {
    if (error instanceof DeetError) return error.code;
    throw error;
  }
  return 'no error';
};

const values = (): string =>
  compileText(
    'js_values.c',
    `#include <stdint.h>
enum colour { red, green = 5 };
struct point { int x, y; };
struct all {
  char letter; short small; unsigned u; int64_t big; double real; _Bool yes;
  enum colour colour; const char *text; char name[8]; struct point p, *null; int list[3];
};
static int twice(int n) { return 2 * n; }
int main(void) {
  struct all a = {'x', -2, 4000000000u, INT64_MAX, 0.5, 1, green, "hi", "me", {1, 2}, 0, {7, 8, 9}};
  a.list[0] = twice(a.list[0]);
  return a.list[0]; // here
}
`,
  );

describe('limits of a launch', () => {
  const hungry = (): string =>
    compileText(
      'hungry.c',
      '#include <stdio.h>\n#include <stdlib.h>\nint main(void) { puts(malloc(64 << 20) ? "granted" : "refused"); fflush(stdout); abort(); }\n',
    );

  it('hold in each run of the session, whose output stays in it', async () => {
    await using session = await launch(hungry(), { settings, limits: { memory: 32 * 2 ** 20 } });
    await session.continue();
    expect(session.stdout).toBe('refused\n');
    await session.command('run');
    await session.command('run < /dev/null');
    expect(session.stdout).toBe('refused\n'.repeat(3));
    await using rich = await launch(hungry(), { settings });
    await rich.continue();
    expect(rich.stdout).toBe('granted\n');
  });

  it.each([{ memory: -1 }, { memory: 0.5 }, { files: 3 }])('%j is refused', async (limits) => {
    expect(await codeOf(() => launch(calls, { limits }))).toBe('usage');
  });
});

describe('a session', () => {
  it('is five lines', async () => {
    await using session = await launch(calls, { settings });
    const breakpoint = await session.break('func3', { condition: 'a > 2' });
    const stop = await session.continue();
    expect(stop).toMatchObject({ reason: 'breakpoint', breakpoint: { id: breakpoint.id, hits: 1 } });
    expect(await stop.frame.evaluate('a')).toBe(4);
    expect(stop.thread.frames().map((frame) => frame.function)).toEqual(['func3', 'func2', 'func1', 'main']);
    expect(stop.thread.name).toBe('function_calls');
    expect([stop.frame.file, stop.frame.line]).toEqual([
      sampleSource('function_calls'),
      lineOf(sampleSource('function_calls'), 'func3 got'),
    ]);
  });

  it('runs to the end, whose frame is an error with a code', async () => {
    await using session = await launch(sample('exit'), { args: ['3'], settings });
    const end = await session.continue();
    expect(end).toMatchObject({ reason: 'exit', exit: { status: 3 } });
    expect(session.exit).toEqual(end.exit);
    expect(session.state).toBe('ended');
    expect(await codeOf(() => end.frame)).toBe('exited');
    expect(await codeOf(() => session.continue())).toBe('no-process');
  });

  it('says what is wrong with a code', async () => {
    expect(await codeOf(() => launch('/nowhere/at/all'))).toBe('no-file');
    expect(await codeOf(() => launch(join(root, 'package.json')))).not.toBe('no error');
    // A script in JavaScript may say anything.
    for (const wrong of [
      { args: [1] },
      { args: 'a b' },
      { stdin: 'file' },
      { stdout: { path: 'x' } },
      { env: { A: 1 } },
      { cwd: 7 },
      { arg: ['a'] },
    ])
      expect(await codeOf(() => launch(calls, wrong as object))).toBe('usage');
    await using session = await launch(calls, { settings });
    expect(await codeOf(() => session.break('nothing_here'))).toBe('no-symbol');
    expect(await codeOf(() => session.break('main', { condition: 'a ==' }))).toBe('syntax');
    expect(await codeOf(() => session.readMemory(0n, 1))).toBe('memory');
    expect(await codeOf(() => session.stdin)).toBe('no-pipe');
    expect(await codeOf(() => session.command('nonsense'))).toBe('unknown-command');
  });

  it('kills and reaps when it is closed, also in the middle of a run', async () => {
    const session = await launch(sample('sleepy_print'), { args: ['100'], settings });
    const [{ pid } = { pid: 0 }] = session.processes;
    const running = session.continue();
    expect(existsSync(`/proc/${pid}`)).toBe(true);
    session.close();
    session.close();
    expect(existsSync(`/proc/${pid}`)).toBe(false);
    expect((await running).reason).toBe('exit');
  });

  it('steps, finishes, runs to places', async () => {
    await using session = await launch(calls, { settings });
    await session.break('func1', { temporary: true });
    await session.continue();
    const source = sampleSource('function_calls');
    expect((await session.next()).frame.line).toBe(lineOf(source, 'int result'));
    expect((await session.step()).frame.function).toBe('func2');
    const finished = await session.finish();
    expect(finished.returned?.js).toBe(8);
    expect(finished.returned?.type).toBe('int');
    expect((await session.runTo('main')).frame.function).toBe('main');
    const before = session.frame.address;
    expect((await session.stepInstruction()).frame.address).not.toBe(before);
    expect((await session.next({ count: 2 })).reason).not.toBe('exit');
    expect((await session.runToExit()).status).toBe(0);
  });

  it('advises in the words of a script', async () => {
    await using session = await launch(sample('hello'));
    expect(await session.command('shell echo $((6 * 7)); echo trouble >&2')).toMatchObject([{ text: '42\n' }, { text: 'trouble\n' }]);
    await session.runToExit();
    const hintOf = (work: () => Promise<unknown>): Promise<string | undefined> =>
      work().then(
        () => undefined,
        (error: unknown) => (error as DeetError).hint,
      );
    const start = "Start it with launch(), or once more with session.command('run').";
    expect(await hintOf(() => session.evaluate('1 + argc'))).toBe(start);
    expect(await hintOf(() => session.why())).toBe(start);
    expect(await hintOf(() => session.command('delete 77'))).toBe("Call session.command('info breakpoints') for the list.");
  });

  it('pauses what runs, and finds frames stale afterwards', async () => {
    const program = compileText('spins.c', 'int count;\nint main(void) {\n  for (;;)\n    count++;\n}\n');
    await using session = await launch(program, { settings });
    await session.break('main', { temporary: true });
    const { frame } = await session.continue();
    const running = session.continue();
    expect(session.state).toBe('running');
    expect(await codeOf(() => session.frame)).toBe('running');
    setImmediate(() => {
      session.pause();
    });
    const paused = await running;
    expect(paused.reason).toBe('pause');
    expect(paused.frame.function).toBe('main');
    if (paused.frame.address !== frame.address) expect(await codeOf(() => frame.evaluate('count'))).toBe('stale');
  });

  it('says that it is closed, and shows its objects as what they are', async () => {
    const session = await launch(calls, { settings });
    const breakpoint = await session.break('func2');
    const stop = await session.continue();
    expect(inspect(stop)).toMatch(/^\{\s+reason: 'breakpoint',\s+frame: Frame \{ 0: func2 \(.*function_calls\.c:\d+\) \}\s+\}$/);
    expect(inspect(breakpoint)).toMatch(/^\{\s+id: 0,\s+spec: 'func2',/);
    for (const shown of [stop.thread, stop.process, await stop.frame.value('a')]) expect(inspect(shown).length).toBeLessThan(200);
    session.close();
    for (const attempt of [() => session.break('main'), () => session.continue(), () => session.evaluate('1'), () => session.command('bt')])
      expect(await codeOf(attempt)).toBe('closed');
    expect(inspect(stop)).not.toContain('environment');
  });

  it('attaches and lets go', async () => {
    const program = compileText('says_and_waits.c', '#include <unistd.h>\nint main(void) {\n  write(1, "x", 1);\n  for (;;) pause();\n}\n');
    const child = spawn('/bin/sh', ['-c', '"$0" >&2 & echo $!; wait', program], { stdio: ['ignore', 'pipe', 'pipe'] });
    const said = Promise.all([child.stdout, child.stderr].map((stream) => new Promise<Buffer>((data) => stream.once('data', data))));
    const pid = Number((await said)[0]);
    try {
      const session = await attach(pid, { settings });
      expect(session.thread.frames().map((frame) => frame.function)).toContain('main');
      session.close();
      expect(readFileSync(`/proc/${pid}/status`, 'utf8')).toMatch(/TracerPid:\s+0\n/);
      expect(await codeOf(() => attach(2 ** 22 + 1))).toBe('process-gone');
      // Node would take the stops of its own child.
      await expect(attach(child.pid ?? 0)).rejects.toMatchObject({ code: 'attach', message: expect.stringContaining('child_process') });
    } finally {
      process.kill(pid, 'SIGKILL');
      await new Promise((done) => child.on('close', done));
    }
  });

  it('attaches again to what it had let go, and reaps it', async () => {
    const program = compileText(
      'ticks.c',
      '#include <unistd.h>\nint ticks;\nint main(void) {\n  for (;;) {\n    ticks++;\n    usleep(1000);\n  }\n}\n',
    );
    const first = await launch(program, { settings });
    await first.break('main');
    const { pid } = (await first.continue()).process;
    first.detach();
    first.close();
    const again = await attach(pid, { settings });
    await again.watch('ticks', { condition: 'ticks % 5 == 0' });
    expect((await again.continue()).reason).toBe('watchpoint');
    again.kill();
    again.close();
    expect(existsSync(`/proc/${pid}`)).toBe(false);
  });

  it('works in a worker thread too', async () => {
    const outfile = join(root, 'test/.built', `worker-${process.pid}`, 'api.mjs');
    execFileSync(join(root, 'node_modules/.bin/esbuild'), [
      join(root, 'src/index.ts'),
      '--bundle',
      '--platform=node',
      '--format=esm',
      '--packages=external',
      '--log-level=error',
      `--outfile=${outfile}`,
    ]);
    const worker = new Worker(
      `(async () => {
        const { launch } = await import(${JSON.stringify(outfile)});
        const session = await launch(${JSON.stringify(calls)});
        await session.break('func2');
        const stop = await session.continue();
        const found = [stop.reason, await stop.frame.evaluate('b')];
        session.close();
        require('node:worker_threads').parentPort.postMessage(found);
      })()`,
      { eval: true },
    );
    const answer = await new Promise((done, failed) => {
      worker.on('message', done);
      worker.on('error', failed);
    });
    expect(answer).toEqual(['breakpoint', 4]);
    await worker.terminate();
    rmSync(join(outfile, '..'), { recursive: true });
  });
});

describe('values', () => {
  it('are what JavaScript makes of them', async () => {
    await using session = await launch(values(), { settings });
    await session.break('js_values.c:13');
    const { frame } = await session.continue();
    expect(frame.locals()['a']).toEqual({
      letter: 120, small: -2, u: 4000000000, big: 2n ** 63n - 1n, real: 0.5, yes: true,
      colour: 5, text: 'hi', name: 'me', p: { x: 1, y: 2 }, null: 0n, list: [14, 8, 9],
    }); // prettier-ignore
    expect(await frame.evaluate('twice(21)')).toBe(42);
    expect(await frame.print('&a.p')).toMatch(/^\(struct point \*\) 0x7ff/);
    await frame.set('a.list[2]', 100n);
    expect(await session.evaluate('a.list[2] + 1')).toBe(101);
    const point = await frame.value('a.p');
    expect([point.type, point.text, point.children().map(({ name, value }) => [name, value.js])]).toEqual([
      'struct point',
      '{x = 1, y = 2}',
      [
        ['x', 1],
        ['y', 2],
      ],
    ]);
    expect(session.readMemory(point.address ?? 0n, 8)).toEqual(point.bytes);
    session.writeMemory(point.address ?? 0n, Uint8Array.of(9));
    expect(await frame.evaluate('a.p.x')).toBe(9);
    expect(await frame.register('rip')).toBe(frame.address);
  });
});

describe('input, output and events', () => {
  it('talk to the program while it runs', async () => {
    const program = compileText(
      'echoes.c',
      '#include <stdio.h>\nint lines;\nint main(void) {\n  char line[100];\n  while (fgets(line, sizeof line, stdin)) {\n    lines++;\n    printf("> %s", line);\n    fflush(stdout);\n  }\n  fputs("done", stderr);\n}\n',
    );
    await using session = await launch(program, { stdin: 'pipe', settings });
    const events = session.events();
    const running = session.continue();
    await session.stdin.write('one\n');
    for await (const event of events) if (event.type === 'output') break;
    expect(session.stdout).toBe('> one\n');
    // What is global can be seen meanwhile, as it is; to change it, or to look into a frame, the program must stand still.
    expect(await session.evaluate('lines')).toBe(1);
    expect(await codeOf(() => session.evaluate('lines = 7'))).toBe('running');
    expect(await codeOf(() => session.frame)).toBe('running');
    await session.stdin.write('two\n');
    await session.stdin.end();
    expect((await running).exit).toMatchObject({ status: 0 });
    expect([session.stdout, session.stderr]).toEqual(['> one\n> two\n', 'done']);
    expect(await codeOf(() => session.stdin.write('three'))).toBe('closed');
  });

  it('tell of forks, ends and stops, to every listener', async () => {
    const program = compileText(
      'two.c',
      '#include <sys/wait.h>\n#include <unistd.h>\nint main(void) {\n  if (fork() == 0) _exit(3);\n  wait(0);\n  return 0;\n}\n',
    );
    const session = await launch(program, { settings });
    const collect = async (): Promise<Event[]> => {
      const events: Event[] = [];
      for await (const event of session.events()) events.push(event);
      return events;
    };
    const both = [collect(), collect()];
    await session.break('main');
    await session.continue();
    await session.continue();
    session.close();
    const [first, second] = await Promise.all(both);
    const kinds = (first ?? []).filter(({ type }) => type !== 'libraries');
    expect(kinds.map(({ type }) => type)).toEqual(['stop', 'fork', 'exit', 'exit']);
    expect(kinds.filter((event) => event.type === 'exit').map(({ status, last }) => [status, last])).toEqual([
      [3, false],
      [0, true],
    ]);
    expect(second?.map(({ type }) => type)).toEqual(first?.map(({ type }) => type));
  });

  it('explain, draw and list', async () => {
    await using session = await launch(sample('segfault'), { settings });
    const stop = await session.continue();
    expect(stop.signal).toBe('SIGSEGV');
    expect((await session.explain()).text).toMatch(/null|0x/i);
    expect(await session.tree()).toMatchObject([{ state: 'stopped' }]);
    expect((await session.descriptors())[0]?.descriptors.map(({ fd }) => fd)).toEqual([0, 1, 2]);
    expect((await session.command('backtrace'))[0]).toMatchObject({ type: 'backtrace' });
    expect(stop.toJSON()).toMatchObject({ type: 'stop', signal: 'SIGSEGV' });
  });

  it('watch a variable and a system call', async () => {
    await using session = await launch(calls, { settings });
    await session.break('func2');
    await session.continue();
    const watchpoint = await session.watch('sum');
    const stop = await session.continue();
    expect(stop).toMatchObject({ reason: 'watchpoint', breakpoint: { id: watchpoint.id } });
    expect(stop.changes).toMatchObject([{ expression: 'sum', new: '8' }]);
    watchpoint.delete();
    await session.catch('syscall exit_group');
    expect((await session.continue()).reason).toBe('syscall');
  });
});

it('leaves the event loop free however many programs run', async () => {
  const waits = compileText('waits_on.c', '#include <unistd.h>\nint main(void) {\n  for (;;) pause();\n}\n');
  await using first = await launch(waits, { settings });
  await using second = await launch(waits, { settings });
  const runs = [first.continue(), second.continue()];
  // Both wait in the kernel, and for each other.
  for (const session of [first, second])
    await until(() => session.processes.some(({ pid }) => processFacts(pid)?.state === 'S' && processFacts(pid)?.name === 'waits_on'));
  for (const session of [second, first]) session.pause();
  expect((await Promise.all(runs)).map(({ reason }) => reason)).toEqual(['pause', 'pause']);
});

it('reaps what it let go when that ends', async () => {
  const asks = compileText('asks_to_end.c', '#include <unistd.h>\nint main(void) {\n  char byte;\n  return read(0, &byte, 1);\n}\n');
  const session = await launch(asks, { settings, stdin: 'pipe' });
  await session.break('main');
  const { pid } = (await session.continue()).thread.process;
  session.detach();
  session.close();
  process.kill(pid, 'SIGKILL');
  await until(() => !existsSync(`/proc/${pid}`));
});

/**
 * The samples do natively what their head comments say: students compare what deet tells them with what they read there. They are
 * built in a copy, by their own Makefile, as a student builds them.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { extname, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { leakGuard } from './helpers/leaks.js';
import { childrenOf, processFacts, threadsOf } from './helpers/processes.js';
import { until } from './helpers/until.js';

const source = resolve(import.meta.dirname, '../samples');
const folder = mkdtempSync(join(tmpdir(), 'deet-samples-'));
let warnings = '';

beforeAll(() => {
  // Without what was built there already.
  cpSync(source, folder, { recursive: true, filter: (path) => !existsSync(`${path}.c`) && !existsSync(`${path}.cc`) });
  const { status, stderr } = spawnSync('make', ['--silent', '-j2', '-C', folder], { encoding: 'utf8' });
  expect(status).toBe(0);
  warnings = stderr;
});

afterAll(() => rmSync(folder, { recursive: true }));
leakGuard();

interface Row {
  /** Program and arguments. */
  readonly run: string;
  /** Lines of stdout in any order, because processes race; of stderr too when `stderr` is set. */
  readonly prints: readonly string[];
  readonly status?: number;
  readonly signal?: NodeJS.Signals;
  readonly stderr?: RegExp;
}

const rows: readonly Row[] = [
  { run: 'hello', prints: ['Hello, world!'] },
  { run: 'segfault', prints: [], signal: 'SIGSEGV' },
  { run: 'exit', prints: [] },
  { run: 'exit 7', prints: [], status: 7 },
  { run: 'function_calls', prints: ['func1 got 2', 'func2 got 2 and 4', 'func3 got 2', 'func3 got 4', 'main has 80'] },
  { run: 'count', prints: ['1', '2', '3', '4', '5', 'Their sum is 15.'] },
  { run: 'count 2', prints: ['1', '2', 'Their sum is 3.'] },
  { run: 'sleepy_print 1', prints: ['0'] },
  { run: 'scripts/corrupted_list', prints: ['0 3 6 8 11 14 16 19 24 27 '] },
  { run: 'scripts/corrupted_list 40', prints: ['0 0 1 2 3 6 11 14 19 22 27 '], status: 29 },
  { run: 'fork/runaway', prints: ['job 0', 'job 1', 'job 1', 'job 2', 'job 2', 'job 2', 'job 2'] },
  { run: 'fork/runaway fixed', prints: ['job 0', 'job 1', 'job 2'] },
  { run: 'fork/nested_forks', prints: ['I am the parent', 'I am the reader', 'I am the writer', 'I am the writer'] },
  { run: 'fork/nested_forks fixed', prints: ['I am the parent', 'I am the reader', 'I am the writer'] },
  { run: 'fork/child_returns', prints: ['compressing photos', 'sending the bill', 'sending the bill'] },
  { run: 'fork/child_returns fixed', prints: ['compressing photos', 'sending the bill'] },
  { run: 'fork/exec_fails', prints: ["compressor's status 0; saving the file", "compressor's status 0; saving the file"] },
  { run: 'fork/exec_fails fixed', prints: ["compressor's status 127; saving the file"], stderr: /^no-such-compressor: No such file/ },
  { run: 'fork/exception', prints: ['main failed (expected {): deleting its files', "the child's status: 0"] },
  { run: 'fork/exception fixed', prints: ["the child's status: 1"] },
  { run: 'fork/held_lock fixed', prints: ['child started', 'child ended'] },
  { run: 'fork/malloc_lock fixed', prints: ['500 children came and went'] },
  { run: 'fork/zombies', prints: ['3 children started, none waited for'] },
  { run: 'fork/zombies fixed', prints: ['3 children started, all waited for'] },
  { run: 'fork/stdio_twice', prints: ['starting', 'starting', 'child', 'parent'] },
  { run: 'fork/stdio_twice fixed', prints: ['starting', 'child', 'parent'] },
  { run: 'fork/bomb 40', prints: ['40 children were born'] },
  { run: 'fork/exit_handler', prints: ['somebody has removed the lock'] },
  { run: 'fork/exit_handler fixed', prints: ['the lock is held'] },
  { run: 'pipes/write_end_open fixed', prints: ['END OF STORY'] },
  { run: 'pipes/dup2_order', prints: ['hello', 'the parent read 0 bytes'] },
  { run: 'pipes/dup2_order fixed', prints: ['the parent read 6 bytes'] },
  { run: 'pipes/dup2_swapped', prints: ['nobody read the list'] },
  { run: 'pipes/dup2_swapped fixed', prints: ['apple', 'fig', 'pear', 'the list was read'] },
  { run: 'pipes/sibling_deadlock fixed', prints: ['first counted 3 bytes', 'second counted 5 bytes'] },
  { run: 'signals/sigchld_lost', prints: ['5 children started, 1 reaped'] },
  { run: 'signals/sigchld_lost fixed', prints: ['5 children started, 5 reaped'] },
  { run: 'signals/sigchld_race', prints: ['3 jobs still listed'] },
  { run: 'signals/sigchld_race fixed', prints: ['0 jobs still listed'] },
  { run: 'threads/lock_order fixed', prints: ['80 and 120'] },
  {
    run: 'spawn/run',
    prints: [
      'status: 3',
      'output: hello from the child',
      'CPU seconds allowed: 1',
      'both ended: 0 and 143',
      'no-such-program: No such file or directory',
    ],
  },
  { run: 'crashes/null_field', prints: [], signal: 'SIGSEGV' },
  { run: 'crashes/stack_overflow', prints: [], signal: 'SIGSEGV' },
  { run: 'crashes/use_after_return', prints: [], signal: 'SIGSEGV' },
  { run: 'crashes/use_after_free', prints: [], signal: 'SIGSEGV' },
  { run: 'crashes/divide', prints: [], signal: 'SIGFPE' },
  { run: 'crashes/assertion', prints: [], signal: 'SIGABRT', stderr: /Assertion `n >= 0' failed/ },
  { run: 'crashes/double_free', prints: [], signal: 'SIGABRT', stderr: /double free/ },
  { run: 'crashes/heap_overflow', prints: [], signal: 'SIGABRT', stderr: /invalid/ },
  { run: 'crashes/smashed_stack', prints: [], signal: 'SIGSEGV' },
  { run: 'crashes/execute_data', prints: [], signal: 'SIGSEGV' },
  { run: 'crashes/read_only', prints: [], signal: 'SIGSEGV' },
  { run: 'crashes/misaligned', prints: [], signal: 'SIGSEGV' },
  { run: 'crashes/broken_pipe', prints: [], signal: 'SIGPIPE' },
];

/** Those whose lesson is that they hang: the system call in which each thread of each process stays, the parent's first. */
const hangs: readonly { readonly run: string; readonly calls: readonly string[] }[] = [
  { run: 'fork/held_lock', calls: ['wait4', 'futex'] },
  { run: 'fork/malloc_lock', calls: ['wait4', 'futex', 'futex'] },
  { run: 'pipes/write_end_open', calls: ['wait4', 'read'] },
  { run: 'pipes/sibling_deadlock', calls: ['wait4', 'read', 'read'] },
  { run: 'threads/lock_order', calls: ['futex', 'futex', 'futex'] },
];

const callNames = new Map([
  ['0', 'read'],
  ['61', 'wait4'],
  ['202', 'futex'],
]);

/** The system call that a sleeping thread is in, from /proc/TID/syscall. */
const blockedIn = (tid: number): string => {
  try {
    const number = readFileSync(`/proc/${tid}/syscall`, 'utf8').split(' ')[0] ?? '';
    return callNames.get(number) ?? number;
  } catch {
    return 'gone';
  }
};

const turn = (): Promise<void> => new Promise((done) => setTimeout(done, 2));

const command = (run: string): [string, string[]] => {
  const [program = '', ...args] = run.split(' ');
  return [join(folder, program), args];
};

/** A program that exists nowhere is one that cannot be read where a folder of the PATH is closed to whoever runs the tests. */
const env = { ...process.env, PATH: '/usr/bin:/bin' };

describe('samples', () => {
  it('builds without a warning', () => expect(warnings).toBe(''));

  it('has a row for every program', () => {
    const programs = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) => /\.cc?$/.test(path));
    const known = [...rows, ...hangs].map((row) => row.run.split(' ')[0]);
    const others = /^(?:servers|latency|labs)\//;
    const missing = programs
      .map((path) => path.slice(0, -extname(path).length))
      .filter((name) => !known.includes(name) && !others.test(name));
    expect(missing).toEqual([]);
  });

  it.each(rows)('$run', ({ run, prints, status, signal, stderr }) => {
    const [program, args] = command(run);
    const result = spawnSync(program, args, { encoding: 'utf8', input: '', cwd: folder, env });
    const lines = result.stdout.split('\n').slice(0, -1);
    expect(lines.sort()).toEqual([...prints].sort());
    expect(result.signal).toBe(signal ?? null);
    if (signal === undefined) expect(result.status).toBe(status ?? 0);
    expect(result.stderr).toMatch(stderr ?? /^$/);
  });

  it.each(hangs)('$run hangs', async ({ run, calls }) => {
    const [program, args] = command(run);
    const child = spawn(program, args, { stdio: 'ignore' });
    const family = (): number[] => [child.pid ?? 0, ...childrenOf(child.pid ?? 0)];
    const threads = (): number[] => family().flatMap(threadsOf);
    await until(() => threads().map(blockedIn).join() === calls.join());
    // A look later: nothing has moved. All sleep, and no process has used the CPU.
    const used = (): string[] => family().map((pid) => readFileSync(`/proc/${pid}/stat`, 'utf8').split(' ').slice(13, 15).join());
    const before = used();
    for (let i = 0; i < 20; i++) await turn();
    expect(threads().map((tid) => processFacts(tid)?.state)).toEqual(calls.map(() => 'S'));
    expect(used()).toEqual(before);
    const left = family();
    for (const pid of left) process.kill(pid, 'SIGKILL');
    await once(child, 'close');
  });

  it('zombies: three, until Enter is pressed', async () => {
    const child = spawn(join(folder, 'fork/zombies'), { stdio: ['pipe', 'pipe', 'ignore'] });
    await once(child.stdout, 'data');
    const states = (): string =>
      childrenOf(child.pid ?? 0)
        .map((pid) => processFacts(pid)?.state)
        .join('');
    await until(() => states() === 'ZZZ');
    child.stdin.end('\n');
    expect((await once(child, 'close'))[0]).toBe(0);
  });

  it('stack_overflow goes deep before it dies', () => {
    // With an eighth of the usual stack it still needs thousands of calls; with an unlimited one it would not end at all.
    const result = spawnSync('sh', ['-c', 'ulimit -s 1024; exec "$0"', join(folder, 'crashes/stack_overflow')]);
    expect(result.signal).toBe('SIGSEGV');
  });

  it('latencies print microseconds', () => {
    const number = String.raw`\s+\d+\.\d us\n`;
    const lines = ['fork', 'vfork', 'fork and exec', String.raw`posix_spawn \(and exec\)`].map((name) => name + number);
    expect(execFileSync(join(folder, 'latency/processes'), ['5'], { encoding: 'utf8' })).toMatch(new RegExp(`^${lines.join('')}$`));
    expect(execFileSync(join(folder, 'latency/threads'), ['5'], { encoding: 'utf8' })).toMatch(new RegExp(`^pthread_create${number}$`));
  });

  it.each(['sequential', 'processes', 'threads', 'pool'])('server: %s serves a crowd', async (form) => {
    const server = spawn(join(folder, 'servers', form), ['0', '40'], { stdio: ['ignore', 'pipe', 'inherit'] });
    const ended = once(server, 'close');
    const [greeting] = (await once(server.stdout, 'data')) as [Buffer];
    const port = /127\.0\.0\.1:(\d+)\n/.exec(greeting.toString())?.[1] ?? '';
    const answers = await Promise.all(
      [1, 2, 3, 4].map(async () => {
        const client = spawn(join(folder, 'servers/client'), [port, 'hand', '10'], { stdio: ['ignore', 'pipe', 'inherit'] });
        let text = '';
        client.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
        const [status] = (await once(client, 'close')) as [number];
        return { status, text };
      }),
    );
    const text = 'What immortal hand or eye,\nWhat the hand, dare seize the fire?\nWhat dread hand? & what dread feet?\n3 found\n';
    expect(answers).toEqual([1, 2, 3, 4].map(() => ({ status: 0, text })));
    expect((await ended)[0]).toBe(0);
  });

  it('the forking server leaves no zombie behind while it runs', async () => {
    const server = spawn(join(folder, 'servers/processes'), { stdio: ['ignore', 'pipe', 'inherit'] });
    const [greeting] = (await once(server.stdout, 'data')) as [Buffer];
    const port = /127\.0\.0\.1:(\d+)\n/.exec(greeting.toString())?.[1] ?? '';
    execFileSync(join(folder, 'servers/client'), [port, 'eye', '20']);
    await until(() => childrenOf(server.pid ?? 0).length === 0);
    server.kill('SIGTERM');
    await once(server, 'close');
  });
});

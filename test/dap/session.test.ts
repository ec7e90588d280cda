/** A debug session from its beginning to its end, as editors hold it. */
/* eslint-disable @typescript-eslint/no-unsafe-member-access, @typescript-eslint/no-unsafe-argument -- a message's body is what the test says it is */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { compileText, fixture, lineOf, sample, sampleSource } from '../helpers/build.js';
import { leakGuard } from '../helpers/leaks.js';
import { Client } from './client.js';
import { sharedAdapter } from './shared_adapter.js';

leakGuard();
sharedAdapter();

const calls = sample('function_calls');
const source = sampleSource('function_calls');

const types = (client: Client): string[] =>
  client.messages.map((each) => (each.type === 'event' ? `event ${each.event ?? ''}` : `answer ${each.command ?? ''}`));

describe('a session', () => {
  it('goes from initialize to the end, with all output before exited', async () => {
    await using client = new Client([]);
    await client.launch({ program: sample('exit'), args: ['3'] });
    const exited = await client.event('exited');
    expect(exited.body).toEqual({ exitCode: 3 });
    await client.event('terminated');
    expect(await client.disconnect()).toBe(0);
    const order = types(client).filter((each) => /initialize|launch|configurationDone|exited|terminated|disconnect/.test(each));
    expect(order).toEqual([
      'answer initialize',
      'event initialized',
      'answer configurationDone',
      'answer launch',
      'event exited',
      'event terminated',
      'answer disconnect',
    ]);
    expect(client.messages.map(({ seq }) => seq)).toEqual(client.messages.map((_, index) => index + 1));
    expect(client.garbage).toBe('');
  });

  it('hands on what the program writes, by stream, before it is said to have ended', async () => {
    await using client = new Client();
    await client.launch({ program: calls });
    await client.event('exited');
    expect(client.output('stdout')).toBe('func1 got 2\nfunc2 got 2 and 4\nfunc3 got 2\nfunc3 got 4\nmain has 80\n');
    const text = compileText(
      'flood.c',
      '#include <stdio.h>\nint main(void){for(int i=0;i<200000;i++)printf("%d\\n",i);fputs("é!",stderr);return 0;}\n',
    );
    await using second = new Client();
    await second.launch({ program: text });
    await second.event('exited');
    const output = second.output('stdout');
    expect(output.length).toBe(1_288_890);
    expect(output.endsWith('199999\n')).toBe(true);
    expect(second.output('stderr')).toBe('é!');
  });

  it('reports a death by signal as a shell does', async () => {
    await using client = new Client();
    await client.stopAt(sample('segfault'), 'func2');
    await client.ask('continue', { threadId: 1 });
    const stopped = await client.event('stopped');
    expect(stopped.body).toMatchObject({ reason: 'exception', text: 'SIGSEGV: Segmentation fault', threadId: 1, allThreadsStopped: true });
    expect(await client.ask('exceptionInfo', { threadId: 1 })).toMatchObject({ exceptionId: 'SIGSEGV', breakMode: 'always' });
    await client.ask('continue', { threadId: 1 });
    expect((await client.event('exited')).body).toEqual({ exitCode: 139 });
  });

  it('answers launch with what is wrong', async () => {
    await using client = new Client();
    await client.initialize();
    expect(await client.refused('launch', {})).toContain('names no program');
    expect(await client.refused('launch', { program: calls, console: 'nowhere' })).toContain('one of internalConsole');
    expect(await client.refused('launch', { program: calls, args: 7 })).toContain('a list of strings, or one string');
    expect(await client.refused('launch', { program: '/nowhere/at/all' })).toContain('/nowhere/at/all');
    expect(await client.refused('attach', {})).toContain('neither "pid" nor "core"');
    // Nothing of this prevents a proper launch.
    const launch = client.send('launch', { program: calls, cwd: '/nowhere' });
    await client.event('initialized');
    await client.ask('configurationDone');
    const answer = await client.answer(launch);
    expect(answer.success).toBe(false);
    expect(answer.message).toContain('/nowhere');
    await client.event('terminated');
  });

  it('passes arguments, environment, directory and files', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'deet-dap-'));
    try {
      const program = compileText(
        'given.c',
        `#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
int main(int argc, char **argv) {
  char line[100] = "", cwd[1000];
  fgets(line, sizeof line, stdin);
  printf("%d|%s|%s|%s|%s|%s", argc - 1, argv[1], argv[2], getenv("GIVEN"), getenv("HOME") ? "home" : "homeless", line);
  fprintf(stderr, "%s", getcwd(cwd, sizeof cwd));
}
`,
      );
      const input = join(folder, 'input');
      const { writeFileSync } = await import('node:fs');
      writeFileSync(input, 'typed\n');
      const common = { program, cwd: folder, env: { GIVEN: 'x y', HOME: null } };
      await using client = new Client();
      await client.launch({ ...common, args: ['a b', '$HOME'], stdio: [input, null, join(folder, 'errors')] });
      await client.event('exited');
      expect(client.output('stdout')).toBe('2|a b|$HOME|x y|homeless|typed\n');
      expect(readFileSync(join(folder, 'errors'), 'utf8')).toBe(folder);
      await using second = new Client();
      await second.launch({ ...common, args: `'a b' "$GIVEN" < input > out` });
      await second.event('exited');
      expect(readFileSync(join(folder, 'out'), 'utf8')).toBe('2|a b|x y|x y|homeless|typed\n');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('stops on entry at main, and runs without stopping when not debugging', async () => {
    await using client = new Client();
    await client.launch({ program: calls, stopOnEntry: true });
    expect((await client.event('stopped')).body).toMatchObject({ reason: 'entry' });
    expect((await client.top()).name).toBe('main');
    await client.ask('terminate');
    await client.event('terminated');
    await using other = new Client();
    await other.launch({ program: sample('segfault'), noDebug: true }, () =>
      other.ask('setFunctionBreakpoints', { breakpoints: [{ name: 'main' }] }),
    );
    expect((await other.event('exited', 'stopped')).body).toEqual({ exitCode: 139 });
  });

  it('starts again, keeping breakpoints', async () => {
    await using client = new Client();
    await client.stopAt(calls, 'func3');
    await client.ask('restart');
    const again = await client.event('stopped');
    expect(again.body.reason).toBe('function breakpoint');
    expect((await client.frames()).map(({ name }) => name)).toEqual(['func3', 'func2', 'func1', 'main']);
    expect(client.events('terminated')).toEqual([]);
    await client.ask('setFunctionBreakpoints', { breakpoints: [] });
    await client.ask('continue', { threadId: 1 });
    expect((await client.event('exited')).body.exitCode).toBe(0);
  });

  it('kills what it launched, when the client says so and when it just goes away', async () => {
    await using client = new Client([]);
    const stopped = await client.stopAt(sample('sleepy_print'), 'main', { args: ['1000'] });
    expect(stopped.reason).toBe('function breakpoint');
    const pid = client.events('process')[0]?.body.systemProcessId as number;
    expect(existsSync(`/proc/${pid}`)).toBe(true);
    client.end();
    expect(await client.ended).toBe(0);
    expect(existsSync(`/proc/${pid}`)).toBe(false);
    await using second = new Client([]);
    await second.launch({ program: sample('sleepy_print'), args: ['1000'] });
    const running = (await second.event('process')).body.systemProcessId as number;
    expect(await second.disconnect()).toBe(0);
    expect(existsSync(`/proc/${running}`)).toBe(false);
  });
});

describe('running and stopping', () => {
  it('steps in, over, out, and tells where it is', async () => {
    await using client = new Client();
    await client.stopAt(calls, 'main');
    const at = async (): Promise<string> => {
      await client.event('stopped');
      const { name, line, source: file } = await client.top();
      expect(file?.path).toBe(source);
      return `${name}:${line}`;
    };
    const step = async (command: string): Promise<string> => {
      await client.ask(command, { threadId: 1 });
      return at();
    };
    const inFunc1 = lineOf(source, 'func1 got');
    expect(await step('stepIn')).toBe(`func1:${inFunc1}`);
    expect(await step('next')).toBe(`func1:${inFunc1 + 1}`);
    expect(await step('stepIn')).toBe(`func2:${lineOf(source, 'func2 got')}`);
    expect(await step('stepOut')).toBe(`func1:${inFunc1 + 1}`);
    expect((await client.scope('Return value')).get('$1')?.value).toBe('8');
    expect(await step('next')).toBe(`func1:${inFunc1 + 2}`);
    expect(client.events('continued')).toEqual([]);
    for (const [index, each] of client.messages.entries()) {
      if (each.event !== 'stopped') continue;
      // Whatever asked for this stop has been answered before.
      const answered = client.messages
        .slice(0, index)
        .filter(({ type, command }) => type === 'response' && /next|step|configurationDone/.test(command ?? ''));
      expect(answered.length).toBeGreaterThanOrEqual(client.messages.slice(0, index + 1).filter(({ event }) => event === 'stopped').length);
    }
  });

  it('steps by instruction', async () => {
    await using client = new Client();
    await client.stopAt(calls, 'main');
    const before = await client.top();
    await client.ask('next', { threadId: 1, granularity: 'instruction' });
    await client.event('stopped');
    const after = await client.top();
    const moved = BigInt(after.instructionPointerReference ?? 0) - BigInt(before.instructionPointerReference ?? 0);
    expect(Number(moved)).toBeGreaterThan(0);
    expect(Number(moved)).toBeLessThan(16);
  });

  it('pauses a running program, and takes breakpoints while it runs', async () => {
    const program = compileText(
      'busy.c',
      `int counter;
static void tick(void) {
  counter++;
}
int main(void) {
  for (;;)
    tick();
}
`,
    );
    await using client = new Client();
    await client.launch({ program });
    await client.event('process');
    expect((await client.ask('threads')).threads).toHaveLength(1);
    expect(await client.refused('stackTrace', { threadId: 1 })).toContain('running');
    await client.ask('pause', { threadId: 1 });
    expect((await client.event('stopped')).body.reason).toBe('pause');
    await client.ask('continue', { threadId: 1 });
    const stops = client.events('stopped').length;
    const { breakpoints } = await client.ask('setFunctionBreakpoints', { breakpoints: [{ name: 'tick' }] });
    expect(breakpoints[0]).toMatchObject({ verified: true, line: 3 });
    expect((await client.event('stopped')).body).toMatchObject({ reason: 'function breakpoint', hitBreakpointIds: [breakpoints[0].id] });
    expect(client.events('stopped')).toHaveLength(stops + 1);
    await client.ask('setFunctionBreakpoints', { breakpoints: [] });
    await client.ask('continue', { threadId: 1 });
    // A watchpoint needs the program stopped for a moment, which nobody sees.
    const { dataId } = await client.ask('dataBreakpointInfo', { name: 'counter' });
    const watched = await client.ask('setDataBreakpoints', { breakpoints: [{ dataId, accessType: 'write' }] });
    expect(watched.breakpoints[0].verified).toBe(true);
    expect((await client.event('stopped')).body.reason).toBe('data breakpoint');
    expect(client.events('continued')).toEqual([]);
    await client.ask('terminate');
    await client.event('terminated');
  });

  it('shows the globals of a program that runs as they are now, and changes none', async () => {
    const program = compileText(
      'sets.c',
      '#include <unistd.h>\nstruct { int a, b; } both = {1, 2};\nint twice(int n) { return 2 * n; }\nint main(void) {\n  both.b = 41;\n  write(1, "x", 1);\n  for (;;) pause();\n}\n',
    );
    await using client = new Client();
    await client.launch({ program });
    await client.event('output');
    expect(await client.evaluate('both')).toBe('{a = 1, b = 41}');
    expect(await client.evaluate('both.b + 1', 'hover')).toBe('42');
    const { memoryReference } = await client.ask('evaluate', { expression: '&both', context: 'watch' });
    const { data } = await client.ask('readMemory', { memoryReference, count: 8 });
    expect(Buffer.from(data as string, 'base64').readInt32LE(4)).toBe(41);
    for (const expression of ['both.a = 3', 'twice(3)', '$rip'])
      expect([expression, await client.refused('evaluate', { expression, context: 'watch' })]).toEqual([
        expression,
        expect.stringMatching(/running|registers/),
      ]);
    expect(await client.evaluate('both.a')).toBe('1');
    await client.ask('terminate');
  });

  it('goes on elsewhere', async () => {
    await using client = new Client();
    await client.stopAt(calls, 'main');
    const line = lineOf(source, 'return 0');
    const { targets } = await client.ask('gotoTargets', { source: { path: source }, line });
    expect(targets).toMatchObject([{ line }]);
    await client.ask('goto', { threadId: 1, targetId: targets[0].id });
    expect((await client.event('stopped')).body.reason).toBe('goto');
    expect((await client.top()).line).toBe(line);
    await client.ask('continue', { threadId: 1 });
    await client.event('exited');
    expect(client.output('stdout')).toBe('');
  });

  it('shows children as threads of the session, with how each ended', async () => {
    const program = compileText(
      'family.c',
      `#include <sys/wait.h>
#include <unistd.h>
static void child(void) { _exit(4); }
int main(void) {
  if (fork() == 0) child();
  int status;
  wait(&status);
  return WEXITSTATUS(status);
}
`,
    );
    await using client = new Client();
    await client.stopAt(program, 'child');
    const { threads } = await client.ask('threads');
    expect(threads).toHaveLength(2);
    const [first, second] = client.events('stopped').map(({ body }) => body.threadId as number);
    expect(first).toBe(threads[1].id);
    expect(second).toBeUndefined();
    expect((await client.frames(threads[0].id)).at(-1)?.name).toBe('main');
    await client.ask('continue', { threadId: first });
    expect((await client.event('exited')).body.exitCode).toBe(4);
    expect(client.events('exited')).toHaveLength(1);
  });

  it('attaches, and leaves the process as it was', async () => {
    const program = compileText('says_and_waits.c', '#include <unistd.h>\nint main(void) {\n  write(1, "x", 1);\n  for (;;) pause();\n}\n');
    const { spawn } = await import('node:child_process');
    const child = spawn(program, { stdio: ['ignore', 'pipe', 'ignore'] });
    try {
      await new Promise((said) => child.stdout.once('data', said));
      await using client = new Client();
      await client.initialize();
      const attach = client.send('attach', { pid: child.pid });
      await client.event('initialized');
      await client.ask('configurationDone');
      expect((await client.answer(attach)).success).toBe(true);
      await client.event('stopped');
      expect((await client.frames()).map(({ name }) => name)).toContain('main');
      expect(await client.disconnect()).toBe(0);
      expect(readFileSync(`/proc/${child.pid}/status`, 'utf8')).toMatch(/TracerPid:\s+0\n/);
      expect(readFileSync(`/proc/${child.pid}/stat`, 'utf8')).toMatch(/\) [SRD] /);
    } finally {
      child.kill('SIGKILL');
      await new Promise((resolve) => child.on('close', resolve));
    }
  });

  it('says what C++ throws only when asked', async () => {
    const program = fixture('exceptions');
    await using client = new Client();
    await client.launch({ program }, () => client.ask('setExceptionBreakpoints', { filters: ['throw'] }));
    const stopped = await client.event('stopped', 'exited');
    expect(stopped.body).toMatchObject({ reason: 'exception', text: expect.stringMatching(/^int thrown: \d+$/) });
  });
});

/** What lets a program run and what stops it, beyond the usual: chosen callees, exceptions, counted changes, commands, terminals, letting go. */
/* eslint-disable @typescript-eslint/no-unsafe-member-access, @typescript-eslint/no-unsafe-argument, @typescript-eslint/no-unsafe-call -- a message's body is what the test says it is */
import { spawn as spawnProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spawn } from 'node-pty';
import { describe, expect, it, onTestFinished } from 'vitest';
import { compile, compileText, lineOf, sample, writeText } from '../helpers/build.js';
import { leakGuard } from '../helpers/leaks.js';
import { Client } from './client.js';
import { sharedAdapter } from './shared_adapter.js';

leakGuard();
sharedAdapter();

const calls = sample('function_calls');

const loop = writeText(
  'counts.c',
  'int counter;\nint main(void) {\n  int sum = 0;\n  for (int i = 0; i < 20; i++) {\n    counter++;\n    sum += i; // body\n  }\n  return sum == 190 ? 0 : 1;\n}\n',
);

describe('stepIn', () => {
  it('goes into the callee that was chosen, through an inner one, and refuses what it does not know', async () => {
    const source = writeText(
      'chosen.cc',
      '#include <cstdio>\nstatic int add(int a, int b) { return a + b; }\nstatic int twice(int n) { return 2 * n; }\nstruct T { int v; int get() const { return v; } };\nint main() {\n  T t{3};\n  int sum = add(twice(2), t.get()); // three calls\n  printf("%d\\n", sum);\n}\n',
    );
    await using client = new Client();
    await client.launch({ program: compile(source) }, () =>
      client.ask('setBreakpoints', { source: { path: source }, breakpoints: [{ line: lineOf(source, 'three calls') }] }),
    );
    await client.event('stopped');
    const labels = async (): Promise<Map<string, number>> => {
      const { targets } = await client.ask('stepInTargets', { frameId: (await client.top()).id });
      return new Map(targets.map(({ label, id }: { label: string; id: number }) => [label, id]));
    };
    const targets = await labels();
    expect([...targets.keys()].sort()).toEqual(['T::get', 'add', 'twice']);
    expect(await client.refused('stepIn', { threadId: 1, targetId: 77 })).toContain('not known');
    await client.ask('stepIn', { threadId: 1, targetId: targets.get('add') });
    await client.event('stopped');
    expect((await client.frames()).map(({ name }) => name)).toEqual(['add', 'main']);
    await client.ask('stepOut', { threadId: 1 });
    await client.event('stopped');
    // All three calls have been made.
    expect([...(await labels()).keys()]).toEqual([]);
  });
});

describe('exceptions', () => {
  it('of C++ have a type and a text', async () => {
    const program = compileText(
      'throws.cc',
      '#include <cstdio>\n#include <stdexcept>\n#include <vector>\nstruct Mine : std::out_of_range { using std::out_of_range::out_of_range; };\nstruct Plain { int v; };\nint main() {\n  try { throw Mine("my own"); } catch (std::exception &e) { puts(e.what()); }\n  try { throw Plain{7}; } catch (Plain &p) { printf("%d\\n", p.v); }\n}\n',
    );
    await using client = new Client();
    await client.launch({ program }, () => client.ask('setExceptionBreakpoints', { filters: ['throw', 'catch'] }));
    const seen: unknown[] = [];
    for (let count = 0; count < 4; count++) {
      const { body } = await client.event('stopped');
      expect(body.reason).toBe('exception');
      const { exceptionId, description, details } = await client.ask('exceptionInfo', { threadId: 1 });
      expect(body.text).toBe(description);
      seen.push([exceptionId, description, details.message]);
      await client.ask('continue', { threadId: 1 });
    }
    expect(seen).toEqual([
      ['Mine', 'Mine thrown: my own', 'my own'],
      ['Mine', 'Mine caught: my own', 'my own'],
      ['Plain', 'Plain thrown', undefined],
      ['Plain', 'Plain caught', undefined],
    ]);
    await client.event('exited');
  });

  it('that are signals say why', async () => {
    await using client = new Client();
    await client.launch({ program: sample('segfault') });
    await client.event('stopped');
    expect(await client.ask('exceptionInfo', { threadId: 1 })).toMatchObject({
      exceptionId: 'SIGSEGV',
      description: 'func2 writes 4 bytes to `*p` (address 0x0), but `p` is NULL.',
      details: { message: 'Segmentation fault (address 0x0)' },
    });
    await client.ask('next', { threadId: 1 });
    expect((await client.event('exited')).body.exitCode).toBe(139);
  });

  it('are none at an ordinary stop', async () => {
    await using client = new Client();
    await client.stopAt(calls, 'func3');
    expect(await client.refused('exceptionInfo', { threadId: 1 })).toContain('neither by a signal nor by a C++ exception');
  });

  it('that pass by can be chosen, and the choice undone', async () => {
    const program = compileText(
      'raises.c',
      '#include <signal.h>\nstatic void on(int n) { (void)n; }\nint main(void) {\n  signal(SIGUSR1, on);\n  signal(SIGALRM, on);\n  raise(SIGUSR1);\n  raise(SIGALRM);\n  return 0;\n}\n',
    );
    const texts = async (condition: string): Promise<string[]> => {
      await using client = new Client();
      await client.launch({ program }, async () => {
        await client.ask('setExceptionBreakpoints', {
          filters: [],
          filterOptions: [{ filterId: 'signals', condition: 'SIGSEGV SIGALRM -SIGUSR1' }],
        });
        await client.ask('setExceptionBreakpoints', { filters: [], filterOptions: [{ filterId: 'signals', condition }] });
      });
      const found: string[] = [];
      for (;;) {
        const { event, body } = await client.event('stopped', 'exited');
        if (event === 'exited') return found;
        found.push((body.text as string).replace(/:.*/, ''));
        await client.ask('continue', { threadId: 1 });
      }
    };
    expect(await texts('-SIGUSR1 SIGALRM')).toEqual(['SIGALRM']);
    expect(await texts('')).toEqual(['SIGUSR1']);
  });
});

describe('breakpoints', () => {
  it('on data have conditions and count', async () => {
    await using client = new Client();
    await client.stopAt(compile(loop), 'main');
    const set = async (more: object): Promise<void> => {
      const { dataId } = await client.ask('dataBreakpointInfo', { name: 'counter' });
      expect((await client.ask('setDataBreakpoints', { breakpoints: [{ dataId, ...more }] })).breakpoints).toMatchObject([
        { verified: true },
      ]);
    };
    const next = async (): Promise<string> => {
      await client.ask('continue', { threadId: 1 });
      await client.event('stopped');
      return client.evaluate('counter');
    };
    await set({ hitCondition: '>= 5' });
    expect(await next()).toBe('5');
    expect(await next()).toBe('6');
    await set({ condition: 'counter == 11' });
    expect(await next()).toBe('11');
    const { dataId, description } = await client.ask('dataBreakpointInfo', {
      name: (await client.ask('evaluate', { expression: '&counter', context: 'watch' })).memoryReference,
      asAddress: true,
      bytes: 4,
    });
    expect(description).toMatch(/^4 bytes at 0x/);
    await client.ask('setDataBreakpoints', { breakpoints: [{ dataId }] });
    expect(await next()).toBe('12');
    expect((await client.ask('setDataBreakpoints', { breakpoints: [{ dataId: 'nonsense' }] })).breakpoints).toMatchObject([
      { verified: false, message: expect.stringContaining('ask for it again') },
    ]);
  });

  it('take a condition, a count and a message together', async () => {
    await using client = new Client();
    await client.launch({ program: compile(loop) }, () =>
      client.ask('setBreakpoints', {
        source: { path: loop },
        breakpoints: [{ line: lineOf(loop, '// body'), condition: 'i % 2 == 0', hitCondition: '% 5', logMessage: 'i={i} sum={sum}' }],
      }),
    );
    await client.event('exited');
    expect(client.output('console')).toContain('i=8 sum=28\ni=18 sum=153\n');
    expect(client.output('console').match(/i=/g)).toHaveLength(2);
  });

  it('run their commands behind a button as behind a command, and displays are shown', async () => {
    await using client = new Client();
    await client.stopAt(compile(loop), 'main');
    const line = lineOf(loop, '// body');
    for (const text of [`break ${line}`, 'commands', 'silent', 'print i * 100', 'continue', 'end', 'display counter'])
      await client.ask('evaluate', { expression: text, context: 'repl' });
    await client.evaluate('condition 1 i > 17', 'repl');
    await client.ask('continue', { threadId: 1 });
    await client.event('exited');
    expect(client.output('console')).toMatch(/\$\d+ = 1800\n[^]*\$\d+ = 1900\n/);
    expect(client.events('stopped')).toHaveLength(1);
  });

  it('whose commands go on for ever can be paused, and the console waits its turn', async () => {
    const program = compileText(
      'ticks.c',
      'int counter;\nstatic void tick(void) {\n  counter++;\n}\nint main(void) {\n  for (;;)\n    tick();\n}\n',
    );
    await using client = new Client();
    await client.stopAt(program, 'main');
    for (const text of ['break tick', 'commands', 'silent', 'continue', 'end'])
      await client.ask('evaluate', { expression: text, context: 'repl' });
    await client.ask('continue', { threadId: 1 });
    const waits = client.send('evaluate', { expression: 'print 40 + 2', context: 'repl' });
    client.send('pause', { threadId: 1 });
    expect((await client.event('stopped')).body.reason).toMatch(/^(?:pause|function breakpoint)$/);
    expect(client.events('stopped')).toHaveLength(2);
    expect((await client.answer(waits)).body.result).toContain('= 42');
  });
});

describe('a program', () => {
  it.each([
    ['later', ''],
    ['while it is being opened', '#!/bin/sh\n/bin/mv "$@"\nexec sleep 60\n'],
  ])('that reads the terminal gets one from the client, with Ctrl-C %s', async (_, slowMove) => {
    const program = compileText(
      'asks.c',
      '#include <signal.h>\n#include <stdio.h>\n#include <unistd.h>\nint main(void) {\n  char name[50];\n  printf("who? ");\n  fflush(stdout);\n  if (!isatty(0) || scanf("%49s", name) != 1) return 1;\n  printf("hello %s\\n", name);\n  fflush(stdout);\n  pause();\n  return 2;\n}\n',
    );
    await using client = new Client([], { TMPDIR: '/tmp' });
    await client.initialize({ supportsRunInTerminalRequest: true });
    const launch = client.send('launch', {
      program,
      console: 'integratedTerminal',
      initCommands: ['set debug-file-directory /nonexistent'],
    });
    await client.event('initialized');
    await client.ask('configurationDone');
    const request = await client.reverseRequest('runInTerminal');
    expect(request.arguments).toMatchObject({ kind: 'integrated', title: 'asks', cwd: expect.any(String) });
    // VS Code types the words at a shell's prompt.
    const words = request.arguments.args as string[];
    for (const word of words) expect(word).toMatch(/^[\w/.-]+$/);
    const folder = mkdtempSync(join(tmpdir(), 'deet-path-'));
    onTestFinished(() => {
      rmSync(folder, { recursive: true });
    });
    if (slowMove !== '') writeFileSync(join(folder, 'mv'), slowMove, { mode: 0o755 });
    const env = { ...process.env, PATH: `${folder}:${process.env['PATH'] ?? ''}` };
    const terminal = spawn('/bin/bash', ['--norc'], { cols: 80, rows: 24, env });
    terminal.write(`${words.join(' ')}\n`);
    const ended = new Promise((resolve) => terminal.onExit(resolve));
    let screen = '';
    let looked = (): void => undefined;
    terminal.onData((text) => {
      screen += text;
      looked();
    });
    const shows = (text: string): Promise<void> =>
      new Promise((resolve) => {
        looked = () => {
          if (screen.includes(text)) resolve();
        };
        looked();
      });
    client.respond(request, { shellProcessId: terminal.pid });
    expect((await client.answer(launch)).success).toBe(true);
    await shows('who? ');
    terminal.write('Ada\n');
    await shows('hello Ada');
    terminal.write('\x03');
    expect((await client.event('stopped')).body.text).toContain('SIGINT');
    expect(client.output('stdout')).toBe('');
    await client.ask('disconnect');
    await client.ended;
    terminal.write('exit\n');
    await ended;
  });

  it('is told when what the client opened is no terminal', async () => {
    await using client = new Client();
    await client.initialize({ supportsRunInTerminalRequest: true });
    const launch = client.send('launch', { program: calls, console: 'integratedTerminal' });
    await client.event('initialized');
    await client.ask('configurationDone');
    const request = await client.reverseRequest('runInTerminal');
    const [command = '', ...args] = request.arguments.args as string[];
    const child = spawnProcess(command, args, { stdio: 'ignore' });
    client.respond(request, { processId: child.pid });
    expect(await client.answer(launch)).toMatchObject({ success: false, message: 'What the editor opened is no terminal: not a tty.' });
    await new Promise((resolve) => child.on('close', resolve));
  });

  it('cannot have a terminal from a client without one', async () => {
    await using client = new Client();
    const answer = await client.launch({ program: calls, console: 'externalTerminal' });
    expect(answer).toMatchObject({ success: false, message: expect.stringContaining('cannot open a terminal') });
  });

  it('that was launched can be let go, stopped or running', async () => {
    const program = compileText('lasts.c', '#include <unistd.h>\nint main(void) {\n  for (;;) pause();\n}\n');
    for (const stopOnEntry of [true, false]) {
      await using client = new Client([]);
      await client.launch({ program, stopOnEntry });
      const pid = (await client.event('process')).body.systemProcessId as number;
      if (stopOnEntry) await client.event('stopped');
      try {
        await client.disconnect({ terminateDebuggee: false });
        const status = readFileSync(`/proc/${pid}/status`, 'utf8');
        expect(status).toMatch(/TracerPid:\s+0\n/);
        expect(status).toMatch(/State:\s+[SRD]/);
        expect(client.events('stopped')).toHaveLength(stopOnEntry ? 1 : 0);
      } finally {
        process.kill(pid, 'SIGKILL');
      }
    }
  });

  it('starts again as its configuration says then', async () => {
    const program = compileText('counts_arguments.c', 'int main(int argc, char **argv) {\n  (void)argv;\n  return argc - 1;\n}\n');
    await using client = new Client();
    await client.stopAt(program, 'main', { args: ['a'] });
    await client.ask('restart', { arguments: { program, args: ['a', 'b', 'c'] } });
    await client.event('stopped');
    await client.ask('continue', { threadId: 1 });
    expect((await client.event('exited')).body.exitCode).toBe(3);
    expect(client.events('exited')).toHaveLength(1);
  });
});

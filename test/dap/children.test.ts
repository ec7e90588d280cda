/** `childSessions`: several clients, each with an adapter of its own, on one family of processes. */
/* eslint-disable @typescript-eslint/no-unsafe-member-access, @typescript-eslint/no-unsafe-argument -- a message's body is what the test says it is */
import { describe, expect, it } from 'vitest';
import { compile, lineOf, writeText } from '../helpers/build.js';
import { leakGuard } from '../helpers/leaks.js';
import { processFacts } from '../helpers/processes.js';
import { Client, type Message } from './client.js';

leakGuard();

const source = writeText(
  'two_children.c',
  `#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
static void child(int number) {
  int result = number * 2; // work
  printf("child %d\\n", number);
  exit(result);
}
int main(void) {
  for (int i = 1; i <= 2; i++)
    if (fork() == 0) child(i);
  int sum = 0, status;
  while (wait(&status) > 0) sum += WIFEXITED(status) ? WEXITSTATUS(status) : 100;
  return sum; // all reaped
}
`,
);

const family = (): string => compile(source);
const work = lineOf(source, '// work');

const capable = { supportsStartDebuggingRequest: true };

/** Answers the parent's n-th request for a session with one, and configures that. */
const open = async (parent: Client, child: Client, index: number, lines: readonly number[] = []): Promise<Message> => {
  const request = await parent.reverseRequest('startDebugging', index);
  parent.respond(request, {});
  const { configuration } = request.arguments;
  expect(configuration).toMatchObject({ pid: expect.any(Number), name: expect.stringContaining('two_children') });
  const breakpoints = { source: { path: source }, breakpoints: lines.map((line) => ({ line })) };
  return child.attach(configuration, () => child.ask('setBreakpoints', breakpoints), capable);
};

const pidOf = (client: Client): number => client.events('process')[0]?.body.systemProcessId as number;

describe('a session for each process', () => {
  it('has breakpoints, threads and an end of its own', async () => {
    const program = family();
    await using root = new Client();
    await using first = new Client();
    await using second = new Client();
    await root.launch({ program, childSessions: true }, undefined, capable);
    expect((await open(root, first, 0)).success).toBe(true);
    expect((await open(root, second, 1, [work])).success).toBe(true);
    // The breakpoint is the second child's only; the stop is everybody's.
    const stopped = (await second.event('stopped')).body;
    expect(stopped).toMatchObject({ reason: 'breakpoint' });
    expect((await root.event('stopped')).body).toMatchObject({
      reason: 'pause',
      description: `Paused: process ${pidOf(second)} has stopped`,
    });
    expect(await second.evaluate('number', 'watch', (await second.top(stopped.threadId)).id)).toBe('2');
    expect((await second.ask('threads')).threads).toHaveLength(1);
    expect((await root.ask('threads')).threads).toHaveLength(1);
    const main = (await root.frames(1)).find(({ name }) => name === 'main');
    expect(await root.evaluate('sum', 'watch', main?.id)).toMatch(/^[02]$/); // the first child may have ended
    expect(await root.refused('stackTrace', { threadId: stopped.threadId })).toContain('no thread');
    await second.ask('next', { threadId: stopped.threadId });
    expect((await second.event('stopped')).body.reason).toBe('step');
    await root.event('continued');
    expect(root.events('continued')).toHaveLength(1);
    await second.ask('continue', { threadId: stopped.threadId });
    for (const [client, exitCode] of [
      [second, 4],
      [first, 2],
      [root, 6],
    ] as const) {
      expect((await client.event('exited')).body).toEqual({ exitCode });
      await client.event('terminated');
    }
    expect(root.output('stdout').split('\n').sort()).toEqual(['', 'child 1', 'child 2']);
    for (const client of [second, first, root]) expect(await client.disconnect()).toBe(0);
  });

  it('can be ended alone, or left alone', async () => {
    const program = family();
    await using root = new Client();
    await using first = new Client();
    await using second = new Client();
    await root.launch({ program, childSessions: true }, undefined, capable);
    await open(root, first, 0, [work]);
    await first.event('stopped');
    await first.disconnect({ terminateDebuggee: true });
    await root.ask('continue', { threadId: 1 });
    await open(root, second, 1, [work]);
    const { threadId } = (await second.event('stopped')).body;
    expect(threadId).toBeGreaterThan(1);
    // Without a word more the process goes on, undebugged.
    await second.disconnect();
    await root.ask('continue', { threadId: 1 });
    expect((await root.event('exited')).body).toEqual({ exitCode: 104 });
  });

  it('ends with the first, whatever its clients do', async () => {
    const program = family();
    await using root = new Client();
    await using first = new Client();
    await root.launch({ program, childSessions: true }, undefined, capable);
    await open(root, first, 0, [work]);
    await first.event('stopped');
    const pid = pidOf(first);
    expect(await root.disconnect()).toBe(0);
    expect((await first.event('exited')).body).toEqual({ exitCode: 137 });
    await first.event('terminated');
    expect(await first.ended).toBe(0);
    // Its own parent has been killed as well: whoever inherited it reaps it.
    expect(processFacts(pid)?.state ?? 'Z').toBe('Z');
  });

  it('whose client goes away takes its process along', async () => {
    const program = family();
    await using root = new Client();
    await using first = new Client();
    await using second = new Client();
    await root.launch({ program, childSessions: true }, undefined, capable);
    await open(root, first, 0, [work]);
    await first.event('stopped');
    first.end();
    expect(await first.ended).toBe(0);
    await root.ask('continue', { threadId: 1 });
    await open(root, second, 1);
    expect((await root.event('exited')).body).toEqual({ exitCode: 104 });
  });

  it('is a connection of its own at a port', async () => {
    const program = family();
    await using server = new Client(['--listen', '127.0.0.1:0']);
    const port = Number(await server.until(() => /listens at 127\.0\.0\.1:(\d+)/.exec(server.stderr)?.[1], 'port'));
    await using root = new Client({ port });
    await using first = new Client({ port });
    await using second = new Client({ port });
    await root.launch({ program, childSessions: true }, undefined, capable);
    await open(root, first, 0);
    await open(root, second, 1);
    expect((await second.event('exited')).body).toEqual({ exitCode: 4 });
    expect((await root.event('exited')).body).toEqual({ exitCode: 6 });
  });
});

describe('a client', () => {
  it('that opens no sessions has threads instead', async () => {
    await using root = new Client();
    await root.launch({ program: family(), childSessions: true });
    expect((await root.event('exited')).body).toEqual({ exitCode: 6 });
    expect(root.output('console').match(/opens no session/g)).toHaveLength(1);
    expect(root.events('thread').filter(({ body }) => body.reason === 'started')).toHaveLength(3);
    expect(root.events('thread').filter(({ body }) => body.reason === 'exited')).toHaveLength(3);
  });

  it('that refuses one gets the process as a thread, and its breakpoints hold there', async () => {
    const program = family();
    await using root = new Client();
    await root.launch(
      { program, childSessions: true },
      () => root.ask('setBreakpoints', { source: { path: source }, breakpoints: [{ line: work }] }),
      capable,
    );
    root.refuse(await root.reverseRequest('startDebugging', 0), 'not now');
    const stopped = await root.event('stopped');
    expect(stopped.body.reason).toBe('breakpoint');
    expect(root.output('console')).toContain('has no session of its own: The client refused startDebugging: not now.');
    await root.disconnect();
  });

  it('is told when the session it asks for is over', async () => {
    await using late = new Client();
    await late.initialize();
    expect(await late.refused('attach', { pid: 1, childSession: '/nowhere/at/all' })).toContain('has ended (ENOENT)');
    expect(await late.refused('threads')).toContain('launch or attach first');
    expect(await late.refused('attach', {})).toContain('neither "pid" nor "core"');
  });
});

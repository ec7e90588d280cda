/** `childSessions` with every way in which a process is made, changes its program, and ends. */
/* eslint-disable @typescript-eslint/no-unsafe-member-access, @typescript-eslint/no-unsafe-argument -- a message's body is what the test says it is */
import type { DebugProtocol as P } from '@vscode/debugprotocol';
import { describe, expect, it } from 'vitest';
import { compile, compileText, lineOf, writeText } from '../helpers/build.js';
import { leakGuard } from '../helpers/leaks.js';
import { Client, type Message } from './client.js';

leakGuard();

const capable = { supportsStartDebuggingRequest: true };

/** Opens what the adapter asks for, as an editor does: another adapter, which is given the configuration. */
const open = async (parent: Client, child: Client, index = 0, configure?: () => Promise<unknown>): Promise<Message> => {
  const request = await parent.reverseRequest('startDebugging', index);
  expect(request.arguments.request).toBe('attach');
  const answer = await child.attach(request.arguments.configuration, configure, capable);
  parent.respond(request, {});
  return answer;
};

const pidOf = (client: Client): number => client.events('process')[0]?.body.systemProcessId as number;

const generations = writeText(
  'generations.c',
  `#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
static int descend(int depth) {
  int status = 0;
  if (depth == 3) return 1; // deepest
  if (fork() == 0) exit(descend(depth + 1));
  wait(&status);
  return WEXITSTATUS(status) * 2; // back
}
int main(void) { return descend(1); }
`,
);

describe('a session for each process', () => {
  it('is asked for by the session of the process that made it', async () => {
    await using root = new Client();
    await using child = new Client();
    await using grandchild = new Client();
    await root.launch({ program: compile(generations), childSessions: true }, undefined, capable);
    await open(root, child);
    const breakpoints = { source: { path: generations }, breakpoints: [{ line: lineOf(generations, '// deepest') }] };
    await open(child, grandchild, 0, () => grandchild.ask('setBreakpoints', breakpoints));
    const stopped = (await grandchild.event('stopped')).body;
    expect(stopped.reason).toBe('breakpoint');
    expect((await grandchild.frames(stopped.threadId)).map(({ name }) => name)).toEqual(['descend', 'descend', 'descend', 'main']);
    for (const client of [root, child])
      expect((await client.event('stopped')).body.description).toBe(`Paused: process ${pidOf(grandchild)} has stopped`);
    await grandchild.ask('continue', { threadId: stopped.threadId });
    for (const [client, exitCode] of [
      [grandchild, 1],
      [child, 2],
      [root, 4],
    ] as const)
      expect((await client.event('exited')).body).toEqual({ exitCode });
    for (const client of [grandchild, child, root]) expect(await client.disconnect()).toBe(0);
  });

  it('knows the program that its process becomes', async () => {
    const other = compileText(
      'becomes.c',
      'int become(int n) {\n  return n + 1; // became\n}\nint main(int argc, char **argv) { return become(argc); }\n',
    );
    const spawns = compileText(
      'spawns.c',
      `#include <sys/wait.h>
#include <unistd.h>
int main(int argc, char **argv) {
  int status;
  if (vfork() == 0) {
    execv(argv[1], argv);
    _exit(9);
  }
  wait(&status);
  return WEXITSTATUS(status);
}
`,
    );
    await using root = new Client();
    await using child = new Client();
    await root.launch({ program: spawns, args: [other], childSessions: true }, undefined, capable);
    await open(root, child, 0, () => child.ask('setFunctionBreakpoints', { breakpoints: [{ name: 'become' }] }));
    const stopped = (await child.event('stopped')).body;
    expect(stopped.reason).toBe('function breakpoint');
    expect(child.events('breakpoint')[0]?.body).toMatchObject({ reason: 'changed', breakpoint: { verified: true } });
    const { modules } = (await child.ask('modules')) as { modules: P.Module[] };
    expect(modules.find(({ isUserCode }) => isUserCode)).toMatchObject({ path: other });
    expect(await child.evaluate('n', 'watch', (await child.top(stopped.threadId)).id)).toBe('2');
    expect(child.events('process').at(-1)?.body).toMatchObject({ name: other });
    await child.ask('continue', { threadId: stopped.threadId });
    expect((await child.event('exited')).body).toEqual({ exitCode: 3 });
    expect((await root.event('exited')).body).toEqual({ exitCode: 3 });
  });

  it('is not opened for a process that has ended meanwhile', async () => {
    await using root = new Client();
    await using late = new Client();
    await root.launch({ program: compile(generations), childSessions: true }, undefined, capable);
    const { configuration } = (await root.reverseRequest('startDebugging')).arguments;
    process.kill(configuration.pid, 'SIGKILL');
    expect((await root.event('exited')).body).toEqual({ exitCode: 0 });
    await late.initialize();
    expect(await late.refused('attach', configuration)).toMatch(/process|session/);
  });

  it('may outlive its parent; the first session lasts as long as any', async () => {
    const orphan = writeText(
      'outlives.c',
      `#include <sys/wait.h>
#include <unistd.h>
int main(void) {
  int ends[2];
  char byte;
  pipe(ends);
  if (fork() == 0) {
    close(ends[1]);
    read(ends[0], &byte, 1); // until the parent has ended
    return 7; // alone
  }
  return 3;
}
`,
    );
    await using root = new Client();
    await using child = new Client();
    await root.launch({ program: compile(orphan), childSessions: true }, undefined, capable);
    const breakpoints = { source: { path: orphan }, breakpoints: [{ line: lineOf(orphan, '// alone') }] };
    await open(root, child, 0, () => child.ask('setBreakpoints', breakpoints));
    const { threadId } = (await child.event('stopped')).body;
    expect(root.events('terminated')).toEqual([]);
    await child.ask('continue', { threadId });
    expect((await child.event('exited')).body).toEqual({ exitCode: 7 });
    expect((await root.event('exited')).body).toEqual({ exitCode: 3 });
    await root.event('terminated');
  });

  it('ends when the program begins again, and another is asked for', async () => {
    await using root = new Client();
    await using first = new Client();
    await using second = new Client();
    await root.launch({ program: compile(generations), childSessions: true }, undefined, capable);
    const breakpoints = { source: { path: generations }, breakpoints: [{ line: lineOf(generations, '// back') }] };
    const set = (client: Client) => (): Promise<unknown> => client.ask('setBreakpoints', breakpoints);
    await open(root, first, 0, set(first));
    await root.ask('restart');
    await first.event('terminated');
    await open(root, second, 1, set(second));
    expect(pidOf(second)).not.toBe(pidOf(first));
    await using grandchild = new Client();
    await open(second, grandchild);
    const stopped = (await second.event('stopped')).body;
    await second.ask('continue', { threadId: stopped.threadId });
    expect((await root.event('exited')).body).toEqual({ exitCode: 4 });
  });
});

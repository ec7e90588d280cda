/** Programs that crash, and how deet explains it. */
import type { Explanation } from '../../src/insight/crash.js';
import { explain } from '../../src/insight/explain.js';
import { sceneOf } from '../../src/insight/thread_scene.js';
import { Session } from '../../src/session/session.js';
import { compileText } from '../helpers/build.js';

/** Runs a program to the signal that would kill it, and explains. */
export const crash = async (program: string, args: string[] = []): Promise<Explanation> => {
  const session = new Session(program, { batch: true, arguments: args });
  session.redirections = [1, 2].map((fd) => ({ fd, path: '/dev/null', access: 'truncate' as const }));
  try {
    const outcome = await session.run();
    if (outcome.kind === 'ended') throw new Error(`it did not crash: ${JSON.stringify(outcome.ending)}`);
    const { thread, signal } = outcome.stop;
    return explain(sceneOf(thread, session.stack(thread), signal?.info ? { signal: signal.info } : {}));
  } finally {
    session.close();
  }
};

export const source = (name: string, body: string, flags: readonly string[] = []): string =>
  compileText(
    `${name}.c`,
    `#define _GNU_SOURCE
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>
struct inner { int a, b; };
struct node { long value; struct inner in[4]; struct node *next; void (*act)(struct node *); };
struct node *head; int table[8];
${body}`,
    ['-pthread', '-w', ...flags],
  );

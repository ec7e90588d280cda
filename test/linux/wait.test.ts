/** Several sessions wait in one JavaScript thread: what one takes from the kernel while it looks for its own is not lost for the other. */
import { expect, it } from 'vitest';
import { launchProgram } from '../../src/linux/launch.js';
import { seizeLaunched } from '../../src/linux/seize.js';
import { PtraceEvent } from '../../src/linux/constants.js';
import { decodeStatus, isGroupStop, type WaitEvent } from '../../src/linux/status.js';
import { waitHub, type WaitClient } from '../../src/linux/wait.js';
import { native } from '../../src/native.js';
import { compileText } from '../helpers/build.js';
import { leakGuard } from '../helpers/leaks.js';

leakGuard();

const program = compileText('returns_5.c', 'int main(void) { return 5; }');

class Client implements WaitClient {
  readonly pid: number;
  constructor() {
    ({ pid: this.pid } = launchProgram({ program }));
    seizeLaunched(this.pid);
    waitHub.add(this);
  }
  owns(tid: number): boolean {
    return tid === this.pid;
  }
  /** Looks, as a session that runs does, until the kernel has been asked for everything that it has. */
  look(): WaitEvent | undefined {
    return waitHub.next(this, undefined, () => [this.pid]);
  }
}

it.each([
  ['waits for it', (client: Client) => waitHub.waitFor(client, client.pid)],
  ['quiesces it', (client: Client) => waitHub.waitBriefly(client, client.pid, 0)],
  ['looks', (client: Client) => client.look()],
] as const)('the event is kept until its session %s', (_, take) => {
  const [one, other] = [new Client(), new Client()];
  try {
    native.cont(one.pid, 0);
    // The other one's look also finds the end of the first, and there is nothing of its own.
    while (!(native.peekWaitable() === 0 && hasEnded(one.pid))) expect(other.look()).toBeUndefined();
    expect(take(one)).toEqual({ tid: one.pid, kind: 'exited', code: 5 });
    native.cont(other.pid, 0);
    let last: WaitEvent | undefined;
    while (!last) last = other.look();
    expect(last).toEqual({ tid: other.pid, kind: 'exited', code: 5 });
  } finally {
    waitHub.rest();
    waitHub.remove(one);
    waitHub.remove(other);
  }
});

/** Reaped: the kernel has told of its end, and does not know it any more. */
const hasEnded = (pid: number): boolean => native.kill(pid, 0) < 0;

it('nobody listens for children once the last session has gone', () => {
  const before = process.listenerCount('SIGCHLD');
  const client: WaitClient = { owns: () => false };
  waitHub.add(client);
  expect(process.listenerCount('SIGCHLD')).toBe(before + 1);
  waitHub.remove(client);
  expect(process.listenerCount('SIGCHLD')).toBe(before);
});

it.each([
  ['a stop of job control', PtraceEvent.stop, 19, true],
  ['the trap of a seized thread that begins or goes on', PtraceEvent.stop, 5, false],
  ['a fork', PtraceEvent.fork, 5, false],
  ['an end that is about to come', PtraceEvent.exit, 5, false],
])('%s: is it a group-stop?', (_, event, signal, expected) => {
  expect(isGroupStop(decodeStatus(1, (event << 16) | (signal << 8) | 0x7f))).toBe(expected);
});

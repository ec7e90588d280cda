/** A signal that the user gives a thread (`signal`, `queue-signal`), however the thread came to stand still. */
import { takesSignal } from '../inferior/stop_facts.js';
import type { Thread } from '../inferior/thread.js';
import { native } from '../native.js';

/** The thread gets this signal when it goes on, instead of the one that stopped it; 0: none. */
export const giveSignal = (thread: Thread, signal: number): void => {
  thread.signal = 0;
  if (signal === 0) return;
  if (takesSignal(thread)) {
    thread.signal = signal;
    return;
  }
  thread.promised = signal;
  native.killThread(thread.process.pid, thread.tid, signal);
};

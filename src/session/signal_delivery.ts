/** A signal that the user gives a thread (`signal`, `queue-signal`), however the thread came to stand still. */
import type { Thread } from '../inferior/thread.js';
import { Signal } from '../linux/constants.js';
import { signalInfoSize } from '../linux/siginfo.js';
import { native } from '../native.js';

/** PTRACE_O_TRACESYSGOOD's mark on the stops of system calls; events stand in the next byte (ptrace(2)). */
const systemCallStop = Signal.SIGTRAP | 0x80;
const isEventStop = (code: number): boolean => (code & 0xff) === Signal.SIGTRAP && code > 0xff;

/** Only a stop by a signal can be ended with another one; the kernel forgets what is given at other stops. */
const takesSignal = (thread: Thread): boolean => {
  const bytes = new Uint8Array(signalInfoSize);
  if (native.getSignalInfo(thread.tid, bytes) < 0) return false;
  const code = new DataView(bytes.buffer).getInt32(8, true);
  return code !== systemCallStop && !isEventStop(code);
};

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

/** The signals by which somebody ends deet, also in the middle of a computation that hears of nothing. */
import { constants } from 'node:os';
import { native } from '../native.js';

/** For an orderly end: everybody killed and reaped, breakpoints lifted from what was attached to. After it the kernel kills the family. */
const graceSeconds = 2;

/** @param end is told the signal's number; it ends this process */
export const onEndingSignal = (end: (signal: number) => void): void => {
  for (const name of ['SIGTERM', 'SIGHUP', 'SIGQUIT'] as const) {
    const number = constants.signals[name];
    process.on(name, () => end(number));
    native.endWithin(number, graceSeconds);
  }
};

/** What ends deet from outside, signals and a time limit, also in the middle of a computation that hears of nothing. */
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

/**
 * @param milliseconds from now
 * @param end is told that the time is over; it ends this process, with the status
 */
export const onTimeLimit = (milliseconds: number, status: number, end: () => void): void => {
  setTimeout(end, milliseconds).unref();
  native.endAfter(Math.ceil(milliseconds / 1000) + graceSeconds, status);
};

/**
 * deet as a library: debug a program from a script or a test, with the engine of the prompt.
 *
 * ```ts
 * import { launch } from 'deet';
 * await using session = await launch('./segfault', { args: ['3'] }); // killed and reaped at the end of the block
 * await session.break('func2', { condition: 'a > 1' });
 * const stop = await session.continue();
 * console.log(stop.frame.toString(), await stop.frame.evaluate('a'));
 * ```
 *
 * @packageDocumentation
 */
export { Breakpoint, type Location } from './api/breakpoint.js';
export type { Event } from './api/events.js';
export { Frame, Value, type JavaScriptValue } from './api/frame.js';
export type { AttachOptions, BreakOptions, CommonOptions, CoreOptions, LaunchOptions, Stream, WatchOptions } from './api/options.js';
export { attach, launch, openCore, Session, type CoreFacts, type StepOptions } from './api/session.js';
export { Stop, type Change, type Exit } from './api/stop.js';
export type { Input } from './api/streams.js';
export { Process, Thread } from './api/thread.js';
export type { Check, Expectation, ExpectedText, LabDefinition, Limits } from './labs/lab.js';
export { DeetError } from './common/errors.js';
export { version } from './common/version.js';
export type { Result, StopResult } from './commands/results.js';
export type { StopReason } from './session/types.js';

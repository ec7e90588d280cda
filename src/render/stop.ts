/** A stop as text: why, who, where, and the source around. */
import type { StopResult, WatchResult } from '../commands/results.js';
import { line, lines } from './escape.js';
import { around } from './source.js';
import { frameArguments, frameText, type TextOptions } from './frame.js';
import type { Style } from './style.js';

export const renderStop = (stop: StopResult, options: TextOptions): string => {
  const { style } = options;
  return [...(stop.notes ?? []).map(lines), ...who(stop, style), ...why(stop, style), ...where(stop, options)].join('\n');
};

/** Only where there is more than one process or thread. */
const who = ({ thread, pid, tid }: StopResult, style: Style): string[] => {
  if (!thread) return [];
  const name = thread.name === undefined ? '' : ` "${line(thread.name)}"`;
  const part = thread.threads > thread.processes ? `, thread ${thread.id} (tid ${tid})${name}` : '';
  return [style.dim(`[Process ${pid}${part}]`)];
};

/** The signal that the handout's debugger sees at a stop: SIGTRAP is what a breakpoint raises. */
const childStopped = (signal: string): string => `Child stopped (signal ${signal})`;

const why = (stop: StopResult, style: Style): string[] => {
  const { reason, frame } = stop;
  const inFunction = frame?.function === undefined ? '' : `, ${style.function(line(frame.function))} (${frameArguments(frame, style)})`;
  switch (reason) {
    case 'breakpoint': {
      const ids = stop.breakpoints ?? (stop.breakpoint === undefined ? [] : [stop.breakpoint]);
      const what = `${stop.temporary ? 'Temporary breakpoint' : 'Breakpoint'}${ids.length > 1 ? 's' : ''} ${ids.join(', ')}`;
      return ids.length === 0 ? [childStopped('SIGTRAP')] : [`${what}${inFunction}`, childStopped('SIGTRAP')];
    }
    case 'signal':
    case 'exception':
      return [childStopped(stop.signal ?? 'SIGTRAP')];
    case 'pause':
      return [childStopped('SIGINT')];
    case 'watchpoint':
      return (stop.watches ?? (stop.watch ? [stop.watch] : [])).flatMap((watch) => watchLines(watch, style));
    case 'fork':
    case 'vfork':
      return [`Catchpoint ${stop.breakpoint ?? ''} (${reason}ed process ${stop.child ?? '?'})`];
    case 'exec':
      return [`Catchpoint ${stop.breakpoint ?? ''} (exec'd ${line(stop.program ?? '?')})`];
    case 'syscall':
      return [
        `Catchpoint ${stop.breakpoint ?? ''} (${stop.syscall?.phase === 'exit' ? 'returned from' : 'call to'} syscall ${line(stop.syscall?.text ?? '?')})`,
      ];
    case 'hang':
      return ['The program has made no progress.'];
    default:
      return [];
  }
};

const watchLines = ({ id, expression, old, new: now, scopeEnded, file, line: number }: WatchResult, style: Style): string[] => {
  if (scopeEnded) return [`Watchpoint ${id} deleted: its frame has ended`];
  return [
    `Watchpoint ${id}: ${line(expression)}`,
    ...(old === undefined ? [`Value = ${lines(now ?? '')}`] : [`Old value = ${lines(old)}`, `New value = ${lines(now ?? '')}`]),
    ...(file === undefined ? [] : [`${old === undefined ? 'Used' : 'Changed'} by ${style.place(`${line(file)}:${number ?? 0}`)}`]),
  ];
};

const where = ({ frame, returned, returnedNumber }: StopResult, options: TextOptions): string[] => {
  const { style } = options;
  const value = returned ? [`Value returned is ${style.name(`$${returnedNumber ?? ''}`)} = ${lines(returned.value)}`] : [];
  if (!frame) return value;
  if (frame.file === undefined || frame.line === undefined) return [`Stopped at ${frameText(frame, style)}`, ...value];
  return [`Stopped at ${style.place(`${line(frame.file)}:${frame.line}`)}`, ...around(frame.file, frame.line, options), ...value];
};

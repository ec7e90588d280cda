/** A stop as text: why, who, where, and the source around. */
import type { FrameResult, StopResult, WatchResult } from '../commands/results.js';
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
      return [
        ...(stop.breakpoint === undefined ? [] : [`Catchpoint ${stop.breakpoint} (signal ${stop.signal ?? '?'})`]),
        childStopped(stop.signal ?? 'SIGTRAP'),
      ];
    case 'exception':
      return [`Catchpoint ${stop.breakpoint ?? ''} (${exceptionWords(stop)})`, childStopped('SIGTRAP')];
    case 'location':
      return [`Catchpoint ${stop.breakpoint ?? ''}`, ...fileLines('loaded', stop.loaded), ...fileLines('unloaded', stop.unloaded)];
    case 'pause':
      if (stop.limit !== undefined) return [limitText(stop)];
      return [stop.unasked ? 'Child stopped' : childStopped('SIGINT')];
    case 'watchpoint':
      return (stop.watches ?? (stop.watch ? [stop.watch] : [])).flatMap((watch) => watchLines(watch, style));
    case 'fork':
    case 'vfork':
      return [
        ...(stop.breakpoint === undefined ? [] : [`Catchpoint ${stop.breakpoint} (${reason}ed process ${stop.child ?? '?'})`]),
        ...(stop.limit === undefined ? [] : [limitText(stop)]),
      ];
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

/** While all are being stopped, some still fork. */
const limitText = ({ limit = 0, child, thread }: StopResult): string =>
  `Child stopped: the family has ${thread?.processes ?? limit} live processes${child === undefined ? '' : ` (forked process ${child})`}, and "set process-limit ${limit}" lets it have no more. "kill" ends them all.`;

const exceptionVerbs = { throw: 'thrown', rethrow: 'rethrown', catch: 'caught' } as const;

const exceptionWords = ({ exception }: StopResult): string =>
  `exception ${exceptionVerbs[exception?.kind ?? 'throw']}${exception?.type === undefined ? '' : `: ${line(exception.type)}`}`;

const fileLines = (verb: string, files: readonly string[] = []): string[] => files.map((file) => `  Inferior ${verb} ${line(file)}`);

const watchLines = ({ id, expression, old, new: now, scopeEnded, file, line: number }: WatchResult, style: Style): string[] => {
  if (scopeEnded) return [`Watchpoint ${id} deleted: its frame has ended`];
  return [
    `Watchpoint ${id}: ${line(expression)}`,
    ...(old === undefined ? [`Value = ${lines(now ?? '')}`] : [`Old value = ${lines(old)}`, `New value = ${lines(now ?? '')}`]),
    ...(file === undefined ? [] : [`${old === undefined ? 'Used' : 'Changed'} by ${style.place(`${line(file)}:${number ?? 0}`)}`]),
  ];
};

const where = ({ frame, calledFrom, returned, returnedNumber, returnedText }: StopResult, options: TextOptions): string[] => {
  const { style, sources } = options;
  const value = returned ? [`Value returned is ${style.name(`$${returnedNumber ?? ''}`)} = ${lines(returnedText ?? returned.value)}`] : [];
  if (!frame) return value;
  const { file, line: number } = frame;
  const here = file === undefined || number === undefined ? undefined : { file, number };
  const stopped = `Stopped at ${here ? style.place(`${line(here.file)}:${here.number}`) : frameText(frame, style)}`;
  const readable = here && sources.text(here.file) !== undefined;
  const caller = readable ? [] : calledFromProgram(calledFrom, options);
  return [stopped, ...(here && caller.length === 0 ? around(here.file, here.number, options) : caller), ...value];
};

/** Whoever stands in a library, without its source, wants to know which line of the program led there. */
const calledFromProgram = (caller: FrameResult | undefined, options: TextOptions): string[] => {
  if (caller?.file === undefined || caller.line === undefined) return [];
  const { style } = options;
  const place = style.place(`${line(caller.file)}:${caller.line}`);
  return [`called from ${style.function(line(caller.function ?? '??'))} at ${place}`, ...around(caller.file, caller.line, options)];
};

/** What stands behind `break`: a place, then `thread N` and `if CONDITION`, in either order. And breakpoints as results. */
import { basename } from 'node:path';
import { hex } from '../common/addresses.js';
import { DeetError } from '../common/errors.js';
import type { Breakpoint, BreakpointKind } from '../session/breakpoint.js';
import { syscallName } from '../linux/syscalls.js';
import type { Session } from '../session/session.js';
import { closingQuote } from './arguments.js';
import type { BreakpointData, LocationResult } from './results.js';

export interface BreakText {
  readonly location: string;
  readonly condition: string | undefined;
  readonly thread: number | undefined;
}

/**
 * Finds ` if ` and ` thread N` outside of quotes and brackets.
 * @throws DeetError `usage`
 */
export const parseBreakText = (text: string): BreakText => {
  const keyword = keywordIn(text);
  if (!keyword) return { location: text.trim(), condition: undefined, thread: undefined };
  const location = text.slice(0, keyword.at).trim();
  const rest = text.slice(keyword.at + keyword.word.length).trim();
  if (keyword.word === 'if') {
    if (rest === '') throw new DeetError('usage', 'A condition is missing behind "if".', 'As in: break main if argc > 1');
    // gdb takes `break f if x thread 2`, too.
    const thread = /\bthread\s+(\d+)\s*$/.exec(rest);
    const condition = thread ? rest.slice(0, thread.index).trim() : rest;
    return { location, condition, thread: thread ? Number(thread[1]) : undefined };
  }
  const match = /^(\d+)(?:\s+if\b\s*([\s\S]+))?$/.exec(rest);
  if (!match) throw new DeetError('usage', '"thread" needs the number of a thread.', 'Type "info threads".');
  return { location, condition: match[2]?.trim(), thread: Number(match[1]) };
};

const keywordIn = (text: string): { readonly word: string; readonly at: number } | undefined => {
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const each = text[at];
    if (each === '"' || each === "'") at = closingQuote(text, at);
    else if ('([{'.includes(each)) depth++;
    else if (')]}'.includes(each)) depth--;
    else if (depth === 0 && (at === 0 || /\s/.test(text[at - 1]))) {
      const word = /^(if|thread)(?![\w:])/.exec(text.slice(at))?.[1];
      if (word !== undefined) return { word, at };
    }
  }
  return undefined;
};

const kindNames: Readonly<Record<BreakpointKind, string>> = {
  breakpoint: 'breakpoint',
  hardware: 'hw breakpoint',
  watch: 'hw watchpoint',
  rwatch: 'read watchpoint',
  awatch: 'acc watchpoint',
  catch: 'catchpoint',
  dprintf: 'dprintf',
};

/** What is caught has a place that only the run-time library knows by name; system calls have names, whatever the user has called them. */
const specOf = ({ catch: caught, kind, spec }: Breakpoint): string => {
  if (caught && kind === 'breakpoint') return ['exception', caught.what, ...caught.names].join(' ');
  return caught?.what === 'syscall' ? ['syscall', ...caught.names.map(syscallWord)].join(' ') : spec;
};

/** `39` as `getpid [39]`. */
const syscallWord = (word: string): string => {
  const name = /^\d+$/.test(word) ? syscallName(Number(word)) : undefined;
  return name === undefined ? word : `${name} [${word}]`;
};

export const describeBreakpoint = (breakpoint: Breakpoint): BreakpointData => ({
  id: breakpoint.id,
  enabled: breakpoint.enabled,
  locations: breakpoint.locations.map(({ address, function: name, signature, position, enabled, checked }): LocationResult => ({
    address: hex(address),
    ...(name !== undefined && { function: name }),
    ...(signature !== undefined && { signature }),
    ...(position && position.line > 0 && { file: position.file.path, line: position.line }),
    ...(!enabled && { enabled }),
    ...(checked && { checked: checked.inProgram ? 'in the program' : 'at each stop' }),
    ...(checked?.why !== undefined && { because: checked.why }),
  })),
  ...(breakpoint.condition !== undefined && { condition: breakpoint.condition }),
  hits: breakpoint.hits,
  pending: breakpoint.pending,
  kind: breakpoint.software ? 'watchpoint' : breakpoint.catch ? 'catchpoint' : kindNames[breakpoint.kind],
  spec: specOf(breakpoint),
  ...(breakpoint.temporary && { temporary: true }),
  ...(breakpoint.ignoreCount > 0 && { ignore: breakpoint.ignoreCount }),
  ...(breakpoint.threadId !== undefined && { thread: breakpoint.threadId }),
  ...(breakpoint.disposition !== 'keep' && { disposition: breakpoint.disposition }),
  ...(breakpoint.commands.length > 0 && { commands: breakpoint.commands }),
  ...(breakpoint.format !== undefined && { format: breakpoint.format }),
});

/** What the user should know about where it went: a line without code, a second breakpoint in the same place. */
export const notesOn = (breakpoint: Breakpoint, session: Session): string[] => {
  const notes: string[] = [];
  const asked = /(?:^|:)(\d+)$/.exec(breakpoint.spec)?.[1];
  // One that has stayed where it is tells best which line it was.
  const place = breakpoint.locations.find(({ line, position }) => line === position?.line) ?? breakpoint.locations.at(0);
  const line = place?.position?.line;
  if (asked !== undefined && place && line !== undefined && line > 0 && Number(asked) !== line) {
    const file = basename(place.position?.file.path ?? '');
    notes.push(
      Number(asked) === place.line
        ? `Line ${asked} opens ${place.function ?? 'the function'}; its first statement is on line ${line} of ${file}.`
        : `Line ${asked} has no code; the next that has is line ${line} of ${file}.`,
    );
  }
  const here = session.breakpoints
    .all()
    .filter(
      (other) => other !== breakpoint && other.locations.some(({ address }) => breakpoint.locations.some((own) => own.address === address)),
    )
    .map(({ id }) => id);
  if (here.length > 0)
    notes.push(`Note: breakpoint${here.length > 1 ? 's' : ''} ${here.join(', ')} ${here.length > 1 ? 'are' : 'is'} also set here.`);
  return notes;
};

/** Results as text for people: the handout's lines to the letter, anything more on lines of its own. */
import { asSentence } from '../common/advice.js';
import { basename } from 'node:path';
import type { ErrorResult, FrameResult, Result, ThreadResult } from '../commands/results.js';
import { caretLines } from '../language/errors.js';
import { renderCore } from './core.js';
import { renderDiagram } from './diagram.js';
import { renderBreakpoint, renderBreakpoints } from './breakpoints.js';
import { line, lines } from './escape.js';
import { renderDescriptorChanges, renderDescriptors, renderExplanation, renderProcesses, renderReport, renderWhy } from './family.js';
import { assignment, frameText, surfaceOf, type TextOptions } from './frame.js';
import { renderDisassembly, renderListing } from './source.js';
import { renderStackPicture } from './stack-picture.js';
import { renderStop } from './stop.js';
import type { Style } from './style.js';

/** With its newline at the end; empty: nothing to show. */
export const toText = (result: Result, options: TextOptions): string => {
  const text = render(result, options);
  return text === '' || (result.type === 'message' && result.level === 'raw') ? text : `${text}\n`;
};

const render = (result: Result, options: TextOptions): string => {
  const { style } = options;
  switch (result.type) {
    case 'stop':
      return renderStop(result, options);
    case 'exit':
      return result.killed ? '' : renderExit(result);
    case 'breakpoint':
      return renderBreakpoint(result, style);
    case 'breakpoints':
      return renderBreakpoints(result.breakpoints, style);
    case 'core':
      return renderCore(result, options);
    case 'backtrace':
      return renderBacktrace(result, style);
    case 'frame':
      return result.lineOnly ? numbered(result.frame, style) : renderFrame(result.frame, options);
    case 'variables':
      return result.variables.length === 0
        ? (nothing[result.scope] ?? 'No variables.')
        : result.variables.map((each) => assignment(each, style)).join('\n');
    case 'value':
      return renderValue(result, style);
    case 'diagram':
      return renderDiagram(result, style, surfaceOf(options));
    case 'stack-frame':
      return renderStackPicture(result, style, surfaceOf(options));
    case 'threads':
      return renderThreads(result.threads, style);
    case 'processes':
      return renderProcesses(result, style);
    case 'registers':
      return Object.entries(result.registers)
        .map(([name, raw]) => {
          const natural = result.natural[name] ?? '';
          // A vector shows its parts.
          const bits = raw.length > 19 || natural.startsWith('{') ? '' : raw.padEnd(20);
          return `${style.name(name.padEnd(15))}${bits}${line(natural)}`.trimEnd();
        })
        .join('\n');
    case 'memory':
      return lines(result.text);
    case 'source':
      return renderListing(result, options);
    case 'disassembly':
      return renderDisassembly(result, options);
    case 'descriptors':
      return renderDescriptors(result, style);
    case 'descriptorChanges':
      return renderDescriptorChanges(result, style);
    case 'why':
      return renderWhy(result, style);
    case 'explanation':
      return renderExplanation(result);
    case 'report':
      return renderReport(result, style);
    case 'message':
      return result.level === 'raw' || result.level === 'log' ? result.text : messageText(result.text, result.level, style);
    case 'error':
      return renderError(result, style);
  }
};

const nothing: Readonly<Record<string, string>> = { locals: 'No locals.', args: 'No arguments.' };

const messageText = (text: string, level: 'note' | 'warning' | undefined, style: Style): string => {
  const safe = lines(text);
  return level === 'warning' ? style.warning(`warning: ${safe}`) : level === 'note' ? style.dim(safe) : safe;
};

const renderExit = ({ pid, status, signal, coreDumped, child }: Extract<Result, { type: 'exit' }>): string => {
  const how = signal === undefined ? `exited (status ${status ?? 0})` : `exited due to signal ${signal}`;
  const core = coreDumped ? ' (core dumped)' : '';
  return child ? `[Process ${pid} ${how}]${core}` : `Child ${how}${core === '' ? '' : `\n${core.trim()}`}`;
};

const numbered = (frame: FrameResult, style: Style): string => `#${String(frame.level).padEnd(2)} ${frameText(frame, style)}`;

/** The handout's own form. */
const handout = ({ function: name, file, line: number, address }: FrameResult): string =>
  `${line(name ?? '??')} (${file === undefined ? address : `${line(file)}:${number ?? 0}`})`;

const renderBacktrace = ({ frames, locals, more, end, style: form }: Extract<Result, { type: 'backtrace' }>, style: Style): string => {
  const rows = frames.flatMap((frame, index) => [
    form === 'handout' ? handout(frame) : numbered(frame, style),
    ...(locals?.[index]?.map((each) => `        ${assignment(each, style)}`) ?? []),
    ...(locals?.[index]?.length === 0 ? [frame.file === undefined ? 'No symbol table info available.' : 'No locals.'] : []),
  ]);
  if (more === true) rows.push(style.dim('(More stack frames follow...)'));
  else if (more !== undefined)
    rows.push(style.dim(`(${more} more frames follow; "backtrace ${frames.length + more}" shows all, "backtrace -10" the outermost)`));
  if (end !== undefined) rows.push(style.warning(`Backtrace stopped: ${end}`));
  return rows.length === 0 ? 'No stack.' : rows.join('\n');
};

/** frame, up, down: the frame's line, then its source line. */
const renderFrame = (frame: FrameResult, { style, sources }: TextOptions): string => {
  const head = numbered(frame, style);
  if (frame.file === undefined || frame.line === undefined) return head;
  const text = sources.text(frame.file)?.line(frame.line);
  return text === undefined ? head : `${head}\n${frame.line}\t${lines(text)}`;
};

const renderValue = ({ expression, value, number, display }: Extract<Result, { type: 'value' }>, style: Style): string => {
  if (display !== undefined) return `${display}: ${style.name(lines(expression))} = ${lines(value)}`;
  return number === undefined ? `$ = ${lines(value)}` : `${style.name(`$${number}`)} = ${lines(value)}`;
};

const renderThreads = (threads: readonly ThreadResult[], style: Style): string => {
  const several = new Set(threads.map(({ pid }) => pid)).size > 1;
  const rows = threads.map(({ id, pid, tid, name, state, current, frame }) => {
    const who = `${several ? `process ${pid} ` : ''}tid ${tid}${name === undefined ? '' : ` "${line(name)}"`}`;
    return `${current ? style.mark('*') : ' '} ${String(id).padEnd(4)} ${who}  ${frame ? frameText(frame, style) : `(${state})`}`;
  });
  return ['  Id   Target  Frame', ...rows].join('\n');
};

/** One line: what went wrong, and what to do next. If it is about a part of an expression, two more point there. */
const renderError = ({ message, hint, origin, code, expression, offset }: ErrorResult, style: Style): string => {
  const place = origin === undefined ? '' : `${basename(origin)}: `;
  const said = `${line(place)}${line(message)}`;
  const caret = expression === undefined ? undefined : caretLines(expression, offset ?? 0);
  const pointer = caret ? `\n  ${line(caret[0])}\n  ${style.mark(caret[1])}` : '';
  return `${code === 'unknown-command' ? said : style.error(said)}${hint === undefined ? '' : ` ${asSentence(line(hint))}`}${pointer}`;
};

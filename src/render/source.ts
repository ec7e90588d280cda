/** Source lines and instructions as text. */
import { basename } from 'node:path';
import type { InstructionResult, Result } from '../commands/results.js';
import { lines as clean, line } from './escape.js';
import { highlighted } from './highlight.js';
import type { Style } from './style.js';
import type { TextOptions } from './frame.js';

/** Lines shown before and behind the one that the program stands at. */
const context = 2;

const numbered = (number: number, text: string, current: boolean, width: number, style: Style): string => {
  const head = String(number).padStart(width);
  return `${current ? style.mark('->') : '  '} ${current ? style.bold(head) : style.dim(head)}  ${text}`.trimEnd();
};

const shownLines = (file: string, { style, sources }: TextOptions): readonly string[] | undefined => {
  const source = sources.lines(file);
  if (!source) return undefined;
  return style.colour ? highlighted(source, clean) : source.map(clean);
};

/** The line, marked, with two around it. A file that cannot be read says so. */
export const around = (file: string, current: number, options: TextOptions): string[] => {
  const all = shownLines(file, options);
  if (!all) return [options.style.dim(`   (${basename(file)} cannot be read: "directory FOLDER" says where the sources are)`)];
  if (current > all.length)
    return [options.style.dim(`   (${basename(file)} has only ${all.length} lines: was it changed after the program was built?)`)];
  const first = Math.max(1, current - context);
  const last = Math.min(all.length, current + context);
  const width = String(last).length;
  return all.slice(first - 1, last).map((text, index) => numbered(first + index, text, first + index === current, width, options.style));
};

export const renderListing = ({ file, first, lines, current }: Extract<Result, { type: 'source' }>, options: TextOptions): string => {
  const all = options.style.colour ? shownLines(file, options) : undefined;
  const texts = all?.slice(first - 1, first - 1 + lines.length) ?? lines.map(clean);
  const width = String(first + lines.length - 1).length;
  return texts.map((text, index) => numbered(first + index, text, first + index === current, width, options.style)).join('\n');
};

export const renderDisassembly = (
  { instructions, function: name, ranges = [], mode }: Extract<Result, { type: 'disassembly' }>,
  options: TextOptions,
): string => {
  const { style } = options;
  if (mode === 'x') return instructions.map((each) => row(each, ` <${each.symbol ?? ''}>`, '', style, each.address)).join('\n');
  const withBytes = mode?.includes('r') ?? false;
  const bytesWidth = Math.max(...instructions.map(({ bytes }) => bytes.length * 1.5), 0);
  const rows: string[] = [];
  let before = '';
  for (const each of instructions) {
    const part = ranges.find(({ start }) => start === each.address);
    if (part) rows.push(`Address range ${part.start} to ${part.end}:`);
    const place = each.line === undefined ? '' : `${each.file ?? ''}:${each.line}`;
    if (place !== before && each.line !== undefined) rows.push(...(rows.length > 0 && !part ? [''] : []), sourceLine(each, options));
    before = place;
    const offset = name === undefined ? (each.symbol ?? '') : (/[+]\d+$/.exec(each.symbol ?? '')?.[0] ?? '+0');
    const bytes = withBytes ? (each.bytes.match(/../g) ?? []).join(' ').padEnd(bytesWidth) + '\t' : '';
    rows.push(row(each, offset === '' ? '' : ` <${offset}>`, bytes, style));
  }
  return [`Dump of assembler code${name === undefined ? '' : ` for function ${line(name)}`}:`, ...rows, 'End of assembler dump.'].join(
    '\n',
  );
};

const wide = (address: string): string => `0x${address.slice(2).padStart(16, '0')}`;

const row = ({ address, text, current }: InstructionResult, label: string, bytes: string, style: Style, shown = wide(address)): string =>
  `${current ? style.mark('=>') : '  '} ${style.address(shown)}${label === ' <>' ? '' : line(label)}:\t${bytes}${line(text)}`;

const sourceLine = ({ file, line: number }: InstructionResult, { sources }: TextOptions): string => {
  const text = file === undefined || number === undefined ? undefined : sources.lines(file)?.[number - 1];
  return `${number ?? ''}\t${text === undefined ? `in ${line(file ?? '')}` : clean(text)}`;
};

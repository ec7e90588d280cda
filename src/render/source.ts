/** Source lines and instructions as text. */
import { basename } from 'node:path';
import { wideHex } from '../common/addresses.js';
import type { InstructionResult, Result, SourceLead } from '../commands/results.js';
import type { SourceText } from '../commands/source_text.js';
import { lines as clean, line } from './escape.js';
import { highlighted } from './highlight.js';
import type { Style } from './style.js';
import type { TextOptions } from './frame.js';

/** Lines shown before and behind the one that the program stands at. */
const context = 2;

/** What gdb keeps for the bytes of an instruction; longer ones move the text. */
const bytesWidth = 19;

const numbered = (number: number, text: string, current: boolean, width: number, style: Style): string => {
  const head = String(number).padStart(width);
  return `${current ? style.mark('->') : '  '} ${current ? style.bold(head) : style.dim(head)}  ${text}`.trimEnd();
};

/** Both numbers included. */
const shownLines = (source: SourceText, first: number, last: number, style: Style): readonly string[] => {
  const coloured = style.colour ? highlighted(source, clean) : undefined;
  return coloured?.slice(first - 1, last) ?? source.lines(first, last).map(clean);
};

/** The line, marked, with two around it. A file that cannot be read says so. */
export const around = (file: string, current: number, options: TextOptions): string[] => {
  const source = options.sources.text(file);
  if (!source) return [options.style.dim(`   (${basename(file)} cannot be read: "directory FOLDER" says where the sources are)`)];
  if (current > source.lastUpTo(current))
    return [options.style.dim(`   (${basename(file)} has only ${source.length} lines: was it changed after the program was built?)`)];
  const first = Math.max(1, current - context);
  const last = source.lastUpTo(current + context);
  const width = String(last).length;
  return shownLines(source, first, last, options.style).map((text, index) =>
    numbered(first + index, text, first + index === current, width, options.style),
  );
};

export const renderListing = ({ file, first, lines, current }: Extract<Result, { type: 'source' }>, options: TextOptions): string => {
  const source = options.style.colour ? options.sources.text(file) : undefined;
  const texts = source ? shownLines(source, first, first + lines.length - 1, options.style) : lines.map(clean);
  const width = String(first + lines.length - 1).length;
  return texts.map((text, index) => numbered(first + index, text, first + index === current, width, options.style)).join('\n');
};

export const renderDisassembly = (
  { instructions, function: name, ranges = [], mode, unreadable }: Extract<Result, { type: 'disassembly' }>,
  options: TextOptions,
): string => {
  const { style } = options;
  if (mode === 'x') return instructions.map((each) => row(each, ` <${each.symbol ?? ''}>`, '', style, each.address)).join('\n');
  const withBytes = mode?.includes('r') ?? false;
  const entry = BigInt(ranges[0]?.start ?? 0);
  const partOf = (address: bigint): number => ranges.findIndex(({ start, end }) => address >= BigInt(start) && address < BigInt(end));
  const rows: string[] = [];
  let part = ranges.length > 1 ? -1 : 0;
  let isFirst = true;
  for (const each of instructions) {
    const address = BigInt(each.address);
    if (ranges.length > 1 && partOf(address) !== part) {
      part = partOf(address);
      if (mode?.includes('m') && rows.length > 0) rows.push('');
      rows.push(`Address range ${ranges[part]?.start} to ${ranges[part]?.end}:`);
      isFirst = true;
    }
    for (const lead of each.lead ?? []) {
      rows.push(...(isFirst ? [] : ['']), ...leadLines(lead, mode, options));
      isFirst = false;
    }
    isFirst = false;
    const offset = Number(address - entry);
    const label = name === undefined ? inSymbol(each.symbol) : `${offset < 0 ? '' : '+'}${offset}`;
    const bytes = withBytes ? (each.bytes.match(/../g) ?? []).join(' ').padEnd(bytesWidth) + '\t' : '';
    rows.push(row(each, label === '' ? '' : ` <${label}>`, bytes, style));
  }
  if (mode?.includes('m') && rows.length > 0) rows.push('');
  const [whole] = ranges;
  const what = name === undefined ? (whole ? ` from ${whole.start} to ${whole.end}` : '') : ` for function ${line(name)}`;
  return [`Dump of assembler code${what}:`, ...rows, ...(unreadable === undefined ? ['End of assembler dump.'] : [])].join('\n');
};

/** `main+0`: where an instruction lies, also at the symbol itself. */
const inSymbol = (symbol: string | undefined): string => (symbol === undefined || /[+]\d+$/.test(symbol) ? (symbol ?? '') : `${symbol}+0`);

const leadLines = ({ file, first, last, newFile }: SourceLead, mode: string | undefined, { sources }: TextOptions): string[] => {
  const source = sources.text(file);
  const rows = Array.from({ length: last - first + 1 }, (_, index) => {
    const text = source?.line(first + index);
    return `${first + index}\t${text === undefined ? `in ${line(file)}` : clean(text)}`;
  });
  return newFile && !mode?.includes('m') ? [`${line(file)}:`, ...rows] : rows;
};

const row = ({ address, text, current }: InstructionResult, label: string, bytes: string, style: Style, shown = wideHex(address)): string =>
  `${current ? style.mark('=>') : '  '} ${style.address(shown)}${label === ' <>' ? '' : line(label)}:\t${bytes}${line(text)}`;

/**
 * Where a breakpoint on a function goes: behind the code that sets up the frame. The rules are those of gdb for x86-64,
 * so that both debuggers stop at the same instruction:
 * - gcc's code with location lists is right from the first instruction on: nothing is skipped.
 * - Where the line table marks the end of the prologue (DW_LNS_set_prologue_end; clang), that is it.
 * - Else, in clang's code, the second line entry; in other code what follows `push %rbp; mov %rsp,%rbp`.
 * - What then lies in the middle of a line moves on to the next line entry of the function.
 */
import { fileAddress, type FileAddress } from '../common/addresses.js';
import { frameSetupEnd } from './frame-setup.js';
import type { LineTable } from './line-table.js';
import type { Language } from '../dwarf/constants.js';
import type { AddressRange } from './model.js';

/** A function and its surroundings, as far as these rules look at them. */
export interface PrologueView {
  readonly entry: FileAddress;
  readonly ranges: readonly AddressRange[];
  readonly producer: string;
  /** Empty for a function without debug information. */
  readonly lines: LineTable | undefined;
  /** Some variable of the unit has a location list. */
  readonly hasLocationLists: boolean;
  readonly language: Language;
  /** Is this address in code inlined from elsewhere? */
  inlinedAt(address: FileAddress): boolean;
  bytesAt(address: FileAddress, length: number): Uint8Array | undefined;
}

/** As gdb recognises them: `clang version 14.0.6`, not a distributor's `Debian clang version 14.0.6`, whose functions go by their instructions. */
const isClang = (producer: string): boolean => /^clang |^ F90 Flang /.test(producer);

/** `GNU C17 12.2.0 ...`: the version; undefined for other compilers. */
const gccVersion = (producer: string): { major: number; minor: number } | undefined => {
  const match = /^GNU\s.*?\b(\d+)\.(\d+)/.exec(producer);
  return match ? { major: Number(match[1]), minor: Number(match[2]) } : undefined;
};

/** gcc from 4.5 on keeps location lists exact in prologues and epilogues; what is written in assembler has no prologue that anybody else wrote. */
export const locationsAreExact = (view: Pick<PrologueView, 'producer' | 'hasLocationLists' | 'language'>): boolean => {
  if (view.language === 'asm') return true;
  const gcc = view.hasLocationLists ? gccVersion(view.producer) : undefined;
  return gcc !== undefined && (gcc.major > 4 || (gcc.major === 4 && gcc.minor >= 5));
};

/** @returns the function's entry when nothing is to be skipped. */
export const prologueEnd = (view: PrologueView): FileAddress => {
  const { entry, lines } = view;
  const marked = lines && markedEnd(view, lines);
  if (marked !== undefined) return marked;
  return lines && locationsAreExact(view) ? entry : behindSetup(view);
};

/** The same for `step` into the function, which in gdb passes over the frame's set-up even where locations are exact, and does not look for marks. */
export const stepTarget = (view: PrologueView): FileAddress => (view.language === 'asm' ? view.entry : behindSetup(view));

const behindSetup = (view: PrologueView): FileAddress => {
  const { entry, lines } = view;
  const second = lines && isClang(view.producer) ? secondLine(view, lines) : undefined;
  const pc = second !== undefined ? fileAddress(Math.max(entry, second)) : behindFrame(view);
  if (!lines) return pc;
  const index = lines.indexAt(pc);
  if (index < 0 || lines.address(index) === pc) return pc;
  const end = lines.endOf(index);
  return end >= entry && end < blockEnd(view) ? end : pc;
};

/** Where the function ends, all its parts taken together. */
const blockEnd = ({ ranges, entry }: PrologueView): number => ranges.reduce((end, range) => Math.max(end, range.high), Number(entry));

/** Where the part ends in which the function is entered. */
const partEnd = ({ ranges, entry }: PrologueView): number => ranges.find(({ low, high }) => entry >= low && entry < high)?.high ?? entry;

const markedEnd = (view: PrologueView, lines: LineTable): FileAddress | undefined => {
  const source = lines.source(lines.indexAt(view.entry));
  const end = partEnd(view);
  for (let index = lines.firstAt(view.entry); index < lines.count && lines.address(index) <= end; index++)
    if (lines.prologueEnd(index) && lines.source(index) === source && lines.line(index) !== 0) return lines.address(index);
  return undefined;
};

const behindFrame = (view: PrologueView): FileAddress => {
  const { entry, lines } = view;
  const length = frameSetupEnd((offset, count) => view.bytesAt(fileAddress(entry + offset), count));
  if (length === 0) return entry;
  const pc = fileAddress(entry + length);
  return (lines && behindVectorSaves(view, lines, pc)) ?? pc;
};

/**
 * A function with `...` saves the vector registers that may hold arguments: `test %al,%al; je; movaps ...`. gcc from 4.6
 * on gives them a line entry of their own with the line of the function's start; that one is passed over as well.
 */
const behindVectorSaves = (view: PrologueView, lines: LineTable, pc: FileAddress): FileAddress | undefined => {
  const gcc = gccVersion(view.producer);
  if (!gcc || gcc.major < 4 || (gcc.major === 4 && gcc.minor < 6)) return undefined;
  const start = lines.indexAt(view.entry);
  if (start < 0 || lines.address(start) !== view.entry || pc >= lines.endOf(start)) return undefined;
  const next = lines.indexAt(lines.endOf(start));
  if (next < 0 || lines.line(next) !== lines.line(start)) return undefined;
  const code = view.bytesAt(fileAddress(lines.address(next) - 4), 60);
  if (code?.[0] !== 0x84 || code[1] !== 0xc0 || code[2] !== 0x74) return undefined;
  let at = 4;
  for (let register = 0; register < 8; register++) {
    const modrm = code[at + 2] ?? 0;
    if (code[at] !== 0x0f || code[at + 1] !== 0x29 || (modrm & 0x3f) !== ((register << 3) | 5)) return undefined;
    const mode = modrm & 0xc0;
    if (mode === 0x40) at += 4;
    else if (mode === 0x80) at += 7;
    else return undefined;
  }
  return at - 4 === code[3] ? lines.endOf(next) : undefined;
};

/**
 * The line entry behind the first: of two at the same address there is no prologue at all; entries of smaller lines that
 * are not inlined code were moved into the prologue by the compiler and are passed over.
 */
const secondLine = (view: PrologueView, lines: LineTable): FileAddress | undefined => {
  const { entry } = view;
  let index = lines.indexAt(entry);
  if (index < 0) return undefined;
  const first = lines.firstOf(lines.address(index), lines.source(index));
  if (first >= 0 && first + 1 < lines.count && lines.line(first + 1) !== 0 && lines.address(first + 1) === entry) return entry;
  const end = partEnd(view);
  if (lines.endOf(index) >= end) return undefined;
  while (lines.endOf(index) < end) {
    const behind = lines.endOf(index);
    const next = lines.indexAt(behind);
    if (next < 0 || lines.line(next) >= lines.line(index) || lines.source(next) !== lines.source(index) || view.inlinedAt(behind)) break;
    index = next;
  }
  return lines.endOf(index) < end ? lines.endOf(index) : lines.address(index);
};

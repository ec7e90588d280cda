/**
 * Where a breakpoint on a function goes: behind the code that sets up the frame, by gdb's rules, so that both debuggers
 * stop at the same instruction. They are: code built with location lists by gcc is right from the first instruction, so
 * no skipping; of clang's code the second line entry is trusted; else `push %rbp; mov %rsp,%rbp` is looked for, and then
 * the line entry that follows.
 */
import { fileAddress, type FileAddress } from '../common/addresses.js';
import type { AddressRange } from './model.js';
import type { LineTable } from './line-table.js';

/** A function and its surroundings, as far as these rules look at them. */
export interface PrologueView {
  readonly entry: FileAddress;
  readonly ranges: readonly AddressRange[];
  readonly producer: string;
  readonly lines: LineTable | undefined;
  /** Some variable of the unit has a location list. */
  readonly hasLocationLists: boolean;
  bytesAt(address: FileAddress, length: number): Uint8Array | undefined;
}

const isClang = (producer: string): boolean =>
  producer.startsWith('clang ') || producer.includes(' clang ') || producer.startsWith('flang ');

/** gcc from 4.5 on: its location lists hold at every instruction. */
const isTrustedGcc = (producer: string): boolean => {
  const match = /^GNU\s.*?(\d+)\.(\d+)/.exec(producer);
  if (!match) return false;
  const major = Number(match[1]);
  return major > 4 || (major === 4 && Number(match[2]) >= 5);
};

/** @returns the function's entry when nothing is to be skipped. */
export const prologueEnd = (view: PrologueView): FileAddress => {
  const { entry, lines } = view;
  if (view.hasLocationLists && isTrustedGcc(view.producer)) return entry;
  let pc = entry;
  const second = isClang(view.producer) ? secondLine(view) : undefined;
  if (second !== undefined) pc = fileAddress(Math.max(entry, second));
  else pc = behindFrameSetup(view);
  if (!lines) return pc;
  // In the middle of a line: on to the next, as long as that is in the function.
  const index = lines.indexAt(pc);
  if (index < 0 || lines.address(index) === pc) return pc;
  const end = lines.endOf(index);
  const block = view.ranges.find((range) => entry >= range.low && entry < range.high) ?? view.ranges[0];
  return block && end >= entry && end < block.high ? end : pc;
};

/** `endbr64`, `push %rbp`, `mov %rsp,%rbp`: what gdb's amd64_analyze_prologue knows. Without a frame: the entry itself. */
const behindFrameSetup = (view: PrologueView): FileAddress => {
  const code = view.bytesAt(view.entry, 16) ?? view.bytesAt(view.entry, 8) ?? view.bytesAt(view.entry, 4);
  if (!code) return view.entry;
  const matches = (at: number, ...bytes: number[]): boolean => bytes.every((byte, i) => code[at + i] === byte);
  let at = 0;
  if (matches(0, 0xf3, 0x0f, 0x1e, 0xfa)) at = 4;
  if (!matches(at, 0x55)) return view.entry;
  const frame = matches(at + 1, 0x48, 0x89, 0xe5) || matches(at + 1, 0x48, 0x8b, 0xec);
  return frame ? fileAddress(view.entry + at + 4) : view.entry;
};

/** gdb's skip_prologue_using_sal: the address of the second line entry of the function. */
const secondLine = (view: PrologueView): FileAddress | undefined => {
  const { lines, entry } = view;
  if (!lines) return undefined;
  const block = view.ranges.find((range) => entry >= range.low && entry < range.high);
  const index = lines.indexAt(entry);
  if (index < 0 || !block) return undefined;
  const startLine = lines.line(index);
  let end = lines.endOf(index);
  // Several entries of the same line: to the first that differs (the line of the body).
  for (let guard = 0; guard < 1000 && end < block.high; guard++) {
    const next = lines.indexAt(end);
    if (next < 0 || lines.line(next) !== 0) {
      if (next >= 0 && lines.line(next) >= startLine) return end;
      if (next < 0) return end;
    }
    end = lines.endOf(next);
  }
  return end < block.high ? end : undefined;
};

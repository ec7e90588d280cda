/**
 * The rows of a line number program (DWARF 5, 6.2.2 and 6.2.5). The machine that makes them is in native/lines.cc: a unit may have hundreds of
 * thousands of rows, and none of its lines can be found before all of them are known.
 */
import { FormatError } from '../common/errors.js';
import { Reader } from '../common/reader.js';
import type { FileEntry, LineHeader } from '../dwarf/lines.js';
import type { Unit } from '../dwarf/unit.js';
import { native } from '../native.js';
import type { SourceFile } from './model.js';

/** Producers of long ago defined some; a damaged program may define millions. */
const MAX_DEFINED_FILES = 100_000;

/** Bits of `LineRows.flags`; native/lines.cc has the same. */
export const RowFlag = { isStatement: 1, prologueEnd: 2, epilogueBegin: 4, endSequence: 8 } as const;

/** Size of a row in bytes, and in words of eight, four and two bytes; native/lines.cc has the same. */
const ROW = 24;
const EIGHTS = ROW / 8;
const FOURS = ROW / 4;
const TWOS = ROW / 2;

/** The matrix of 6.2.2, its sequences in the order of their first addresses; or those of its rows that count (symbols/line-table.ts). */
export class LineRows {
  private readonly eights: Float64Array;
  private readonly fours: Uint32Array;
  private readonly twos: Uint16Array;
  private readonly bytes: Uint8Array;

  constructor(
    private readonly buffer: ArrayBuffer,
    readonly count = buffer.byteLength / ROW,
  ) {
    this.eights = new Float64Array(buffer);
    this.fours = new Uint32Array(buffer);
    this.twos = new Uint16Array(buffer);
    this.bytes = new Uint8Array(buffer);
  }

  /**
   * The rows that count, in the order of addresses. They take the place of these, which are gone then.
   * @param sources the file of each file number; numbers that mean the same file have the same object
   * @param lowest the unit's first address: sequences at 0 below it belong to code that the linker dropped
   */
  recorded(sources: readonly (SourceFile | undefined)[], lowest: number): LineRows {
    const numbers = new Map<SourceFile, number>();
    const numberOf = (source: SourceFile): number => {
      const known = numbers.get(source) ?? numbers.size + 1;
      numbers.set(source, known);
      return known;
    };
    return new LineRows(
      this.buffer,
      native.recordLines(
        this.buffer,
        Int32Array.from(sources, (source) => (source ? numberOf(source) : 0)),
        lowest,
      ),
    );
  }

  address(row: number): number {
    return this.eights[EIGHTS * row];
  }

  file(row: number): number {
    return this.fours[FOURS * row + 2];
  }

  line(row: number): number {
    return this.fours[FOURS * row + 3];
  }

  discriminator(row: number): number {
    return this.fours[FOURS * row + 4];
  }

  column(row: number): number {
    return this.twos[TWOS * row + 10];
  }

  /** Of `RowFlag`. */
  flags(row: number): number {
    return this.bytes[ROW * row + 22];
  }
}

/**
 * Runs the program, and adds the files that it defines to the header. Damage ends it: `problem` says where, and a sequence
 * that was being built is closed where it stood so that its rows are of use.
 */
export const runLineProgram = (unit: Unit, header: LineHeader): { rows: LineRows; problem?: FormatError } => {
  const section = unit.file.section('line');
  const { rows, definedFiles, problem } = native.runLineProgram(section, header.program, header.end, header);
  const reader = new Reader(section, '.debug_line', header.program, header.end);
  for (const offset of definedFiles.slice(0, MAX_DEFINED_FILES)) header.files.push(definedFile(reader.at(offset)));
  return { rows: new LineRows(rows), ...(problem && { problem: new FormatError('.debug_line', problem.offset, problem.what) }) };
};

/** The operands of DW_LNE_define_file; undefined: they are damaged, but the number is taken. */
const definedFile = (reader: Reader): FileEntry | undefined => {
  try {
    return { name: reader.cstring(), directory: reader.uleb() };
  } catch {
    return undefined;
  }
};

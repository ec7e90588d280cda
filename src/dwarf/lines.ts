/**
 * Line number programs, versions 2 to 5 (DWARF 5, 6.2): the header with its tables of directories and files, and the
 * machine whose rows say which instruction belongs to which line. Rows are kept in flat typed arrays, as the program
 * emits them; whoever asks for addresses sorts the sequences (symbols/line-table.ts).
 */
import { Reader } from '../common/reader.js';
import { Form, LineContent, LineExtended, LineOp } from './constants.js';
import type { Unit } from './unit.js';

export interface FileEntry {
  readonly name: string;
  /** Index into `directories`. */
  readonly directory: number;
  readonly md5?: Uint8Array;
}

export interface LineHeader {
  readonly version: number;
  readonly offsetSize: number;
  readonly addressSize: number;
  /** Directory 0 is the directory of the compilation: given in version 5, DW_AT_comp_dir before. */
  readonly directories: readonly string[];
  /** By the numbers that rows and DW_AT_decl_file use: before version 5 they count from 1, and entry 0 is undefined. */
  readonly files: (FileEntry | undefined)[];
  readonly minimumInstructionLength: number;
  readonly maximumOperations: number;
  readonly defaultIsStatement: boolean;
  readonly lineBase: number;
  readonly lineRange: number;
  readonly opcodeBase: number;
  /** Number of LEB128 operands of the standard opcodes, from opcode 1. */
  readonly operandCounts: readonly number[];
  /** Where the program lies in .debug_line. */
  readonly program: number;
  readonly end: number;
}

/** Bits of `LineRows.flags`. */
export const RowFlag = { isStatement: 1, prologueEnd: 2, epilogueBegin: 4, endSequence: 8 } as const;

/** One unit's program cannot have more rows than this (12,000 functions of 1,000 rows each): damage. */
const MAX_ROWS = 12_000_000;

/** @throws FormatError when the header is damaged. */
export const readLineHeader = (unit: Unit, offset: number): LineHeader => {
  const { file } = unit;
  const reader = new Reader(file.section('line'), '.debug_line', 0);
  reader.seek(offset);
  let length = reader.u32();
  let offsetSize = 4;
  if (length === 0xffff_ffff) {
    length = reader.u64();
    offsetSize = 8;
  }
  const end = reader.offset + length;
  if (end > reader.end) reader.fail('line table runs over the end of the section', offset);
  const version = reader.u16();
  if (version < 2 || version > 5) reader.fail(`line table of version ${version}`, offset);
  let addressSize = unit.addressSize;
  if (version >= 5) {
    addressSize = reader.u8();
    reader.u8(); // segment_selector_size: 0 wherever there are no segments
  }
  const headerLength = reader.unsigned(offsetSize);
  const program = reader.offset + headerLength;
  if (program > end) reader.fail('line table header runs over its end', offset);
  const minimumInstructionLength = reader.u8();
  const maximumOperations = version >= 4 ? Math.max(1, reader.u8()) : 1;
  const defaultIsStatement = reader.u8() !== 0;
  const lineBase = reader.i8();
  const lineRange = reader.u8();
  const opcodeBase = reader.u8();
  const operandCounts: number[] = [];
  for (let opcode = 1; opcode < opcodeBase; opcode++) operandCounts.push(reader.u8());
  const tables = version >= 5 ? readTables5(unit, reader, offsetSize) : readTables2(unit, reader);
  return {
    version,
    offsetSize,
    addressSize,
    ...tables,
    minimumInstructionLength,
    maximumOperations,
    defaultIsStatement,
    lineBase,
    lineRange,
    opcodeBase,
    operandCounts,
    program,
    end,
  };
};

interface Tables {
  directories: string[];
  files: (FileEntry | undefined)[];
}

/** Versions 2 to 4: two lists of strings, each ended by an empty one. */
const readTables2 = (unit: Unit, reader: Reader): Tables => {
  const directories = [unit.compilationDirectory ?? ''];
  for (let name = reader.cstring(); name !== ''; name = reader.cstring()) directories.push(name);
  const files: (FileEntry | undefined)[] = [undefined];
  for (let name = reader.cstring(); name !== ''; name = reader.cstring()) {
    const directory = reader.uleb();
    reader.skipLeb(); // time
    reader.skipLeb(); // size
    files.push({ name, directory });
  }
  return { directories, files };
};

/** Version 5: tables that describe their own columns (6.2.4.1). */
const readTables5 = (unit: Unit, reader: Reader, offsetSize: number): Tables => {
  const table = (): FileEntry[] => {
    const columns: { content: number; form: number }[] = [];
    for (let count = reader.u8(); count > 0; count--) columns.push({ content: reader.uleb(), form: reader.uleb() });
    const count = reader.uleb();
    // An entry without columns takes no bytes: only a damaged count would make a long list of them.
    if (columns.length === 0 || count > reader.remaining)
      return count > 0 && columns.length > 0 ? reader.fail('absurd number of files') : [];
    const entries: FileEntry[] = [];
    for (let i = 0; i < count; i++) {
      let name = '';
      let directory = 0;
      let md5: Uint8Array | undefined;
      for (const { content, form } of columns) {
        if (content === LineContent.path) name = readString(unit, reader, form, offsetSize);
        else if (content === LineContent.directory_index) directory = readNumber(reader, form);
        else if (content === LineContent.MD5 && form === Form.data16) md5 = reader.slice(16);
        else skipValue(reader, form, offsetSize);
      }
      entries.push(md5 ? { name, directory, md5 } : { name, directory });
    }
    return entries;
  };
  const directories = table().map((entry) => entry.name);
  return { directories, files: table() };
};

const readString = (unit: Unit, reader: Reader, form: number, offsetSize: number): string => {
  switch (form) {
    case Form.strp:
      return unit.file.string('str', reader.unsigned(offsetSize));
    case Form.line_strp:
      return unit.file.string('line_str', reader.unsigned(offsetSize));
    default:
      return unit.stringByForm(form, reader) ?? reader.fail(`file name of form 0x${form.toString(16)}`);
  }
};

const readNumber = (reader: Reader, form: number): number => {
  switch (form) {
    case Form.data1:
      return reader.u8();
    case Form.data2:
      return reader.u16();
    case Form.data4:
      return reader.u32();
    case Form.udata:
      return reader.uleb();
    default:
      return reader.fail(`number of form 0x${form.toString(16)}`);
  }
};

const skipValue = (reader: Reader, form: number, offsetSize: number): void => {
  switch (form) {
    case Form.string: {
      reader.skipCString();
      return;
    }
    case Form.strp:
    case Form.line_strp:
    case Form.strp_sup: {
      reader.skip(offsetSize);
      return;
    }
    case Form.data8: {
      reader.skip(8);
      return;
    }
    case Form.data16: {
      reader.skip(16);
      return;
    }
    case Form.block: {
      reader.skip(reader.uleb());
      return;
    }
    case Form.block1: {
      reader.skip(reader.u8());
      return;
    }
    default:
      readNumber(reader, form);
  }
};

/** The matrix of 6.2.2 in the order of the program; one array per column. */
export class LineRows {
  count = 0;
  readonly addresses: Float64Array;
  readonly files: Uint32Array;
  readonly lines: Uint32Array;
  readonly columns: Uint16Array;
  readonly flags: Uint8Array;
  readonly discriminators: Uint32Array;

  /** @param most rows that there may be; those that are never written take no memory */
  constructor(most: number) {
    this.addresses = new Float64Array(most);
    this.files = new Uint32Array(most);
    this.lines = new Uint32Array(most);
    this.columns = new Uint16Array(most);
    this.flags = new Uint8Array(most);
    this.discriminators = new Uint32Array(most);
  }

  push(address: number, file: number, line: number, column: number, flags: number, discriminator: number): void {
    const at = this.count++;
    this.addresses[at] = address;
    this.files[at] = file;
    this.lines[at] = line;
    this.columns[at] = column;
    this.flags[at] = flags;
    // Most are 0, as the memory is before it is touched: pages of it are saved.
    if (discriminator !== 0) this.discriminators[at] = discriminator;
  }
}

/**
 * Runs the program. Damage ends it: `problem` says where, and a sequence that was being built is closed where it stood so
 * that its rows are of use.
 */
export const runLineProgram = (unit: Unit, header: LineHeader): { rows: LineRows; problem?: unknown } => {
  const reader = new Reader(unit.file.section('line'), '.debug_line', header.program, header.end);
  // The program has at least one byte for each row; one more for the end of a sequence that it leaves open.
  const rows = new LineRows(Math.min(reader.remaining, MAX_ROWS) + 1);
  let problem: unknown;
  try {
    while (!reader.atEnd) runSequence(header, reader, rows);
  } catch (error) {
    problem = error;
    const last = rows.count - 1;
    if (last >= 0 && !(rows.flags[last] & RowFlag.endSequence))
      rows.push(rows.addresses[last] + 1, rows.files[last], rows.lines[last], 0, RowFlag.endSequence, 0);
  }
  return problem === undefined ? { rows } : { rows, problem };
};

/** From the initial state of 6.2.2 up to DW_LNE_end_sequence, or the end of the program. */
const runSequence = (header: LineHeader, reader: Reader, rows: LineRows): void => {
  const { minimumInstructionLength, maximumOperations, lineBase, lineRange, opcodeBase } = header;
  const initial = header.defaultIsStatement ? RowFlag.isStatement : 0;
  let address = 0;
  let opIndex = 0;
  let file = 1;
  let line = 1;
  let column = 0;
  let flags: number = initial;
  let discriminator = 0;

  const advance = (operations: number): void => {
    if (maximumOperations === 1) address += minimumInstructionLength * operations;
    else {
      address += minimumInstructionLength * Math.floor((opIndex + operations) / maximumOperations);
      opIndex = (opIndex + operations) % maximumOperations;
    }
  };
  const emit = (): void => {
    if (rows.count >= MAX_ROWS) reader.fail('line program without an end');
    rows.push(address, file, line < 0 ? 0 : line, column > 0xffff ? 0 : column, flags, discriminator);
    discriminator = 0;
    flags &= ~(RowFlag.prologueEnd | RowFlag.epilogueBegin);
  };

  while (!reader.atEnd) {
    const opcode = reader.u8();
    if (opcode >= opcodeBase) {
      if (lineRange === 0) reader.fail('special opcode with a line range of 0', reader.offset - 1);
      const adjusted = opcode - opcodeBase;
      advance(Math.floor(adjusted / lineRange));
      line += lineBase + (adjusted % lineRange);
      emit();
      continue;
    }
    switch (opcode) {
      case 0: {
        const length = reader.uleb();
        if (length === 0) break;
        const behind = reader.offset + length;
        if (behind > reader.end) reader.fail('extended opcode runs over the end of the program', reader.offset);
        switch (reader.u8()) {
          case LineExtended.end_sequence:
            flags |= RowFlag.endSequence;
            emit();
            reader.seek(behind);
            return;
          case LineExtended.set_address:
            address = length > 8 ? reader.u64Clamped() : reader.unsigned(length - 1);
            opIndex = 0;
            break;
          case LineExtended.define_file: {
            const { files } = header;
            const name = reader.cstring();
            if (files.length < 100_000) files.push({ name, directory: reader.uleb() });
            break;
          }
          case LineExtended.set_discriminator:
            discriminator = reader.uleb();
            break;
          default: // of some vendor: its length is known, so it can be passed over
        }
        reader.seek(behind);
        break;
      }
      case LineOp.copy:
        emit();
        break;
      case LineOp.advance_pc:
        advance(reader.uleb());
        break;
      case LineOp.advance_line:
        line += reader.sleb();
        break;
      case LineOp.set_file:
        file = reader.uleb();
        break;
      case LineOp.set_column:
        column = reader.uleb();
        break;
      case LineOp.negate_stmt:
        flags ^= RowFlag.isStatement;
        break;
      case LineOp.set_basic_block:
        break;
      case LineOp.const_add_pc:
        if (lineRange === 0) reader.fail('const_add_pc with a line range of 0', reader.offset - 1);
        advance(Math.floor((255 - opcodeBase) / lineRange));
        break;
      case LineOp.fixed_advance_pc:
        address += reader.u16();
        opIndex = 0;
        break;
      case LineOp.set_prologue_end:
        flags |= RowFlag.prologueEnd;
        break;
      case LineOp.set_epilogue_begin:
        flags |= RowFlag.epilogueBegin;
        break;
      case LineOp.set_isa:
        reader.skipLeb();
        break;
      default:
        for (let count = header.operandCounts[opcode - 1] ?? 0; count > 0; count--) reader.skipLeb();
    }
  }
};

/** `directory` and `name` joined as a path, `base` before it when both are relative; `.` and `..` resolved. */
export const joinPath = (base: string, directory: string, name: string): string => {
  const path = name.startsWith('/') ? name : directory.startsWith('/') ? `${directory}/${name}` : `${base}/${directory}/${name}`;
  const absolute = path.startsWith('/') && (name.startsWith('/') || directory.startsWith('/') || base.startsWith('/'));
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue;
    if (part === '..' && parts.length > 0 && parts[parts.length - 1] !== '..') parts.pop();
    else if (part !== '..' || !absolute) parts.push(part);
  }
  return (absolute ? '/' : '') + parts.join('/');
};

/** The path of a file of the table, and its name as written. Undefined for a number the table does not have. */
export const filePath = (unit: Unit, header: LineHeader, index: number): { path: string; name: string } | undefined => {
  const entry = header.files[index];
  if (!entry) return undefined;
  const base = header.directories[0] ?? unit.compilationDirectory ?? '';
  // Directory 0 is the base itself; when that is relative (-ffile-prefix-map), it must not be put before itself.
  const directory = entry.directory === 0 ? '' : (header.directories[entry.directory] ?? '');
  return { path: joinPath(base, directory, entry.name), name: entry.name };
};

/**
 * Line number programs, versions 2 to 5 (DWARF 5, 6.2): the header with its tables of directories and files, and the
 * names of the files that the rows of the program speak of. The program itself is run by symbols/line-rows.ts.
 */
import { Reader } from '../common/reader.js';
import { Form, LineContent } from './constants.js';
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
  readonly operandCounts: Uint8Array;
  /** Where the program lies in .debug_line. */
  readonly program: number;
  readonly end: number;
}

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
  const operandCounts = reader.slice(Math.max(0, opcodeBase - 1));
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

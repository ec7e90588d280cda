/** Line tables without rows, made by hand (DWARF 4 and 5, 6.2.4). */

const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
};

/** minimum_instruction_length, maximum_operations_per_instruction (from version 4 on), default_is_stmt, line_base, line_range, opcode_base, standard_opcode_lengths. */
const common = (version: number): number[] => [1, ...(version >= 4 ? [1] : []), 1, 0xfb, 14, 13, 0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1];

const table = (version: number, header: Buffer, program: Buffer): Buffer => {
  const rest = Buffer.concat([u32(header.length), header, program]);
  const start = version >= 5 ? [version, 0, 8, 0] : [version, 0];
  return Buffer.concat([u32(start.length + rest.length), Buffer.from(start), rest]);
};

/** Of version 2 to 4: names of files as they are. */
export const table4 = (version: number, names: readonly string[], program: Buffer = Buffer.alloc(0)): Buffer => {
  const entries = names.map((name) => Buffer.from(`${name}\0\0\0\0`));
  return table(version, Buffer.concat([Buffer.from([...common(version), 0]), ...entries, Buffer.from([0])]), program);
};

export type Form5 = 'string' | 'line_strp' | 'strp';

/** Of version 5, with the section that its names stand in. */
export const table5 = (form: Form5, names: readonly string[], program: Buffer = Buffer.alloc(0)): Readonly<Record<string, Uint8Array>> => {
  const strings = Buffer.from(names.map((name) => `${name}\0`).join(''));
  let offset = 0;
  const entries = names.map((name) => {
    const entry = form === 'string' ? Buffer.from(`${name}\0`) : u32(offset);
    offset += Buffer.byteLength(name) + 1;
    // DW_LNCT_directory_index
    return Buffer.concat([entry, Buffer.from([0])]);
  });
  const number = { string: 0x08, line_strp: 0x1f, strp: 0x0e }[form];
  const directories = Buffer.from([1, 1, 0x08, 1, ...Buffer.from('/work\0')]);
  const columns = Buffer.from([2, 1, number, 2, 0x0b, names.length]);
  const line = table(5, Buffer.concat([Buffer.from(common(5)), directories, columns, ...entries]), program);
  return { line, ...(form === 'line_strp' && { line_str: strings }), ...(form === 'strp' && { str: strings }) };
};

/** A core file of a few kilobytes, as the kernel lays it out: notes first, then memory. */

const note = (owner: string, type: number, data: Uint8Array): Buffer => {
  const padded = (length: number): number => Math.ceil(length / 4) * 4;
  const bytes = Buffer.alloc(12 + padded(owner.length + 1) + padded(data.length));
  bytes.writeUInt32LE(owner.length + 1, 0);
  bytes.writeUInt32LE(data.length, 4);
  bytes.writeUInt32LE(type, 8);
  bytes.write(owner, 12);
  bytes.set(data, 12 + padded(owner.length + 1));
  return bytes;
};

const words = (...values: bigint[]): Buffer => {
  const bytes = Buffer.alloc(values.length * 8);
  values.forEach((value, i) => bytes.writeBigUInt64LE(value, i * 8));
  return bytes;
};

const status = (tid: number): Buffer => {
  const bytes = Buffer.alloc(336);
  bytes.writeUInt16LE(11, 12);
  bytes.writeInt32LE(tid, 32);
  for (let i = 0; i < 27; i++) bytes.writeBigUInt64LE(BigInt(0x400000 + i), 112 + i * 8);
  return bytes;
};

export const smallCore = (): Buffer => {
  const name = Buffer.concat([Buffer.alloc(40), Buffer.from('program\0'.padEnd(96, '\0'))]);
  const files = Buffer.concat([words(1n, 4096n, 0x400000n, 0x401000n, 0n), Buffer.from('/bin/program\0')]);
  const notes = Buffer.concat([
    note('CORE', 1, status(7)),
    note('CORE', 3, name),
    note('CORE', 0x53494749, Buffer.alloc(128)),
    note('CORE', 6, words(6n, 4096n, 0n, 0n)),
    note('CORE', 0x46494c45, files),
    note('CORE', 2, Buffer.alloc(512)),
    note('LINUX', 0x202, Buffer.alloc(832)),
    note('CORE', 1, status(8)),
  ]);
  const header = Buffer.alloc(64 + 3 * 56);
  header.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  header.writeUInt16LE(4, 16);
  header.writeUInt16LE(62, 18);
  header.writeUInt32LE(1, 20);
  header.writeBigUInt64LE(64n, 32);
  header.writeUInt16LE(64, 52);
  header.writeUInt16LE(56, 54);
  header.writeUInt16LE(3, 56);
  const segment = (index: number, type: number, offset: number, address: bigint, size: number): void => {
    const at = 64 + index * 56;
    header.writeUInt32LE(type, at);
    header.writeUInt32LE(4, at + 4);
    for (const [field, value] of [BigInt(offset), address, 0n, BigInt(size), BigInt(size), 1n].entries())
      header.writeBigUInt64LE(value, at + 8 + field * 8);
  };
  segment(0, 4, header.length, 0n, notes.length);
  segment(1, 1, header.length + notes.length, 0x400000n, 4096);
  segment(2, 1, header.length + notes.length + 4096, 0xffff_ffff_ff60_0000n, 4096);
  return Buffer.concat([header, notes, Buffer.alloc(8192, 0x90)]);
};

/**
 * Compressed sections: SHF_COMPRESSED (gABI, "Section Compression": an Elf64_Chdr, then zlib or Zstandard data) and GNU's
 * older .zdebug_* ("ZLIB", the size as eight big-endian bytes, then zlib data). Nothing that a header claims is believed
 * before the compressed bytes could possibly yield it.
 */
import { decompress as decompressZstd } from 'fzstd';
import { FormatError } from '../common/errors.js';
import { zlib } from '../common/lazy_modules.js';
import { Reader, decodeText } from '../common/reader.js';

const ELFCOMPRESS_ZLIB = 1;
const ELFCOMPRESS_ZSTD = 2;

/** Deflate yields at most 1032 bytes per byte (RFC 1951: 258 bytes for two bits of input). */
const MAX_ZLIB_RATIO = 1032;
/** Each Zstandard block of at least four bytes yields at most 128 KiB (RFC 8878, 3.1.1.2). */
const MAX_ZSTD_RATIO = 32 * 1024;
/** Bigger than any section of a program; what node:zlib and fzstd can return in one piece. */
const MAX_SIZE = 2 ** 31 - 1;

/** @throws FormatError when the data is damaged, of an unknown kind, or not of the size that its header claims. */
export const decompressSection = (bytes: Uint8Array, name: string): Uint8Array => {
  const reader = new Reader(bytes, name);
  const kind = reader.u32();
  reader.skip(4);
  const size = reader.u64();
  reader.skip(8);
  switch (kind) {
    case ELFCOMPRESS_ZLIB:
      return inflate(reader, size);
    case ELFCOMPRESS_ZSTD:
      return checked(reader, size, MAX_ZSTD_RATIO, (data) => decompressZstd(data, new Uint8Array(size)));
    default:
      return reader.fail(`compressed in a way that deet does not know (ch_type ${kind})`, 0);
  }
};

/** The contents of a .zdebug_* section. @throws FormatError as decompressSection. */
export const decompressGnuSection = (bytes: Uint8Array, name: string): Uint8Array => {
  const reader = new Reader(bytes, name);
  if (decodeText(reader.slice(4), 0, 4) !== 'ZLIB') reader.fail('no compressed section: "ZLIB" is missing', 0);
  const size = reader.u8() * 2 ** 56 + Buffer.from(reader.slice(7)).readUIntBE(1, 6);
  return inflate(reader, size);
};

/** One output buffer of the right size from the start: growing one would hold the data twice. */
const inflate = (reader: Reader, size: number): Uint8Array =>
  checked(reader, size, MAX_ZLIB_RATIO, (data) =>
    zlib().inflateSync(data, { chunkSize: Math.max(size + 1, 64), maxOutputLength: size + 1 }),
  );

const checked = (reader: Reader, size: number, maxRatio: number, run: (data: Uint8Array) => Uint8Array): Uint8Array => {
  const start = reader.offset;
  if (size > MAX_SIZE || size > reader.remaining * maxRatio)
    reader.fail(`claims ${size} bytes, more than its ${reader.remaining} compressed bytes can hold`, start);
  let result: Uint8Array;
  try {
    result = run(reader.slice(reader.remaining));
  } catch (error) {
    if (error instanceof FormatError) throw error;
    return reader.fail(`cannot be decompressed: ${error instanceof Error ? error.message : String(error)}`, start);
  }
  if (result.length !== size) reader.fail(`holds ${result.length} bytes where its header claims ${size}`, start);
  return result;
};

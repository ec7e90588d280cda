/** What a file is, told from its first bytes: for the sentence that a user reads when it is not what deet can debug. */
import { DeetError } from '../common/errors.js';
import { decodeText } from '../common/reader.js';
import { EM_X86_64, ET } from './constants.js';

const MACHINES: Readonly<Record<number, string>> = {
  2: 'SPARC',
  3: '32-bit Intel (i386)',
  8: 'MIPS',
  20: 'PowerPC',
  21: '64-bit PowerPC',
  22: 'IBM Z (s390)',
  40: '32-bit ARM',
  183: '64-bit ARM (aarch64)',
  243: 'RISC-V',
  247: 'BPF',
  258: 'LoongArch',
};

const ONLY = 'deet debugs 64-bit x86-64 programs.';

/** Why these bytes cannot be read as an ELF file of this machine; undefined: they can. */
export const whyNotElf = (bytes: Uint8Array, path: string): DeetError | undefined => {
  const not = (what: string, hint?: string): DeetError => new DeetError('not-elf', `${path} ${what}`, hint);
  if (bytes.length === 0) return not('is an empty file, not a program.', 'Build it again: the linker may have failed.');
  if (decodeText(bytes, 0, Math.min(4, bytes.length)) !== '\x7fELF') return not(describeOther(bytes), hintForOther(bytes, path));
  if (bytes.length < 20) return not(`is a truncated ELF file of ${bytes.length} bytes.`, 'Build or copy it again.');
  const machine = (bytes[18] ?? 0) | ((bytes[19] ?? 0) << 8);
  if (bytes[4] === 1)
    return not(`is a 32-bit program${machine === EM_X86_64 ? ' (x32)' : ''}; ${ONLY}`, 'Compile it without -m32 (or -mx32).');
  if (bytes[4] !== 2) return not(`is a damaged ELF file: its class ${bytes[4]} is neither 32-bit nor 64-bit.`);
  if (bytes[5] === 2) return not(`is a big-endian program; ${ONLY}`);
  if (bytes[5] !== 1) return not(`is a damaged ELF file: its byte order ${bytes[5]} is none.`);
  if (machine !== EM_X86_64) return not(`is for ${MACHINES[machine] ?? `machine number ${machine}`}; ${ONLY}`);
  return undefined;
};

/** Why this file, whose ELF header is sound, is not a program that can be run or attached to; undefined: it is one. */
export const whyNotProgram = (type: number, path: string): DeetError | undefined => {
  const not = (what: string, hint?: string): DeetError => new DeetError('not-a-program', `${path} ${what}`, hint);
  switch (type) {
    case ET.EXEC:
    case ET.DYN:
      return undefined;
    case ET.REL:
      return not('is an object file that is not linked yet, not a program.', `Link it first: gcc ${path} -o program`);
    case ET.CORE:
      return not('is a core file, not a program.', `Look at it with: deet --core ${path} PROGRAM`);
    default:
      return not(`is an ELF file of type ${type}, not a program.`);
  }
};

/** Why this file is not a core file; undefined: it is one. */
export const whyNotCore = (type: number, path: string): DeetError | undefined =>
  type === ET.CORE ? undefined : new DeetError('not-a-core', `${path} is not a core file.`, `To debug it as a program: deet ${path}`);

const startsWith = (bytes: Uint8Array, text: string): boolean => decodeText(bytes, 0, Math.min(text.length, bytes.length)) === text;

/** Core files are often kept packed (systemd-coredump). By the first bytes (file(1)). */
const packers: readonly { readonly magic: readonly number[]; readonly name: string; readonly command: string }[] = [
  { magic: [0x1f, 0x8b], name: 'gzip', command: 'gunzip -k' },
  { magic: [0x28, 0xb5, 0x2f, 0xfd], name: 'zstd', command: 'zstd -d' },
  { magic: [0xfd, 0x37, 0x7a, 0x58, 0x5a], name: 'xz', command: 'xz -dk' },
  { magic: [0x04, 0x22, 0x4d, 0x18], name: 'lz4', command: 'lz4 -d' },
  { magic: [0x42, 0x5a, 0x68], name: 'bzip2', command: 'bunzip2 -k' },
];

const packerOf = (bytes: Uint8Array): (typeof packers)[number] | undefined =>
  packers.find(({ magic }) => magic.every((byte, index) => bytes[index] === byte));

const describeOther = (bytes: Uint8Array): string => {
  if (startsWith(bytes, '#!')) return `is a script (${firstLine(bytes)}), not an ELF program.`;
  if (startsWith(bytes, '!<arch>\n') || startsWith(bytes, '!<thin>\n')) return 'is an archive (a static library), not an ELF program.';
  if (startsWith(bytes, 'MZ')) return 'is a Windows program, not an ELF program.';
  const packed = packerOf(bytes);
  if (packed) return `is a ${packed.name} file, not an ELF program.`;
  const start = bytes.subarray(0, 512);
  if (start.every((byte) => (byte >= 0x20 && byte !== 0x7f) || (byte >= 9 && byte <= 13))) return 'is a text file, not an ELF program.';
  return 'is not an ELF file.';
};

/** `#!/usr/bin/env python3` means python3. */
const interpreterOf = (bytes: Uint8Array): string => {
  const words = firstLine(bytes).slice(2).trim().split(/\s+/);
  const byName = words.length > 1 && /^(?:.*\/)?env$/.test(words[0] ?? '') && !words[1]?.startsWith('-');
  return words.slice(byName ? 1 : 0).join(' ');
};

const hintForOther = (bytes: Uint8Array, path: string): string | undefined => {
  if (startsWith(bytes, '#!')) return `Debug its interpreter: deet --args ${interpreterOf(bytes)} ${path}`;
  const packed = packerOf(bytes);
  if (packed) return `Unpack it first: ${packed.command} FILE`;
  const text = decodeText(bytes, 0, Math.min(bytes.length, 4096));
  if (/^\s*#\s*include\b/m.test(text)) return 'This looks like C source: compile it with gcc -g first.';
  return undefined;
};

const firstLine = (bytes: Uint8Array): string => {
  const text = decodeText(bytes, 0, Math.min(bytes.length, 80));
  return (text.split('\n', 1)[0] ?? '').trim();
};

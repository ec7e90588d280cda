/** Compressed sections: the same bytes as without compression; sizes that lie are refused before memory is asked for. */
import { readFileSync } from 'node:fs';
import { deflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { FormatError } from '../../src/common/errors.js';
import { decompressGnuSection, decompressSection } from '../../src/elf/compression.js';
import { SHF } from '../../src/elf/constants.js';
import { parseElf } from '../../src/elf/file.js';
import { load, objcopy, programs } from './programs.js';

const header = (kind: number, size: bigint): Buffer => {
  const bytes = Buffer.alloc(24);
  bytes.writeUInt32LE(kind, 0);
  bytes.writeBigUInt64LE(size, 8);
  return bytes;
};

const names = ['info', 'abbrev', 'line', 'str', 'line_str', 'aranges'];

describe.each(['zlib', 'zlibGnu', 'zstd'] as const)('a program with debug sections in %s', (form) => {
  it('has the debug information of the plain one', () => {
    const packed = load(programs[form]());
    const same = load(objcopy(programs[form](), `${form}.unpacked`, '--decompress-debug-sections'));
    const isPacked =
      form === 'zlibGnu'
        ? packed.section('.zdebug_info') !== undefined
        : ((packed.section('.debug_info')?.flags ?? 0) & SHF.COMPRESSED) !== 0;
    expect(isPacked).toBe(true);
    expect(packed.hasDebugInfo).toBe(true);
    for (const name of names) {
      expect(same.debugData(name)?.length).toBeGreaterThan(0);
      expect(Buffer.compare(packed.debugData(name) ?? Buffer.alloc(0), same.debugData(name) ?? Buffer.alloc(0))).toBe(0);
    }
    expect(packed.warnings).toEqual([]);
  });

  it('loses no more than a section that is damaged', () => {
    const path = programs[form]();
    const bytes = Uint8Array.from(readFileSync(path));
    const section = load(path).section(form === 'zlibGnu' ? '.zdebug_info' : '.debug_info');
    if (!section) throw new Error('no .debug_info');
    bytes.fill(0xff, section.offset + 24, section.offset + section.size);
    const damaged = parseElf(bytes, path);
    expect(damaged.debugData('info')).toBeUndefined();
    expect(damaged.debugData('line')?.length).toBeGreaterThan(0);
    expect(damaged.warnings).toHaveLength(1);
    expect(damaged.warnings[0]).toMatch(/^\.z?debug_info\+0x[0-9a-f]+: /);
  });
});

describe('a compressed section', () => {
  const text = Buffer.from('deet '.repeat(1000));
  const packed = deflateSync(text);

  it('is refused when its header claims more, less, or the impossible', () => {
    expect(text.equals(decompressSection(Buffer.concat([header(1, 5000n), packed]), '.x'))).toBe(true);
    for (const size of [4999n, 5001n, 0n, 1n << 40n, (1n << 64n) - 1n])
      expect(() => decompressSection(Buffer.concat([header(1, size), packed]), '.x')).toThrow(FormatError);
  });

  it('is refused when it is of an unknown kind, or cut off', () => {
    expect(() => decompressSection(Buffer.concat([header(9, 5000n), packed]), '.x')).toThrow('ch_type 9');
    expect(() => decompressSection(header(1, 5000n).subarray(0, 20), '.x')).toThrow('.x+0x10: wants 8 bytes where 4 are left');
    expect(() => decompressSection(Buffer.concat([header(1, 5000n), packed.subarray(0, 20)]), '.x')).toThrow(FormatError);
    expect(() => decompressSection(Buffer.concat([header(2, 5000n), packed]), '.x')).toThrow(FormatError);
  });

  it('may have its size in the old big-endian form', () => {
    const old = (size: number): Buffer =>
      Buffer.concat([Buffer.from('ZLIB'), Buffer.from([0, 0, 0, 0, 0, 0, size >> 8, size & 255]), packed]);
    expect(text.equals(decompressGnuSection(old(5000), '.z'))).toBe(true);
    expect(() => decompressGnuSection(old(5001), '.z')).toThrow(FormatError);
    expect(() => decompressGnuSection(Buffer.from('ZLIB\xff\xff\xff\xff\xff\xff\xff\xff!', 'latin1'), '.z')).toThrow('can hold');
    expect(() => decompressGnuSection(Buffer.alloc(40), '.z')).toThrow('"ZLIB" is missing');
  });
});

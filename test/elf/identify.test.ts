/** One clear sentence for each kind of file that is not a program of this machine. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { DeetError } from '../../src/common/errors.js';
import { Core } from '../../src/elf/core.js';
import { parseElf } from '../../src/elf/file.js';
import { whyNotProgram } from '../../src/elf/identify.js';
import { openElf, openProgram } from '../../src/symbols/elf-files.js';
import { smallCore } from './small-core.js';
import { derived, load, programs, run } from './programs.js';

const folder = mkdtempSync(join(tmpdir(), 'deet-elf-'));
afterAll(() => rmSync(folder, { recursive: true }));

const complaint = (act: () => unknown): DeetError => {
  try {
    act();
  } catch (error) {
    if (error instanceof DeetError) return error;
    throw error;
  }
  throw new Error('no complaint');
};

const file = (contents: Uint8Array | string): string => {
  const path = join(folder, 'thing');
  writeFileSync(path, contents);
  return path;
};

const said = (contents: Uint8Array | string): string => complaint(() => openProgram(file(contents))).message.replace(`${folder}/`, '');

const patched = (change: (bytes: Buffer) => void, length?: number): Buffer => {
  const bytes = Buffer.from(readFileSync(programs.noPie()));
  change(bytes);
  return bytes.subarray(0, length);
};

describe('what is not a program', () => {
  it('is said to be what it is', () => {
    expect(said('')).toBe('thing is an empty file, not a program.');
    expect(said('#!/bin/sh -e\necho\n')).toBe('thing is a script (#!/bin/sh -e), not an ELF program.');
    expect(said('int main() {}\n')).toBe('thing is a text file, not an ELF program.');
    expect(complaint(() => openProgram(file('#include <stdio.h>\n'))).hint).toContain('gcc');
    expect(said('!<arch>\nfoo')).toBe('thing is an archive (a static library), not an ELF program.');
    expect(said('MZ\x90\0')).toBe('thing is a Windows program, not an ELF program.');
    expect(said(new Uint8Array([0x1f, 0x8b, 8]))).toBe('thing is a gzip file, not an ELF program.');
    expect(said(new Uint8Array([1, 2, 3]))).toBe('thing is not an ELF file.');
    expect(said('\x7fEL')).toBe('thing is not an ELF file.');
  });

  it.each([
    ['#!/bin/sh -e', '/bin/sh -e'],
    ['#! /usr/bin/env python3', 'python3'],
    ['#!/usr/bin/env -S node --inspect', '/usr/bin/env -S node --inspect'],
    ['#!', ''],
  ])('%s: a script is debugged by way of its interpreter', (first, interpreter) => {
    const path = file(`${first}\nmore\n`);
    expect(complaint(() => openProgram(path)).hint).toBe(`Debug its interpreter: deet --args ${interpreter} ${path}`);
  });

  it('is said to be of another machine', () => {
    expect(said(patched((b) => b.writeUInt8(1, 4)))).toBe('thing is a 32-bit program (x32); deet debugs 64-bit x86-64 programs.');
    expect(said(patched((b) => (b.writeUInt8(1, 4), b.writeUInt16LE(3, 18))))).toBe(
      'thing is a 32-bit program; deet debugs 64-bit x86-64 programs.',
    );
    expect(said(patched((b) => b.writeUInt16LE(183, 18)))).toBe('thing is for 64-bit ARM (aarch64); deet debugs 64-bit x86-64 programs.');
    expect(said(patched((b) => b.writeUInt16LE(9999, 18)))).toBe('thing is for machine number 9999; deet debugs 64-bit x86-64 programs.');
    expect(said(patched((b) => b.writeUInt8(2, 5)))).toBe('thing is a big-endian program; deet debugs 64-bit x86-64 programs.');
    expect(said(patched((b) => b.writeUInt8(7, 4)))).toBe('thing is a damaged ELF file: its class 7 is neither 32-bit nor 64-bit.');
  });

  it('is said to be damaged or cut off', () => {
    expect(said(patched(() => undefined, 17))).toBe('thing is a truncated ELF file of 17 bytes.');
    expect(said(patched(() => undefined, 63))).toContain('the file is truncated: it has 63 bytes, its header alone needs 64.');
    expect(said(patched(() => undefined, 100))).toContain('the file is truncated: its program header table reaches behind its end.');
    expect(said(patched((b) => b.writeUInt16LE(32, 54)))).toContain('program headers of 32 bytes instead of 56.');
    expect(said(patched((b) => b.writeUInt16LE(77, 16)))).toBe('thing is an ELF file of type 77, not a program.');
  });

  it('is said to be an object file or a core file', () => {
    const object = derived(programs.noPie(), 'object.o', (out) => run('gcc', '-c', '-x', 'c', '/dev/null', '-o', out));
    expect(complaint(() => openProgram(object))).toMatchObject({
      code: 'not-a-program',
      message: `${object} is an object file that is not linked yet, not a program.`,
    });
    expect(openElf(object).header.type).toBe(1);
    expect(whyNotProgram(4, 'core.7')?.message).toBe('core.7 is a core file, not a program.');
    expect(complaint(() => new Core(load(programs.pie()))).message).toMatch(/is not a core file\.$/);
  });

  it('is a folder, a device, or nothing', () => {
    expect(complaint(() => openElf(folder))).toMatchObject({ code: 'not-elf', message: `${folder} is a folder, not a program.` });
    expect(complaint(() => openElf('/dev/null')).message).toBe('/dev/null is not a regular file.');
    expect(complaint(() => openElf('/no/such')).message).toBe('/no/such: there is no such file.');
    expect(complaint(() => openElf('/bin/ls/x')).message).toBe('/bin/ls/x: there is no such file.');
    expect(complaint(() => openElf('a\0b')).message).toBe('a\0b: there is no such file.');
  });
});

describe('a file that is damaged in part', () => {
  const warnings = (change: (bytes: Buffer) => void, length?: number): readonly string[] => {
    const elf = parseElf(patched(change, length), 'p');
    expect(elf.segments.length).toBeGreaterThan(5);
    return elf.warnings;
  };
  const size = readFileSync(programs.noPie()).length;

  it('is read without its section headers', () => {
    const ignored = 'the section header table is ignored: ';
    expect(warnings(() => undefined, size - 10)).toEqual([`${ignored}it reaches behind the end of the file`]);
    expect(warnings((b) => b.writeBigUInt64LE(1n << 60n, 40))).toEqual([`${ignored}it lies behind the end of the file`]);
    expect(warnings((b) => b.writeUInt16LE(40, 58))).toEqual([`${ignored}entries of 40 bytes instead of 64`]);
    expect(warnings((b) => b.writeUInt16LE(0x3000, 62))).toEqual(['the sections have no names: their string table is missing']);
  });

  it('says how much of its contents is missing', () => {
    expect(
      parseElf(
        patched(() => undefined, 0x1000),
        'p',
      ).missingBytes,
    ).toBeGreaterThan(100);
    expect(
      parseElf(
        patched(() => undefined),
        'p',
      ).missingBytes,
    ).toBe(0);
  });
});

describe('extended numbering', () => {
  it('takes counts that do not fit the header from section 0', () => {
    const plain = load(programs.noPie());
    const bytes = patched((b) => {
      const zero = Number(b.readBigUInt64LE(40));
      b.writeUInt32LE(b.readUInt16LE(56), zero + 44);
      b.writeBigUInt64LE(BigInt(b.readUInt16LE(60)), zero + 32);
      b.writeUInt32LE(b.readUInt16LE(62), zero + 40);
      b.writeUInt16LE(0xffff, 56);
      b.writeUInt16LE(0, 60);
      b.writeUInt16LE(0xffff, 62);
    });
    const elf = parseElf(bytes, 'p');
    expect(elf.segments).toEqual(plain.segments);
    expect(elf.sections.slice(1)).toEqual(plain.sections.slice(1));
    expect(elf.warnings).toEqual([]);
  });

  it('takes the number of segments of a big core file from the only section, as the kernel writes it', () => {
    const core = smallCore();
    const section = Buffer.alloc(64);
    section.writeUInt32LE(core.readUInt16LE(56), 44);
    section.writeBigUInt64LE(1n, 32);
    core.writeUInt16LE(0xffff, 56);
    core.writeBigUInt64LE(BigInt(core.length), 40);
    core.writeUInt16LE(64, 58);
    core.writeUInt16LE(1, 60);
    const { elf, threads } = new Core(parseElf(Buffer.concat([core, section]), 'core'));
    expect([elf.segments.length, elf.sections.length, threads.length, elf.warnings]).toEqual([3, 1, 2, []]);
  });

  it('does not believe counts that the file has no room for', () => {
    const bytes = patched((b) => {
      const zero = Number(b.readBigUInt64LE(40));
      b.writeBigUInt64LE(1n << 50n, zero + 32);
      b.writeUInt16LE(0, 60);
    });
    expect(parseElf(bytes, 'p').warnings[0]).toContain(`${2 ** 50} sections`);
  });
});

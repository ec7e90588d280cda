/** Core files: what gdb knew of the process when it wrote one. */
import { readFileSync, rmSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Core } from '../../src/elf/core.js';
import { parseElf } from '../../src/elf/file.js';
import { fixture } from '../helpers/build.js';
import { gdb } from '../helpers/gdb.js';
import { load } from './programs.js';
import { ElfSymbols } from '../../src/elf/symbols.js';

const program = fixture('elf_crash');
const path = `${program}.core.${process.pid}`;
const told = gdb(
  [
    'run',
    `generate-core-file ${path}`,
    'info registers',
    'info threads',
    'info proc',
    'info inferiors',
    'p $_siginfo',
    'x/2gx $rsp',
    'info auxv',
  ],
  program,
);
const bytes = readFileSync(path);
rmSync(path);

const core = new Core(parseElf(bytes, 'core'));
const names = 'r15 r14 r13 r12 rbp rbx r11 r10 r9 r8 rax rcx rdx rsi rdi orig_rax rip cs eflags rsp ss fs_base gs_base ds es fs gs'.split(
  ' ',
);

describe('a core file', () => {
  it('has the registers of the thread that crashed, first', () => {
    const theirs = new Map([...told.matchAll(/^(\w+) +(0x[0-9a-f]+) /gm)].map(([, name, value]) => [name, BigInt(value)]));
    expect(theirs.size).toBeGreaterThan(20);
    names.forEach((name, i) => {
      if (theirs.has(name)) expect([name, core.current?.registers[i]]).toEqual([name, theirs.get(name)]);
    });
  });

  it('has all threads, with their signals and vector registers', () => {
    const lwps = [...told.matchAll(/^\*? +\d+ +Thread .*\(LWP (\d+)\)/gm)].map((match) => Number(match[1])).sort();
    expect(lwps).toHaveLength(3);
    expect(core.threads.map((thread) => thread.tid).sort()).toEqual(lwps);
    expect(core.current?.signal).toBe(11);
    for (const thread of core.threads) {
      expect(thread.floatingPoint).toHaveLength(512);
      expect(thread.extendedState?.length).toBeGreaterThan(512);
    }
  });

  it('says why it died', () => {
    const info = core.current?.signalInfo;
    expect(info).toHaveLength(128);
    const view = new DataView(Uint8Array.from(info ?? []).buffer);
    expect([view.getInt32(0, true), view.getBigUint64(16, true)]).toEqual([11, 0x10n]);
  });

  it('names the process and its auxiliary vector', () => {
    const pid = Number(/process (\d+)/.exec(told)?.[1]);
    expect(core.process).toMatchObject({ pid, name: 'elf_crash', commandLine: expect.stringContaining(program.slice(0, 40)) as string });
    const entries = [...told.matchAll(/^(\d+) +AT_\w+ .* (0x[0-9a-f]+|\d+)$/gm)].map(([, type, value]): [number, bigint] => [
      Number(type),
      BigInt(value),
    ]);
    expect(entries.length).toBeGreaterThan(10);
    for (const [type, value] of entries) if (type !== 0) expect([type, core.auxiliary.get(type)]).toEqual([type, value]);
  });

  it('names the mapped files', () => {
    const mapping = core.mappings.find((m) => m.path === program);
    expect(mapping).toMatchObject({ start: 0x400000n, offset: 0n });
    expect(core.mappings.some((m) => m.path.includes('libc.so'))).toBe(true);
  });

  it('has the memory: data, and the stack of each thread', () => {
    const [marker] = new ElfSymbols(load(program)).named('marker');
    expect(Buffer.from(core.read(BigInt(marker.address), marker.size) ?? []).toString()).toBe('marker in .data of a dead process\0');
    const [first, second] = (/^0x[0-9a-f]+:\s+(0x[0-9a-f]+)\s+(0x[0-9a-f]+)$/m.exec(told) ?? []).slice(1).map(BigInt);
    const stack = core.read(core.current?.registers[19] ?? 0n, 16);
    expect(stack && [Buffer.from(stack).readBigUInt64LE(0), Buffer.from(stack).readBigUInt64LE(8)]).toEqual([first, second]);
  });

  it('has none where nothing was mapped or written', () => {
    expect(core.read(0x10n, 4)).toBeUndefined();
    expect(core.read(0xffff_ffff_ffff_fff0n, 64)).toBeUndefined();
    const last = core.elf.loads.at(-1);
    expect(last && core.read(BigInt(last.address) + BigInt(last.memorySize) - 4n, 8)).toBeUndefined();
  });

  it('reads across neighbouring segments', () => {
    const { loads } = core.elf;
    const at = loads.findIndex(
      (s, i) => i > 0 && s.fileSize > 16 && loads[i - 1].fileSize > 16 && loads[i - 1].address + loads[i - 1].fileSize === s.address,
    );
    expect(at).toBeGreaterThan(0);
    const border = BigInt(loads[at].address);
    expect(core.read(border - 8n, 16)).toEqual(Uint8Array.from([...(core.read(border - 8n, 8) ?? []), ...(core.read(border, 8) ?? [])]));
  });
});

describe('a core file that is cut off', () => {
  it('says so and keeps what is there', () => {
    const end = Math.max(...core.elf.loads.map((s) => s.offset + s.fileSize));
    const cut = new Core(parseElf(bytes.subarray(0, end - 5000), 'core.7'));
    const first = core.elf.loads.find((s) => s.fileSize > 0)?.address ?? 0;
    expect(cut.read(BigInt(first), 64)).toEqual(core.read(BigInt(first), 64));
    expect(cut.elf.warnings.some((text) => text.includes('core.7 is truncated: the last 5000 bytes are missing'))).toBe(true);
  });

  it('may have no readable thread', () => {
    const notes = core.elf.segments.find((s) => s.type === 4);
    const copy = Buffer.from(bytes);
    copy.fill(0xff, notes?.offset, (notes?.offset ?? 0) + 12);
    const damaged = new Core(parseElf(copy, 'core.7'));
    expect(damaged.threads).toEqual([]);
    expect(damaged.elf.warnings).toContain('core.7 says nothing of any thread');
  });
});

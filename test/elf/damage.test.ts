/** Damaged files, from fixed seeds: only DeetErrors, no hang, bounded memory. test/fuzz/elf.fuzz.ts does it for longer. */
import { describe, expect, it } from 'vitest';
import { Core } from '../../src/elf/core.js';
import { parseElf } from '../../src/elf/file.js';
import { attack, readEverything } from '../fuzz/elf.js';
import { damagedFiles } from './damaged-files.js';
import { smallCore } from './small-core.js';

const files = damagedFiles();

describe('a damaged file', () => {
  it.each(files.map((file, index) => ({ file, index })))('$index: 300 times', ({ file, index }) => {
    for (let n = 0; n < 300; n++) attack(file, index * 1_000_000 + n);
    expect(process.resourceUsage().maxRSS).toBeLessThan(1 << 20); // KiB
  });

  it('may be cut off anywhere in its headers', () => {
    const [file] = files;
    for (let length = 0; length < 1200; length++) readEverything(file.subarray(0, length));
  });
});

describe('the core file that is damaged', () => {
  it('is one, as long as it is not', () => {
    const core = new Core(parseElf(smallCore(), 'core'));
    expect(core.threads.map((thread) => [thread.tid, thread.signal])).toEqual([
      [7, 11],
      [8, 11],
    ]);
    expect(core.process?.name).toBe('program');
    expect(core.mappings).toEqual([{ start: 0x400000n, end: 0x401000n, offset: 0n, path: '/bin/program' }]);
    expect(core.read(0xffff_ffff_ff60_0ff8n, 8)).toEqual(new Uint8Array(8).fill(0x90));
    expect(core.elf.warnings).toEqual([]);
  });
});

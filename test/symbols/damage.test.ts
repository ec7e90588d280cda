/** Debug information that is damaged, from fixed seeds: answers or none, no exception, no hang, bounded memory. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseElf } from '../../src/elf/file.js';
import { openImageBytes } from '../../src/symbols/open_bytes.js';
import { attackSymbols, lookAtEverything } from '../fuzz/symbols.js';
import { damagedPrograms } from './damaged-programs.js';
import { symbolsProgram } from './oracle.js';

describe('damaged debug information', () => {
  it.each(damagedPrograms().map((path, index) => ({ path, index })))('program $index, 25 times', ({ path, index }) => {
    const file = readFileSync(path);
    for (let n = 0; n < 25; n++) attackSymbols(file, index * 1_000_000 + n);
    expect(process.resourceUsage().maxRSS).toBeLessThan(1 << 20); // KiB
  });

  it('loses one unit where one unit is damaged', () => {
    const bytes = Uint8Array.from(readFileSync(symbolsProgram([])));
    const info = parseElf(bytes, 'program').section('.debug_info');
    // The second unit is that of symbols_other.c: its first entry gets an abbreviation that does not exist.
    const second = (info?.offset ?? 0) + 4 + new DataView(bytes.buffer, info?.offset ?? 0, 4).getUint32(0, true);
    bytes[second + 12] = 0x7f;
    const image = openImageBytes(bytes, 'program');
    expect(image.functionsNamed('main')).toHaveLength(1);
    expect(image.functionsNamed('twin')).toHaveLength(1);
    expect(image.functionsNamed('other')).toEqual([]);
    expect(image.warnings).toContainEqual(expect.stringMatching(/^\.debug_info\+0x[0-9a-f]+: no abbreviation 127/));
    lookAtEverything(image);
  });

  it('says where a section ends too early', () => {
    const bytes = Uint8Array.from(readFileSync(symbolsProgram([])));
    const elf = parseElf(bytes, 'program');
    const index = elf.sections.findIndex((section) => section.name === '.debug_info');
    const headers = Number(new DataView(bytes.buffer).getBigUint64(40, true));
    new DataView(bytes.buffer).setBigUint64(headers + index * 64 + 32, 100n, true);
    const image = openImageBytes(bytes, 'program');
    expect(image.functionsNamed('main')).toEqual([]);
    expect(image.symbolsNamed('main')).toHaveLength(1);
    expect(image.warnings).toContainEqual(expect.stringMatching(/^\.debug_info\+0x0: unit of absurd length/));
  });
});

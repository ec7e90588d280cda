/** Line programs of damaged and made-up bytes: they end, within their input (the build with sanitizers watches), and what counts of their rows is in order. */
import { expect, it } from 'vitest';
import { DwarfFile } from '../../src/dwarf/file.js';
import { At } from '../../src/dwarf/constants.js';
import { readLineHeader, type LineHeader } from '../../src/dwarf/lines.js';
import { native, type LineProgramRun } from '../../src/native.js';
import { openElf } from '../../src/symbols/elf-files.js';
import { LineRows, RowFlag } from '../../src/symbols/line-rows.js';
import { fixture } from '../helpers/build.js';
import { seededRandom } from '../fuzz/mutate.js';

const elf = openElf(fixture('classes'));
const [unit] = new DwarfFile((name) => elf.debugData(name) ?? new Uint8Array(0)).units();
const real = readLineHeader(unit, unit.root.number(At.stmt_list) ?? 0);

/** @returns how many rows count */
const check = ({ rows, problem }: LineProgramRun, size: number, highestFile: number): number => {
  const all = new LineRows(rows);
  expect(all.count).toBeLessThanOrEqual(size + 1);
  if (problem && all.count > 0) {
    const ends = Array.from({ length: all.count }, (_, row) => all.flags(row)).filter((flags) => flags & RowFlag.endSequence);
    expect(ends.length).toBeGreaterThan(0);
  }
  const sources = Int32Array.from({ length: highestFile }, (_, file) => file % 3);
  const count = native.recordLines(rows, sources, 1);
  const addresses = Array.from({ length: count }, (_, row) => all.address(row));
  expect(addresses).toEqual(addresses.toSorted((a, b) => a - b));
  return count;
};

it('of any bytes', () => {
  const random = seededRandom(6);
  const odd = [0, 1, 10, 13, 255];
  let counted = 0;
  for (let n = 0; n < 2000; n++) {
    const size = random(200);
    // Few different bytes make programs that go on; all of them make ones that break off soon.
    const [bytes, range] = [new Uint8Array(size), [4, 20, 256][n % 3]];
    for (let i = 0; i < size; i++) bytes[i] = random(range);
    const header: LineHeader = {
      ...real,
      minimumInstructionLength: odd[random(5)],
      maximumOperations: 1 + random(255),
      lineBase: random(256) - 128,
      lineRange: odd[random(5)],
      opcodeBase: odd[random(5)],
      operandCounts: Uint8Array.from({ length: random(16) }, () => random(256)),
    };
    counted += check(native.runLineProgram(bytes, random(size + 1), size + random(9), header), size, 8);
  }
  expect(counted).toBeGreaterThan(1000);
});

it('of a real program that is damaged', () => {
  const random = seededRandom(7);
  const section = elf.debugData('line') ?? new Uint8Array(0);
  for (let n = 0; n < 200; n++) {
    const bytes = Uint8Array.from(section);
    for (let left = 1 + random(8); left > 0; left--)
      bytes[real.program + random(real.end - real.program)] = [0, 0x7f, 0x80, 0xff, random(256)][random(5)];
    expect(check(native.runLineProgram(bytes, real.program, real.end, real), real.end - real.program, real.files.length)).toBeGreaterThan(
      0,
    );
  }
});

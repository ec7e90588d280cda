/** Asks an ELF file for everything that deet ever asks. Only DeetErrors may come out, and soon. */
import { DeetError } from '../../src/common/errors.js';
import { Core } from '../../src/elf/core.js';
import { parseElf, type ElfFile } from '../../src/elf/file.js';
import { findDebugFile, findSupplementaryFile } from '../../src/elf/separate.js';
import { ElfSymbols } from '../../src/elf/symbols.js';
import { damage, processorTime, seededRandom } from './mutate.js';

const nowhere = { directories: ['/nonexistent'], open: () => undefined, unpack: () => undefined, missing: [] };

const QUESTIONS: readonly ((elf: ElfFile) => unknown)[] = [
  (elf) => elf.buildId,
  (elf) => elf.interpreter,
  (elf) => elf.isProgram,
  (elf) => elf.span,
  (elf) => elf.hasDebugInfo,
  (elf) => elf.missingBytes,
  (elf) => elf.dynamic?.needed,
  (elf) => elf.dynamic?.soname,
];

/** @throws whatever is not a DeetError: a bug */
export const readEverything = (bytes: Uint8Array): void => {
  try {
    const elf = parseElf(bytes, 'file');
    for (const section of elf.sections) {
      elf.contentsOf(section);
      elf.sectionAt(section.address);
      elf.bytesAt(section.address, 16);
    }
    for (const name of ['info', 'line', 'str']) elf.debugData(name);
    for (const question of QUESTIONS) question(elf);
    findDebugFile(elf, nowhere);
    findSupplementaryFile(elf, nowhere);
    const symbols = new ElfSymbols(elf);
    for (const symbol of symbols.all().slice(0, 200)) {
      symbols.at(symbol.address);
      symbols.at(symbol.address + symbol.size);
      symbols.named(symbol.name);
    }
    symbols.at(elf.entryPoint);
    if (elf.isCore) readCore(new Core(elf));
  } catch (error) {
    if (!(error instanceof DeetError)) throw error;
  }
};

const readCore = (core: Core): void => {
  for (const thread of core.threads) core.read(thread.registers[19], 64);
  for (const mapping of core.mappings) core.read(mapping.start, 16);
  for (const segment of core.elf.loads.slice(0, 100)) core.read(BigInt(segment.address) - 4n, 8);
};

/** Of computing; a file of a few hundred kilobytes takes a hundredth of it. */
const LIMIT_MS = 2000;

/** Damages `file` as `seed` says and reads it. @throws Error that names the seed */
export const attack = (file: Uint8Array, seed: number): void => {
  const bytes = damage(file, seededRandom(seed));
  const start = processorTime();
  try {
    readEverything(bytes);
  } catch (error) {
    throw new Error(`seed ${seed}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`, { cause: error });
  }
  const spent = processorTime() - start;
  if (spent > LIMIT_MS) throw new Error(`seed ${seed}: took ${Math.round(spent)} ms`);
};

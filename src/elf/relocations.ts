/** Dynamic relocations (System V ABI, chapter 4, "Relocation"; AMD64 supplement 4.4: always with addend). */
import { Reader } from '../common/reader.js';
import { DT, R_X86_64, SHT } from './constants.js';
import type { ElfFile } from './file.js';

const ENTRY_SIZE = 24;

export interface Relocation {
  /** R_X86_64_ number. */
  readonly type: number;
  /** The address of the slot that it fills. */
  readonly offset: number;
  /** Index in .dynsym; 0: none. */
  readonly symbol: number;
  /** For IRELATIVE: the address of the resolver. */
  readonly addend: number;
}

/** Those that name the function behind a slot of the global offset table. */
const NAMES_SLOT: readonly number[] = [R_X86_64.GLOB_DAT, R_X86_64.JUMP_SLOT, R_X86_64.IRELATIVE];

/** The relocations of slots through which code calls: from the sections .rela.plt and .rela.dyn, else from the dynamic section. */
export function* readRelocations(file: ElfFile): Generator<Relocation, void, undefined> {
  for (const bytes of [pltTable(file), generalTable(file)]) {
    if (!bytes) continue;
    const reader = new Reader(bytes, 'relocations');
    while (reader.remaining >= ENTRY_SIZE) {
      const offset = reader.u64Clamped();
      const type = reader.u32();
      const symbol = reader.u32();
      const addend = reader.u64Clamped();
      if (NAMES_SLOT.includes(type)) yield { type, offset, symbol, addend };
    }
  }
}

const pltTable = (file: ElfFile): Uint8Array | undefined =>
  sectionData(file, '.rela.plt') ?? file.dynamic?.bytes(DT.JMPREL, file.dynamic.value(DT.PLTRELSZ) ?? 0);

/** Without the relative ones at its start, which name nothing: position-independent programs have hundreds of thousands. */
const generalTable = (file: ElfFile): Uint8Array | undefined => {
  const table = sectionData(file, '.rela.dyn') ?? file.dynamic?.bytes(DT.RELA, file.dynamic.value(DT.RELASZ) ?? 0);
  return table?.subarray((file.dynamic?.value(DT.RELACOUNT) ?? 0) * ENTRY_SIZE);
};

const sectionData = (file: ElfFile, name: string): Uint8Array | undefined => {
  const section = file.section(name);
  return section?.type === SHT.RELA ? file.contentsOf(section) : undefined;
};

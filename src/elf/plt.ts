/**
 * Names for the procedure linkage table (AMD64 supplement, 5.2): `puts@plt` is the stub through which a program calls puts
 * of a library. No symbol table has them. Each stub ends in an indirect jump through a slot, `puts@got.plt`, and a relocation
 * names the function that the dynamic linker will put into this slot.
 *
 * Stubs come in several forms: .plt (jmp, push, jmp), .plt.got (jmp only), and with Intel's branch tracking .plt.sec, which
 * begins with endbr64 (the .plt beside it has no jump through a slot and stays without names, as in gdb and objdump).
 */
import { R_X86_64, STB, STT } from './constants.js';
import type { Section, Segment } from './container.js';
import type { ElfFile } from './file.js';
import { readRelocations, type Relocation } from './relocations.js';
import { SYMBOL_SIZE, SymbolTable } from './symbol-table.js';

interface Stub {
  readonly address: number;
  readonly size: number;
  /** The address of the slot that it jumps through. */
  readonly slot: number;
}

const STUB_SECTIONS: readonly string[] = ['.plt', '.plt.got', '.plt.sec', '.plt.bnd', '.iplt'];

/** In the table, also where no stub begins: its first entry, which goes on to the dynamic linker, and the pushes of .plt beside .plt.sec. */
export const inLinkageTable = (file: ElfFile, at: number): boolean =>
  file.sections.some(({ name, address, size }) => at >= address && at < address + size && STUB_SECTIONS.includes(name));

/** More than any program has; a damaged file may claim a stub at each eighth byte. */
const MAX_STUBS = 1 << 18;

const PUSH = 0x68;

const SLOT_SIZE = 8;
/** What gdb calls the slot behind a function's stub. */
export const SLOT_SUFFIX = '@got.plt';

interface Named {
  readonly address: number;
  /** In bytes. */
  readonly size: number;
  readonly name: string;
  /** Index of its section; 0: the file has none. */
  readonly section: number;
  readonly type: number;
}

/** The stubs, and the slots of those that are bound when first called, as a table of symbols; undefined: there are none. */
export const pltSymbols = (file: ElfFile): SymbolTable | undefined => {
  const places = stubPlaces(file);
  if (places.length === 0) return undefined;
  const slots = new Map<number, Relocation>();
  for (const relocation of readRelocations(file)) slots.set(relocation.offset, relocation);
  if (slots.size === 0) return undefined;
  const named: Named[] = [];
  for (const { bytes, address, section } of places)
    for (const stub of stubsIn(bytes, address)) {
      const relocation = slots.get(stub.slot);
      const name = relocation && nameOf(file, relocation);
      if (name) named.push({ ...stub, name: `${name}@plt`, section, type: STT.FUNC });
      if (named.length >= MAX_STUBS) break;
    }
  for (const relocation of slots.values()) {
    // Without the address of a resolver, as binutils write it here.
    const isBound = relocation.type === R_X86_64.JUMP_SLOT || relocation.type === R_X86_64.IRELATIVE;
    const name = isBound ? nameOf(file, relocation)?.replace(/\+.*/, '') : undefined;
    if (!name || named.length >= 2 * MAX_STUBS) continue;
    const section = file.sectionAt(relocation.offset)?.index ?? 0;
    named.push({ address: relocation.offset, size: SLOT_SIZE, name: `${name}${SLOT_SUFFIX}`, section, type: STT.OBJECT });
  }
  return named.length > 0 ? makeTable(named) : undefined;
};

const stubPlaces = (file: ElfFile): { bytes: Uint8Array; address: number; section: number }[] => {
  const places: { bytes: Uint8Array; address: number; section: number }[] = [];
  const add = (bytes: Uint8Array | undefined, { address }: Section | Segment, section: number): void => {
    if (bytes) places.push({ bytes, address, section });
  };
  for (const section of file.sections) if (STUB_SECTIONS.includes(section.name)) add(file.contentsOf(section), section, section.index);
  // Without sections the stubs are somewhere in the code; a jump through a slot that a relocation names is one.
  if (file.sections.length === 0) for (const segment of file.loads) if (segment.executable) add(file.segmentBytes(segment), segment, 0);
  return places;
};

/** Jumps through a slot at addresses where stubs begin: `[endbr64] [bnd] jmp *displacement(%rip)`, aligned to 8. */
function* stubsIn(bytes: Uint8Array, address: number): Generator<Stub, void, undefined> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = (8 - (address % 8)) % 8;
  while (at + 6 <= bytes.length) {
    let jump = at;
    if (jump + 4 <= bytes.length && view.getUint32(jump, true) === 0xfa1e0ff3) jump += 4;
    if (bytes[jump] === 0xf2) jump++;
    if (bytes[jump] === 0xff && bytes[jump + 1] === 0x25 && jump + 6 <= bytes.length) {
      // A plain jump and padding (.plt.got) take 8 bytes; a push of the relocation's number behind it (.plt) or endbr64 before it, 16.
      const size = jump === at && bytes[jump + 6] !== PUSH ? 8 : 16;
      yield { address: address + at, size, slot: address + jump + 6 + view.getInt32(jump + 2, true) };
      at += size;
    } else at += 8;
  }
}

/** The function's name; for the resolver of a local IFUNC, which has none, its address as binutils writes it. */
const nameOf = (file: ElfFile, relocation: Relocation): string | undefined => {
  if (relocation.symbol === 0) return `*ABS*+0x${relocation.addend.toString(16)}`;
  const table = file.dynsym;
  return table && relocation.symbol < table.count ? table.name(relocation.symbol) || undefined : undefined;
};

/** The form of every other symbol table, so that whoever looks up symbols sees one kind only. */
const makeTable = (symbols: readonly Named[]): SymbolTable => {
  const strings = Buffer.from(`\0${symbols.map(({ name }) => name).join('\0')}\0`);
  const entries = Buffer.alloc(symbols.length * SYMBOL_SIZE);
  let nameAt = 1;
  symbols.forEach(({ address, size, name, section, type }, i) => {
    const at = i * SYMBOL_SIZE;
    entries.writeUInt32LE(nameAt, at);
    entries.writeUInt8((STB.LOCAL << 4) | type, at + 4);
    entries.writeUInt16LE(section === 0 ? 1 : section & 0xffff, at + 6);
    entries.writeBigUInt64LE(BigInt(address), at + 8);
    entries.writeBigUInt64LE(BigInt(size), at + 16);
    nameAt += Buffer.byteLength(name) + 1;
  });
  return new SymbolTable({ entries, strings, versionsInNames: false });
};

/**
 * Where a file keeps its call-frame information: by its sections, or, when it was stripped of section headers, by the segment
 * PT_GNU_EH_FRAME, which is .eh_frame_hdr and says where .eh_frame begins (LSB, 10.6.2 and 12.2).
 */
import { fileAddress, type FileAddress } from '../common/addresses.js';
import { pointedByHeader } from '../dwarf/cfi.js';
import type { ElfFile } from '../elf/file.js';
import type { CallFrameSource } from './model.js';

const PT_GNU_EH_FRAME = 0x6474_e550;

interface Placed {
  readonly bytes: Uint8Array;
  readonly address: FileAddress;
}

/** @param debugFrame the contents of .debug_frame, which may be another file's */
export const callFrameSource = (elf: ElfFile, debugFrame: Uint8Array | undefined): CallFrameSource => {
  const placed = (name: string): Placed | undefined => {
    const section = elf.section(name);
    const bytes = section && elf.contentsOf(section);
    return section && bytes && { bytes, address: fileAddress(section.address) };
  };
  const ehFrameHeader = placed('.eh_frame_hdr') ?? headerSegment(elf);
  return {
    ehFrame: placed('.eh_frame') ?? (ehFrameHeader && pointedBy(elf, ehFrameHeader)),
    ehFrameHeader,
    debugFrame: debugFrame && { bytes: debugFrame },
    textAddress: addressOf(elf, '.text'),
    gotAddress: addressOf(elf, '.got.plt') ?? addressOf(elf, '.got'),
  };
};

const addressOf = (elf: ElfFile, name: string): FileAddress | undefined => {
  const section = elf.section(name);
  return section && fileAddress(section.address);
};

const headerSegment = (elf: ElfFile): Placed | undefined => {
  const segment = elf.segments.find(({ type }) => type === PT_GNU_EH_FRAME);
  return segment && { bytes: elf.segmentBytes(segment), address: fileAddress(segment.address) };
};

/** From where the header points to the end of the segment; the section's terminator ends what is really used. */
const pointedBy = (elf: ElfFile, header: Placed): Placed | undefined => {
  const address = pointedByHeader(header);
  const bytes = address === undefined ? undefined : elf.bytesFrom(address);
  return address === undefined || bytes === undefined ? undefined : { bytes, address: fileAddress(address) };
};

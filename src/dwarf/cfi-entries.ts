/**
 * The entries of .eh_frame and .debug_frame: CIEs (what many functions share) and FDEs (one range of code each).
 * .debug_frame is DWARF 5, 6.4.1; .eh_frame is the variant of the LSB (Core, Exception Frames) and the System V ABI for
 * x86-64, 4.2.4: its CIE id is 0, its pointers to CIEs are relative, its addresses are encoded as the augmentation says.
 */
import { fileAddress, type FileAddress } from '../common/addresses.js';
import { DeetError } from '../common/errors.js';
import { Reader } from '../common/reader.js';
import type { CallFrameSource } from './location.js';

/** One of the two sections, as the entry parser needs it. */
export interface FrameSection {
  readonly name: '.eh_frame' | '.debug_frame';
  readonly bytes: Uint8Array;
  /** Where the section is loaded; .debug_frame is not and has no relative addresses. */
  readonly address: number;
  readonly textAddress: number | undefined;
  readonly gotAddress: number | undefined;
}

/** A part of the section: instructions of a CIE or FDE. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** Common Information Entry. */
export interface CommonEntry {
  readonly codeAlignment: number;
  readonly dataAlignment: number;
  readonly returnAddress: number;
  /** 'S': describes a signal trampoline, whose caller was interrupted and did not call. */
  readonly signal: boolean;
  /** DW_EH_PE encoding of addresses in its FDEs. */
  readonly encoding: number;
  /** 'z': its FDEs have augmentation data. */
  readonly sized: boolean;
  readonly segmentSize: number;
  readonly instructions: Span;
}

/** Frame Description Entry: [low, high) in file addresses. */
export interface FrameEntry {
  readonly section: FrameSection;
  readonly common: CommonEntry;
  readonly low: FileAddress;
  readonly high: FileAddress;
  readonly instructions: Span;
}

/** DW_EH_PE: the low four bits are the form, the next three what it is relative to. */
const Encoding = {
  absolute: 0x00,
  pcRelative: 0x10,
  textRelative: 0x20,
  dataRelative: 0x30,
  aligned: 0x50,
  indirect: 0x80,
  omit: 0xff,
} as const;

const readForm = (reader: Reader, form: number): number => {
  switch (form) {
    case 0x00:
      return reader.u64();
    case 0x01:
      return reader.uleb();
    case 0x02:
      return reader.u16();
    case 0x03:
      return reader.u32();
    case 0x04:
      return Number(reader.u64Big());
    case 0x08:
    case 0x0c:
      return Number(reader.i64Big());
    case 0x09:
      return reader.sleb();
    case 0x0a:
      return reader.i16();
    case 0x0b:
      return reader.i32();
    default:
      return reader.fail(`unknown pointer encoding 0x${form.toString(16)}`);
  }
};

/**
 * An encoded pointer (LSB, DWARF Exception Header Encoding).
 * @throws FormatError for indirect pointers too, which no address of code is
 */
export const readEncoded = (
  reader: Reader,
  encoding: number,
  section: Pick<FrameSection, 'address' | 'textAddress' | 'gotAddress'>,
): number => {
  if (encoding & Encoding.indirect) reader.fail('an indirect pointer where code is named');
  if ((encoding & 0x70) === Encoding.aligned) reader.align(8);
  const at = section.address + reader.offset;
  const value = readForm(reader, encoding & 0x0f);
  switch (encoding & 0x70) {
    case Encoding.absolute:
    case Encoding.aligned:
      return value;
    case Encoding.pcRelative:
      return at + value;
    case Encoding.textRelative:
      return (section.textAddress ?? reader.fail('relative to a section that is missing')) + value;
    case Encoding.dataRelative:
      return (section.gotAddress ?? reader.fail('relative to a section that is missing')) + value;
    default:
      return reader.fail(`unknown pointer encoding 0x${encoding.toString(16)}`);
  }
};

/** Head of an entry: where its body lies, and for an FDE the offset of its CIE. */
interface Head {
  readonly body: Reader;
  /** First offset behind the entry. */
  readonly next: number;
  /** Undefined: this is a CIE (or the terminator, whose body is empty). */
  readonly cie: number | undefined;
  readonly wide: boolean;
}

/** Reads the entries of one section, each when it is asked for; CIEs are remembered. */
export class FrameEntries {
  private readonly commons = new Map<number, CommonEntry | DeetError>();

  constructor(readonly section: FrameSection) {}

  /** The two sections of a file, those that it has. */
  static of(source: CallFrameSource): FrameEntries[] {
    const { textAddress, gotAddress } = source;
    const found: FrameEntries[] = [];
    if (source.ehFrame !== undefined) found.push(new FrameEntries({ name: '.eh_frame', ...source.ehFrame, textAddress, gotAddress }));
    if (source.debugFrame !== undefined)
      found.push(new FrameEntries({ name: '.debug_frame', bytes: source.debugFrame.bytes, address: 0, textAddress, gotAddress }));
    return found;
  }

  private head(offset: number): Head {
    const reader = new Reader(this.section.bytes, this.section.name, offset);
    let length = reader.u32();
    const wide = length === 0xffff_ffff;
    if (wide) length = reader.u64();
    else if (length >= 0xffff_fff0) reader.fail('reserved length', offset);
    const next = reader.offset + length;
    const body = reader.part(length);
    if (length === 0) return { body, next, cie: undefined, wide };
    const idAt = body.offset;
    if (this.section.name === '.eh_frame') {
      // Relative to the field itself; four bytes also behind an extended length (as binutils and gcc's unwinder have it).
      const id = body.u32();
      return { body, next, cie: id === 0 ? undefined : idAt - id, wide };
    }
    const id = wide ? body.u64Big() : BigInt(body.u32());
    const isCie = id === (wide ? 0xffff_ffff_ffff_ffffn : 0xffff_ffffn);
    return { body, next, cie: isCie ? undefined : Number(id), wide };
  }

  /** @throws FormatError */
  private common(offset: number): CommonEntry {
    let known = this.commons.get(offset);
    if (known === undefined) {
      try {
        known = this.parseCommon(offset);
      } catch (error) {
        if (!(error instanceof DeetError)) throw error;
        known = error;
      }
      this.commons.set(offset, known);
    }
    if (known instanceof DeetError) throw known;
    return known;
  }

  private parseCommon(offset: number): CommonEntry {
    const { body, cie } = this.head(offset);
    if (cie !== undefined || body.atEnd) body.fail('no CIE where an FDE names one', offset);
    const version = body.u8();
    if (version !== 1 && version !== 3 && version !== 4) body.fail(`unknown version ${version} of a CIE`, offset);
    const augmentation = body.cstring();
    if (augmentation === 'eh') body.skip(8); // gcc 2: the address of its exception table
    let segmentSize = 0;
    if (version === 4) {
      if (body.u8() !== 8) body.fail('addresses of another size than eight', offset);
      segmentSize = body.u8();
      if (segmentSize > 8) body.fail(`a segment selector of ${segmentSize} bytes`, offset);
    }
    const codeAlignment = body.uleb();
    const dataAlignment = body.sleb();
    const returnAddress = version === 1 ? body.u8() : body.uleb();
    const extra = this.augmentation(augmentation, body);
    return {
      codeAlignment,
      dataAlignment,
      returnAddress,
      segmentSize,
      ...extra,
      sized: augmentation.startsWith('z'),
      instructions: { start: body.offset, end: body.end },
    };
  }

  /** LSB, 10.6.1.1.1. What stands behind an unknown letter is skipped by its size, which only 'z' gives. */
  private augmentation(letters: string, body: Reader): { signal: boolean; encoding: number } {
    let signal = false;
    let encoding: number = Encoding.absolute;
    if (letters === '' || letters === 'eh') return { signal, encoding };
    const sized = letters.startsWith('z');
    const data = sized ? body.part(body.uleb()) : body;
    for (const letter of sized ? letters.slice(1) : letters) {
      if (letter === 'R') encoding = data.u8();
      else if (letter === 'S') signal = true;
      else if (letter === 'L') data.u8();
      else if (letter === 'P') {
        const form = data.u8();
        if (form !== Encoding.omit) {
          if ((form & 0x70) === Encoding.aligned) data.align(8);
          readForm(data, form & 0x0f); // the personality routine, which only exceptions need
        }
      } else if (letter === 'B') continue;
      else if (sized) break;
      else body.fail(`unknown augmentation "${letters}"`);
    }
    return { signal, encoding };
  }

  /**
   * The FDE at an offset; undefined when a CIE or the terminator stands there.
   * @throws FormatError
   */
  frameAt(offset: number): FrameEntry | undefined {
    return this.frame(this.head(offset));
  }

  private frame({ body, cie }: Head): FrameEntry | undefined {
    if (cie === undefined) return undefined;
    const common = this.common(cie);
    body.skip(common.segmentSize);
    const low = readEncoded(body, common.encoding, this.section);
    const size = readForm(body, common.encoding & 0x0f & ~0x08);
    if (!(low >= 0 && size >= 0 && Number.isSafeInteger(low + size))) body.fail('an absurd range of addresses');
    if (common.sized) body.skip(body.uleb());
    return {
      section: this.section,
      common,
      low: fileAddress(low),
      high: fileAddress(low + size),
      instructions: { start: body.offset, end: body.end },
    };
  }

  /** All FDEs in the section's order with their offsets. What is damaged is left out; behind a damaged length nothing can be found. */
  *frames(): Generator<FrameEntry & { offset: number }> {
    let offset = 0;
    while (offset + 4 <= this.section.bytes.length) {
      const at = offset;
      try {
        const head = this.head(at);
        offset = head.next;
        const frame = this.frame(head);
        if (frame !== undefined) yield { ...frame, offset: at };
      } catch (error) {
        if (!(error instanceof DeetError)) throw error;
        if (offset === at) return;
      }
    }
  }
}

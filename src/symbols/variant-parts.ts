/**
 * Parts of a record of which one is there at a time, told apart by a discriminant (DWARF 5, 5.7.10): the enumerations of
 * Rust, variant records of Ada and Pascal.
 */
import { At, Tag } from '../dwarf/constants.js';
import type { Die } from '../dwarf/die.js';
import type { CType, Member } from './types.js';

export interface VariantPart {
  /** The member whose value tells which variant is there; undefined: there is one only, or nothing tells. */
  readonly discriminant: Member | undefined;
  readonly variants: readonly Variant[];
}

export interface Variant {
  /** Values of the discriminant, both ends included; undefined: all those that no other variant has. */
  readonly values: readonly ValueRange[] | undefined;
  readonly members: readonly Member[];
}

export interface ValueRange {
  readonly low: bigint;
  readonly high: bigint;
}

/** DW_DSC_range (7.23); the other kind, DW_DSC_label, is 0. */
const rangeOfValues = 1;
/** Sixteen bytes of seven bits and one more: no discriminant is wider than 128 bits. */
const MAX_LEB_BYTES = 19;

/** @param field reads a DW_TAG_member. @throws FormatError on damage */
export function variantPartOf(die: Die, field: (die: Die) => Member): VariantPart {
  const entry = die.reference(At.discr);
  const discriminant = entry && field(entry);
  const signed = discriminant !== undefined && isSigned(discriminant.type);
  return {
    discriminant,
    variants: die
      .children()
      .filter((child) => child.tag === Tag.variant)
      .map((variant) => ({
        values: valuesOf(variant, signed),
        members: variant
          .children()
          .filter((child) => child.tag === Tag.member)
          .map(field),
      })),
  };
}

function isSigned(type: CType): boolean {
  for (let depth = 0; depth < 16 && (type.kind === 'typedef' || type.kind === 'const'); depth++) type = type.target;
  return type.kind === 'enum' ? type.signed : type.kind === 'base' && type.encoding.startsWith('signed');
}

function valuesOf(variant: Die, signed: boolean): readonly ValueRange[] | undefined {
  const value = variant.big(At.discr_value) ?? wideNumber(variant.block(At.discr_value));
  if (value !== undefined) return [{ low: value, high: value }];
  const list = variant.block(At.discr_list);
  return list && [...rangesIn(list, signed)];
}

/** DW_FORM_data16, or a block of as many bytes. */
const wideNumber = (bytes: Uint8Array | undefined): bigint | undefined =>
  bytes?.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);

/** DW_AT_discr_list: each a kind, and a value or the two ends of a range, as LEB128 of the discriminant's sign. */
function* rangesIn(list: Uint8Array, signed: boolean): Generator<ValueRange> {
  let at = 0;
  const number = (): bigint => {
    let value = 0n;
    for (let shift = 0n; at < list.length && shift < 7n * BigInt(MAX_LEB_BYTES); shift += 7n) {
      const byte = list[at++];
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return signed && byte & 0x40 ? BigInt.asIntN(Number(shift) + 7, value) : value;
    }
    return value;
  };
  while (at < list.length) {
    const kind = list[at++];
    const low = number();
    yield { low, high: kind === rangeOfValues ? number() : low };
  }
}

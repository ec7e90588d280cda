/** Records of which one part is there at a time (DWARF 5, 5.7.10): which one that is in a value. */
import type { Member, StructType } from '../symbols/types.js';
import type { Variant, VariantPart } from '../symbols/variant-parts.js';
import { toInteger, type Value } from './value.js';

/**
 * The variant that is there; undefined: the value is none of those that the type has (an object that is not initialised).
 * @throws DeetError when the discriminant cannot be read
 */
export function activeVariant(object: Value, { discriminant, variants }: VariantPart): Variant | undefined {
  if (!discriminant) return variants.length === 1 ? variants[0] : undefined;
  const value = object.member(discriminant);
  const bits = value.size * 8;
  // Compilers write the same value with and without a sign.
  const low = (number: bigint): bigint => BigInt.asUintN(bits, number);
  const number = toInteger(value);
  return (
    variants.find(({ values }) =>
      values?.some((range) => low(range.low) === low(number) || (range.low <= number && number <= range.high)),
    ) ?? variants.find(({ values }) => values === undefined)
  );
}

/** The members that the object has now. @throws DeetError when the discriminant cannot be read */
export function presentMembers(object: Value, struct: StructType): readonly Member[] {
  const part = struct.variantPart?.();
  if (!part || object.isAbstract) return struct.members();
  return [...struct.members(), ...(activeVariant(object, part)?.members ?? [])];
}

/**
 * Where a variable lives, as a rule instead of an address: "rbp - 20", "0x404020", "register rbx". Holds for one address of code, at which
 * the choice from location lists and the rule of the canonical frame address are made (DWARF 5, 2.6.2 and 6.4.1). Only expressions of one operation
 * are understood; they are nearly all that compilers write for what is simple.
 */
import { Reader } from '../common/reader.js';
import { CallFrames } from '../dwarf/cfi.js';
import { entryAt } from '../dwarf/lists.js';
import type { FrameContext } from '../dwarf/location.js';
import { Op } from '../dwarf/operations.js';
import type { Frame, LoadedImage } from '../inferior/frame.js';
import type { LocationDescription, SymbolImage, UnitContext, Variable } from '../symbols/model.js';
import { constant, plus, type Code } from './simple-code.js';

/** `address`: in memory. `register`: in the low bytes of a register. `value`: a constant. */
export type SimplePlace =
  | { readonly kind: 'memory'; readonly address: Code }
  | { readonly kind: 'register'; readonly number: number }
  | { readonly kind: 'value'; readonly value: bigint };

/** rip is the last register with a number of its own. */
const lastRegister = 16;

const register = (number: number): Code => ({ kind: 'register', number });

/** The expression that applies at an address, and its unit. */
const chosen = (
  description: LocationDescription,
  context: FrameContext | undefined,
): { bytes: Uint8Array; unit: UnitContext } | undefined => {
  if (description.kind === 'constant') return undefined;
  if (description.kind === 'expression') return description;
  const { unit } = description;
  const entry = entryAt(unit.locationList(description.offset), context?.listAddress ?? 0, context?.atEntry ?? false);
  return entry && { bytes: entry.expression, unit };
};

const tables = new WeakMap<SymbolImage, CallFrames>();

const callFramesOf = (image: SymbolImage): CallFrames => {
  let frames = tables.get(image);
  if (!frames) tables.set(image, (frames = new CallFrames(image.callFrames)));
  return frames;
};

/** The canonical frame address as a register and a distance; checked against the one that was found by unwinding. */
const frameAddress = (frame: Frame, image: SymbolImage): Code | undefined => {
  const cfa = callFramesOf(image).rowAt(frame.context.listAddress)?.cfa;
  if (cfa?.kind !== 'register' || cfa.register > lastRegister) return undefined;
  const value = frame.context.register(cfa.register);
  return value !== undefined && BigInt.asUintN(64, value + BigInt(cfa.offset)) === frame.cfa
    ? plus(register(cfa.register), constant(BigInt(cfa.offset)))
    : undefined;
};

const frameBase = (frame: Frame, loaded: LoadedImage): Code | undefined => {
  const description = frame.function?.frameBase;
  const expression = description && chosen(description, frame.context);
  if (!expression) return undefined;
  const { bytes } = expression;
  if (bytes.length === 1 && bytes[0] === Op.call_frame_cfa) return frameAddress(frame, loaded.image);
  const place = single(bytes, () => undefined, expression.unit, loaded);
  // For a frame base a register means its contents.
  return place?.kind === 'register' ? register(place.number) : place?.kind === 'memory' ? place.address : undefined;
};

/** An expression of one operation. */
const single = (bytes: Uint8Array, base: () => Code | undefined, unit: UnitContext, loaded: LoadedImage): SimplePlace | undefined => {
  const reader = new Reader(bytes, 'DWARF expression');
  const code = reader.u8();
  const place = ((): SimplePlace | undefined => {
    if (code >= Op.reg0 && code <= Op.reg0 + lastRegister) return { kind: 'register', number: code - Op.reg0 };
    if (code >= Op.breg0 && code <= Op.breg0 + lastRegister)
      return { kind: 'memory', address: plus(register(code - Op.breg0), constant(reader.slebBig())) };
    switch (code) {
      case Op.addr:
        return { kind: 'memory', address: constant(reader.u64Big() + loaded.bias) };
      case Op.addrx:
        return { kind: 'memory', address: constant(BigInt(unit.addressAt(reader.uleb())) + loaded.bias) };
      case Op.fbreg: {
        const from = base();
        return from && { kind: 'memory', address: plus(from, constant(reader.slebBig())) };
      }
      default:
        return undefined;
    }
  })();
  return reader.atEnd ? place : undefined;
};

/**
 * @param frame the frame that the variable belongs to, innermost of its thread; undefined: a variable that needs none
 * @returns undefined for everything that is not simple. @throws DeetError for damaged expressions
 */
export const simplePlace = (variable: Variable, frame: Frame | undefined, loaded: LoadedImage): SimplePlace | undefined => {
  const { location, image } = variable;
  if (!location || image !== loaded.image) return undefined;
  if (location.kind === 'constant') return typeof location.value === 'bigint' ? { kind: 'value', value: location.value } : undefined;
  const expression = chosen(location, frame?.context);
  if (!expression) return undefined;
  const place = single(expression.bytes, () => frame && frameBase(frame, loaded), expression.unit, loaded);
  const isStatic = place?.kind === 'memory' && place.address.kind === 'constant';
  return frame || isStatic ? place : undefined;
};

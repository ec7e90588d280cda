/** From what DWARF says (a `Location`) to a `Place` that can be read and written. */
import { DeetError } from '../common/errors.js';
import type { FrameContext, Location } from '../dwarf/location.js';
import type { Memory } from './place.js';
import {
  ComputedPlace,
  MemoryPlace,
  MissingPlace,
  PiecesPlace,
  RegisterPlace,
  SyntheticPointerPlace,
  type Place,
  type PlacePiece,
} from './place.js';
import { integerBytes } from './value.js';

/** DWARF numbers and names (System V ABI, figure 3.36). */
const GENERAL = ['rax', 'rdx', 'rcx', 'rbx', 'rsi', 'rdi', 'rbp', 'rsp', 'r8', 'r9', 'r10', 'r11', 'r12', 'r13', 'r14', 'r15', 'rip'];
const SPECIAL: ReadonlyMap<number, string> = new Map([
  [49, 'eflags'], [50, 'es'], [51, 'cs'], [52, 'ss'], [53, 'ds'], [54, 'fs'], [55, 'gs'], [58, 'fs_base'], [59, 'gs_base'], [64, 'mxcsr'],
  [65, 'fctrl'], [66, 'fstat'],
]); // prettier-ignore

export function dwarfRegisterName(number: number): string | undefined {
  if (number >= 17 && number <= 32) return `xmm${number - 17}`;
  if (number >= 33 && number <= 40) return `st${number - 33}`;
  return GENERAL[number] ?? SPECIAL.get(number);
}

const NUMBERS: ReadonlyMap<string, number> = new Map(
  Array.from({ length: 67 }, (_, number): [string, number] => [dwarfRegisterName(number) ?? '', number]).filter(([name]) => name !== ''),
);

export const dwarfRegisterNumber = (name: string): number | undefined => NUMBERS.get(name);

/** Whole contents of a register in a frame, low byte first; undefined: not known there. */
export function registerBytes(context: FrameContext, number: number): Uint8Array | undefined {
  const narrow = context.register(number);
  return narrow === undefined ? context.wideRegister(number) : integerBytes(narrow, 8);
}

export interface PlaceWorld {
  readonly memory: Memory;
  readonly context: FrameContext;
  /** Where the object of a DIE is now. */
  objectAt(die: number): Location;
  /** Changes a register of the frame. @throws DeetError */
  writeRegister(name: string, bytes: Uint8Array): void;
}

/** @param size of the object in bytes: constants shorter than it are widened with zeros */
export function placeOf(location: Location, size: number, world: PlaceWorld, depth = 0): Place {
  switch (location.kind) {
    case 'memory':
      return new MemoryPlace(world.memory, location.address);
    case 'register': {
      const name = dwarfRegisterName(location.register) ?? `r${location.register}`;
      // A call on the way to this frame may have used the register for something else, and nothing has saved it: so the object is nowhere.
      if (!registerBytes(world.context, location.register)) return new MissingPlace(`a call has used ${name}`);
      return new RegisterPlace(
        name,
        () => registerBytes(world.context, location.register),
        (bytes) => {
          world.writeRegister(name, bytes);
        },
      );
    }
    case 'value':
      return new ComputedPlace(integerBytes(location.value, size > 0 ? Math.min(size, 64) : 8));
    case 'bytes':
      return new ComputedPlace(location.bytes);
    case 'implicit-pointer':
      return new SyntheticPointerPlace((bytes) => objectPlace(location.die, bytes, world, depth), Number(location.offset));
    case 'pieces': {
      if (depth > 8) throw new DeetError('bad-format', 'Pieces nested too deeply.');
      const pieces = location.pieces.map((piece): PlacePiece => ({
        bits: piece.size,
        bitOffset: piece.offset,
        place: piece.location ? placeOf(piece.location, Math.ceil(piece.size / 8), world, depth + 1) : new MissingPlace('optimized out'),
      }));
      return new PiecesPlace(pieces);
    }
    case 'unavailable':
      return new MissingPlace(location.reason, location.optimizedOut ? 'optimized-out' : 'memory');
  }
}

/** What an implicit pointer points to; that may be one as well. */
function objectPlace(die: number, size: number, world: PlaceWorld, depth: number): Place {
  return depth > 8 ? new MissingPlace('implicit pointers in a circle') : placeOf(world.objectAt(die), size, world, depth + 1);
}

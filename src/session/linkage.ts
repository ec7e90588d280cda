/**
 * Functions behind a slot that the dynamic linker fills: calls of other files go through stubs of the procedure linkage table (AMD64 supplement, 5.2), and so do
 * indirect functions, whose resolver picks one of several implementations when the program starts (STT_GNU_IFUNC; libc's strlen and memcpy).
 */
import { fileAddress, type Address } from '../common/addresses.js';
import type { AddressSpace } from '../inferior/address_space.js';
import { disassemble } from '../inferior/disassemble.js';
import type { LoadedImage } from '../inferior/frame.js';
import type { Process } from '../inferior/process.js';
import type { ElfSymbol } from '../symbols/model.js';
import type { FoundPlace } from './locations.js';

const endbr64 = [0xf3, 0x0f, 0x1e, 0xfa];
const pushImmediate = 0x68;
const stubSize = 16;

const skipEndbr = (code: Uint8Array): number => (endbr64.every((byte, index) => code[index] === byte) ? endbr64.length : 0);

/** Where the jump of a stub leads: `[endbr64] [bnd] jmp *displacement(%rip)`. Undefined: it is none, or has not been bound yet. */
export const slotTarget = (space: AddressSpace, stub: Address): Address | undefined => {
  const code = space.readAvailable(stub, stubSize);
  let at = skipEndbr(code);
  if (code[at] === 0xf2) at++;
  if (code.length < at + 6 || code[at] !== 0xff || code[at + 1] !== 0x25) return undefined;
  const displacement = new DataView(code.buffer, code.byteOffset).getInt32(at + 2, true);
  const slot = space.readAvailable(stub + BigInt(at + 6 + displacement), 8);
  if (slot.length < 8) return undefined;
  const target = new DataView(slot.buffer, slot.byteOffset).getBigUint64(0, true);
  // Until then the slot leads back into the stub, or to a push of the slot's number for the dynamic linker.
  if (target >= stub && target < stub + BigInt(stubSize)) return undefined;
  const there = space.readAvailable(target, 5);
  return there.length === 0 || there[skipEndbr(there)] === pushImmediate ? undefined : target;
};

/** Resolvers of this name in a file. */
const resolversIn = ({ image, bias }: LoadedImage, name: string): { low: Address; high: Address; stub: string }[] =>
  image
    .symbolsNamed(name)
    .filter(({ type, address }) => type === 'ifunc' && address !== 0)
    .map(({ address, size }) => ({
      low: BigInt(address) + bias,
      high: BigInt(address + Math.max(size, 1)) + bias,
      stub: `*ABS*+0x${address.toString(16)}@plt`,
    }));

/** Where a breakpoint on a function without lines goes is its first instruction. */
const placeAt = (loaded: LoadedImage, target: Address, name: string): FoundPlace => {
  const { image, bias } = loaded;
  const at = fileAddress(Number(target - bias));
  const fn = image.functionAt(at);
  const address = fn?.entry === at ? image.afterPrologue(fn) : at;
  return {
    loaded,
    address: BigInt(address) + bias,
    function: fn?.qualifiedName ?? image.symbolAt(at)?.name ?? name,
    position: image.lineAt(address),
  };
};

/**
 * Breakpoints on a function are meant for what its resolver has picked, never for the resolver: replaces those of `places` that lie in one. `waiting`: some have
 * not been resolved yet.
 */
export const resolveIndirect = (
  process: Process,
  loaded: LoadedImage,
  name: string,
  places: readonly FoundPlace[],
): { readonly places: readonly FoundPlace[]; readonly waiting: boolean } => {
  const resolvers = resolversIn(loaded, name);
  if (resolvers.length === 0) return { places, waiting: false };
  const inResolver = ({ address }: FoundPlace): boolean => resolvers.some(({ low, high }) => address >= low && address < high);
  const found = new Map<Address, FoundPlace>();
  for (const { stub } of resolvers)
    for (const { image, bias } of process.images.all()) {
      const stubs = [...image.symbolsNamed(`${name}@plt`), ...(image === loaded.image ? image.symbolsNamed(stub) : [])];
      for (const { address } of stubs) {
        const target = slotTarget(process.space, BigInt(address) + bias);
        const where = target === undefined ? undefined : process.images.imageAt(target);
        const place = target !== undefined && where ? placeAt(where, target, name) : undefined;
        // Before start-up the slots of a static program hold the resolver itself.
        if (place && !inResolver(place)) found.set(place.address, place);
      }
    }
  return { places: [...places.filter((place) => !inResolver(place)), ...found.values()], waiting: found.size === 0 };
};

/** `_ZThn16_N1C1gEi`, a thunk to `_ZN1C1gEi`: corrects `this` (and, covariant, what is returned) and goes on (Itanium C++ ABI, 5.1.4 and its call-offset). */
const thunkName = /^_ZT(?:(?:hn?\d+_|vn?\d+_n?\d+_)|c(?:hn?\d+_|vn?\d+_n?\d+_){2})(?=.)/;

/** The function that a thunk leads to, perhaps by another thunk. Undefined: it is no thunk, or one that has the function's code in itself. */
export const behindThunk = (space: AddressSpace, { image, bias }: LoadedImage, { name, address, size }: ElfSymbol): Address | undefined => {
  if (!thunkName.test(name)) return undefined;
  const method = name.replace(thunkName, '_Z');
  const start = BigInt(address) + bias;
  const leads = disassemble(space.readAvailable(start, size), start).some(({ target }) => {
    if (target === undefined || (target >= start && target < start + BigInt(size))) return false;
    return image.symbolAt(fileAddress(Number(target - bias)))?.name.replace(thunkName, '_Z') === method;
  });
  const found = leads ? image.symbolsNamed(method).find((symbol) => symbol.address !== 0) : undefined;
  return found && BigInt(found.address) + bias;
};

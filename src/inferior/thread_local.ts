/**
 * Thread-local variables (Drepper, "ELF Handling for Thread-Local Storage", x86-64, variant II). The program's own block lies directly below the thread pointer (fs_base); those of
 * libraries are found through the thread's vector of blocks, whose index glibc keeps in its link_map. Where in its structures that is, libc says itself
 * in data made for debuggers (nptl_db's _thread_db_link_map_l_tls_modid and the like: size in bits, count, offset).
 */
import type { Address } from '../common/addresses.js';
import { Word } from '../linux/registers.js';
import type { LoadedImage } from './frame.js';
import type { Process } from './process.js';
import type { Thread } from './thread.js';

/** dtv entries that are not allocated yet (TLS_DTV_UNALLOCATED). */
const unallocated = 0xffff_ffff_ffff_ffffn;
const mostMaps = 10_000;

const word = (process: Process, address: Address): bigint => {
  const bytes = process.space.read(address, 8);
  return new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true);
};

const symbolAddress = (process: Process, name: string): Address | undefined => {
  for (const { image, bias } of process.images.all()) {
    const symbol = image.symbolsNamed(name)[0];
    if (symbol && symbol.address !== 0) return BigInt(symbol.address) + bias;
  }
  return undefined;
};

/** The link_map of a loaded file: the one with its load address, in any of the namespaces that dlmopen has made (link.h: r_debug_extended). */
const linkMapOf = (process: Process, image: LoadedImage): Address | undefined => {
  let debug = symbolAddress(process, '_r_debug') ?? 0n;
  for (let spaces = 0; debug !== 0n && spaces < mostMaps; spaces++) {
    let map = word(process, debug + 8n);
    for (let count = 0; map !== 0n && count < mostMaps; count++) {
      if (word(process, map) === image.bias && (image.bias !== 0n || count === 0)) return map;
      map = word(process, map + 24n);
    }
    const version = BigInt.asUintN(32, word(process, debug));
    debug = version >= 2n ? word(process, debug + 40n) : 0n;
  }
  return undefined;
};

const fieldOffset = (process: Process, descriptor: string): bigint | undefined => {
  const address = symbolAddress(process, `_thread_db_${descriptor}`);
  if (address === undefined) return undefined;
  const bytes = process.space.read(address, 12);
  return BigInt(new DataView(bytes.buffer, bytes.byteOffset, 12).getUint32(8, true));
};

/**
 * When the module of this number was loaded, as the dynamic linker counts its changes. A thread's vector is brought up to date at its next access: until
 * then it has at a number what an earlier module left there. Undefined: the C library does not tell.
 */
const generationOf = (process: Process, module: bigint): bigint | undefined => {
  const [list, length, next, slots, generation] = [
    'rtld_global__dl_tls_dtv_slotinfo_list',
    'dtv_slotinfo_list_len',
    'dtv_slotinfo_list_next',
    'dtv_slotinfo_list_slotinfo',
    'dtv_slotinfo_gen',
  ].map((name) => fieldOffset(process, name));
  const global = symbolAddress(process, '_rtld_global');
  const sizeAt = symbolAddress(process, '_thread_db_sizeof_dtv_slotinfo');
  if (list === undefined || length === undefined || next === undefined || slots === undefined || generation === undefined) return undefined;
  if (global === undefined || sizeAt === undefined) return undefined;
  const size = BigInt.asUintN(32, word(process, sizeAt));
  let rest = module;
  for (let at = word(process, global + list), count = 0; at !== 0n && count < mostMaps; at = word(process, at + next), count++) {
    const here = word(process, at + length);
    if (rest < here) return word(process, at + slots + rest * size + generation);
    rest -= here;
  }
  return undefined;
};

/** PT_TLS, rounded up to its alignment, below the thread pointer. */
const inOwnBlock = (image: LoadedImage, threadPointer: Address, offset: bigint): Address | undefined => {
  const { tls } = image.image;
  if (!tls) return undefined;
  const alignment = BigInt(Math.max(1, tls.alignment));
  const size = ((BigInt(tls.size) + alignment - 1n) / alignment) * alignment;
  return threadPointer - size + offset;
};

/** The address of a thread's copy; undefined: not allocated yet, or the C library does not tell. */
export const threadLocal = (thread: Thread, image: LoadedImage, offset: bigint): Address | undefined => {
  const { process } = thread;
  const threadPointer = thread.registers()[Word.fs_base];
  if (threadPointer === 0n) return undefined;
  if (image.image.path === process.images.main?.image.path) return inOwnBlock(image, threadPointer, offset);
  try {
    const map = linkMapOf(process, image);
    const field = fieldOffset(process, 'link_map_l_tls_modid');
    if (map === undefined || field === undefined) return undefined;
    const module = word(process, map + field);
    const vector = word(process, threadPointer + 8n);
    const isCurrent = module !== 0n && (generationOf(process, module) ?? 0n) <= word(process, vector);
    const block = isCurrent ? word(process, vector + 16n * module) : unallocated;
    if (block !== unallocated && block !== 0n) return block + offset;
    const staticField = fieldOffset(process, 'link_map_l_tls_offset');
    const below = staticField === undefined ? 0n : word(process, map + staticField);
    return below === 0n || below >= 1n << 32n ? undefined : threadPointer - below + offset;
  } catch {
    return undefined;
  }
};

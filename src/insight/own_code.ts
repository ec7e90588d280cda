/** Which code is the user's own: debug information of the C library may be installed, but its lines are not what a user wants to read about. */
import { fileAddress, type Address } from '../common/addresses.js';
import type { ImageMap } from '../inferior/frame.js';
import type { CrashFrame } from './crash.js';

/** A library of the system. */
export const isSystemFile = (path: string): boolean => /^\/(?:usr\/)?lib(?:64)?\//.test(path);

/** A source file that came with the compiler or a library. */
export const isSystemHeader = (file: string): boolean => /^\/usr\/(?:lib|include)\//.test(file);

/** With source lines, and neither of a system library nor of its headers. */
export const isOwnCode = (frame: Pick<CrashFrame, 'place' | 'image'>): boolean => {
  // The file first: lines are looked up only where they count.
  if (isSystemFile(frame.image ?? '')) return false;
  const { place } = frame;
  return place !== undefined && !isSystemHeader(place.file);
};

/** The function at an address is the user's own. */
export const isOwnFunction = (images: ImageMap, address: Address): boolean => {
  const loaded = images.imageAt(address);
  if (!loaded || isSystemFile(loaded.image.path)) return false;
  const line = loaded.image.lineAt(fileAddress(Number(address - loaded.bias)));
  return line !== undefined && !isSystemHeader(line.file.path);
};

/** Which code is the user's own: debug information of the C library may be installed, but its lines are not what a user wants to read about. */
import type { CrashFrame } from './crash.js';

/** With source lines, and neither of a system library nor of its headers. */
export const isOwnCode = ({ place, image }: Pick<CrashFrame, 'place' | 'image'>): boolean =>
  place !== undefined && !/^\/(?:usr\/)?lib(?:64)?\//.test(image ?? '') && !/^\/usr\/(?:lib|include)\//.test(place.file);

/** The C++ exception that a thread has thrown and nobody caught: the frames of the run-time library still hold it in registers. */
import { headerNear, thrownWithHeader, type Thrown } from '../language/thrown.js';
import type { CrashFrame, CrashScene } from './crash.js';

const kept = ['rbx', 'rbp', 'r12', 'r13', 'r14', 'r15'];
const searchedFrames = 24;
/** What is smaller is no address. */
const lowest = 0x10000n;

/** Undefined: none is being thrown, or its runtime is another one. */
export const thrownIn = (scene: CrashScene, frames: readonly CrashFrame[]): Thrown | undefined => {
  for (const frame of frames.slice(0, searchedFrames))
    for (const name of kept) {
      const value = frame.register(name);
      const header = value === undefined || value < lowest ? undefined : headerNear(scene, value);
      if (header !== undefined) return thrownWithHeader(scene, header);
    }
  return undefined;
};

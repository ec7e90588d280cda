/**
 * Libraries as they come and go. The dynamic linker calls an empty function, _dl_debug_state, whenever its list has changed (link.h, r_brk): a site there tells when to look at
 * the process's mappings again. The linker is the program's interpreter, or the program itself: one that was started as `ld.so PROGRAM`, or a static one
 * that calls dlopen.
 */
import { fileAddress } from '../common/addresses.js';
import type { MappedImage } from '../inferior/images.js';
import type { Process } from '../inferior/process.js';
import type { SiteOwner } from '../inferior/sites.js';

/** AT_BASE of the auxiliary vector: where the kernel put the program's interpreter. */
const interpreterBase = 7;

export interface LoaderListener {
  /** True: stop for the user (catch load, catch unload). */
  imagesChanged(process: Process, added: readonly MappedImage[], removed: readonly MappedImage[]): boolean;
}

const look = (process: Process, listener: LoaderListener): boolean => {
  const { added, removed } = process.images.refresh();
  return (added.length > 0 || removed.length > 0) && listener.imagesChanged(process, added, removed);
};

/** Looks at a program that is about to start (after exec) or that was attached to, and stays informed. */
export const watchLoader = (process: Process, listener: LoaderListener): void => {
  look(process, listener);
  const base = process.auxiliaryVector().get(interpreterBase);
  const loader = base ? process.images.imageAt(base) : process.images.main;
  const hook = loader?.image.symbolsNamed('_dl_debug_state')[0];
  if (!loader || !hook) return;
  const owner: SiteOwner = {
    kind: 'internal',
    arrived: (thread) => (look(thread.process, listener) ? 'stop' : 'pass'),
  };
  process.space.sites.add(BigInt(fileAddress(hook.address)) + loader.bias, owner);
};

/**
 * Libraries as they come and go. The dynamic linker calls an empty function, _dl_debug_state, whenever its list has changed (link.h, r_brk): a site there tells when to look at
 * the process's mappings again. The linker is the program's interpreter, or the program itself: one that was started as `ld.so PROGRAM`, or a static one
 * that calls dlopen.
 */
import { fileAddress, type Address } from '../common/addresses.js';
import type { AddressSpace } from '../inferior/address_space.js';
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

/** r_state of struct r_debug (link.h), and its value while nothing is being loaded. */
const stateInDebug = 24n;
const consistent = 0;

const beginning = new WeakSet<AddressSpace>();

/**
 * The dynamic linker has been at work since the program was executed, and none of the program's own code has run: it says that all is loaded and relocated before it
 * calls the first initializer.
 */
export const isBeginning = ({ space }: Process): boolean => beginning.has(space);

const isConsistent = ({ space }: Process, debug: Address | undefined): boolean => {
  // musl has no such variable: it calls the function once, at the end.
  if (debug === undefined) return true;
  const state = space.readAvailable(debug + stateInDebug, 4);
  return state.length < 4 || Buffer.from(state).readInt32LE() === consistent;
};

/** Looks at a program that is about to start (after exec) or that was attached to, and stays informed. */
export const watchLoader = (process: Process, listener: LoaderListener): void => {
  look(process, listener);
  const base = process.auxiliaryVector().get(interpreterBase);
  const loader = base ? process.images.imageAt(base) : process.images.main;
  const hook = loader?.image.symbolsNamed('_dl_debug_state')[0];
  if (!loader || !hook) return;
  const at = (address: number): Address => BigInt(fileAddress(address)) + loader.bias;
  const [debug] = loader.image.symbolsNamed('_r_debug');
  const owner: SiteOwner = {
    kind: 'internal',
    arrived: (thread) => {
      if (isConsistent(thread.process, debug && at(debug.address))) beginning.delete(thread.process.space);
      return look(thread.process, listener) ? 'stop' : 'pass';
    },
  };
  const [first] = process.threads.values();
  if (base && first?.pc === at(loader.image.entryPoint)) beginning.add(process.space);
  process.space.sites.add(at(hook.address), owner);
};

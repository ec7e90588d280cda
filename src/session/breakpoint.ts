/** A user's breakpoint: what was asked, and where it resolved. */
import type { Address } from '../common/addresses.js';
import type { Process } from '../inferior/process.js';
import type { SiteOwner, Verdict } from '../inferior/sites.js';
import type { Thread } from '../inferior/thread.js';
import type { SourcePosition } from '../symbols/model.js';

export type BreakpointKind = 'breakpoint' | 'hardware' | 'watch' | 'rwatch' | 'awatch' | 'catch' | 'dprintf';

/** One address where a breakpoint resolved. Before a run the address is the file's own (`process` undefined). */
export interface BreakpointLocation {
  address: Address;
  readonly function: string | undefined;
  /** C++: the function with its parameters. */
  readonly signature: string | undefined;
  readonly position: SourcePosition | undefined;
  /** Asked for as a line: that one, or the next that has code. `position` is another where that code is a function's opening. */
  readonly line: number | undefined;
  /** The file it lies in. */
  readonly image: string;
  /** Asked for by the function's name, or a line of its opening: an inlined call of another function that begins there has not been entered yet. */
  readonly opensFunction: boolean;
  enabled: boolean;
  /** Where its condition and count are checked, if it has any and the program runs: in the program, or at a stop, because of `why`. */
  checked?: { readonly inProgram: boolean; readonly why?: string } | undefined;
  /** The processes in which its site is planted; empty before a run. */
  readonly planted: Map<Process, SiteOwner>;
}

export interface CatchSpec {
  readonly what: 'fork' | 'vfork' | 'exec' | 'syscall' | 'signal' | 'load' | 'unload' | 'throw' | 'rethrow' | 'catch';
  /** System call numbers, signal numbers, library names; empty: all. */
  readonly numbers: readonly number[];
  readonly names: readonly string[];
}

export interface Breakpoint {
  /** Numbered from 0. */
  readonly id: number;
  readonly kind: BreakpointKind;
  /** As the user wrote it: `main`, `a.c:5`, `*0x401136`, an expression to watch. */
  readonly spec: string;
  readonly temporary: boolean;
  enabled: boolean;
  /** `enable once`, `enable delete`, `enable count N`. */
  disposition: 'keep' | 'disable' | 'delete';
  enableCount: number | undefined;
  condition: string | undefined;
  ignoreCount: number;
  hits: number;
  /** Commands to run at each hit. */
  commands: readonly string[];
  /** Only this thread (its number in the session). */
  readonly threadId: number | undefined;
  /** A front end's own verdict on a hit (log points, hit conditions); `hits` includes this one. */
  readonly onHit?: (thread: Thread, hits: number) => Verdict;
  /** Is it this thread that it waits for? If not, the thread is not counted as a hit. */
  accepts?: (thread: Thread) => boolean;
  /** dprintf: format and arguments as written. A DAP log message has been made into one. */
  readonly format: string | undefined;
  catch: CatchSpec | undefined;
  /** Watchpoints that the program is stepped for, and the value compared: why no debug register does it, as a sentence. */
  software?: string | undefined;
  locations: BreakpointLocation[];
  /** No location yet: waits for a library, or a run. */
  pending: boolean;
}

/** A place of a breakpoint as the engine sees it: who is asked when a thread arrives, and what can be asked in the program itself. */
import type { Address } from '../common/addresses.js';
import type { TrapOwner } from '../inferior/debug_registers.js';
import type { ProbeCondition } from '../inferior/probe_code.js';
import type { Counter, ProbeTest } from '../inferior/probes.js';
import type { Process } from '../inferior/process.js';
import type { SiteOwner, Verdict } from '../inferior/sites.js';
import type { Thread } from '../inferior/thread.js';
import type { Breakpoint, BreakpointLocation } from './breakpoint.js';
import type { Tallies } from './tallies.js';

/** What an arrival is decided with. */
export interface PlantedHost {
  /** A thread is at a location of an enabled breakpoint: evaluates conditions, counts, logs. */
  hit(breakpoint: Breakpoint, thread: Thread): Verdict;
  /** The condition at one of its places as machine code, or why there is none. */
  inProgram(breakpoint: Breakpoint, address: Address, process: Process): ProbeCondition | string;
}

/** The owner of the sites of one location; the same for all processes. */
export class PlantedLocation implements SiteOwner {
  readonly kind = 'user';
  readonly hardware?: TrapOwner;

  constructor(
    readonly breakpoint: Breakpoint,
    readonly location: BreakpointLocation,
    private readonly host: PlantedHost,
    private readonly tallies: Tallies,
  ) {
    if (breakpoint.kind === 'hardware') this.hardware = { title: `hw breakpoint ${breakpoint.id} (${breakpoint.spec})` };
  }

  arrived(thread: Thread): Verdict {
    if (this.idle()) return 'pass';
    this.tallies.settle(this.breakpoint);
    return this.host.hit(this.breakpoint, thread);
  }

  idle(): boolean {
    return !this.breakpoint.enabled || !this.location.enabled;
  }

  probe(process: Process): ProbeTest | string {
    const { breakpoint, location } = this;
    this.tallies.settle(breakpoint);
    const { ignoreCount, threadId } = breakpoint;
    if (this.hardware) return 'it is a hardware breakpoint';
    if (threadId !== undefined) return 'it is for one thread only';
    if (breakpoint.accepts) return 'it is for some processes only';
    if (breakpoint.condition === undefined && ignoreCount === 0) return 'a breakpoint there always stops';
    const planted = breakpoint.locations.flatMap((each) => [...each.planted.keys()].map(({ space }) => space));
    if (ignoreCount > 0 && breakpoint.locations.length > 1) return 'it counts at several places together';
    if (ignoreCount > 0 && new Set(planted).size > 1) return 'it counts in several processes together';
    const condition = breakpoint.condition === undefined ? undefined : this.host.inProgram(breakpoint, location.address, process);
    if (typeof condition === 'string') return condition;
    const counted = (by: Counter): void => {
      this.tallies.begin(breakpoint, by);
    };
    return { condition, ignore: ignoreCount, counted };
  }
}

/**
 * Which sites are checked in the program (probes.ts) and when: decided with everybody standing, before a run and, where arrivals are frequent, in the
 * middle of one. The engine tells of arrivals, and asks for what it must know.
 */
import type { StepPlan } from './plan.js';
import type { AddressSpace } from './address_space.js';
import { buildProbe } from './probe_build.js';
import { copyAt, isMovedCall, type Probe, type ProbeTest } from './probes.js';
import type { Process } from './process.js';
import { hasQueuedFault } from './queued.js';
import type { Site } from './sites.js';
import type { Thread } from './thread.js';

/** Arrivals after which a probe pays: it takes milliseconds, and with several threads an arrival costs more. */
const patience = { one: 200, several: 16 };
/** Threads that came into the middle of a jump, after which it is looked at whether it pays; and arrivals that one of them, which is a stop, may cost. */
const mostStrays = 50;
const fewestArrivals = 3n;

const tooMany = 'code that is often jumped to stands right behind it';

export class Probing {
  /** Always, when it pays, never. */
  mode: 'on' | 'auto' | 'off' = 'auto';
  #plan: StepPlan | undefined;
  #everyInstruction = false;
  readonly #wishes = new Map<Site, Thread>();
  readonly #strays = new WeakMap<Probe, number>();

  /**
   * Before a run: what is armed is right for it. All threads stand.
   * @param everyInstruction a thread is stepped all the time (software watchpoints)
   */
  prepare(processes: Iterable<Process>, plan: StepPlan | undefined, everyInstruction: boolean): void {
    this.#plan = plan;
    this.#everyInstruction = everyInstruction;
    this.#wishes.clear();
    const all = [...processes].filter(({ space }) => !space.probes.isEmpty);
    // Nobody stays in a probe's code: looking at the registers takes a thread out of it.
    for (const process of all) for (const thread of process.threads.values()) if (thread.stopped) thread.registers();
    for (const process of all) {
      const { space } = process;
      for (const site of [...space.sites.armed]) this.#settle(process, site);
      space.probes.reclaim();
      for (const probe of [...space.probes.all()]) {
        const site = space.sites.at(probe.address);
        if (site?.inserted && !site.armed) this.#armAgain(process, site, probe);
      }
    }
  }

  /** An armed site whose owners want something else now is unarmed. */
  #settle(process: Process, site: Site): void {
    const tests = this.#tests(process, site);
    if (!site.armed || !tests || !this.#fits(site.armed, tests)) process.space.sites.disarm(site);
    else this.#arm(process.space, site, site.armed, tests);
  }

  #armAgain(process: Process, site: Site, probe: Probe): void {
    if (process.space.probes.at(probe.address) !== probe) return;
    const tests = this.#tests(process, site);
    if (tests && this.#fits(probe, tests)) this.#arm(process.space, site, probe, tests);
  }

  #fits(probe: Probe, tests: readonly ProbeTest[]): boolean {
    const counts = tests.some(({ ignore }) => ignore > 0);
    return (
      counts === (probe.counter !== undefined) &&
      tests.length === probe.conditions.length &&
      tests.every(({ condition }) => probe.conditions.includes(condition))
    );
  }

  #arm(space: AddressSpace, site: Site, probe: Probe, tests: readonly ProbeTest[]): void {
    const counting = tests.find(({ ignore }) => ignore > 0);
    if (counting && probe.counter) {
      probe.counter.write(BigInt(counting.ignore));
      counting.counted(probe.counter);
    }
    site.unarmed = undefined;
    if (!site.armed) space.sites.arm(site, probe);
  }

  /** What decides there, as its owners have it; undefined: nothing can, now. */
  #tests(process: Process, site: Site): ProbeTest[] | undefined {
    if (this.mode === 'off' || this.#everyInstruction) return undefined;
    const tests: ProbeTest[] = [];
    for (const owner of site.owners) {
      const test = owner.probe?.(process) ?? 'deet itself waits there, too';
      if (typeof test === 'string') {
        site.unarmed = test;
        return undefined;
      }
      tests.push(test);
    }
    const counts = tests.some(({ ignore }) => ignore > 0);
    if (counts && tests.length > 1) {
      site.unarmed = 'two breakpoints there count';
      return undefined;
    }
    if (counts && process.space.shared) {
      site.unarmed = 'it counts in several processes together';
      return undefined;
    }
    for (const { returnsTo } of process.threads.values()) {
      // It has arrived already, and must not be counted again.
      if (returnsTo?.address !== site.address) continue;
      site.unarmed = 'a thread will come back there from a signal handler';
      return undefined;
    }
    // A stepping thread's arrivals are found by the engine, which cannot take from a counter while others do.
    return counts && this.#plan ? undefined : tests;
  }

  /** A thread has arrived at a site, and nobody minded. */
  passed(thread: Thread, site: Site): void {
    if (this.mode === 'off' || site.unsuitable || site.armed) return;
    const enough = this.mode === 'on' ? 1 : thread.process.threads.size > 1 ? patience.several : patience.one;
    if (++site.arrivals < enough) return;
    site.arrivals = 0;
    if (!thread.process.muted && this.#tests(thread.process, site)) this.#wishes.set(site, thread);
  }

  /** A thread has to be let into a site that is armed and counts, by the engine. */
  mustDisarm(thread: Thread, site: Site): void {
    this.#wishes.set(site, thread);
  }

  get wants(): boolean {
    return this.#wishes.size > 0;
  }

  /** Does what arrivals have made desirable. All threads stand. */
  carryOut(): void {
    for (const [site, thread] of this.#wishes) {
      const { process } = thread;
      const { space } = process;
      for (const each of process.threads.values()) if (each.stopped) each.registers();
      if (space.sites.at(site.address) !== site || !site.inserted) continue;
      if (site.armed) {
        space.sites.disarm(site);
        continue;
      }
      const tests = this.#tests(process, site);
      const helper = [thread, ...process.threads.values()].find(
        ({ tid, stopped, signal, pending, groupStopped }) =>
          stopped && signal === 0 && pending.length === 0 && !groupStopped && !hasQueuedFault(tid),
      );
      if (!tests || !helper) continue;
      const known = space.probes.at(site.address);
      const probe = known && this.#fits(known, tests) ? known : buildProbe(helper, site.address, tests);
      if ('why' in probe) {
        site.unarmed = probe.why;
        site.unsuitable = probe.forever;
      } else this.#arm(space, site, probe, tests);
    }
    this.#wishes.clear();
  }

  /** A thread whose arrival has been dealt with goes on in the copies. False: there are none. */
  enter(thread: Thread, site: Site, stepping: boolean): boolean {
    if (stepping && site.armed && isMovedCall(site.armed, site.address)) thread.process.space.sites.disarm(site);
    const { armed, address } = site;
    const copy = armed && thread.signal === 0 ? copyAt(armed, address) : undefined;
    if (copy !== undefined) thread.pc = copy;
    return copy !== undefined;
  }

  /** And so does one that stands in the middle of a jump. If it has met a trap, and been interrupted before that was told, its pc means something else. */
  detour(thread: Thread, stepping: boolean): void {
    const { space } = thread.process;
    const probe = space.probes.around(thread.pc);
    const site = probe && space.sites.at(probe.address);
    if (stepping && site?.armed && isMovedCall(site.armed, thread.pc)) space.sites.disarm(site);
    const copy = probe && site?.armed === probe ? copyAt(probe, thread.pc) : undefined;
    if (copy !== undefined && !hasQueuedFault(thread.tid)) thread.pc = copy;
  }

  /** Have far more threads come to the first instruction than into the middle? */
  #paysStill({ tally }: Probe): boolean {
    const arrivals = tally?.read() ?? 0n;
    tally?.write(0n);
    return arrivals > fewestArrivals * BigInt(mostStrays);
  }

  /** A thread met the trap in the middle of a jump: it goes on in the copies. */
  isStray(thread: Thread, address: bigint): boolean {
    const { space } = thread.process;
    const probe = space.probes.around(address);
    if (!probe) return false;
    const site = space.sites.at(probe.address);
    if (site?.armed !== probe) {
      // Unarmed since: it executes what stands there again, once.
      const again = thread.strayed !== address;
      thread.strayed = address;
      return again;
    }
    const count = (this.#strays.get(probe) ?? 0) + 1;
    this.#strays.set(probe, count);
    if (count > mostStrays && this.#paysStill(probe)) this.#strays.delete(probe);
    else if (count > mostStrays) {
      site.unsuitable = true;
      site.unarmed = tooMany;
      this.#wishes.set(site, thread);
    }
    return true;
  }
}

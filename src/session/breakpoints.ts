/**
 * All breakpoints of a session: from what was asked, over the locations where it resolved, to the sites planted in each process. They outlive
 * processes: an exit forgets only what was planted, and the next run resolves again.
 */
import { hex, type Address } from '../common/addresses.js';
import { typing } from '../common/advice.js';
import { DeetError } from '../common/errors.js';
import type { AddressSpace } from '../inferior/address_space.js';
import { DebugRegisters } from '../inferior/debug_registers.js';
import type { LoadedImage } from '../inferior/frame.js';
import type { MappedImage } from '../inferior/images.js';
import type { Process } from '../inferior/process.js';
import type { SiteOwner, Verdict } from '../inferior/sites.js';
import type { Thread } from '../inferior/thread.js';
import type { Breakpoint, BreakpointKind, BreakpointLocation, CatchSpec } from './breakpoint.js';
import { resolveIndirect } from './linkage.js';
import {
  describeAddress,
  noSuchPlace,
  parseLocation,
  placesIn,
  type CurrentPlace,
  type FoundPlace,
  type LocationSpec,
} from './locations.js';
import type { PlantedHost } from './planted.js';
import { nowhere, PlantedBreakpoint, type Ground } from './planted_breakpoint.js';
import { Tallies } from './tallies.js';

export interface BreakOptions {
  readonly temporary?: boolean;
  readonly condition?: string;
  readonly threadId?: number;
  readonly hardware?: boolean;
  readonly ignore?: number;
  /** dprintf: format and arguments. */
  readonly format?: string;
  /** A front end's own verdict on each hit that is neither ruled out by the condition nor ignored: log points, hit conditions. */
  readonly onHit?: (thread: Thread, hits: number) => Verdict;
  /** Keep it although nothing of that name exists yet. */
  readonly pending?: boolean;
}

/** What breakpoints need of the session. */
export interface BreakpointHost extends PlantedHost {
  /** The program as a file, with bias 0: where breakpoints resolve before a run. */
  programImage(): LoadedImage | undefined;
  processes(): Iterable<Process>;
  currentPlace(): CurrentPlace;
  evaluateAddress(expression: string): Address;
  /** Nothing is to be checked in the program. */
  checksAtStops(): boolean;
  /** Throws in the user's words when a condition cannot be parsed, or has no meaning at any of these places. */
  checkCondition(condition: string, locations: readonly BreakpointLocation[]): void;
  changed(breakpoint: Breakpoint, change: 'new' | 'changed' | 'removed'): void;
  warn(text: string): void;
}

export class Breakpoints {
  readonly #entries = new Map<number, PlantedBreakpoint>();
  #next = 0;
  readonly #tallies = new Tallies();
  /** Memory in which a site at main waits for the end of the program's start-up. */
  readonly #awaited = new WeakMap<Process, AddressSpace>();
  /** The debug registers as they will be when the program runs. */
  readonly fileTraps = new DebugRegisters();
  readonly #ground: Ground;

  constructor(private readonly host: BreakpointHost) {
    this.#ground = { host, tallies: this.#tallies, fileTraps: this.fileTraps };
  }

  /** The number that the next breakpoint will have. */
  get nextId(): number {
    return this.#next;
  }

  all(): Breakpoint[] {
    this.settle();
    return [...this.#entries.values()].map(({ breakpoint }) => breakpoint);
  }

  /** @throws DeetError `no-breakpoint`. */
  get(id: number): Breakpoint {
    this.settle();
    return this.#entry(id).breakpoint;
  }

  /** What the program has counted, and how it does, as of now. */
  settle(): void {
    this.#tallies.settleAll();
    this.#eachLocation((location, { condition, ignoreCount }) => {
      const [process] = location.planted.keys();
      const site = process?.space.sites.at(location.address);
      const nothing = !site || (condition === undefined && ignoreCount === 0);
      const why = this.host.checksAtStops()
        ? 'set breakpoint condition-evaluation is host'
        : (site?.unarmed ?? 'not reached often enough yet');
      location.checked = nothing ? undefined : site.armed ? { inProgram: true } : { inProgram: false, why };
    });
  }

  #entry(id: number): PlantedBreakpoint {
    const entry = this.#entries.get(id);
    if (!entry) throw new DeetError('no-breakpoint', `No breakpoint number ${id}.`, typing('info breakpoints', 'for the list'));
    return entry;
  }

  /** A breakpoint on a place. @throws DeetError when there is no such place and it may not wait for one. */
  create(text: string, options: BreakOptions = {}): Breakpoint {
    const current = this.host.currentPlace();
    const spec = parseLocation(text.trim() === '' ? this.#here(current) : text, current);
    const fixed = spec.kind === 'address' ? this.#fix(this.host.evaluateAddress(spec.expression)) : undefined;
    const kind: BreakpointKind = options.format !== undefined ? 'dprintf' : options.hardware ? 'hardware' : 'breakpoint';
    const entry = this.#draft(kind, text.trim() === '' ? this.#here(current) : text.trim(), options, spec, fixed);
    try {
      this.#resolveEverywhere(entry);
    } catch (error) {
      entry.uproot();
      throw error;
    }
    if (entry.breakpoint.locations.length === 0) {
      if (!options.pending && !this.#imported(spec)) throw noSuchPlace(spec, this.#images());
      entry.breakpoint.pending = true;
    }
    try {
      if (options.condition !== undefined) this.host.checkCondition(options.condition, entry.breakpoint.locations);
    } catch (error) {
      entry.uproot();
      throw error;
    }
    return this.#admit(entry);
  }

  /** A watchpoint or catchpoint: numbered and listed like the others, but without locations. */
  createWithoutPlace(kind: BreakpointKind, spec: string, options: BreakOptions = {}, catchSpec?: CatchSpec): Breakpoint {
    return this.#admit(this.#draft(kind, spec, options, undefined, undefined, catchSpec));
  }

  #draft(
    kind: BreakpointKind,
    spec: string,
    options: BreakOptions,
    parsed: PlantedBreakpoint['spec'],
    fixed: PlantedBreakpoint['fixed'],
    catchSpec?: CatchSpec,
  ): PlantedBreakpoint {
    const breakpoint: Breakpoint = {
      id: this.#next,
      kind,
      spec,
      temporary: options.temporary ?? false,
      enabled: true,
      disposition: options.temporary ? 'delete' : 'keep',
      enableCount: undefined,
      condition: options.condition,
      ignoreCount: options.ignore ?? 0,
      hits: 0,
      commands: [],
      threadId: options.threadId,
      format: options.format,
      ...(options.onHit && { onHit: options.onHit }),
      catch: catchSpec,
      locations: [],
      pending: false,
    };
    return new PlantedBreakpoint(this.#ground, breakpoint, parsed, fixed);
  }

  #admit(entry: PlantedBreakpoint): Breakpoint {
    this.#next++;
    this.#entries.set(entry.breakpoint.id, entry);
    this.host.changed(entry.breakpoint, 'new');
    return entry.breakpoint;
  }

  delete(id: number): void {
    const entry = this.#entry(id);
    this.#tallies.end(entry.breakpoint);
    entry.uproot();
    this.#entries.delete(id);
    this.host.changed(entry.breakpoint, 'removed');
  }

  /** Enables or disables a breakpoint or one of its locations (numbered from 1, as gdb shows them). */
  enable(id: number, enabled: boolean, location?: number): void {
    const entry = this.#entry(id);
    const { breakpoint } = entry;
    if (location === undefined) {
      this.#switchHardware(entry, enabled);
      breakpoint.enabled = enabled;
      if (enabled) {
        breakpoint.disposition = breakpoint.temporary ? 'delete' : 'keep';
        breakpoint.enableCount = undefined;
      }
    } else {
      const which = breakpoint.locations.at(location - 1);
      if (!which || location < 1)
        throw new DeetError(
          'no-breakpoint',
          `Bad breakpoint location number ${location}: breakpoint ${id} has ${breakpoint.locations.length}.`,
        );
      which.enabled = enabled;
    }
    this.#replant(breakpoint);
    this.host.changed(breakpoint, 'changed');
  }

  /** A disabled hardware breakpoint leaves its debug registers to others. @throws DeetError `no-registers` when there are none any more. */
  #switchHardware(entry: PlantedBreakpoint, enabled: boolean): void {
    const { breakpoint } = entry;
    if (breakpoint.kind !== 'hardware' || breakpoint.enabled === enabled) return;
    breakpoint.enabled = enabled;
    try {
      if (enabled) this.#resolveEverywhere(entry);
      else entry.unplant();
    } catch (error) {
      breakpoint.enabled = false;
      entry.unplant();
      throw error;
    }
  }

  /** Where nobody waits for an answer, a hardware breakpoint that finds no register is disabled, and that is said. */
  #orDisabled(entry: PlantedBreakpoint, resolve: () => void): void {
    try {
      resolve();
    } catch (error) {
      if (!(error instanceof DeetError) || error.code !== 'no-registers') throw error;
      entry.unplant();
      entry.breakpoint.enabled = false;
      this.host.warn(`Hardware breakpoint ${entry.breakpoint.id} is disabled. ${error.message}`);
    }
  }

  /** Undefined removes the condition. */
  setCondition(id: number, condition: string | undefined): void {
    const { breakpoint } = this.#entry(id);
    if (condition !== undefined) this.host.checkCondition(condition, breakpoint.locations);
    breakpoint.condition = condition;
    this.host.changed(breakpoint, 'changed');
  }

  update(
    id: number,
    change: Partial<Pick<Breakpoint, 'ignoreCount' | 'commands' | 'disposition' | 'enableCount' | 'enabled' | 'hits'>>,
  ): void {
    const entry = this.#entry(id);
    const { breakpoint } = entry;
    this.#tallies.end(breakpoint);
    if (change.enabled !== undefined) this.#switchHardware(entry, change.enabled);
    Object.assign(breakpoint, change);
    this.#replant(breakpoint);
    this.host.changed(breakpoint, 'changed');
  }

  /** A run begins: hits are those of one run. */
  countAnew(): void {
    for (const { breakpoint } of this.#entries.values()) breakpoint.hits = 0;
  }

  /** Where nothing is enabled, no int3 costs the program anything. */
  #replant({ locations }: Breakpoint): void {
    for (const { planted, address } of locations) for (const { space } of planted.keys()) space.sites.refresh(address);
  }

  /** After a stop: what `tbreak`, `enable once`, `enable count` and `enable delete` ask for. */
  applyDispositions(hit: readonly Breakpoint[]): void {
    for (const breakpoint of hit) {
      if (breakpoint.enableCount !== undefined && --breakpoint.enableCount <= 0) breakpoint.disposition = 'disable';
      if (breakpoint.disposition === 'delete') this.delete(breakpoint.id);
      else if (breakpoint.disposition === 'disable') {
        breakpoint.disposition = 'keep';
        breakpoint.enableCount = undefined;
        this.enable(breakpoint.id, false);
      }
    }
  }

  // The life of processes

  /** What was for this thread only. Returns the numbers. */
  threadEnded({ id }: Thread): number[] {
    const gone = this.all().flatMap((each) => (each.threadId === id ? [each.id] : []));
    for (const each of gone) this.delete(each);
    return gone;
  }

  /** Before a run: places of the last run are forgotten, those of the file are found anew. */
  resetToFile(): void {
    for (const { breakpoint } of this.#entries.values()) this.#tallies.end(breakpoint);
    for (const entry of this.#entries.values()) {
      if (!entry.spec) continue;
      entry.uproot();
      entry.breakpoint.locations = [];
      this.#orDisabled(entry, () => {
        this.#resolveEverywhere(entry);
      });
      entry.breakpoint.pending = entry.breakpoint.locations.length === 0;
    }
  }

  /** New files in a process: every breakpoint is looked up in them. */
  imagesAdded(process: Process, images: readonly MappedImage[]): void {
    if (process.muted) return;
    for (const entry of this.#entries.values()) {
      if (!entry.spec) continue;
      const before = entry.breakpoint.locations.length;
      this.#orDisabled(entry, () => {
        for (const image of images) this.#resolveIn(entry, process, image);
      });
      entry.forgetUnplanted();
      if (entry.breakpoint.locations.length !== before) this.host.changed(entry.breakpoint, 'changed');
    }
  }

  /** Files that are gone (dlclose): their sites went with the memory. */
  imagesRemoved(process: Process, images: readonly MappedImage[]): void {
    for (const image of images) process.space.unmapped(image.low, image.high);
    const gone = new Set(images.map((each) => each.image.path));
    for (const { breakpoint } of this.#entries.values()) {
      for (const location of breakpoint.locations) if (gone.has(location.image)) location.planted.delete(process);
    }
  }

  /** fork copied the sites with the memory: they have the same owners. */
  forked(parent: Process, child: Process): void {
    this.#eachLocation((location) => {
      const owner = location.planted.get(parent);
      if (owner) location.planted.set(child, owner);
    });
  }

  /** execve: another program, with files of its own. */
  executed(process: Process): void {
    this.processForgotten(process);
    for (const entry of this.#entries.values()) {
      if (!entry.spec || entry.breakpoint.pending) continue;
      entry.leaveProgram();
      if (entry.breakpoint.pending) this.host.changed(entry.breakpoint, 'changed');
    }
  }

  /** The end of a process: nothing is planted there any more. */
  processForgotten(process: Process): void {
    this.#eachLocation((location) => location.planted.delete(process));
  }

  #eachLocation(visit: (location: BreakpointLocation, breakpoint: Breakpoint) => void): void {
    for (const { breakpoint } of this.#entries.values()) for (const location of breakpoint.locations) visit(location, breakpoint);
  }

  // Resolution

  #here({ address }: CurrentPlace): string {
    if (address === undefined)
      throw new DeetError(
        'no-default',
        'There is no current place to break at: the program is not stopped.',
        'Say where: break FUNCTION, break FILE:LINE or break *ADDRESS.',
      );
    return `*${hex(address)}`;
  }

  #images(): LoadedImage['image'][] {
    const live = [...this.host.processes()].flatMap((process) => process.images.all().map(({ image }) => image));
    const program = this.host.programImage();
    return live.length > 0 || !program ? live : [program.image];
  }

  /** A function that the program imports: some library will have it. */
  #imported(spec: LocationSpec): boolean {
    return spec.kind === 'function' && this.#images().some((image) => image.symbolsNamed(`${spec.name}@plt`).length > 0);
  }

  #fix(address: Address): NonNullable<PlantedBreakpoint['fixed']> {
    for (const process of this.host.processes()) {
      const loaded = process.images.imageAt(address);
      if (loaded) return { image: loaded.image.path, address: Number(address - loaded.bias) };
    }
    const program = this.host.programImage();
    const { low, high } = program?.image.span ?? { low: 0, high: 0 };
    return program && address >= BigInt(low) && address < BigInt(high)
      ? { image: program.image.path, address: Number(address) }
      : { absolute: address };
  }

  #resolveEverywhere(entry: PlantedBreakpoint): void {
    let live = false;
    for (const process of this.host.processes()) {
      live = true;
      if (process.muted) continue;
      if (entry.fixed && 'absolute' in entry.fixed) entry.plant(nowhere(entry.fixed.absolute), process);
      for (const image of process.images.all()) this.#resolveIn(entry, process, image);
    }
    const program = this.host.programImage();
    if (!live && program) for (const place of this.#placesOf(entry, program)) entry.reserve(place);
  }

  #resolveIn(entry: PlantedBreakpoint, process: Process, loaded: MappedImage): void {
    let places: readonly FoundPlace[] = this.#placesOf(entry, loaded);
    if (entry.spec?.kind === 'function') {
      const resolved = resolveIndirect(process, loaded, entry.spec.name, places);
      if (resolved.waiting) this.#lookAgainAtMain(process);
      places = resolved.places;
    }
    for (const place of places) entry.plant(place, process);
  }

  /** By then every indirect function has been resolved. */
  #lookAgainAtMain(process: Process): void {
    const { main } = process.images;
    const symbol = main?.image.symbolsNamed('main').find(({ address }) => address !== 0);
    if (!main || this.#awaited.get(process) === process.space) return;
    this.#awaited.set(process, process.space);
    const address = BigInt(symbol?.address ?? main.image.entryPoint) + main.bias;
    const owner: SiteOwner = {
      kind: 'internal',
      arrived: (thread) => {
        thread.process.space.sites.remove(address, owner);
        this.imagesAdded(thread.process, thread.process.images.all());
        return 'pass';
      },
    };
    process.space.sites.add(address, owner);
  }

  #placesOf(entry: PlantedBreakpoint, loaded: LoadedImage): FoundPlace[] {
    if (!entry.fixed) return entry.spec ? placesIn(loaded, entry.spec) : [];
    if ('absolute' in entry.fixed || entry.fixed.image !== loaded.image.path) return [];
    const address = BigInt(entry.fixed.address) + loaded.bias;
    return [{ loaded, address, ...describeAddress(loaded, address) }];
  }
}

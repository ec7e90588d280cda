/** A breakpoint with the places where it has been found, and what is planted for it in each process. */
import type { Address } from '../common/addresses.js';
import type { DebugRegisters } from '../inferior/debug_registers.js';
import type { Process } from '../inferior/process.js';
import type { Breakpoint, BreakpointLocation } from './breakpoint.js';
import { signatureAt, type FoundPlace, type LocationSpec } from './locations.js';
import { PlantedLocation, type PlantedHost } from './planted.js';
import type { Tallies } from './tallies.js';

const keyOf = ({ loaded, address }: FoundPlace): string => `${loaded?.image.path ?? ''}|${address - (loaded?.bias ?? 0n)}`;

/** What every breakpoint of a session shares. */
export interface Ground {
  readonly host: PlantedHost;
  readonly tallies: Tallies;
  /** The debug registers as they will be when the program runs. */
  readonly fileTraps: DebugRegisters;
}

/** An address that belongs to no file. */
export const nowhere = (address: Address): FoundPlace => ({ loaded: undefined, address, function: undefined, position: undefined });

export class PlantedBreakpoint {
  /** By image and address in it. */
  readonly #owners = new Map<string, PlantedLocation>();

  constructor(
    private readonly ground: Ground,
    readonly breakpoint: Breakpoint,
    readonly spec: LocationSpec | undefined,
    /** `*ADDR` inside the program's file: follows it to where it is loaded. */
    readonly fixed: { readonly image: string; readonly address: number } | { readonly absolute: Address } | undefined,
  ) {}

  /** Before a run: will there be a debug register? @throws DeetError `no-registers` */
  reserve(place: FoundPlace): void {
    const { breakpoint, location, hardware } = this.#locate(place);
    const { fileTraps } = this.ground;
    if (!hardware || !breakpoint.enabled) return;
    fileTraps.remove(hardware);
    if (!fileTraps.add([{ address: location.address, length: 1, kind: 'execute' }], hardware)) throw fileTraps.shortage;
  }

  /** @throws DeetError `no-registers` */
  plant(place: FoundPlace, process: Process): void {
    const owner = this.#locate(place);
    if (owner.location.planted.has(process) || (owner.hardware && !this.breakpoint.enabled)) return;
    process.space.sites.add(place.address, owner);
    owner.location.planted.set(process, owner);
    owner.location.address = place.address;
  }

  #locate(place: FoundPlace): PlantedLocation {
    const key = keyOf(place);
    const known = this.#owners.get(key);
    if (known) {
      if (known.location.planted.size === 0) known.location.address = place.address;
      return known;
    }
    const location: BreakpointLocation = {
      address: place.address,
      function: place.function,
      signature: signatureAt(place),
      position: place.position,
      line: place.line,
      image: place.loaded?.image.path ?? '',
      opensFunction: this.spec?.kind === 'function' || place.isMoved === true,
      enabled: true,
      planted: new Map(),
    };
    this.breakpoint.locations.push(location);
    this.breakpoint.locations.sort((a, b) => (a.address < b.address ? -1 : a.address > b.address ? 1 : 0));
    this.breakpoint.pending = false;
    const owner = new PlantedLocation(this.breakpoint, location, this.ground.host, this.ground.tallies);
    this.#owners.set(key, owner);
    return owner;
  }

  /** When a library has brought the real function, the file's own guess (a PLT slot) goes; and places of an earlier run go. */
  forgetUnplanted(): void {
    const { breakpoint } = this;
    if (breakpoint.locations.some(({ planted }) => planted.size > 0)) this.#dropUnplanted();
  }

  /** The program has become another one: what only the old one had is waited for again. */
  leaveProgram(): void {
    if (this.fixed) return;
    this.#dropUnplanted();
    this.breakpoint.pending = this.breakpoint.locations.length === 0;
  }

  #dropUnplanted(): void {
    const { breakpoint } = this;
    breakpoint.locations = breakpoint.locations.filter(({ planted }) => planted.size > 0);
    for (const [key, owner] of this.#owners) if (!breakpoint.locations.includes(owner.location)) this.#owners.delete(key);
  }

  uproot(): void {
    this.unplant();
    this.#owners.clear();
  }

  unplant(): void {
    for (const owner of this.#owners.values()) {
      for (const process of owner.location.planted.keys()) process.space.sites.remove(owner.location.address, owner);
      owner.location.planted.clear();
      if (owner.hardware) this.ground.fileTraps.remove(owner.hardware);
    }
  }
}

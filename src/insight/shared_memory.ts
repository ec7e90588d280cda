/** Who has the same shared memory mapped (mmap(2) with MAP_SHARED, shmat(2)), and who could come to it by a name. */
import type { Address } from '../common/addresses.js';
import { procNumbers, readMaps, type Mapping } from '../linux/proc.js';
import type { FamilyMember } from './family.js';
import type { Scene } from './wait_facts.js';

export interface Sharers {
  /** Of the family, in the order of birth, the asker included. */
  readonly family: readonly FamilyMember[];
  readonly outside: readonly number[];
  /** How somebody who does not have it yet could get it: `maps /tmp/table`. Undefined: by being forked only. */
  readonly openTo?: string;
}

const mappingAt = (pid: number, address: Address): Mapping | undefined =>
  readMaps(pid)?.find(({ start, end }) => address >= start && address < end);

/** Memory that other processes see too. */
export const isSharedMemory = ({ pid }: FamilyMember, address: Address): boolean => mappingAt(pid, address)?.shared ?? false;

const maps = (pid: number, { device, inode }: Mapping): boolean =>
  readMaps(pid)?.some((other) => other.shared && other.inode === inode && other.device === device) ?? false;

/** A name that is gone (`/dev/zero (deleted)` of MAP_ANONYMOUS too) leads nowhere; a System V segment has its number for as long as it is attached. */
const wayIn = ({ path, inode }: Mapping): string | undefined => {
  if (path.startsWith('/SYSV')) return `attaches the System V segment ${inode}`;
  return path.endsWith(' (deleted)') ? undefined : `maps ${path}`;
};

/** Undefined: it is not shared. */
export const sharersOf = (scene: Scene, member: FamilyMember, address: Address): Sharers | undefined => {
  const mapping = mappingAt(member.pid, address);
  if (!mapping?.shared) return undefined;
  const openTo = wayIn(mapping);
  const own = new Set(scene.family.map(({ pid }) => pid));
  return {
    family: scene.family.filter(({ pid, threads }) => threads.length > 0 && maps(pid, mapping)),
    outside: procNumbers('').filter((pid) => !own.has(pid) && maps(pid, mapping)),
    ...(openTo === undefined ? {} : { openTo }),
  };
};

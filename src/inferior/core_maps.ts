/** What was mapped in a process when it died, as /proc/PID/maps would have shown it: from the segments of its core file and the files that NT_FILE names. */
import type { Address } from '../common/addresses.js';
import type { Core, CoreMapping } from '../elf/core.js';
import type { Mapping } from '../linux/proc.js';

/** Entries of the auxiliary vector (getauxval(3)). */
const Auxiliary = { entry: 9, random: 25, programName: 31, vdso: 33 } as const;

/** Files by name: a core file knows no inodes, and a number per name serves as well. */
const numbered = (mappings: readonly CoreMapping[]): Map<string, number> => {
  const numbers = new Map<string, number>();
  for (const { path } of mappings) if (!numbers.has(path)) numbers.set(path, numbers.size + 1);
  return numbers;
};

export const fileMappingAt = (core: Core, address: Address): CoreMapping | undefined =>
  core.mappings.find(({ start, end }) => address >= start && address < end);

/** The file that holds the program's entry point, by the name that it had there; undefined: not known. */
export const programPathOf = (core: Core): string | undefined => {
  const entry = core.auxiliary.get(Auxiliary.entry);
  return (entry === undefined ? undefined : fileMappingAt(core, entry))?.path;
};

const anonymous = { device: '00:00', inode: 0, offset: 0, path: '', shared: false } as const;

/** In the order of addresses. */
export const mapsOfCore = (core: Core): Mapping[] => {
  const inodes = numbered(core.mappings);
  const covered = new Set<CoreMapping>();
  const special = (start: Address, end: Address): string => {
    const holds = (type: number): boolean => {
      const address = core.auxiliary.get(type);
      return address !== undefined && address >= start && address < end;
    };
    return holds(Auxiliary.vdso) ? '[vdso]' : holds(Auxiliary.random) || holds(Auxiliary.programName) ? '[stack]' : '';
  };
  const maps = core.elf.loads.flatMap((segment): Mapping[] => {
    const { memorySize, readable, writable, executable } = segment;
    if (!(memorySize > 0)) return [];
    const start = BigInt(segment.address);
    const end = start + BigInt(memorySize);
    const file = fileMappingAt(core, start);
    if (file) covered.add(file);
    const common = { ...anonymous, start, end, readable, writable, executable };
    if (!file) return [{ ...common, path: special(start, end) }];
    return [{ ...common, offset: Number(file.offset + (start - file.start)), inode: inodes.get(file.path) ?? 0, path: file.path }];
  });
  // gdb writes no segment for what it leaves out; how that was protected is not known.
  for (const file of core.mappings)
    if (!covered.has(file) && file.end > file.start)
      maps.push({
        ...anonymous,
        start: file.start,
        end: file.end,
        readable: true,
        writable: false,
        executable: true,
        offset: Number(file.offset),
        inode: inodes.get(file.path) ?? 0,
        path: file.path,
      });
  maps.sort((a, b) => (a.start < b.start ? -1 : a.start > b.start ? 1 : 0));
  return withHeap(maps, programPathOf(core));
};

/** The heap (brk(2)) is the first memory without a file that lies behind the program's own, .bss left out. */
const withHeap = (maps: readonly Mapping[], program: string | undefined): Mapping[] => {
  let end = maps.findLast(({ path }) => program !== undefined && path === program)?.end;
  return maps.map((each) => {
    if (end === undefined || each.start < end) return each;
    if (each.start === end && each.path === '' && each.writable) {
      end = each.end;
      return each;
    }
    end = undefined;
    return each.path === '' && each.writable && !each.executable ? { ...each, path: '[heap]' } : each;
  });
};

/** As /proc/PID/maps shows it (proc(5)). */
export const mapsText = (maps: readonly Mapping[]): string =>
  maps
    .map(({ start, end, readable, writable, executable, shared, offset, device, path }) => {
      const flags = `${readable ? 'r' : '-'}${writable ? 'w' : '-'}${executable ? 'x' : '-'}${shared ? 's' : 'p'}`;
      return `${start.toString(16)}-${end.toString(16)} ${flags} ${offset.toString(16).padStart(8, '0')} ${device} ${path}`.trimEnd();
    })
    .join('\n');

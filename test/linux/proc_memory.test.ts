/** What of a process's memory belongs into a core file: core(5). */
import { describe, expect, it } from 'vitest';
import { dumpOf, PageMap, parseAreas, readAreas, readDumpFilter } from '../../src/linux/proc_memory.js';

const area = (
  line: string,
  facts: Readonly<Record<string, number>> = {},
  flags = 'rd wr mr mw me ac',
): ReturnType<typeof parseAreas>[number] => {
  const rows = Object.entries(facts).map(([name, kilobytes]) => `${name}:${String(kilobytes).padStart(16)} kB\n`);
  const [found] = parseAreas(`${line}\nSize:                132 kB\n${rows.join('')}VmFlags: ${flags} \n`);
  if (!found) throw new Error(`no area in ${line}`);
  return found;
};

const library = '/usr/lib/libc.so.6';

describe('smaps', () => {
  it('has each mapping with what lies in it', () => {
    const text = [
      '5555-7777 rw-p 00001000 fe:01 77                     /tmp/a b\\012c (deleted)',
      'Rss:                  12 kB',
      'Anonymous:             8 kB',
      'Swap:                  4 kB',
      'VmFlags: rd wr dd ',
      'ffff0000-ffff1000 ---p 00000000 00:00 0 ',
      'Rss:                   0 kB',
      'VmFlags: mr ',
      '',
    ].join('\n');
    const [first, second] = parseAreas(text);
    expect(first).toMatchObject({
      start: 0x5555n,
      path: '/tmp/a b\nc (deleted)',
      present: 16384,
      anonymous: 12288,
      inode: 77,
      offset: 4096,
    });
    expect([...(first?.flags ?? [])]).toEqual(['rd', 'wr', 'dd']);
    expect(second).toMatchObject({ start: 0xffff0000n, present: 0, anonymous: 0, readable: false });
    expect(parseAreas('')).toEqual([]);
  });

  it('of this process are readable, and its own stack is a page that was touched', () => {
    const areas = readAreas(process.pid);
    const stack = areas.find(({ path }) => path === '[stack]');
    expect(stack?.present).toBeGreaterThan(0);
    const pages = new PageMap(process.pid);
    expect(pages.touched((stack?.end ?? 0n) - 4096n, 1)).toEqual([true]);
    pages.close();
    expect(readAreas(2 ** 30)).toEqual([]);
    expect(readDumpFilter(2 ** 30)).toBe(0x33);
  });
});

describe('the filter', () => {
  it.each([
    ['1000-2000 rw-p 00000000 00:00 0', {}, undefined, 0x01, 'all'],
    ['1000-2000 rw-p 00000000 00:00 0', {}, undefined, 0x3e, 'nothing'],
    ['1000-2000 rw-p 00000000 00:00 0', {}, 'rd wr dd', 0xff, 'nothing'],
    ['1000-2000 rw-s 00000000 00:01 9 /dev/zero (deleted)', {}, undefined, 0x02, 'all'],
    ['1000-2000 rw-s 00000000 00:01 9 /dev/zero (deleted)', {}, undefined, 0x01, 'nothing'],
    ['1000-2000 rw-s 00000000 fe:01 9 /tmp/data', {}, undefined, 0x02, 'nothing'],
    ['1000-2000 rw-s 00000000 fe:01 9 /tmp/data', {}, undefined, 0x08, 'all'],
    [`1000-2000 r-xp 00001000 fe:01 9 ${library}`, {}, undefined, 0x33, 'nothing'],
    [`1000-2000 r-xp 00001000 fe:01 9 ${library}`, {}, undefined, 0x04, 'all'],
    [`1000-2000 r--p 00000000 fe:01 9 ${library}`, {}, undefined, 0x33, 'header'],
    [`1000-2000 r--p 00000000 fe:01 9 ${library}`, {}, undefined, 0x23, 'nothing'],
    [`1000-2000 rw-p 00002000 fe:01 9 ${library}`, { Anonymous: 4 }, undefined, 0x33, 'all'],
    [`1000-2000 rw-p 00002000 fe:01 9 ${library}`, {}, undefined, 0x33, 'nothing'],
    ['1000-2000 r-xp 00000000 00:00 0 [vdso]', {}, 'rd ex mr mw me de', 0x00, 'all'],
    ['1000-2000 r--p 00000000 00:00 0 [vvar]', {}, 'rd mr pf io de dd', 0xff, 'nothing'],
    ['1000-2000 rw-p 00000000 00:0f 9 /anon_hugepage (deleted)', { Private_Hugetlb: 2048 }, 'rd wr ht', 0x20, 'all'],
    ['1000-2000 rw-p 00000000 00:0f 9 /anon_hugepage (deleted)', { Private_Hugetlb: 2048 }, 'rd wr ht', 0x13, 'nothing'],
  ] as const)('%s with %o, %s and filter %i', (line, facts, flags, filter, expected) => {
    expect(dumpOf(area(line, facts, flags), filter)).toBe(expected);
  });
});

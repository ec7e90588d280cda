/** Separate debug files: found where gdb finds them, and believed only when they belong to the same build. */
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { crc32 } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { packagePaths, findDebugFile, findSupplementaryFile, splitPaths } from '../../src/elf/separate.js';
import { openImage } from '../../src/symbols/open.js';
import { debugFileSearch, openElf } from '../../src/symbols/elf-files.js';
import { load, programs, run } from './programs.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'deet-separate-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const place = (from: string, ...to: string[]): string => {
  const path = join(folder, ...to);
  mkdirSync(dirname(path), { recursive: true });
  copyFileSync(from, path);
  return path;
};

/** A stripped program with a debug link, the debug file of which is at `where`, below the folder. */
const stripped = (program: string, ...where: string[]): { path: string; debug: string } => {
  const path = place(program, 'bin', 'prog');
  const debug = join(folder, 'prog.debug');
  run('objcopy', '--only-keep-debug', program, debug);
  run('objcopy', '--strip-all', `--add-gnu-debuglink=${debug}`, program, path);
  const target = place(debug, ...where);
  rmSync(debug);
  return { path, debug: target };
};

const found = (path: string, ...directories: string[]): { path: string | undefined; missing: readonly string[] } => {
  const search = debugFileSearch(directories);
  return { path: findDebugFile(openElf(path), search)?.path, missing: search.missing };
};

describe('.gnu_debuglink', () => {
  it.each([
    ['beside the program', ['bin', 'prog.debug']],
    ['in .debug', ['bin', '.debug', 'prog.debug']],
  ])('is followed to a file %s', (_where, at) => {
    const { path, debug } = stripped(programs.noBuildId(), ...at);
    expect(found(path)).toEqual({ path: debug, missing: [] });
    expect(load(debug).hasDebugInfo).toBe(true);
  });

  it('is followed below the debug directory, and from a symbolic link', () => {
    const { path, debug } = stripped(programs.noBuildId(), 'global', folder.slice(1), 'bin', 'prog.debug');
    expect(found(path, join(folder, 'global')).path).toBe(debug);
    expect(found(path).path).toBeUndefined();
    const link = join(folder, 'elsewhere');
    symlinkSync(path, link);
    expect(found(link, join(folder, 'global')).path).toBe(debug);
  });

  it('is not believed when the checksum differs', () => {
    const { path, debug } = stripped(programs.noBuildId(), 'bin', 'prog.debug');
    const bytes = readFileSync(debug);
    bytes[bytes.length - 1] ^= 1;
    writeFileSync(debug, bytes);
    expect(found(path)).toEqual({
      path: undefined,
      missing: [
        `${debug} is not the debug file of this build of ${path} (checksum or build-id differ); it is not used. Put the one of this build in its place.`,
      ],
    });
  });

  it('is not believed when the build-id differs', () => {
    const { path } = stripped(programs.noPie(), 'bin', 'prog.debug');
    run('objcopy', '--only-keep-debug', programs.pie(), join(folder, 'bin', 'prog.debug'));
    expect(found(path).path).toBeUndefined();
    expect(found(path).missing).toHaveLength(1);
  });

  it('holds the CRC-32 that binutils writes', () => {
    const { path, debug } = stripped(programs.noBuildId(), 'bin', 'prog.debug');
    const link = openElf(path).data('.gnu_debuglink');
    expect(link && Buffer.from(link).readUInt32LE(link.length - 4)).toBe(crc32(readFileSync(debug)));
  });
});

describe('the build-id', () => {
  it('leads to the file below .build-id, of the same id only', () => {
    const { path } = stripped(programs.noPie(), 'nowhere');
    const id = load(path).buildId ?? '';
    expect(id).toHaveLength(40);
    const below = ['debug', '.build-id', id.slice(0, 2), `${id.slice(2)}.debug`];
    const debug = place(join(folder, 'nowhere'), ...below);
    expect(found(path, '/nonexistent', join(folder, 'debug')).path).toBe(debug);
    run('objcopy', '--only-keep-debug', programs.pie(), debug);
    expect(found(path, join(folder, 'debug')).path).toBeUndefined();
  });

  it('finds the C library of libc6-dbg', () => {
    const elf = openElf('/lib/x86_64-linux-gnu/libc.so.6');
    const debug = findDebugFile(elf, debugFileSearch());
    expect(debug?.path).toContain('/usr/lib/debug/.build-id/');
    expect(debug?.hasDebugInfo).toBe(true);
    expect(debug?.symtab?.count).toBeGreaterThan(10_000);
  });

  it('is not asked for a program that has its own debug information', () => {
    const program = programs.noPie();
    expect(findDebugFile(openElf(program), debugFileSearch())).toBeUndefined();
  });
});

describe('.gnu_debugdata', () => {
  /** A stripped program with this in the section. */
  const packed = (contents: string): string => {
    const mini = join(folder, 'mini');
    run('objcopy', `--add-section=.gnu_debugdata=${contents}`, programs.stripped(), mini);
    return mini;
  };

  it('gives a stripped program the names of its static functions', () => {
    const symbols = join(folder, 'symbols');
    run('objcopy', '--only-keep-debug', '--strip-debug', programs.noPie(), symbols);
    run('xz', symbols);
    const image = openImage(packed(`${symbols}.xz`), { debugDirectories: [] });
    const expected = openImage(programs.noPie()).symbolsNamed('static_function');
    expect(expected.length).toBeGreaterThan(0);
    expect(image.symbolsNamed('static_function').map(({ address }) => address)).toEqual(expected.map(({ address }) => address));
    expect(image.missing).toEqual([]);
  });

  it('that xz cannot unpack is told; without it a stripped program lacks nothing', () => {
    expect(found(place(programs.stripped(), 'prog'))).toEqual({ path: undefined, missing: [] });
    const { path, missing } = found(packed(place('/bin/true', 'data')));
    expect(path).toBeUndefined();
    expect(missing).toEqual([expect.stringContaining('xz could not unpack .gnu_debugdata')]);
  });
});

describe('.gnu_debugaltlink', () => {
  /** As dwz writes it: the path, a zero byte, the build-id. */
  const linked = (target: string, id: string): string => {
    const link = join(folder, 'link');
    writeFileSync(link, Buffer.concat([Buffer.from(`${target}\0`), Buffer.from(id, 'hex')]));
    const path = join(folder, 'prog');
    run('objcopy', `--add-section=.gnu_debugaltlink=${link}`, programs.noPie(), path);
    return path;
  };

  it('is followed when the build-id is the one named', () => {
    const shared = place(programs.pie(), 'shared', 'common.debug');
    const id = load(shared).buildId ?? '';
    for (const target of [shared, 'shared/common.debug']) {
      const elf = openElf(linked(target, id));
      expect(findSupplementaryFile(elf, debugFileSearch([]))?.path).toBe(resolve(shared));
      expect(elf.warnings).toEqual([]);
    }
    const otherId = id.replace(/./, (digit) => (digit === '0' ? '1' : '0'));
    const image = openImage(linked(shared, otherId), { debugDirectories: [] });
    // As gdb: entries without what was moved away say nothing that could be relied on.
    expect(image.hasDebugInfo).toBe(false);
    expect(image.missing).toEqual([expect.stringContaining(`moved to ${shared} was not found`)]);
  });
});

describe('split DWARF', () => {
  it('is looked for where the compiler put it, beside the program, and in folders of debug files', () => {
    const elf = load(place(programs.noPie(), 'bin', 'prog'));
    expect(packagePaths(elf)).toEqual([`${elf.path}.dwp`]);
    const search = debugFileSearch(['/debug']);
    const beside = join(folder, 'bin/a.dwo');
    const there = ['/debug/obj/a.dwo', '/debug/a.dwo'];
    expect(splitPaths(elf, 'obj/a.dwo', '/build', search)).toEqual(['/build/obj/a.dwo', join(folder, 'bin/obj/a.dwo'), beside, ...there]);
    expect(splitPaths(elf, '/obj/a.dwo', '/build', search)).toEqual(['/obj/a.dwo', beside, ...there]);
  });
});

it('stabs are told of: they are not read', () => {
  const path = place(programs.noPie(), 'stabs');
  writeFileSync(`${path}.stab`, 'x');
  run('strip', '-g', path);
  run('objcopy', '--add-section', `.stab=${path}.stab`, path);
  const image = openImage(path, { debugDirectories: [] });
  expect(image.hasDebugInfo).toBe(false);
  expect(image.missing).toEqual([expect.stringContaining('is in stabs, which deet does not read')]);
});

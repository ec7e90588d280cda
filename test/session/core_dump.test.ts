/** Core files that deet writes: gdb and deet see in them what they see in the process. */
import { execFileSync } from 'node:child_process';
import { existsSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Core } from '../../src/elf/core.js';
import { coreHead, type FileBytes } from '../../src/elf/core_head.js';
import { layOut } from '../../src/elf/core_writer.js';
import { parseElf } from '../../src/elf/file.js';
import { writeCore } from '../../src/inferior/core_dump.js';
import type { Session } from '../../src/session/session.js';
import { fixture } from '../helpers/build.js';
import { coresGoAfterwards, folderForCores } from '../helpers/core.js';
import { gdb } from '../helpers/gdb.js';
import { leakGuard } from '../helpers/leaks.js';
import { asFarAsKnown, deetView, gdbView } from './core_view.js';
import { driven, stopOf } from './drive.js';
import { openedCore } from './core_open.js';

leakGuard();
coresGoAfterwards();

const save = async (session: Session): Promise<string> => {
  const path = join(folderForCores(), 'core');
  const { process, thread } = session.selection();
  await writeCore(process, path, thread, session.lastStop?.signal?.number ?? 0);
  return path;
};

const expressions = ['table', '*list', 'list->next->next->name', 'ratio', 'constant', 'untouched', 'own'];

describe('a core file written by deet', () => {
  it.each([
    ['plain', 'segv', 3],
    ['pie', 'segv', 100],
    ['static', 'segv', 3],
    ['O2', 'segv', 2],
    ['pie', 'abort', 1],
  ] as const)('has what the process has (%s, %s, %i threads)', (variant, how, threads) =>
    driven(
      fixture('core_state', variant),
      async (session) => {
        stopOf(await session.run());
        const here = deetView(session, expressions);
        expect(here.threads).toHaveLength(threads + 1);
        const path = await save(session);
        expect(openedCore(path, session.program, (core) => deetView(core, expressions))).toEqual(here);
        const gdb = gdbView(path, session.program, expressions);
        expect(gdb).toEqual(asFarAsKnown(here, gdb));
      },
      { arguments: [how, String(threads)] },
    ),
  );

  it('shows none of our breakpoints, and the process goes on with them', () =>
    driven(fixture('recursion'), async (session) => {
      session.break('factorial');
      session.break('main');
      stopOf(await session.run());
      const path = await save(session);
      const { image } = session.images()[0];
      openedCore(path, session.program, (core) => {
        for (const name of ['main', 'factorial']) {
          const [symbol] = image.symbolsNamed(name);
          const inFile = image.bytesAt(symbol.address, symbol.size);
          expect(core.selection().process.space.read(BigInt(symbol.address), symbol.size)).toEqual(Uint8Array.from(inFile ?? []));
        }
      });
      expect(stopOf(await session.continue()).breakpoints).toHaveLength(1);
    }));

  it('leaves out what the process wants left out, and is sparse', () =>
    driven(fixture('core_memory'), async (session) => {
      session.break('ready');
      stopOf(await session.run());
      const path = await save(session);
      const { size, blocks } = statSync(path);
      expect(size).toBeGreaterThan(2 ** 31);
      expect(blocks * 512).toBeLessThan(4 << 20);
      const text = (core: Session, expression: string): string => {
        try {
          const bytes = core.selection().process.space.readAvailable(core.values.address(expression), 40);
          return Buffer.from(bytes.subarray(0, bytes.indexOf(0) < 0 ? 0 : bytes.indexOf(0))).toString();
        } catch {
          return 'error';
        }
      };
      openedCore(path, session.program, (core) => {
        expect(text(core, 'secret')).toBe('');
        expect(() => core.selection().process.space.read(core.values.address('secret'), 1)).toThrow('it was not written to the core file');
        expect(text(core, 'shared')).toBe('shared with children');
        expect(text(core, 'file_changed')).toBe('changed');
        expect(text(core, 'file_private')).toMatch(/^.ELF/);
        expect(text(core, 'file_shared')).toBe('in a file without a name');
        expect(text(core, 'unreadable')).toBe('closed again');
        expect(text(core, 'sparse + sparse_size / 2 + 100')).toBe('in the middle of nothing');
        expect(text(core, 'sparse + sparse_size - 4096')).toBe('at the end of nothing');
        expect(text(core, 'sparse + 4096')).toBe('');
      });
      const told = gdb([`core-file ${path}`, 'x/s sparse + sparse_size - 4096', 'x/s unreadable'], session.program);
      expect(told).toContain('"at the end of nothing"');
      expect(told).toContain('"closed again"');
    }));

  it('follows coredump_filter', () =>
    driven(fixture('core_memory'), async (session) => {
      session.break('ready');
      stopOf(await session.run());
      for (const filter of ['0', '0x1', '0x33']) {
        writeFileSync(`/proc/${session.selection().process.pid}/coredump_filter`, filter);
        const path = await save(session);
        openedCore(path, session.program, (core) => {
          const { space } = core.selection().process;
          const has = (expression: string): boolean => {
            try {
              return space.read(core.values.address(expression), 1).length === 1;
            } catch {
              return false;
            }
          };
          expect([filter, has('$sp')]).toEqual([filter, filter !== '0']);
          if (filter === '0') return;
          expect([filter, has('shared')]).toEqual([filter, filter !== '0x1']);
        });
      }
    }));

  it('that cannot be written is an error, and nothing is left of it', () =>
    driven(fixture('recursion'), async (session) => {
      session.break('main');
      stopOf(await session.run());
      const { process, thread } = session.selection();
      const folder = folderForCores();
      await expect(writeCore(process, join(folder, 'no', 'core'), thread, 0)).rejects.toThrow('ENOENT');
      await expect(writeCore(process, '/dev/full', thread, 0)).rejects.toThrow('not a regular file');
      expect(existsSync(join(folder, 'core'))).toBe(false);
    }));
});

describe('the layout', () => {
  it('of more segments than 16 bits can count, and more bytes than 32', () => {
    const thread = { tid: 7, signal: 11, registers: new BigUint64Array(27), pendingSignals: 0n, blockedSignals: 0n };
    const process = { pid: 7, ppid: 1, pgrp: 7, sid: 7, uid: 0, gid: 0, state: 'R', name: 'many', commandLine: 'many words' };
    const flags = { readable: true, writable: true, executable: false };
    const segments = Array.from({ length: 70_000 }, (_, index) => ({
      address: 0x10000n + BigInt(index) * 0x200000n,
      memorySize: 0x100000,
      fileSize: 0x100000,
      ...flags,
    }));
    const { head, offsets, size, tail } = layOut({ process, threads: [thread], mappings: [], auxiliary: new Uint8Array(16), segments });
    expect(size).toBeGreaterThan(2 ** 36);
    const parts: readonly [number, Uint8Array][] = [
      [0, head],
      [offsets[69_999], Uint8Array.of(1, 2, 3, 4)],
      [size - tail.length, tail],
    ];
    const file: FileBytes = {
      size,
      readAt: (offset, into) => {
        into.fill(0);
        for (const [at, bytes] of parts)
          for (let i = Math.max(0, at - offset); i < into.length && offset + i < at + bytes.length; i++) into[i] = bytes[offset + i - at];
        return Math.min(into.length, size - offset);
      },
    };
    const core = new Core(parseElf(coreHead(file), 'many'), file);
    expect(core.elf.loads).toHaveLength(70_000);
    expect(core.threads).toMatchObject([{ tid: 7, signal: 11 }]);
    expect(core.process).toEqual(process);
    expect(core.read(segments[69_999].address, 4)).toEqual(Uint8Array.of(1, 2, 3, 4));
    expect(core.elf.warnings).toEqual([]);
  });

  it('is what readelf understands', () =>
    driven(fixture('recursion'), async (session) => {
      session.break('main');
      stopOf(await session.run());
      const told = execFileSync('readelf', ['-hln', '-W', await save(session)], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
      expect(told).toContain('CORE (Core file)');
      for (const name of ['NT_PRSTATUS', 'NT_PRPSINFO', 'NT_AUXV', 'NT_FILE', 'NT_FPREGSET', 'NT_X86_XSTATE']) expect(told).toContain(name);
      expect(told).not.toMatch(/warning|error/i);
    }));
});

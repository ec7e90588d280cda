/** Core files that are not what they should be: cut off, damaged, of programs and libraries that are gone or not the same any more. */
import { copyFileSync, mkdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DeetError } from '../../src/common/errors.js';
import type { Session } from '../../src/session/session.js';
import { attackCore } from '../fuzz/cores.js';
import { compileText, fixture } from '../helpers/build.js';
import { coreOf, coresGoAfterwards, folderForCores } from '../helpers/core.js';
import { leakGuard } from '../helpers/leaks.js';
import { openedCore } from './core_open.js';

leakGuard();
coresGoAfterwards();

const names = (session: Session): string[] =>
  session
    .stack()
    .frames(20)
    .map(({ functionName }) => functionName ?? '??');

const warnings = (session: Session): string => session.cores.current?.warnings.join('\n') ?? 'no core file';

const messageOf = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    if (error instanceof DeetError) return error.message;
    throw error;
  }
  return 'no error';
};

const program = fixture('core_state');

describe('a core file that is cut off', () => {
  it('says so, and what is there works', () => {
    const core = coreOf(program);
    const { size } = statSync(core);
    const whole = openedCore(core, program, (session) => session.threads().map(({ tid }) => tid));
    for (const part of [0.95, 0.5, 0.1]) {
      const length = Math.floor(size * part);
      truncateSync(core, length);
      openedCore(core, program, (session) => {
        expect(warnings(session)).toContain(`is truncated: the last ${size - length} bytes are missing`);
        expect(session.threads().map(({ tid }) => tid)).toEqual(whole);
        expect(session.selection().frame.functionName).toBe('sum');
        // The stack comes last, and is not there any more; what it held is not made up from the files.
        expect(messageOf(() => session.selection().process.space.read(session.selection().thread.stackPointer, 8))).toMatch(
          /Cannot access memory at address 0x7f\w+ \(the core file is cut off before it\)/,
        );
      });
    }
    truncateSync(core, 100);
    expect(messageOf(() => openedCore(core, program, () => undefined))).toContain('truncated');
    truncateSync(core, 0);
    expect(messageOf(() => openedCore(core, program, () => undefined))).toContain('is an empty file');
  });

  it('never shows initial values of the file for what the program had changed', () => {
    const core = coreOf(fixture('core_state', 'pie'), ['segv', '0']);
    openedCore(core, undefined, (session) => {
      const address = session.values.address('&table');
      const segment = session.cores.current?.process.source.maps().find(({ start, end }) => address >= start && address < end);
      expect(segment).toBeDefined();
      expect([...session.values.now('table[1]').bytes()]).toEqual([22, 0, 0, 0]);
    });
    truncateSync(core, 16384);
    openedCore(core, undefined, (session) => {
      expect(messageOf(() => session.values.now('table[1]').bytes())).toContain('cut off');
    });
  });
});

describe('a damaged core file', () => {
  it('is refused in words, or shown as far as it goes', async () => {
    const file = readFileSync(coreOf(program, ['segv', '0']));
    for (let seed = 1; seed <= 120; seed++) await attackCore(file, program, seed);
  });

  it('without the names of files (NT_FILE) shows the program by its entry point', () => {
    for (const variant of ['plain', 'pie'] as const) {
      const path = fixture('core_state', variant);
      const core = coreOf(path, ['segv', '0']);
      const bytes = readFileSync(core);
      const note = bytes.indexOf(Buffer.from('454c4946434f5245', 'hex')); // the type "FILE", then the owner "CORE"
      expect(note).toBeGreaterThan(0);
      bytes.writeUInt32LE(0x1234, note);
      writeFileSync(core, bytes);
      openedCore(core, path, (session) => {
        expect(names(session).slice(0, 2)).toEqual(['sum', 'main']);
        expect(session.values.now('table[1]').bytes()[0]).toBe(22);
      });
      openedCore(core, undefined, (session) => {
        expect(session.program).toBeUndefined();
        expect(session.threads()).toHaveLength(1);
      });
    }
  });
});

const library = (body: string): string =>
  compileText('crashing.c', `static int times;\nint crash(int *where) { times++; ${body} return *where; }\n`, [
    '-shared',
    '-fPIC',
    '-Wl,--build-id',
  ]);

const loader = (): string =>
  compileText(
    'loads.c',
    `#include <dlfcn.h>
int main(int argc, char *argv[]) {
  void *library = dlopen(argv[1], RTLD_NOW);
  int (*crash)(int *) = (int (*)(int *))dlsym(library, "crash");
  int result = crash(0);
  return result + argc;
}
`,
    ['-Wl,--build-id'],
  );

/** The core file of a program that died in a library of this folder. `all`: with what was mapped of files in it. */
const diedInLibrary = (all: boolean): { core: string; copy: string } => {
  const copy = join(folderForCores(), 'libcrashing.so');
  copyFileSync(library(''), copy);
  const filter = all ? '0x3f' : '0x33';
  const core = coreOf('/bin/sh', ['-c', `echo ${filter} > /proc/self/coredump_filter; exec "$@"`, 'sh', loader(), copy]);
  return { core, copy };
};

describe('files that are gone or changed', () => {
  it('a library that is there has names and lines', () => {
    const { core } = diedInLibrary(false);
    openedCore(core, undefined, (session) => {
      expect(session.program).toBe(loader());
      expect(warnings(session)).toBe('');
      expect(names(session).slice(0, 2)).toEqual(['crash', 'main']);
      expect(session.selection().frame.position?.line).toBe(2);
    });
  });

  it('a library that is gone is named, and what the core file has of it used', () => {
    const { core, copy } = diedInLibrary(true);
    rmSync(copy);
    openedCore(core, undefined, (session) => {
      expect(warnings(session)).toContain(copy);
      expect(names(session).slice(0, 2)).toEqual(['crash', 'main']);
      expect(session.selection().frame.position).toBeUndefined();
      expect(session.images().map(({ image }) => image.path)).toContain(copy);
    });
    const without = diedInLibrary(false);
    rmSync(without.copy);
    openedCore(without.core, undefined, (session) => {
      expect(warnings(session)).toContain(without.copy);
      // Its first page is there, and with it the names; its code is not.
      expect(messageOf(() => session.selection().process.space.read(session.selection().thread.pc, 1))).toContain(
        `it belongs to ${without.copy}, which is not here`,
      );
    });
  });

  it('a library that was built again is not used', () => {
    const { core, copy } = diedInLibrary(true);
    copyFileSync(library('times += 7;'), copy);
    openedCore(core, undefined, (session) => {
      expect(warnings(session)).toMatch(/built again since the core file was written/);
      expect(names(session).slice(0, 2)).toEqual(['crash', 'main']);
    });
  });

  it('a program of another build-id is used because the user says so, and its bytes are not', () => {
    const core = coreOf(program, ['segv', '0']);
    const other = fixture('core_state', 'dwarf4');
    openedCore(core, other, (session) => {
      expect(warnings(session)).toContain('is not the program that the core file was made by');
      expect(session.images()[0]?.image.path).toBe(other);
      // Where it was is known, and so is what it was.
      const code = session.selection().process.space.read(session.selection().thread.pc, 8);
      session.setProgram(program);
      expect(warnings(session)).toBe('');
      expect(session.selection().process.space.read(session.selection().thread.pc, 8)).toEqual(code);
      expect(names(session).slice(0, 2)).toEqual(['sum', 'main']);
    });
  });

  it('the machine that it died on may be a folder here (set sysroot)', () => {
    const { core, copy } = diedInLibrary(false);
    const root = folderForCores();
    const moved = join(root, basename(copy));
    copyFileSync(copy, moved);
    rmSync(copy);
    openedCore(core, undefined, (session) => {
      expect(warnings(session)).toContain(copy);
      // A sysroot that has the library at its own absolute path.
      const deep = join(root, 'sysroot');
      const target = join(deep, copy);
      mkdirSync(dirname(target), { recursive: true });
      copyFileSync(moved, target);
      session.settings.set('sysroot', deep);
      session.cores.open(core);
      expect(warnings(session)).toBe('');
      expect(session.selection().frame.position?.line).toBe(2);
    });
  });
});

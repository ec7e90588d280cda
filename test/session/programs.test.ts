/** Programs of every make, and what is none: position-independent or not, static, stripped, of another C library, replaced while debugged. */
import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdtempSync, renameSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { DeetError } from '../../src/common/errors.js';
import { Session } from '../../src/session/session.js';
import { compileText, fixture, lineOf, type Variant } from '../helpers/build.js';
import { leakGuard } from '../helpers/leaks.js';
import { driven, endOf, placeOf, record, stopOf } from './drive.js';

leakGuard();

const folder = mkdtempSync(join(tmpdir(), 'deet-session-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const write = (name: string, content: string | Uint8Array, mode = 0o755): string => {
  const path = join(folder, name);
  writeFileSync(path, content);
  chmodSync(path, mode);
  return path;
};

const frames = (session: Session): string[] => [...session.stack()].map(({ functionName }) => functionName ?? '??');

describe('programs of every make', () => {
  const withLines: Variant[] = ['plain', 'pie', 'static', 'dwarf4', 'clang', 'musl', 'O1'];

  it.each(withLines)('%s: stops at a breakpoint by name and by line, backtrace, exit', (variant) =>
    driven(fixture('recursion', variant), async (session, output) => {
      session.break('factorial', { condition: 'n == 3', temporary: true });
      session.break(`recursion.c:${lineOf('recursion.c', 'printf("%d %d')}`);
      stopOf(await session.run());
      expect(placeOf(session)).toBe(`factorial:${lineOf('recursion.c', '// base')}`);
      expect(frames(session).slice(0, 4)).toEqual(['factorial', 'factorial', 'factorial', 'main']);
      stopOf(await session.continue());
      expect(placeOf(session)).toBe(`main:${lineOf('recursion.c', 'printf("%d %d')}`);
      expect(endOf(await session.continue())).toBe('exited 0');
      expect(output()).toBe('120 1\n');
    }),
  );

  it('without debug information: by name and address, without lines', () =>
    driven(fixture('recursion', 'nodebug'), async (session) => {
      session.break('factorial');
      stopOf(await session.run());
      expect(placeOf(session)).toBe('factorial');
      expect(frames(session).slice(0, 2)).toEqual(['factorial', 'main']);
      expect(() => session.break('recursion.c:7')).toThrow(/No line number information|No source file/);
      session.breakpoints.delete(0);
      expect(endOf(await session.continue())).toBe('exited 0');
    }));

  it('stripped: nothing has a name, but its imports and its entry stop it', () =>
    driven(fixture('recursion', 'stripped'), async (session, output) => {
      expect(() => session.break('factorial')).toThrow('not defined');
      const entry = stopOf(await session.start('first-instruction'));
      expect(entry.reason).toBe('entry');
      session.break('printf', { pending: true });
      stopOf(await session.continue());
      expect(placeOf(session)).toBe('printf');
      expect(endOf(await session.continue())).toBe('exited 0');
      expect(output()).toBe('120 1\n');
    }));
});

/** Why a session on this program, or its run, is refused. */
const refusal = async (path: string): Promise<string> => {
  let session: Session | undefined;
  try {
    session = new Session(path);
    await session.run();
  } catch (error) {
    if (error instanceof DeetError) return error.message;
    throw error;
  } finally {
    session?.close();
  }
  throw new Error('it ran');
};

describe('what is no program', () => {
  it('a folder', async () => expect(await refusal(folder)).toMatch(/is a folder, not a program/));
  it('an empty file', async () => expect(await refusal(write('empty', ''))).toMatch(/empty/));
  it('text', async () => expect(await refusal(write('text', 'hello\n'))).toMatch(/ELF/));
  it('nothing at all', async () => expect(await refusal(join(folder, 'missing'))).toMatch(/there is no such file/));
  it('a program without the right to execute it', async () => {
    const path = join(folder, 'locked');
    copyFileSync(fixture('recursion'), path);
    chmodSync(path, 0o644);
    expect(await refusal(path)).toMatch(/EACCES|not executable|permission/i);
  });
  it('a 32-bit program', async () => {
    const bytes = Buffer.alloc(64);
    bytes.write('\x7fELF', 'latin1');
    bytes.set([1, 1, 1], 4); // ELFCLASS32
    bytes.writeUInt16LE(2, 16);
    bytes.writeUInt16LE(3, 18); // EM_386
    expect(await refusal(write('small', bytes))).toMatch(/32-bit/);
  });
});

describe('programs that become others', () => {
  it('a script is refused with its reason, or run by its interpreter', async () => {
    const path = write('script', '#!/bin/sh\nexit 3\n');
    let said = '';
    try {
      said = await refusal(path);
    } catch {
      said = 'it ran';
    }
    expect(said).toMatch(/script|it ran/);
  });

  it('exec: breakpoints move to the new program, the old ones leave no trace in it', async () => {
    const next = fixture('recursion');
    const program = compileText('execs.c', `#include <unistd.h>\nint main(void) { return execl("${next}", "recursion", (char *)0); }\n`);
    await driven(program, async (session, output) => {
      const events = record(session);
      session.break('main');
      session.break('factorial', { condition: 'n == 1', pending: true });
      stopOf(await session.run());
      expect(placeOf(session)).toBe('main:2');
      stopOf(await session.continue());
      expect(placeOf(session)).toBe(`main:${lineOf('recursion.c', '// call')}`);
      expect(stopOf(await session.continue()).process.program).toBe(next);
      expect(placeOf(session)).toBe(`factorial:${lineOf('recursion.c', '// base')}`);
      expect(endOf(await session.continue())).toBe('exited 0');
      expect(output()).toBe('120 1\n');
      expect(events.filter(({ type }) => type === 'executed')).toHaveLength(1);
      // The next run begins with the first program again.
      stopOf(await session.run());
      expect(placeOf(session)).toBe('main:2');
    });
  });

  it('exec: what only a library of the old program had is waited for again', async () => {
    const next = compileText('without_library.c', 'int main(void) { return 0; }\n');
    const text = `#include <math.h>\n#include <unistd.h>\nvolatile double x = 2;\nint main(void) { x = cbrt(x); return execl("${next}", "next", (char *)0); }\n`;
    await driven(compileText('with_library.c', text, ['-lm']), async (session) => {
      const breakpoint = session.break('cbrt');
      session.break('main');
      stopOf(await session.run());
      stopOf(await session.continue());
      expect(breakpoint).toMatchObject({ pending: false, hits: 1 });
      expect(stopOf(await session.continue()).process.program).toBe(next);
      expect(breakpoint).toMatchObject({ pending: true, locations: [] });
    });
  });

  it('removed while debugged: symbols stay, the next run says that it is gone', () =>
    driven(fixture('recursion'), async (session) => {
      const path = join(folder, 'removed');
      copyFileSync(fixture('recursion'), path);
      session.setProgram(path);
      session.break('factorial');
      await session.run();
      unlinkSync(path);
      expect(placeOf(session)).toMatch(/^factorial:/);
      session.break('even');
      session.breakpoints.delete(0);
      stopOf(await session.continue());
      expect(placeOf(session)).toMatch(/^even:/);
      await expect(session.run()).rejects.toThrow(/Error starting subprocess/);
      expect(session.state).toBe('none');
    }));

  it('rebuilt between runs: breakpoints are where the new file has them', () =>
    driven(fixture('recursion'), async (session) => {
      const source = (lines: number): string =>
        `int work(int n) {\n${'  n++;\n'.repeat(lines)}  return n;\n}\nint main(void) { return work(0); }\n`;
      const path = join(folder, 'rebuilt');
      const build = (lines: number): void => {
        const text = write('rebuilt.c', source(lines), 0o644);
        execFileSync('gcc', ['-g', '-O0', text, '-o', `${path}.new`]);
        renameSync(`${path}.new`, path);
      };
      build(1);
      session.setProgram(path);
      session.break('rebuilt.c:3');
      stopOf(await session.run());
      expect(placeOf(session)).toBe('work:3');
      expect(endOf(await session.continue())).toBe('exited 1');
      build(4);
      stopOf(await session.run());
      expect(placeOf(session)).toBe('work:3');
      expect((await session.evaluate('n')).bytes()[0]).toBe(1);
      expect(endOf(await session.continue())).toBe('exited 4');
    }));

  it('rebuilt while it runs: the run that is on goes on with what it was', () =>
    driven(fixture('recursion'), async (session) => {
      const path = join(folder, 'replaced');
      const build = (name: string, status: number): string =>
        compileText(name, `int leave(void) { return ${status}; }\nint main(void) { return leave(); }\n`);
      copyFileSync(build('first.c', 5), path);
      session.setProgram(path);
      session.break('main');
      await session.run();
      copyFileSync(build('second.c', 6), `${path}.new`);
      renameSync(`${path}.new`, path);
      session.break('leave');
      stopOf(await session.continue());
      expect(placeOf(session)).toBe('leave:1');
      expect(endOf(await session.continue())).toBe('exited 5');
      session.breakpoints.delete(0);
      stopOf(await session.run());
      expect(endOf(await session.continue())).toBe('exited 6');
    }));
});

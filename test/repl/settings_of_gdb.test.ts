/** gdb's settings: scripts that set them run, and what deet does otherwise is said. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { fixture } from '../helpers/build.js';
import { leakGuard } from '../helpers/leaks.js';
import { commands, run } from './cli.js';

leakGuard();

const shown = async (...typed: string[]): Promise<{ stdout: string; stderr: string; status: number | null }> =>
  run([...commands(...typed), fixture('calls')]);

describe('settings that deet only takes', () => {
  it('say what it does when they ask for something else', async () => {
    const { stdout, status } = await shown('set non-stop on', 'set style enabled off');
    expect(stdout.trimEnd().split('\n')).toEqual([
      expect.stringMatching(/^Taken without effect: A stop of one thread stops all;/),
      expect.stringMatching(/^Taken without effect: Colours are used at a terminal/),
    ]);
    expect(status).toBe(0);
  });

  it('say nothing when they ask for what it does', async () =>
    expect(
      await shown(
        'set non-stop off',
        'set print asm-demangle on',
        'set auto-load safe-path /',
        'set debuginfod enabled off',
        'set history save on',
        'set architecture i386:x86-64',
        'set verbose off',
      ),
    ).toMatchObject({ stdout: '', stderr: '', status: 0 }));

  it('are shown with what deet does', async () => {
    const { stdout } = await shown('set style sources off', 'show style sources', 'show non-stop');
    expect(stdout).toContain('style is sources off. Colours are used at a terminal');
    expect(stdout).toContain('non-stop is off. A stop of one thread stops all;');
  });

  it("do not stand in the way of deet's own abbreviations", async () => {
    const { stdout } = await shown('set print sym off', 'show print symbol', 'set lang c', 'show lang');
    expect(stdout).toContain('print symbol is off.');
    expect(stdout).toContain('language is c.');
  });
});

it('an assignment is one although its variable begins a setting', async () => {
  const { stdout, stderr } = await shown('set w = 90', 'show width', 'set width = 90', 'show width');
  expect(stderr).toContain('No symbol "w" in current context.');
  expect(stdout).toMatch(/^width is unlimited\.[^\n]*\nwidth is 90\./);
});

it('set language: expressions of another language than the program', async () => {
  const { stdout } = await shown(
    'show language',
    'set language c++',
    'show language',
    'set language auto',
    'with language c++ -- whatis true',
    'whatis 1 == 1',
  );
  expect(stdout.replace(/(is [^.]*\.) .*/g, '$1')).toBe(
    ['language is auto; now c.', 'language is c++.', 'type = bool', 'type = int', ''].join('\n'),
  );
  expect((await shown('set language pascal')).stderr).toContain('language is one of auto, c, c++; not "pascal".');
});

describe('set logging', () => {
  const folder = mkdtempSync(join(tmpdir(), 'deet-log-'));
  const file = join(folder, 'log.txt');
  afterAll(() => rmSync(folder, { recursive: true }));

  it('writes what is shown into a file, behind what it has', async () => {
    writeFileSync(file, 'before\n');
    const { stdout } = await shown(`set logging file ${file}`, 'set logging enabled on', 'print 1', 'set logging enabled off', 'print 2');
    expect(stdout).toBe('$1 = 1\n$2 = 2\n');
    expect(readFileSync(file, 'utf8')).toBe('before\n$1 = 1\n');
  });

  it('or only there, and anew', async () => {
    const { stdout, stderr } = await shown(
      ...[`set logging file ${file}`, 'set logging overwrite on', 'set logging redirect on', 'set logging on', 'print 1', 'print nosuch'],
    );
    expect([stdout, stderr]).toEqual(['', '']);
    expect(readFileSync(file, 'utf8')).toMatch(/^\$1 = 1\nNo symbol "nosuch" in current context\./);
  });

  it('says when the file cannot be written', async () =>
    expect((await shown('set logging file /nonexistent/log', 'set logging on')).stderr).toContain('/nonexistent/log cannot be written:'));
});

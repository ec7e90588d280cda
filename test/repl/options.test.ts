import { chmodSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { initFiles } from '../../src/repl/init-files.js';
import { parseOptions, UsageError } from '../../src/repl/options.js';

describe('the command line', () => {
  it('has a program and its arguments', () => {
    expect(parseOptions(['./a', '1', '-ex', '--batch'])).toMatchObject({
      program: './a',
      arguments: ['1', '-ex', '--batch'],
      batch: false,
      startup: [],
    });
    expect(parseOptions(['--args', './a', '-x'])).toMatchObject({ program: './a', arguments: ['-x'] });
    expect(parseOptions(['--', '-strange'])).toMatchObject({ program: '-strange' });
  });

  it('has options with one dash or two, values behind = or as the next word', () => {
    expect(parseOptions(['-ex', 'run', '--eval-command=bt', '-x', 'f', '--command', 'g', 'p']).startup).toEqual([
      { kind: 'command', line: 'run' },
      { kind: 'command', line: 'bt' },
      { kind: 'file', path: 'f' },
      { kind: 'file', path: 'g' },
    ]);
    expect(parseOptions(['-batch', '--json', '-nx', '-q', '--no-color', '--return-child-result', 'p'])).toMatchObject({
      batch: true,
      json: true,
      initFiles: false,
      colour: false,
      returnChildResult: true,
    });
    expect(parseOptions(['--env', 'A=b=c', '--env=D=', '--cd', '/tmp', '--tty', '/dev/pts/9', '--timeout', '2.5', 'p'])).toMatchObject({
      environment: { A: 'b=c', D: '' },
      cwd: '/tmp',
      tty: '/dev/pts/9',
      timeout: 2500,
    });
    expect(parseOptions(['-p', '12'])).toMatchObject({ pid: 12, program: undefined });
    expect(parseOptions(['--core', 'core.1', 'p'])).toMatchObject({ core: 'core.1', program: 'p' });
  });

  it.each([['-ex'], ['--nonsense'], ['--timeout', '-1'], ['--timeout', ''], ['-p', 'x'], ['--env', 'X'], ['--batch=yes']])(
    'is refused: %s %s',
    (...words) => {
      expect(() => parseOptions(words)).toThrow(UsageError);
    },
  );
});

describe('init files', () => {
  let home: string;
  let here: string;
  beforeEach(() => {
    home = realpathSync(mkdtempSync(join(tmpdir(), 'deet-init-')));
    here = realpathSync(mkdtempSync(join(tmpdir(), 'deet-here-')));
  });
  afterEach(() => {
    rmSync(home, { recursive: true });
    rmSync(here, { recursive: true });
  });

  it('are none, or the one at home', () => {
    expect(initFiles(home, here)).toEqual({ paths: [], notes: [] });
    writeFileSync(join(home, '.deetinit'), '');
    expect(initFiles(home, here).paths).toEqual([join(home, '.deetinit')]);
    expect(initFiles(home, home)).toEqual({ paths: [join(home, '.deetinit')], notes: [] });
  });

  it('of a folder are read only when it is trusted and nobody else may write them', () => {
    const local = join(here, '.deetinit');
    writeFileSync(local, '');
    chmodSync(local, 0o644);
    expect(initFiles(home, here).paths).toEqual([]);
    expect(initFiles(home, here).notes[0]).toContain(`echo "${here}" >> ~/.deet_trusted`);
    writeFileSync(join(home, '.deet_trusted'), `# mine\n${here}\n`);
    expect(initFiles(home, here)).toEqual({ paths: [local], notes: [] });
    chmodSync(local, 0o666);
    expect(initFiles(home, here).paths).toEqual([]);
    expect(initFiles(home, here).notes[0]).toContain('chmod go-w');
  });
});

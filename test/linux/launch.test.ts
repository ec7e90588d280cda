/** From a user's words to a running program, and why it did not start: each cause in one sentence, none leaving a process behind. */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DeetError } from '../../src/common/errors.js';
import { launchProgram, resolveProgram, type LaunchOptions } from '../../src/linux/launch.js';
import { native } from '../../src/native.js';
import { compile, compileText } from '../helpers/build.js';
import { leakGuard } from '../helpers/leaks.js';

leakGuard();

const folder = mkdtempSync(join(tmpdir(), 'deet-program-'));
afterAll(() => rmSync(folder, { recursive: true }));

const home = process.cwd();
beforeEach(() => process.chdir(folder));
afterEach(() => process.chdir(home));

const write = (name: string, content: string | Uint8Array, mode = 0o755): string => {
  const path = join(folder, name);
  writeFileSync(path, content);
  chmodSync(path, mode);
  return path;
};

const status = new Int32Array(2);

/** Starts, looks at the program stopped at its exec, lets it run to its end: its raw status. */
const run = (options: LaunchOptions, look: (pid: number) => void = () => undefined): number => {
  const { pid } = launchProgram(options);
  native.wait(pid, 0, status);
  look(pid);
  for (let signal = 0; ; signal = status[1] >> 8) {
    native.cont(pid, signal);
    native.wait(pid, 0, status);
    if ((status[1] & 0xff) !== 0x7f) return status[1];
  }
};

const failure = (options: LaunchOptions): DeetError => {
  try {
    launchProgram(options);
  } catch (error) {
    if (error instanceof DeetError) return error;
    throw error;
  }
  throw new Error('it started');
};

const START = 'Error starting subprocess: ';

/** Message (without the start that all have) and hint, on one line. */
const sentence = (options: LaunchOptions): string => {
  const error = failure(options);
  expect(error.code).toBe('launch');
  expect(error.message.startsWith(START)).toBe(true);
  expect(error.message).not.toContain('\n');
  return `${error.message.slice(START.length)} ${error.hint ?? ''}`.trim();
};

describe('a name', () => {
  it('with a slash is a path', () => {
    expect(resolveProgram('./sub/../tool')).toBe(join(folder, 'tool'));
  });

  it('without one is a file here, then a command in PATH', () => {
    mkdirSync(join(folder, 'bin'));
    mkdirSync(join(folder, 'sleep'));
    write('bin/tool', '', 0o755);
    write('bin/data', '', 0o644);
    const search = `${folder}/nowhere:bin:/bin`;
    expect(resolveProgram('tool', search)).toBe(join(folder, 'bin/tool'));
    write('tool', '');
    expect(resolveProgram('tool', search)).toBe(join(folder, 'tool'));
    expect(resolveProgram('sleep', search)).toBe('/bin/sleep');
    expect(() => resolveProgram('data', search)).toThrow('no command of that name');
  });

  it('that is neither is said', () => {
    expect(sentence({ program: 'no-such-program' })).toBe(
      `there is no file "no-such-program" in ${folder}, and no command of that name in PATH (ENOENT). ` +
        'Check the name, or give the path of the program: deet ./folder/program',
    );
    expect(sentence({ program: '' })).toContain('there is no file ""');
  });
});

describe('a program that starts', () => {
  it('has its words, its variables, its directory and its redirections, relative to that directory', () => {
    const at = join(folder, 'work');
    mkdirSync(at);
    writeFileSync(join(at, 'in'), 'input\n');
    writeFileSync(join(at, 'out'), 'before\n');
    const end = run(
      {
        program: 'sh',
        arguments: ['-c', 'cat; pwd; echo "$1" "$NAME" "$HOME" >&2', 'sh', 'a word'],
        cwd: 'work',
        environment: { NAME: 'value', PATH: '/bin', ABSENT: undefined },
        redirections: [
          { fd: 0, path: 'in', access: 'read' },
          { fd: 1, path: 'out', access: 'append' },
          { fd: 2, from: 1 },
        ],
      },
      (pid) => expect(readFileSync(`/proc/${pid}/environ`, 'utf8')).toBe('NAME=value\0PATH=/bin\0'),
    );
    expect(end).toBe(0);
    expect(readFileSync(join(at, 'out'), 'utf8')).toBe(`before\ninput\n${at}\na word value \n`);
  });

  it('says which file it is, and finds the same addresses in every run', () => {
    const launched = launchProgram({ program: 'true' });
    native.wait(launched.pid, 0, status);
    expect(launched).toMatchObject({ path: expect.stringMatching(/\/bin\/true$/), randomized: false });
    const ADDR_NO_RANDOMIZE = '00040000';
    expect(readFileSync(`/proc/${launched.pid}/personality`, 'utf8').trim()).toBe(ADDR_NO_RANDOMIZE);
    native.kill(launched.pid, 9);
    native.wait(launched.pid, 0, status);
  });

  it('may be a script; the kernel runs its interpreter', () => {
    write('script', '#!/bin/sh\nexit 3\n');
    expect(run({ program: './script' })).toBe(3 << 8);
  });

  it('starts with random addresses where a container forbids to fix them', () => {
    const addon = process.env['DEET_ADDON_BUILD'] ?? 'Release';
    const script = `
      import { launchProgram } from ${JSON.stringify(join(folder, 'launch.mjs'))};
      import { native } from ${JSON.stringify(join(folder, 'launch.mjs'))};
      const { pid, randomized } = launchProgram({ program: 'true' });
      native.kill(pid, 9);
      native.wait(pid, 0, new Int32Array(2));
      console.log(randomized);`;
    writeFileSync(
      join(folder, 'entry.ts'),
      `export { launchProgram } from ${JSON.stringify(join(home, 'src/linux/launch.ts'))};\nexport { native } from ${JSON.stringify(join(home, 'src/native.ts'))};\n`,
    );
    execFileSync(join(home, 'node_modules/.bin/esbuild'), [
      join(folder, 'entry.ts'),
      '--bundle',
      '--platform=node',
      '--format=esm',
      `--outfile=${join(folder, 'launch.mjs')}`,
      '--log-level=error',
    ]);
    // The bundle looks for the addon beside binding.gyp above it.
    writeFileSync(join(folder, 'binding.gyp'), '');
    symlinkSync(join(home, 'build'), join(folder, 'build'));
    const hostile = compile(join(home, 'test/native/hostile_start.c'));
    const output = execFileSync(hostile, ['-n', process.execPath, '--input-type=module', '-e', script], {
      encoding: 'utf8',
      env: { ...process.env, DEET_ADDON_BUILD: addon },
    });
    expect(output).toBe('true\n');
  });
});

describe('a program that does not start', () => {
  it('because it is not there', () => {
    expect(sentence({ program: './nope' })).toBe('there is no file ./nope (ENOENT). Check the path; if it is yet to be built, build it.');
    write('plain', 'text', 0o644);
    expect(sentence({ program: './plain/inside' })).toContain('./plain/inside is a file, not a directory (ENOTDIR)');
  });

  it('because its loader or its interpreter is not there', () => {
    const program = compileText('loader.c', 'int main(void) { return 0; }', ['-Wl,--dynamic-linker=/lib/ld-elsewhere.so.1']);
    expect(sentence({ program })).toContain('needs the loader /lib/ld-elsewhere.so.1, and there is none (ENOENT)');
    write('perl6', '#! /usr/bin/perl6 -w\n');
    expect(sentence({ program: './perl6' })).toContain(
      'the script ./perl6 asks for the interpreter "/usr/bin/perl6", and there is none (ENOENT)',
    );
    write('windows', '#!/bin/sh\r\nexit\r\n');
    expect(sentence({ program: './windows' })).toContain(
      'the first line of the script ./windows ends in a carriage return (ENOENT). It has Windows',
    );
  });

  it('because it may not be executed', () => {
    expect(sentence({ program: '/usr/' })).toBe('/usr/ is a directory (EACCES). Name a program in it: deet /usr/PROGRAM');
    write('source.c', '#include <stdio.h>\nint main() {}\n', 0o644);
    expect(sentence({ program: './source.c' })).toBe(
      './source.c is not executable (EACCES). This looks like C source: compile it with gcc -g first.',
    );
    writeFileSync(join(folder, 'copied'), readFileSync('/bin/true'), { mode: 0o644 });
    expect(sentence({ program: './copied' })).toBe('./copied is not executable (EACCES). If it is a program: chmod +x ./copied');
    expect(sentence({ program: '/dev/null' })).toContain('/dev/null is not a regular file (EACCES)');
    expect(sentence({ program: '/proc/self/environ' })).toContain('is not executable (EACCES)');
  });

  it('because it is no program', () => {
    write('empty', '');
    expect(sentence({ program: './empty' })).toContain('./empty is an empty file');
    write('text', 'echo hello\n');
    expect(sentence({ program: './text' })).toContain('If it is a script, its first line must name an interpreter, such as #!/bin/sh');
    write('binary', Uint8Array.of(1, 2, 3, 0, 255));
    expect(sentence({ program: './binary' })).toContain('./binary is not an ELF file (ENOEXEC)');
    const elf = readFileSync('/bin/true');
    elf[18] = 183;
    write('arm', elf);
    expect(sentence({ program: './arm' })).toContain('./arm is for 64-bit ARM (aarch64)');
    const object = readFileSync('/bin/true');
    object[16] = 1;
    write('object.o', object);
    expect(sentence({ program: './object.o' })).toContain('./object.o is an object file that is not linked yet');
    const torn = readFileSync('/bin/true').subarray(0, 80);
    write('torn', torn);
    expect(sentence({ program: './torn' })).toMatch(/\.\/torn .*\(E(NOEXEC|IO)\)/);
  });

  it('because somebody still writes it, or its links run in a circle, or its words are too long', () => {
    const path = write('busy', readFileSync('/bin/true'));
    const writer = openSync(path, 'r+');
    try {
      expect(sentence({ program: './busy' })).toContain('./busy is open for writing (ETXTBSY)');
    } finally {
      closeSync(writer);
    }
    truncateSync(path, 0);
    symlinkSync('circle', join(folder, 'circle'));
    expect(sentence({ program: './circle' })).toContain('too many symbolic links, perhaps in a circle (ELOOP)');
    expect(sentence({ program: 'true', arguments: ['x'.repeat(200_000)] })).toContain('longer than the kernel allows (E2BIG)');
  });

  it('because its files, directory or terminal cannot be used', () => {
    const redirections = (path: string, access: 'read' | 'truncate'): LaunchOptions => ({
      program: 'true',
      redirections: [
        { fd: 0, path: '/dev/null', access: 'read' },
        { fd: 1, path, access },
      ],
    });
    expect(sentence(redirections('absent', 'read'))).toBe(`cannot open ${folder}/absent as input: no such file or directory (ENOENT).`);
    expect(sentence(redirections('/usr', 'truncate'))).toContain('cannot open /usr for output: illegal operation on a directory (EISDIR).');
    execFileSync('mkfifo', [join(folder, 'fifo')]);
    expect(sentence(redirections('fifo', 'truncate'))).toContain(`nobody reads from the named pipe ${folder}/fifo (ENXIO).`);
    expect(sentence({ program: 'true', redirections: [{ fd: 2, from: 77 }] })).toContain('descriptor 77 cannot be copied to 2');
    expect(sentence({ program: 'true', cwd: '/nowhere' })).toContain('cannot enter the working directory /nowhere: no such file');
    expect(sentence({ program: 'true', tty: '/dev/null' })).toContain("cannot make /dev/null the program's terminal");
  });

  it('because a word contains a NUL, which would cut it short', () => {
    expect(sentence({ program: 'true', arguments: ['a\0b'] })).toContain('an argument contains a NUL byte: "a\\u0000b"');
    expect(sentence({ program: 'true', environment: { A: '\0' } })).toContain('the environment contains a NUL byte');
    expect(sentence({ program: 'true', cwd: 'a\0' })).toContain('a path contains a NUL byte');
  });
});

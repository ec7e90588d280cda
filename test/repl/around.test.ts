/** deet beside other programs, and the commands of gdb that are not there. */
import { describe, expect, it } from 'vitest';
import { fixture } from '../helpers/build.js';
import { leakGuard } from '../helpers/leaks.js';
import { commands, run } from './cli.js';

leakGuard();

const said = async (...typed: string[]): Promise<{ stdout: string; stderr: string; status: number | null }> =>
  run([...commands(...typed), fixture('calls')]);

describe('pipe', () => {
  it('hands on what a command shows', async () =>
    expect(
      (await said('pipe print 40 + 2 | tr 0-9 a-j', 'print $_shell_exitcode', '| print 1 | false', 'print $_shell_exitcode')).stdout,
    ).toBe('$b = ec\n$2 = 0\n$4 = 1\n'));

  it('takes another delimiter, for commands with a |', async () =>
    expect((await said('pipe -d @ print 1 | 2 @ cat')).stdout).toBe('$1 = 3\n'));

  it('passes on no error, and says what is missing', async () => {
    expect((await said('pipe print nosuch | cat')).stderr).toContain('No symbol "nosuch" in current context.');
    expect((await said('pipe print 1')).stderr).toContain('A "|" is missing behind the command.');
    expect((await said('pipe print 1 |')).stderr).toContain('To which program?');
  });
});

it('edit opens the place in the editor of the environment', async () => {
  const { stdout } = await run([...commands('edit main'), fixture('calls')], { env: { VISUAL: '', EDITOR: 'echo' } });
  expect(stdout).toMatch(/^\+\d+ \/.*\/calls\.c\n$/);
});

it('path and tty are for the next run', async () => {
  const { stdout } = await run(
    [...commands('path /opt/tools', 'show environment PATH', 'tty /dev/pts/77', 'show inferior-tty'), fixture('calls')],
    {
      env: { PATH: '/usr/bin:/bin' },
    },
  );
  expect(stdout).toContain('Executable and object file path: /opt/tools:/usr/bin:/bin\nPATH = /opt/tools:/usr/bin:/bin\n');
  expect(stdout).toContain('inferior-tty is /dev/pts/77.');
});

describe('what gdb has and deet has not', () => {
  it.each([
    ['reverse-next', 'deet does not run backwards.'],
    ['record', 'deet does not run backwards.'],
    ['layout src', 'There is no full-screen display.'],
    ['target remote :1234', 'deet debugs programs of this machine only.'],
    ['tstart', 'deet has no tracepoints.'],
    ['compile code 1', 'deet compiles no code into the program.'],
    ['add-symbol-file x 0', 'Symbols are found by themselves:'],
  ])('%s', async (command, sentence) => {
    const { stderr, status } = await said(command);
    expect(stderr).toContain(sentence);
    expect(status).toBe(1);
  });

  it('does not stand in lists nor behind abbreviations', async () => {
    expect((await said('help')).stdout).not.toContain('reverse-next');
    expect((await said('rec')).stderr).toContain('deet does not run backwards.');
    expect((await said('tar')).stderr).toContain('Unrecognized command.');
  });

  it('Python in a script is passed over, with what is inside of its block', async () => {
    const lines = [
      'python',
      'import gdb',
      'print("x")',
      'end',
      'define twice',
      'python print(1)',
      'print 2',
      'end',
      'twice',
      'add-auto-load-safe-path /',
      'sharedlibrary',
    ];
    const { stdout, stderr } = await run([fixture('calls')], { input: lines.map((line) => `${line}\n`).join('') });
    const noPython = 'warning: There is no Python in deet; containers of libstdc++ are shown without it.';
    expect(stdout.trimEnd().split('\n')).toEqual([
      noPython,
      noPython,
      '$1 = 2',
      'Scripts that come with programs are not run.',
      'Symbols of libraries are read when they are needed; "info sharedlibrary" lists them.',
    ]);
    expect(stderr).toBe('');
  });
});

describe('hooks', () => {
  const lines = (...typed: string[]): { input: string } => ({ input: typed.map((line) => `${line}\n`).join('') });

  it('run before and behind a command, and not for what is in them', async () => {
    const { stdout } = await run(
      [fixture('calls')],
      lines(
        'define hook-print',
        'print 1',
        'end',
        'define hookpost-print',
        'echo behind\\n',
        'end',
        'print 2',
        'define hook-info-line',
        'echo line\\n',
        'end',
      ),
    );
    expect(stdout).toBe('$1 = 1\nbehind\n$2 = 2\nbehind\n');
  });

  it('hook-stop runs at every stop, before the commands of a breakpoint', async () => {
    const { stdout } = await run(
      [fixture('calls')],
      lines(
        'define hook-stop',
        'echo hooked\\n',
        'end',
        'break main',
        'commands',
        'silent',
        'echo listed\\n',
        'end',
        'run > /dev/null',
        'next',
        'kill',
      ),
    );
    expect(stdout.match(/hooked|listed|Stopped/g)).toEqual(['hooked', 'listed', 'Stopped', 'hooked']);
  });
});

it('a setting with a short name does not fall upon a longer one', async () => {
  const { stdout } = await said('set debug infrun 1', 'show debug-file-directory');
  expect(stdout).toContain('debug-file-directory is /usr/lib/debug.');
});

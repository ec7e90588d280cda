/** Frames by level, function and address; registers and sections of the stopped program. */
import { describe, expect, it } from 'vitest';
import { compileText } from '../helpers/build.js';
import { leakGuard } from '../helpers/leaks.js';
import { commands, run } from './cli.js';

leakGuard();

const source = `int inner(int depth) {
  return depth; /* here */
}
int middle(int depth) {
  return inner(depth + 1);
}
int main(void) {
  double volatile real = 1.5;
  return middle(1) + (int)real;
}
`;

const said = async (...typed: string[]): Promise<{ stdout: string; stderr: string }> => {
  const program = compileText('three_frames.c', source);
  const { stdout, stderr } = await run([...commands('break inner', 'run', 'echo ----\\n', ...typed), program]);
  return {
    stdout: stdout
      .slice(stdout.indexOf('----\n') + 5)
      .replace(/\/\S*\//g, '')
      .replace(/Killing running inferior.*\n/, ''),
    stderr,
  };
};

const levels = (text: string): string[] => [...text.matchAll(/^#(\d+)/gm)].map((match) => match[1]);

describe('a frame', () => {
  it('is selected without being shown', async () => {
    const { stdout } = await said(
      ...['select-frame 2', 'frame', 'select-frame function middle', 'frame', 'select-frame level 0', 'frame'],
      ...['up-silently', 'frame', 'up-silently 5', 'frame', 'down-silently', 'frame'],
    );
    expect(levels(stdout)).toEqual(['2', '1', '0', '1', '2', '1']);
  });

  it('is described wherever it is, and stays unselected', async () => {
    const { stdout, stderr } = await said('info frame 1', 'info frame function main', 'info frame level 0', 'frame', 'info frame 7');
    expect([...stdout.matchAll(/^(?:Stack level (\d)| rip = \S+ in (\w+))/gm)].map(([, level, name]) => level ?? name)).toEqual([
      '1',
      'middle',
      '2',
      'main',
      '0',
      'inner',
    ]);
    expect(levels(stdout)).toEqual(['0']);
    expect(stderr).toContain('There is no frame 7. Type "backtrace".');
  });

  it('heads a command that is applied to it with its line alone', async () =>
    expect((await said('frame apply 2 print depth')).stdout).toBe(
      '#0  inner (depth=2) at three_frames.c:2\n$1 = 2\n#1  middle (depth=1) at three_frames.c:5\n$2 = 1\n',
    ));
});

it.each(['step 0', 'next 0', 'stepi 0'])('%s shows where the program stands', async (command) => {
  const { stdout } = await said('display depth', command);
  expect(stdout).toBe('1: depth = 2\n#0  inner (depth=2) at three_frames.c:2\n2\t  return depth; /* here */\n1: depth = 2\n');
});

it('registers of the floating point unit and of vectors have lists of their own', async () => {
  const { stdout } = await said('info float', 'info vector', 'info registers xmm0');
  expect(stdout).toMatch(/^st0 .*\n(?:.*\n)*fctrl +0x37f /);
  // A vector has its parts, and no column for all of its bits.
  expect(stdout).toMatch(/^ymm0 +\{v16_bfloat16 = /m);
  expect(stdout).toMatch(/^xmm0 +\{v8_bfloat16 = /m);
});

describe('compare-sections', () => {
  it('of code that only breakpoints have changed', async () =>
    expect((await said('compare-sections .text')).stdout).toMatch(/^Section \.text, range 0x\w+ -- 0x\w+: matched\n$/));

  it('of what the dynamic linker has written, and without it', async () => {
    expect((await said('compare-sections')).stdout).toMatch(/^Section \.dynamic, .*: MIS-MATCHED!$/m);
    expect((await said('compare-sections -r')).stdout).not.toContain('MIS-MATCHED');
    expect((await said('compare-sections .nosuch')).stderr).toContain("No loaded section named '.nosuch'.");
  });
});

it('backtrace takes settings for once', async () => {
  const { stdout } = await said(
    ...[
      'bt -past-main on',
      'echo A\\n',
      'bt -frame-arguments none 1',
      'echo B\\n',
      'bt -past-main -full -1',
      'echo C\\n',
      'bt 1',
      'bt -frame-info auto 1',
    ],
  );
  const [beyond, none, both, after] = stdout.split(/^[ABC]\n/m);
  expect(beyond).toMatch(/^#3 .*libc_start/m);
  expect(none).toMatch(/^#0 {2}inner \(depth=\.\.\.\)/);
  expect(both).toMatch(/^#\d .*_start/);
  expect(after.match(/^#0 {2}inner \(depth=2\)/gm)).toHaveLength(2);
});

it('x without an address shows as many units as before', async () => {
  const { stdout } = await said('x/3xb &depth', 'x', 'x/2xb', 'x');
  expect(
    stdout
      .trimEnd()
      .split('\n')
      .map((line) => line.split('\t').length - 1),
  ).toEqual([3, 3, 2, 2]);
});

it('the breakpoint that was hit has variables', async () => {
  expect((await said('print $_hit_bpnum', 'print $_hit_locno')).stdout).toBe('$1 = 0\n$2 = 1\n');
  expect((await said('info watchpoints')).stdout).toBe('No watchpoints.\n');
});

it('show user: commands of the user', async () => {
  const program = compileText('three_frames.c', source);
  const { stdout, stderr } = await run([program], {
    input: 'define twice\nprint $arg0 * 2\nend\nshow user twice\nshow user print\n',
  });
  expect(stdout).toBe('User command "twice":\nprint $arg0 * 2\n');
  expect(stderr).toContain('print is not user-defined.');
});

it('set disassemble-next-line shows the next instruction at a stop', async () => {
  const { stdout } = await said('set disassemble-next-line on', 'next', 'set disassemble-next-line auto', 'next');
  expect(stdout.match(/^=> 0x\w+ <\w+\+\d+>:\t/gm)).toHaveLength(1);
});

it('a thread-local variable without a thread says what is missing', async () => {
  const program = compileText('thread_local.c', '__thread int own = 3;\nint main(void) { return own - 3; }\n');
  const { stderr } = await run([...commands('print own'), program]);
  expect(stderr).toContain("Cannot read `own' without registers: each thread has its own, and none is stopped.");
});

it('a line may be told by a function of its file', async () => {
  const { stdout, stderr } = await said('break main:5', 'list inner:8,8', 'break nosuch:5');
  expect(stdout).toContain('    middle at three_frames.c:5\n');
  expect(stdout).toContain('   8    double volatile real = 1.5;\n');
  expect(stderr).toContain('No source file named nosuch.');
});

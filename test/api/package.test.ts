/** The package as others get it: its declarations and exports hold, it can be installed from a tarball into an empty folder, and works there. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '../..');
const bin = (name: string): string => join(root, 'node_modules/.bin', name);
const folder = mkdtempSync(join(tmpdir(), 'deet-package-'));
let tarball = '';

/** A tool's output, when it is content. */
const run = (command: string, args: readonly string[], cwd = folder): string => {
  const { status, stdout, stderr } = spawnSync(command, args, {
    cwd,
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1', npm_config_update_notifier: 'false' },
  });
  expect(status, stdout + stderr).toBe(0);
  return stdout;
};

beforeAll(() => {
  execFileSync('npm', ['run', '--silent', 'build'], { cwd: root });
  run('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', folder], root);
  tarball = join(folder, readdirSync(folder).find((name) => name.endsWith('.tgz')) ?? 'nothing was packed');
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

it('is not built again when npm prepares it before each npx deet', () => {
  const built = (): number[] => ['main.cjs', 'index.d.ts'].map((name) => statSync(join(root, 'dist', name)).mtimeMs);
  const before = built();
  run(process.execPath, ['src/bin/prepare.mjs'], root);
  expect(built()).toEqual(before);
});

it('satisfies publint', () => {
  run(bin('publint'), ['run', '--strict', tarball], root);
});

it('has types that are those of its code', () => {
  // Only ES modules can import it, and says so: that is its nature, not a fault.
  run(bin('attw'), [tarball, '--profile', 'esm-only'], root);
});

it('contains what runs and builds, and nothing of the workshop', () => {
  const files = run('tar', ['tf', tarball])
    .trim()
    .split('\n')
    .map((path) => path.replace('package/', ''));
  for (const needed of [
    'README.md',
    'LICENSE',
    'binding.gyp',
    'native/install.mjs',
    'src/bin/deet.cjs',
    'dist/main.cjs',
    'dist/dap.cjs',
    'dist/grade.js',
    'dist/index.js',
    'dist/index.d.ts',
    'dist/testing.d.ts',
  ])
    expect(files).toContain(needed);
  expect(files.filter((path) => /^(?:test|\.ci|build|node_modules)\/|\.cache$|\.vsix$|^src\/(?!bin\/)/.test(path))).toEqual([]);
});

it('installs into an empty folder, addon included, and works there', () => {
  writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }\n');
  run('npm', ['install', '--silent', '--prefer-offline', '--no-audit', '--no-fund', tarball]);
  expect(run('npx', ['deet', '--version'])).toMatch(/^deet \d/);
  writeFileSync(join(folder, 'five.c'), 'int main(void) {\n  int five = 5;\n  return five; // here\n}\n');
  run('gcc', ['-g', 'five.c', '-o', 'five']);
  writeFileSync(
    join(folder, 'look.js'),
    "import { launch } from 'deet';\nawait using session = await launch('./five');\nawait session.break('five.c:3');\nconst stop = await session.continue();\nconsole.log(stop.reason, await stop.frame.evaluate('five'), (await session.runToExit()).status);\n".replace(
      'await using',
      'const',
    ),
  );
  expect(run(process.execPath, ['look.js'])).toBe('breakpoint 5 5\n');
  // The strictest compiler, with none of Node's own types: the declarations stand by themselves.
  writeFileSync(
    join(folder, 'typed.ts'),
    "import { launch, type Stop } from 'deet';\nexport const first = async (): Promise<Stop> => {\n  await using session = await launch('./five');\n  return session.continue();\n};\n",
  );
  const strict = [
    '--noEmit',
    '--strict',
    '--exactOptionalPropertyTypes',
    '--noUncheckedIndexedAccess',
    '--module',
    'nodenext',
    '--target',
    'es2022',
  ];
  run(bin('tsc'), [...strict, 'typed.ts']);
  expect(run('npx', ['deet', '--batch', '-ex', 'break main', '-ex', 'run', '-ex', 'next', '-ex', 'print five', './five'])).toContain('= 5');
}, 3_600_000); // the addon is compiled: minutes on a machine that is slow or busy

/** What a stranger's tests look like: some fail, and the one behind each looks whether anything is left of its program. */
const strangers = `import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { debug } from 'deet/testing';
let pid = 0;
const started = async (stdin) => {
  const session = await debug('./waits', { stdin });
  pid = session.processes[0].pid;
  return session;
};
const gone = () => expect(existsSync('/proc/' + pid)).toBe(false);
test('stops', async () => {
  const session = await started('ignore');
  await session.break('look', { condition: 'i == 3' });
  expect(await session.continue()).toStopAt('waits.c', 2);
  expect(await session.evaluate('i')).toBe(3);
  await expect(session).toHaveNoZombies();
});
test('gone 1', gone);
test('fails as it stands still', async () => {
  const session = await started('ignore');
  await session.break('look');
  expect(await session.continue()).toStopAt('waits.c', 99);
});
test('gone 2', gone);
test('fails as it runs', async () => {
  void (await started('pipe')).continue();
  throw new Error('on purpose');
});
test('gone 3', gone);
test('runs out of time', async () => { await (await started('pipe')).continue(); }, 500);
test('gone 4', gone);
`;

it.each(['forks', 'threads'])(
  "runs in a stranger's vitest (%s), and nothing is left of a test that fails",
  (pool) => {
    writeFileSync(
      join(folder, 'waits.c'),
      '#include <stdio.h>\nstatic int look(int i) { return i; }\nint main(void) {\n  for (int i = 0; i < 5; i++) look(i);\n  return getchar() == 7;\n}\n',
    );
    run('gcc', ['-g', 'waits.c', '-o', 'waits']);
    if (!existsSync(join(folder, 'node_modules/vitest')))
      symlinkSync(join(root, 'node_modules/vitest'), join(folder, 'node_modules/vitest'));
    writeFileSync(join(folder, 'strangers.test.js'), strangers);
    const { stdout, stderr } = spawnSync(bin('vitest'), ['run', '--root', folder, `--pool=${pool}`, '--reporter=json'], {
      cwd: folder,
      encoding: 'utf8',
    });
    const { testResults } = JSON.parse(stdout || JSON.stringify({ testResults: stderr })) as {
      testResults: { assertionResults: { title: string; status: string; failureMessages: string[] }[] }[];
    };
    const results = testResults.flatMap(({ assertionResults }) => assertionResults);
    expect(results.map(({ title, status }) => `${title}: ${status}`)).toEqual([
      'stops: passed',
      'gone 1: passed',
      'fails as it stands still: failed',
      'gone 2: passed',
      'fails as it runs: failed',
      'gone 3: passed',
      'runs out of time: failed',
      'gone 4: passed',
    ]);
    expect(results[2]?.failureMessages[0]).toContain('expected a stop at waits.c:99; it stopped (breakpoint) in look (');
  },
  120_000,
);

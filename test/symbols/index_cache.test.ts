/** The index of names on disk: what is kept is found again, and whatever else lies there is not believed. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { indexStore } from '../../src/symbols/index-cache.js';
import { Mark, NameUnits } from '../../src/symbols/name-units.js';
import { fixture } from '../helpers/build.js';
import { commands, run } from '../repl/cli.js';

const home = mkdtempSync(join(tmpdir(), 'deet-cache-'));
afterAll(() => {
  rmSync(home, { recursive: true });
});

const id = 'ab'.repeat(20);
const sizes = [3 << 20, 0, 100, 200];
const folder = join(home, 'deet');
const path = join(folder, `${id}.index`);
const index = new NameUnits(new Uint8Array(BigUint64Array.of(0x1234_5678_0000_0501n, 0x9abc_def0_0000_0604n).buffer), true);

beforeEach(() => {
  vi.stubEnv('XDG_CACHE_HOME', home);
  vi.stubEnv('DEET_INDEX_CACHE', undefined);
  rmSync(folder, { recursive: true, force: true });
  return () => vi.unstubAllEnvs();
});

const contents = (each: NameUnits | undefined): unknown =>
  each && { keys: Buffer.from(each.keys).toString('hex'), crossing: each.crossing };
const kept = (): unknown => contents(indexStore('names', id, sizes, false)?.load());
const keep = (): void => indexStore('names', id, sizes, false)?.save(index);

describe('an entry', () => {
  it('comes back as it was, for its user only', () => {
    keep();
    expect(kept()).toEqual(contents(index));
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(readdirSync(folder)).toEqual([`${id}.index`]);
  });

  it('is not believed with any other byte', () => {
    keep();
    const bytes = readFileSync(path);
    for (let at = 0; at < bytes.length; at++) {
      const damaged = Buffer.from(bytes);
      damaged[at] ^= 0x40;
      writeFileSync(path, damaged);
      expect(indexStore('names', id, sizes, false)?.load()?.of('main', Mark.any), `byte ${at}`).toBeUndefined();
    }
    keep();
    expect(kept()).toEqual(contents(index));
  });

  it('of many names is looked at where it must be, and believed there', () => {
    const keys = BigUint64Array.from({ length: 20_000 }, (_, i) => (BigInt(i * 214_748) << 32n) | (BigInt(i) << 8n) | 1n);
    indexStore('names', id, sizes, false)?.save(new NameUnits(new Uint8Array(keys.buffer), false));
    const bytes = readFileSync(path);
    const answers = (): (number[] | undefined)[] => {
      const found = indexStore('names', id, sizes, false)?.load();
      return ['func1', 'malloc', 'strlen', 'counter', 'abort'].map((name) => found?.of(name, Mark.any));
    };
    const whole = answers();
    expect(whole.every((answer) => answer !== undefined)).toBe(true);
    // The last key: none of these names has a hash as high as those of its block.
    bytes[bytes.length - 1] ^= 0x40;
    writeFileSync(path, bytes);
    expect(answers()).toEqual(whole);
    // The middle one: every search begins there.
    bytes[bytes.length - 80_000] ^= 0x40;
    writeFileSync(path, bytes);
    expect(answers()).toEqual(whole.map(() => undefined));
  });

  it.each([0, 10, 24, 60, -1])('is not believed when cut off at %d', (length) => {
    keep();
    truncateSync(path, length < 0 ? statSync(path).size + length : length);
    expect(kept()).toBeUndefined();
  });

  it('is not kept where no folder can be made', () => {
    vi.stubEnv('XDG_CACHE_HOME', '/proc/self/nowhere');
    keep();
    expect(kept()).toBeUndefined();
  });

  it('is kept in a folder of which more is missing', () => {
    vi.stubEnv('XDG_CACHE_HOME', join(folder, 'a', 'b'));
    keep();
    expect(kept()).toEqual(contents(index));
  });

  it('of a file with other sections is not taken', () => {
    keep();
    expect(indexStore('names', id, [3 << 20, 0, 100, 201], false)?.load()).toBeUndefined();
  });
});

describe('no error, and no entry', () => {
  it('where the folder cannot be made', () => {
    writeFileSync(folder, 'in the way');
    keep();
    expect(kept()).toBeUndefined();
    expect(readFileSync(folder, 'utf8')).toBe('in the way');
  });

  it('where a folder has the name of the entry', () => {
    mkdirSync(join(path, 'full'), { recursive: true });
    keep();
    expect(kept()).toBeUndefined();
    expect(readdirSync(folder)).toEqual([`${id}.index`]);
  });

  it.each([
    ['the file has no build-id', undefined, sizes, false],
    ['its build-id is none', '../../etc/passwd', sizes, false],
    ['it is small', id, [200_000, 0, 10, 10], false],
    ['it is small even if unpacked', id, [50_000, 0, 10, 10], true],
  ])('where %s', (_why, buildId, each, packed) => {
    expect(indexStore('names', buildId, each, packed)).toBeUndefined();
  });

  it('but of less where unpacking takes its time too', () => {
    expect(indexStore('names', id, [200_000, 0, 10, 10], true)).toBeDefined();
  });

  it('where the environment says so', () => {
    vi.stubEnv('DEET_INDEX_CACHE', 'off');
    expect(indexStore('names', id, sizes, false)).toBeUndefined();
  });
});

it('the folder stays within its size: what was used last stays', () => {
  keep();
  const old = [1, 2, 3].map((n) => join(folder, `${String(n).repeat(40)}.index`));
  old.forEach((each, n) => {
    writeFileSync(each, '');
    truncateSync(each, 100 << 20);
    utimesSync(each, 1000 + n, 1000 + n);
  });
  writeFileSync(join(folder, 'notes.txt'), 'not ours');
  writeFileSync(join(folder, `${id}.index.17.0123456789ab.new`), 'left behind');
  utimesSync(join(folder, `${id}.index.17.0123456789ab.new`), 1000, 1000);
  keep();
  expect(readdirSync(folder).sort()).toEqual([`${'2'.repeat(40)}.index`, `${'3'.repeat(40)}.index`, `${id}.index`, 'notes.txt'].sort());
});

describe('libc with its debug file (libc6-dbg)', () => {
  const words = (...settings: string[]): string[] => [
    ...commands(...settings, 'break main', 'run', 'break printf', 'info line qsort', 'kill'),
    fixture('calls'),
  ];
  const env = { XDG_CACHE_HOME: home, DEET_INDEX_CACHE: '' };

  it('two at once write it, the next reads it, and all say the same', async () => {
    const first = await Promise.all([run(words(), { env }), run(words(), { env })]);
    // The dynamic linker's is small, but must be decompressed.
    const entries = (): number[] => readdirSync(folder).map((name) => statSync(join(folder, name)).ino);
    const written = entries();
    expect(written).toHaveLength(2);
    const next = await run(words(), { env });
    expect(entries()).toEqual(written);
    const said = (each: { stdout: string }): string => each.stdout.replace(/^\[Inferior \d+ killed\]$/m, '');
    for (const each of first) expect(said(each)).toBe(said(next));
    expect(next.stdout).toContain('printf.c');
  });

  it('is made anew when what was kept of it is damaged', async () => {
    const first = await run(words(), { env });
    const [largest = ''] = readdirSync(folder)
      .map((name) => join(folder, name))
      .sort((a, b) => statSync(b).size - statSync(a).size);
    const bytes = readFileSync(largest);
    writeFileSync(largest, Buffer.from(bytes).fill(0x5a, bytes.length >>> 1));
    const next = await run(words(), { env });
    const said = (each: { stdout: string }): string => each.stdout.replace(/^\[Inferior \d+ killed\]$/m, '');
    expect(said(next)).toBe(said(first));
    expect(readFileSync(largest)).toEqual(bytes);
  });

  it('set index-cache off', async () => {
    const { stdout } = await run(words('set index-cache off'), { env });
    expect(stdout).toContain('printf.c');
    expect(() => readdirSync(folder)).toThrow('ENOENT');
  });
});

/** The programs that other tests debug do, without a debugger, what their head comments say; otherwise those tests prove nothing. */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fixture, fixtures, type Variant } from './helpers/build.js';
import { leakGuard } from './helpers/leaks.js';

interface Promised {
  readonly name: string;
  readonly args: readonly string[];
  readonly prints: string;
  readonly status: number;
}

/** What `// run:`, `// prints:` and `// exits:` in a source's head comment promise; undefined when it promises nothing. */
const promisedBy = (file: string): Promised | undefined => {
  const source = readFileSync(join(fixtures, file), 'utf8');
  const all = (key: string): string[] => [...source.matchAll(new RegExp(`^// ${key}: (.*)$`, 'gm'))].map((match) => match[1]);
  const [prints, exits, args] = [all('prints'), all('exits'), all('run')];
  if (prints.length + exits.length === 0) return undefined;
  return {
    name: file.slice(0, -extname(file).length),
    args: args.flatMap((text) => text.split(' ')),
    prints: prints.map((line) => `${line}\n`).join(''),
    status: Number(exits[0] ?? 0),
  };
};

const promised = readdirSync(fixtures)
  .filter((file) => /\.(?:c|cc|S)$/.test(file))
  .map(promisedBy)
  .filter((promise) => promise !== undefined);

const keeps = ({ name, args, prints, status }: Promised, variant: Variant): void => {
  const result = spawnSync(fixture(name, variant), args, { encoding: 'utf8', input: '' });
  expect(result).toMatchObject({ stdout: prints, stderr: '', signal: null, status });
};

describe('fixtures', () => {
  leakGuard();

  it.each(promised)('$name', (promise) => keeps(promise, 'plain'));

  const threads = promised.filter(({ name }) => name === 'threads_hit');
  it.each(['pie', 'O1', 'O2', 'static', 'stripped', 'nodebug', 'dwarf4', 'noframe', 'clang', 'musl'] as const)(
    'threads_hit, %s',
    (variant) => {
      expect(threads).toHaveLength(1);
      for (const promise of threads) keeps(promise, variant);
    },
  );
});

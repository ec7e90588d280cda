/**
 * Whole conversations, compared line by line with what is kept in golden/NAME.txt: `$ deet ARGS` on the first line, then each command behind
 * `(deet) ` and all that was said to it. Numbers that differ from run to run or from compiler to compiler are made stable. DEET_UPDATE=1 writes the
 * files anew; look at the difference before you believe it.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { compile } from '../helpers/build.js';
import { leakGuard } from '../helpers/leaks.js';
import { commands, root, run } from './cli.js';

leakGuard();

const folder = join(import.meta.dirname, 'golden');

/** Samples are compiled as fixtures are, so that a stale build in samples/ does not matter. */
const program = (word: string): string => (word.startsWith('samples/') ? compile(join(root, `${word}.c`)) : word);

const stable = (text: string): string =>
  text
    .replaceAll(root, 'ROOT')
    .replace(/\.built\/[0-9a-f]+\//g, '.built/HASH/')
    .replace(/\b0x[0-9a-f]{5,}\b/g, '0xADDRESS')
    .replace(/\b([Pp]rocess|pid|tid|made process|parent) \d+\b/g, '$1 PID')
    .replace(/^(\* |[│├└─ ]*)\d+ (\w+:)/gm, '$1PID $2')

    .replace(/Inferior \d+/g, 'Inferior PID')
    // Whether init was faster than we.
    .replace(/; orphaned(, adopted by \d+)?/g, '')
    .replace(/reaped by \d+/g, 'reaped by PID')
    // The C library's own source lines.
    .replace(/( at|\(|Stopped at) [\w./-]*(?:sysdeps|csu|stdio-common|posix)\/[\w./-]+:\d+/g, '$1 LIBC');

/** A command is shown before what it says. Lines of a block (`>`) cannot be: they belong to it. */
const withEcho = (line: string): string[] =>
  line.startsWith('>') ? [line.slice(1)] : [`echo ${line.replaceAll('\\', '\\\\')}\\n`, line.slice(7)];

/** Puts the lines of blocks where they were typed: nothing is said before a block ends. */
const withBlocks = (said: string, typed: readonly string[]): string => {
  const blocks = typed
    .join('\n')
    .split(/^(?=\(deet\) )/m)
    .map((each) => each.replace(/^.*\n?/, '').trimEnd());
  let index = 0;
  return said.replace(/^\(deet\) .*\n/gm, (line) => {
    const block = blocks[index++] ?? '';
    return block === '' ? line : `${line}${block}\n`;
  });
};

const update = process.env['DEET_UPDATE'] === '1';

describe('conversations', () => {
  it.each(readdirSync(folder).filter((name) => name.endsWith('.txt')))('%s', async (name) => {
    const path = join(folder, name);
    const expected = readFileSync(path, 'utf8');
    const words = /^\$ deet (.*)$/m.exec(expected)?.[1].split(' ') ?? [];
    const typed = expected.split('\n').filter((line) => /^(\(deet\) |>)/.test(line));
    const said = await run([...commands(...typed.flatMap(withEcho)), ...words.map(program)], { shell: 'exec "$@" 2>&1' });
    const actual = `$ deet ${words.join(' ')}\n${withBlocks(stable(said.stdout), typed)}`;
    if (update) writeFileSync(path, actual);
    else expect(actual).toBe(expected);
  });
});

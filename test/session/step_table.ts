/** Carries out the rows of a step table, here and in gdb: each a command and the place where it ends, as `function  a part of the source line there`. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { fixture, fixtures, lineOf } from '../helpers/build.js';
import { gdbWalk, openSession, walk } from './drive.js';

/** Command, and where it ends: `main  total += i`; without a place: nothing is asked. */
export type Row = readonly [command: string, where?: string];

/** `main:8` as `main  <text of line 8>`, when the source has that line. */
const readable = (where: string, source: string): string => {
  const [, name = where, line] = /^(.*):(\d+)$/.exec(where) ?? [];
  const text = line === undefined ? undefined : readFileSync(join(fixtures, source), 'utf8').split('\n')[Number(line) - 1];
  return text === undefined ? where : `${name}  ${text.trim()}`;
};

const agrees = (found: string, wanted: string): boolean => {
  const [name = '', part = ''] = wanted.split(/ {2,}/);
  return part === '' ? found === name : found.startsWith(`${name}  `) && found.includes(part);
};

interface Options {
  /** Also in gdb. */
  readonly gdb?: boolean;
  readonly program?: string;
  /** When the steps are in another file than the fixture. */
  readonly sourceOf?: (where: string) => string;
}

export const table = async (source: string, rows: readonly Row[], { gdb = true, program, sourceOf }: Options = {}): Promise<void> => {
  const path = program ?? fixture(source.replace(/\.\w+$/, ''));
  const commands = rows.map(([command]) => command);
  const session = openSession(path);
  session.redirections = [{ fd: 1, path: '/dev/null', access: 'truncate' }];
  let places: string[];
  try {
    places = await walk(session, commands);
  } finally {
    session.close();
  }
  const found = places.map((where) => readable(where, sourceOf?.(where) ?? source));
  // A row that agrees shows as the table has it, so that the difference that vitest prints is what disagrees.
  const shown = rows.map(([command, wanted], i) => [command, wanted === undefined || agrees(found[i] ?? '', wanted) ? wanted : found[i]]);
  expect(shown).toEqual(rows.map(([command, wanted]) => [command, wanted]));
  if (gdb) expect(places).toEqual(gdbWalk(path, commands));
};

export const line = (source: string, text: string): string => `${source}:${lineOf(source, text)}`;

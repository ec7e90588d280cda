/** A lab as it lies in its folder: `lab.md`, sources, and one file of checks. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { DeetError } from '../common/errors.js';
import type { Lab } from './lab.js';
import { importChecks } from './import_checks.js';
import { readyDefinition } from './shapes.js';

const checkFiles = ['checks.ts', 'checks.mts', 'checks.js', 'checks.mjs', 'checks.json'];

const parseJson = (path: string): unknown => {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new DeetError('bad-lab', `${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
};

const titleOf = (folder: string): string => {
  const sheet = join(folder, 'lab.md');
  const heading = existsSync(sheet) ? /^#\s+(.+?)\s*#*$/m.exec(readFileSync(sheet, 'utf8')) : null;
  return heading?.[1] ?? basename(folder);
};

/** @throws DeetError `bad-lab` */
export const readLab = async (path: string): Promise<Lab> => {
  const folder = resolve(path);
  if (!(statSync(folder, { throwIfNoEntry: false })?.isDirectory() ?? false))
    throw new DeetError(
      'bad-lab',
      `${path} is no folder.`,
      'A lab is a folder with lab.md, sources, and checks.ts, checks.js or checks.json.',
    );
  const found = checkFiles.filter((name) => existsSync(join(folder, name)));
  const [name] = found;
  if (name === undefined) throw new DeetError('bad-lab', `${path} has no checks: there is no ${checkFiles.join(', ')}.`);
  if (found.length > 1) throw new DeetError('bad-lab', `${path} has several files of checks (${found.join(', ')}): only one can count.`);
  const file = join(folder, name);
  const {
    checks,
    flags = [],
    fixed = [],
  } = readyDefinition(name.endsWith('.json') ? parseJson(file) : await importChecks(file), join(path, name));
  return { folder, title: titleOf(folder), flags, fixed, checks };
};

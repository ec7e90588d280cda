/**
 * ~/.deetinit is read at start-up. ./.deetinit, which may have come with somebody else's program, only when the user has said that its folder is
 * trusted: a line with the folder's path in ~/.deet_trusted.
 */
import { existsSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

export interface InitFiles {
  readonly paths: readonly string[];
  /** Why a file that is there was not read. */
  readonly notes: readonly string[];
}

const readable = (path: string): boolean => existsSync(path);

/** Only the user (or root) may have written it. */
const isOwn = (path: string): boolean => {
  const { uid, mode } = statSync(path);
  return (uid === process.getuid?.() || uid === 0) && (mode & 0o022) === 0;
};

const trusted = (home: string): string[] => {
  try {
    return readFileSync(join(home, '.deet_trusted'), 'utf8')
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '' && !line.startsWith('#'));
  } catch {
    return [];
  }
};

export const initFiles = (home = process.env['HOME'] ?? homedir(), here = process.cwd()): InitFiles => {
  const own = join(home, '.deetinit');
  const local = join(here, '.deetinit');
  const paths = readable(own) ? [own] : [];
  if (!readable(local) || (readable(own) && realpathSync(own) === realpathSync(local))) return { paths, notes: [] };
  if (trusted(home).includes(here) && isOwn(local)) return { paths: [...paths, local], notes: [] };
  const why = trusted(home).includes(here)
    ? 'others may write to it: chmod go-w .deetinit'
    : `its folder is not trusted: echo "${here}" >> ~/.deet_trusted`;
  return { paths, notes: [`./.deetinit is not read, because ${why}`] };
};

/**
 * `npm run build`, when a source is newer than what was built of it. npm prepares a package before each `npx deet` in its folder, and nobody wants to wait for the
 * compiler there.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** Milliseconds since 1970; a file that is not there is older than all. */
const changed = (path) => statSync(join(root, path), { throwIfNoEntry: false })?.mtimeMs ?? 0;

const sources = [
  'package.json',
  'package-lock.json',
  ...readdirSync(join(root, 'src'), { recursive: true }).map((path) => join('src', path)),
];
const built = Math.min(...['dist/main.cjs', 'dist/dap.cjs', 'dist/grade.js', 'dist/index.js', 'dist/index.d.ts'].map(changed));

if (sources.some((path) => changed(path) > built))
  process.exit(spawnSync('npm', ['run', 'build'], { cwd: root, stdio: 'inherit' }).status ?? 1);

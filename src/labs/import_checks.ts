/**
 * `checks.ts` and `checks.js` are modules, run as Node runs them. Node reads TypeScript itself since 22.18; before that esbuild, which deet is built with, takes the
 * types out, where it is installed.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type * as Esbuild from 'esbuild';
import { DeetError } from '../common/errors.js';

const readsTypes = 'typescript' in process.features && process.features.typescript !== false;

const importEsbuild = async (path: string): Promise<typeof Esbuild> => {
  try {
    return await import('esbuild');
  } catch {
    throw new DeetError(
      'bad-lab',
      `${path} is TypeScript, which Node ${process.versions.node} does not read.`,
      'Use Node 22.18 or newer, or "npm install esbuild" in deet\'s folder, or write checks.js.',
    );
  }
};

/** With all that it imports in one file, but for deet itself. */
const withoutTypes = async (path: string): Promise<string> => {
  const { build } = await importEsbuild(path);
  const { outputFiles } = await build({
    entryPoints: [path],
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    logLevel: 'silent',
    define: { 'import.meta.url': JSON.stringify(pathToFileURL(path).href), 'import.meta.dirname': JSON.stringify(dirname(path)) },
    plugins: [
      {
        name: 'deet',
        setup: ({ onResolve }) => {
          onResolve({ filter: /^deet$/ }, () => ({ path: new URL('./index.js', import.meta.url).href, external: true }));
        },
      },
    ],
  });
  return outputFiles[0]?.text ?? '';
};

const importText = async (text: string): Promise<unknown> => {
  const folder = mkdtempSync(join(tmpdir(), 'deet-checks-'));
  try {
    const file = join(folder, 'checks.mjs');
    writeFileSync(file, text);
    return await import(pathToFileURL(file).href);
  } finally {
    rmSync(folder, { recursive: true });
  }
};

/** What the module exports by default. @throws DeetError `bad-lab` */
export const importChecks = async (path: string): Promise<unknown> => {
  let module: unknown;
  try {
    const isTyped = /ts$/.test(path);
    module = isTyped && !readsTypes ? await importText(await withoutTypes(path)) : await import(pathToFileURL(path).href);
  } catch (error) {
    if (error instanceof DeetError) throw error;
    throw new DeetError('bad-lab', `${path} cannot be loaded: ${error instanceof Error ? error.message : String(error)}`);
  }
  const checks = (module as { readonly default?: unknown }).default;
  if (checks === undefined)
    throw new DeetError('bad-lab', `${path} exports no checks.`, 'As in: export default [{ name: "adds", expect: { stdout: "3" } }]');
  return checks;
};

/**
 * Builds dist/: the command as one CommonJS file for src/bin/deet.cjs, and the scripting API as ES modules. Run by `npm run bundle`.
 * `node src/bin/bundle.mjs FOLDER` builds the command alone, into FOLDER/dist, with a copy of its loader: what the tests of the command use.
 */
import { spawn } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const target = process.argv[2];
const folder = target === undefined ? root : resolve(target);

const common = { absWorkingDir: root, bundle: true, platform: 'node', target: 'node20', logLevel: 'warning' };

/** elfy checks one thing with node:assert, which brings streams and the standard error with it: 10 ms of a start of 130. */
const smallAssert = {
  name: 'small assert',
  setup: ({ onResolve, onLoad }) => {
    onResolve({ filter: /^assert$/ }, () => ({ path: 'assert', namespace: 'small' }));
    onLoad({ filter: /./, namespace: 'small' }, () => ({
      contents: "exports.equal = (a, b) => { if (a !== b) throw new Error(String(a) + ' instead of ' + String(b)); };",
    }));
  },
};

/** The Debug Adapter is a file of its own: the prompt need not read it. */
const separateDap = {
  name: 'separate dap',
  setup: ({ onResolve }) => onResolve({ filter: /^\.\/dap\/main\.js$/ }, () => ({ path: './dap.cjs', external: true })),
};

const command = {
  ...common,
  format: 'cjs',
  // Loaded when first used, from node_modules: a WebAssembly module, and one that runs a script beside itself.
  external: ['iced-x86', 'readline-sync'],
  // CommonJS has neither import.meta nor, inside vm.Script, import(): esbuild makes require() of it, still when it is reached.
  define: { 'import.meta.url': '__bundleUrl' },
  banner: { js: "const __bundleUrl = require('node:url').pathToFileURL(__filename).href;" },
  supported: { 'dynamic-import': false },
  minifyWhitespace: true,
  minifySyntax: true,
  legalComments: 'none',
  charset: 'ascii',
};

await Promise.all([
  build({ ...command, entryPoints: ['src/main.ts'], outfile: join(folder, 'dist/main.cjs'), plugins: [smallAssert, separateDap] }),
  build({ ...command, entryPoints: ['src/dap/main.ts'], outfile: join(folder, 'dist/dap.cjs'), plugins: [smallAssert] }),
]);

if (target !== undefined) {
  mkdirSync(join(folder, 'src/bin'), { recursive: true });
  copyFileSync(join(root, 'src/bin/deet.cjs'), join(folder, 'src/bin/deet.cjs'));
} else {
  const api = ['src/index.ts', 'src/testing.ts'].filter((path) => existsSync(join(root, path)));
  if (api.length > 0)
    await build({ ...common, entryPoints: api, outdir: join(root, 'dist'), format: 'esm', splitting: true, packages: 'external' });
}

// The first runs fill the code caches (src/bin/deet.cjs); better now than when somebody waits for them.
for (const part of ['main', 'dap']) rmSync(join(folder, `dist/${part}.${process.version}.cache`), { force: true });
const deet = join(folder, 'src/bin/deet.cjs');

const prompt = spawn(process.execPath, [deet, '-nx', '--batch', '-ex', 'break main', '-ex', 'run', '/bin/true'], {
  stdio: 'ignore',
  timeout: 30_000,
});

const adapter = spawn(process.execPath, [deet, 'dap'], { stdio: ['pipe', 'ignore', 'ignore'], timeout: 30_000 });
adapter.stdin.on('error', () => undefined);
const requests = [
  ['initialize', { adapterID: 'deet' }],
  ['launch', { program: '/bin/true', initCommands: ['set debug-file-directory /nonexistent'] }],
  ['setFunctionBreakpoints', { breakpoints: [{ name: 'main' }] }],
  ['configurationDone', {}],
  ['disconnect', {}],
];
for (const [index, [name, args]] of requests.entries()) {
  const text = JSON.stringify({ seq: index + 1, type: 'request', command: name, arguments: args });
  adapter.stdin.write(`Content-Length: ${text.length}\r\n\r\n${text}`);
}

await Promise.all([prompt, adapter].map((child) => new Promise((ended) => child.on('close', ended).on('error', ended))));

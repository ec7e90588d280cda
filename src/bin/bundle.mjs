/**
 * Builds dist/: the command as one CommonJS file for src/bin/deet.cjs, the scripting API and `deet grade` as ES modules. Run by `npm run bundle`.
 * `node src/bin/bundle.mjs FOLDER` builds into FOLDER/dist, with a copy of the loader and a link to the addon: what the tests of the command use.
 */
import { spawn } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const target = process.argv[2];
const folder = target === undefined ? root : resolve(target);

const common = { absWorkingDir: root, bundle: true, platform: 'node', target: 'node20', logLevel: 'warning' };

/** Modules of Node that take long to load, for one thing that is said in a line. */
const standIns = {
  // elfy checks one thing with it; it brings streams and the standard error: 10 ms.
  assert: "exports.equal = (a, b) => { if (a !== b) throw new Error(String(a) + ' instead of ' + String(b)); };",
  // The bundle is CommonJS and has `require` already: 1 ms.
  'node:module': 'exports.createRequire = () => require;',
};
const smallModules = {
  name: 'small modules',
  setup: ({ onResolve, onLoad }) => {
    onResolve({ filter: /^(assert|node:module)$/ }, ({ path }) => ({ path, namespace: 'small' }));
    onLoad({ filter: /./, namespace: 'small' }, ({ path }) => ({ contents: standIns[path] }));
  },
};

const command = {
  ...common,
  format: 'cjs',
  plugins: [smallModules],
  // Loaded when first used, from node_modules: a WebAssembly module, and one that runs a script beside itself.
  external: ['iced-x86', 'readline-sync'],
  // CommonJS has neither import.meta nor, inside vm.Script, import(): esbuild makes require() of it, still when it is reached.
  define: { 'import.meta.filename': '__filename' },
  supported: { 'dynamic-import': false },
  minifyWhitespace: true,
  minifySyntax: true,
  legalComments: 'none',
  charset: 'ascii',
  // The loader compiles the file as it is: the function that Node makes of a module.
  banner: { js: '(function (exports, require, module, __filename) {' },
  footer: { js: '})' },
  write: false,
};

/** A deet that is running has its program mapped (src/bin/deet.cjs): that file must stay as it is. */
const bundle = async (entry, name) => {
  const { outputFiles } = await build({ ...command, entryPoints: [entry], outfile: name });
  const path = join(folder, 'dist', name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(`${path}.new`, outputFiles[0].contents);
  renameSync(`${path}.new`, path);
};

await Promise.all([bundle('src/main.ts', 'main.cjs'), bundle('src/dap/main.ts', 'dap.cjs')]);

// Their names say what is in them: those of earlier builds would stay for ever.
for (const name of readdirSync(join(folder, 'dist'))) if (/^chunk-.*\.js$/.test(name)) rmSync(join(folder, 'dist', name));
await build({
  ...common,
  entryPoints: { index: 'src/index.ts', testing: 'src/testing.ts', grade: 'src/labs/main.ts' },
  outdir: join(folder, 'dist'),
  format: 'esm',
  splitting: true,
  packages: 'external',
});

if (target !== undefined) {
  mkdirSync(join(folder, 'src/bin'), { recursive: true });
  copyFileSync(join(root, 'src/bin/deet.cjs'), join(folder, 'src/bin/deet.cjs'));
  if (!existsSync(join(folder, 'build'))) symlinkSync(join(root, 'build'), join(folder, 'build'));
}

// The first runs fill the code caches (src/bin/deet.cjs); better now than when somebody waits for them.
for (const part of ['main', 'dap']) rmSync(join(folder, `dist/${part}.${process.version}.cache`), { force: true });
const deet = join(folder, 'src/bin/deet.cjs');

const prompt = spawn(process.execPath, [deet, '-nx', '--batch', '-ex', 'break main', '-ex', 'run', '/bin/true'], {
  stdio: 'ignore',
  timeout: 30_000,
});

// A program with lines, if the samples are there: then stops, steps and variables are in the cache too.
const sample = join(root, 'samples/function_calls');
const program = existsSync(sample) ? sample : '/bin/true';
const adapter = spawn(process.execPath, [deet, 'dap'], { stdio: ['pipe', 'pipe', 'ignore'], timeout: 30_000 });
adapter.stdin.on('error', () => undefined);
let seq = 0;
const send = (requests) => {
  for (const [name, args] of requests) {
    const text = JSON.stringify({ seq: ++seq, type: 'request', command: name, arguments: args });
    adapter.stdin.write(`Content-Length: ${text.length}\r\n\r\n${text}`);
  }
};
const look = [
  ['threads', {}],
  ['stackTrace', { threadId: 1 }],
  ['scopes', { frameId: 1 }],
  ...[2, 3, 4].map((variablesReference) => ['variables', { variablesReference }]),
  ['evaluate', { expression: 'a + b', frameId: 1, context: 'watch' }],
];
// At the first stop a step, at the second the end.
const then = [
  [...look, ['next', { threadId: 1 }]],
  [...look, ['disconnect', {}]],
];
let heard = '';
adapter.stdout.setEncoding('utf8').on('data', (text) => {
  heard += text;
  if (then.length > 0 && heard.includes('"event":"terminated"')) send(then.splice(0).at(-1));
  while (then.length > 0 && heard.includes('"event":"stopped"')) {
    heard = heard.replace('"event":"stopped"', '');
    send(then.shift());
  }
});
send([
  ['initialize', { adapterID: 'deet' }],
  ['launch', { program, initCommands: ['set debug-file-directory /nonexistent'] }],
  ['setFunctionBreakpoints', { breakpoints: [{ name: 'func2' }] }],
  ['configurationDone', {}],
]);

await Promise.all([prompt, adapter].map((child) => new Promise((ended) => child.on('close', ended).on('error', ended))));

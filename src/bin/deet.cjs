#!/usr/bin/env -S -u NODE_EXTRA_CA_CERTS DEET_CA_CERTS=${NODE_EXTRA_CA_CERTS} node
/**
 * The `deet` command. A debugger that is slow to start is not used, so the program is one bundle (dist/main.cjs, and dist/dap.cjs for editors), compiled with the help of V8's
 * code cache: what an earlier run compiled need not be compiled again. That saves 40 ms of 150. The cache belongs to one version of Node; when it
 * is missing, stale or cannot be written, everything works as well, only later. Both files are mapped by the addon, not read, which saves another 20 ms.
 *
 * Where NODE_EXTRA_CA_CERTS is set, Node 20 reads all those certificates before anything else: 40 ms, for connections that deet never makes. The first
 * line keeps the variable from Node (env(1), `-S`), and the program gets it back.
 */
'use strict';
const { existsSync, readFileSync, renameSync, writeFileSync } = require('node:fs');
const { dirname, join } = require('node:path');
const { setFlagsFromString } = require('node:v8');
const { Script } = require('node:vm');

const certificates = process.env.DEET_CA_CERTS;
delete process.env.DEET_CA_CERTS;
if (certificates) process.env.NODE_EXTRA_CA_CERTS = certificates;

// Said before anything is compiled, because a code cache is good for one set of flags. V8 optimizes what has run for a while, on a thread of its own: a batch is over before that has paid, and
// a quarter of all it costs was that. A loop that does last is optimized all the same, some hundredths of a second later.
// Since Node 21 there is no such flag, which V8 would say on standard error.
if (Number.parseInt(process.versions.node, 10) < 21) setFlagsFromString('--interrupt-budget=1000000');
// V8 makes room for young objects in small steps, with a collection at each and soon one of everything: 15 ms in the middle of somebody's stepping.
if (process.argv[2] === 'dap') setFlagsFromString('--semi-space-growth-factor=4');

const root = dirname(dirname(__dirname));
const folder = join(root, 'dist');
const bundle = join(folder, process.argv[2] === 'dap' ? 'dap.cjs' : 'main.cjs');
const cache = bundle.replace(/cjs$/, `${process.version}.cache`);

const attempt = (action) => {
  try {
    return action();
  } catch {
    return undefined;
  }
};

// That it is missing is for the bundle to say (src/native.ts).
const addon = attempt(() => require(join(root, 'build', process.env.DEET_ADDON_BUILD ?? 'Release', 'deet.node')));

/** What the addon makes of a file; otherwise it is read. */
const contents = (mapped, path, encoding) =>
  mapped === undefined || typeof mapped === 'number' ? attempt(() => readFileSync(path, encoding)) : mapped;

const notBuilt = (path) => {
  process.stderr.write(`deet is not built (${path} is missing). Run "npm install" in its folder.\n`);
  process.exit(2);
};

/** The prompt, and the adapter. */
const runBundle = () => {
  const source = contents(addon?.mapText?.(bundle), bundle, 'latin1'); // esbuild writes ASCII
  if (source === undefined) notBuilt(bundle);
  const code = contents(addon?.mapFile?.(cache), cache);
  const cachedData = code instanceof ArrayBuffer ? Buffer.from(code) : code;
  const script = new Script(source, { filename: bundle, ...(cachedData && { cachedData }) });
  if (cachedData === undefined || script.cachedDataRejected)
    process.on('exit', () => {
      try {
        const temporary = `${cache}.${process.pid}`;
        writeFileSync(temporary, script.createCachedData());
        renameSync(temporary, cache);
      } catch {
        // An installation that may not be written to starts a little later.
      }
    });

  const loaded = { exports: {} };
  const requireFromBundle = (name) => require(name.startsWith('./') ? join(folder, name) : name);
  script.runInThisContext()(loaded.exports, requireFromBundle, loaded, bundle);
  return loaded.exports.main(process.argv.slice(2));
};

/** `deet grade` loads checks, which are ES modules; so it is one itself. */
const grade = async () => {
  const path = join(folder, 'grade.js');
  if (!existsSync(path)) notBuilt(path);
  const { main } = await import(path);
  return main(process.argv.slice(3));
};

void (process.argv[2] === 'grade' ? grade() : runBundle()).then((status) => process.exit(status));

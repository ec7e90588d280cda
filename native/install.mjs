/**
 * `npm install` runs this: it builds the addon with node-gyp, and says in one sentence what is missing when it cannot.
 * Plain JavaScript, because it runs before anything is compiled.
 */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, dirname, join } from 'node:path';

const fail = (sentence) => {
  console.error(`deet: ${sentence}`);
  process.exit(1);
};

const onPath = (name) =>
  (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });

if (process.platform !== 'linux' || process.arch !== 'x64')
  fail(`deet debugs Linux x86-64 programs and runs only there; this is ${process.platform} ${process.arch}.`);

const missing = [
  ['python3', ['python3']],
  ['make', ['make']],
  ['g++', ['g++', 'c++', 'clang++', process.env.CXX ?? 'g++']],
].filter(([, names]) => !names.some((name) => (name.includes('/') ? existsSync(name) : onPath(name))));
if (missing.length > 0) {
  const names = missing.map(([name]) => name);
  const list = new Intl.ListFormat('en').format(names);
  fail(`building the addon needs ${list}, not found on PATH; on Debian: sudo apt-get install ${names.join(' ')}`);
}

// Not `rebuild`: a second install has little to do. Node's own headers lie beside many installations; node-gyp would download them otherwise.
const prefix = dirname(dirname(process.execPath));
const headers = existsSync(join(prefix, 'include/node/node_api.h')) ? [`--nodedir=${prefix}`] : [];
const nodeGyp = createRequire(import.meta.url).resolve('node-gyp/bin/node-gyp.js');
const built = spawnSync(process.execPath, [nodeGyp, 'configure', 'build', '--silent', ...headers], {
  stdio: ['ignore', 'pipe', 'pipe'],
  encoding: 'utf8',
});
if (built.status !== 0) {
  console.error(built.stdout + built.stderr);
  fail('the native addon could not be built; the compiler says why above.');
}

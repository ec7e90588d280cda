/**
 * What is graded: a source, a folder of sources, or a program that is built already. Sources are built in a folder of deet's own, from a copy of the lab with the
 * submission's files over it, so that neither is touched.
 */
import { spawnSync } from 'node:child_process';
import { closeSync, copyFileSync, existsSync, mkdirSync, openSync, readdirSync, readSync, statSync } from 'node:fs';
import { basename, extname, join, relative, resolve } from 'node:path';
import { DeetError } from '../common/errors.js';
import type { Lab } from './lab.js';

const cSource = /\.c$/;
const cxxSource = /\.(?:cc|cpp|cxx|C)$/;
const isSource = (name: string): boolean => cSource.test(name) || cxxSource.test(name);

/** For warnings, lines and variables as they are written, and threads. */
const flags = ['-g', '-O0', '-fno-omit-frame-pointer', '-Wall', '-pthread'];
/** Milliseconds after which a compiler is taken to hang. */
const longestBuild = 120_000;
/** Most that a compiler may say. */
const mostOutput = 16 * 1024 * 1024;

/** What belongs to the lab alone, or to nobody's program. */
const staysBehind = (name: string): boolean =>
  name.startsWith('.') || /^checks\.\w+$/.test(name) || ['solution', 'node_modules'].includes(name);

/** In the order in which make looks for them. */
const makefiles = ['GNUmakefile', 'makefile', 'Makefile'];

/** Regular files and folders: a submission's links and fifos could lead anywhere. */
const copyFolder = (from: string, to: string, leave: (path: string) => boolean, top = from): void => {
  mkdirSync(to, { recursive: true });
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const path = join(from, entry.name);
    if (staysBehind(entry.name) || leave(relative(top, path))) continue;
    if (entry.isDirectory()) copyFolder(path, join(to, entry.name), leave, top);
    else if (entry.isFile()) copyFileSync(path, join(to, entry.name));
  }
};

const isElf = (path: string): boolean => {
  if (!(statSync(path, { throwIfNoEntry: false })?.isFile() ?? false)) return false;
  const file = openSync(path, 'r');
  try {
    const magic = Buffer.alloc(4);
    return readSync(file, magic) === 4 && magic.equals(Buffer.from('\x7fELF', 'latin1'));
  } finally {
    closeSync(file);
  }
};

/** Programs by name: absolute paths. */
export type Programs = ReadonlyMap<string, string>;

/** @throws DeetError `build`, with what the compiler says */
const runTool = (command: string, words: readonly string[], folder: string): void => {
  const { status, signal, error, stderr, stdout } = spawnSync(command, words, {
    cwd: folder,
    encoding: 'utf8',
    timeout: longestBuild,
    maxBuffer: mostOutput,
    env: { ...process.env, LC_ALL: 'C' },
  });
  if (error && 'code' in error && error.code === 'ENOENT')
    throw new DeetError(
      'build',
      `${command} is not installed: sources cannot be compiled.`,
      'On Debian: sudo apt-get install build-essential',
    );
  if (status === 0) return;
  const how = signal === null ? `status ${status ?? '?'}` : signal;
  throw new DeetError('build', `It does not compile (${command}: ${how}).\n${`${stdout}${stderr}`.trim()}`);
};

const definesMain = (object: string, folder: string): boolean =>
  /^[0-9a-f]+ T main$/m.test(spawnSync('nm', [object], { cwd: folder, encoding: 'utf8' }).stdout);

/** Each source with a `main` is a program; the others are linked to all of them. */
const buildSources = (folder: string, lab: Lab): Programs => {
  const sources = readdirSync(folder).filter(isSource).sort();
  if (sources.length === 0) throw new DeetError('build', 'There is nothing to compile: neither a C nor a C++ source.');
  const objects = sources.map((source) => {
    const object = `${source}.o`;
    runTool(cxxSource.test(source) ? 'g++' : 'gcc', [...flags, ...lab.flags, '-c', source, '-o', object], folder);
    return { source, object, isProgram: definesMain(object, folder) };
  });
  const shared = objects.filter(({ isProgram }) => !isProgram);
  const programs = objects.filter(({ isProgram }) => isProgram);
  if (programs.length === 0) throw new DeetError('build', `None of its sources has a main function (${sources.join(', ')}).`);
  const linker = sources.some((source) => cxxSource.test(source)) ? 'g++' : 'gcc';
  return new Map(
    programs.map(({ source, object }) => {
      const name = basename(source, extname(source));
      runTool(linker, [...flags, object, ...shared.map((each) => each.object), '-o', `${name}.program`, ...lab.flags], folder);
      return [name, join(folder, `${name}.program`)];
    }),
  );
};

const makePrograms = (folder: string): Programs => {
  runTool('make', ['--silent'], folder);
  const built = readdirSync(folder).filter((name) => isElf(join(folder, name)) && !/\.(?:o|so|a)$/.test(name));
  if (built.length === 0) throw new DeetError('build', 'Its Makefile has made no program.');
  return new Map(built.map((name) => [name, join(folder, name)]));
};

/** The file of the lab that a source alone stands for. @throws DeetError `usage` */
const replacedBy = (source: string, lab: Lab): string => {
  const sources = readdirSync(lab.folder).filter((name) => isSource(name) && !lab.fixed.includes(name));
  const name = basename(source);
  if (sources.includes(name) || sources.length === 0) return name;
  const alike = sources.filter((each) => cxxSource.test(each) === cxxSource.test(name));
  if (alike.length === 1) return alike[0];
  throw new DeetError(
    'usage',
    `${source}: which file of the lab is it? The lab has ${sources.join(', ')}.`,
    'Give it the name of one of them, or put it into a folder with the others.',
  );
};

/** Whether something can be graded at all. @throws DeetError `usage` */
export const demandSubmission = (path: string, lab: Lab): void => {
  const facts = statSync(path, { throwIfNoEntry: false });
  if (!facts) throw new DeetError('usage', `There is no ${path}.`);
  if (facts.isDirectory() || isElf(path)) return;
  if (!isSource(path)) throw new DeetError('usage', `${path} is neither a folder, nor a C or C++ source, nor a program (an ELF file).`);
  replacedBy(path, lab);
};

const build = (path: string | undefined, lab: Lab, folder: string): Programs => {
  copyFolder(lab.folder, folder, (name) => name === 'lab.md');
  if (path !== undefined && statSync(path).isDirectory())
    copyFolder(resolve(path), folder, (name) => lab.fixed.includes(name) || makefiles.includes(name));
  else if (path !== undefined && isElf(path)) return new Map([[basename(path), resolve(path)]]);
  else if (path !== undefined) copyFileSync(path, join(folder, replacedBy(path, lab)));
  return makefiles.some((name) => existsSync(join(folder, name))) ? makePrograms(folder) : buildSources(folder, lab);
};

/**
 * @param path undefined: the lab's own sources
 * @param folder a new one, to build in; what its programs read lies there, too
 * @throws DeetError `build` or `usage`
 */
export const prepare = (path: string | undefined, lab: Lab, folder: string): Programs => {
  try {
    return build(path, lab, folder);
  } catch (error) {
    // Files that may not be read, or folders where the lab has files: a mistake of this submission, not the end of grading.
    if (!(error instanceof Error && 'syscall' in error)) throw error;
    throw new DeetError('build', `Its files cannot be used: ${error.message}`);
  }
};

/** The files that a program finds in its working directory: a copy for each check. */
export const copyForRun = (from: string, to: string): void => {
  copyFolder(from, to, (name) => /\.(?:o|program)$/.test(name));
};

/**
 * Programs for tests, compiled once and kept in test/.built under a hash of all that goes in. Test files run in parallel and may want
 * the same program: each compiles to a name of its own and renames, so that nobody sees half a file.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { basename, dirname, extname, join, resolve } from 'node:path';

const test = resolve(import.meta.dirname, '..');
export const fixtures = join(test, 'fixtures');
export const built = join(test, '.built');

export type Compiler = 'gcc' | 'g++' | 'clang' | 'clang++' | 'musl-gcc';

const defaults = ['-g', '-O0', '-no-pie', '-fno-omit-frame-pointer'];

/** The texts of a source and of what it includes by `#include "..."`, for the hash. */
const textsOf = (path: string, seen = new Set<string>()): string => {
  if (seen.has(path) || !existsSync(path)) return '';
  seen.add(path);
  const text = readFileSync(path, 'utf8');
  const included = [...text.matchAll(/^\s*#\s*include\s+"([^"]+)"/gm)].map((match) => textsOf(join(dirname(path), match[1]), seen));
  return text + included.join('');
};

/**
 * Compiles the source file `path` and returns the program's path. `flags` come after `-g -O0 -no-pie -fno-omit-frame-pointer`, so that a
 * later `-O2` or `-pie` wins.
 */
export const compile = (path: string, flags: readonly string[] = [], compiler?: Compiler): string => {
  const isCxx = /\.(?:cc|cpp)$/.test(path);
  const command = compiler === 'clang' && isCxx ? 'clang++' : (compiler ?? (isCxx ? 'g++' : 'gcc'));
  const words = [...defaults, path, ...flags];
  const hash = createHash('sha256')
    .update(JSON.stringify([command, words, textsOf(path)]))
    .digest('hex')
    .slice(0, 16);
  const program = join(built, hash, basename(path, extname(path)));
  if (existsSync(program)) {
    // A checkout writes sources that are the same: deet, and gdb, would say that they are more recent than the program.
    if (statSync(program).mtimeMs < statSync(path).mtimeMs) utimesSync(program, new Date(), new Date());
    return program;
  }
  mkdirSync(dirname(program), { recursive: true });
  const temporary = `${program}.${process.pid}`;
  // clang leaves .dwo files in the folder where it runs.
  const cwd = flags.includes('-gsplit-dwarf') ? dirname(program) : undefined;
  execFileSync(command, [...words, '-o', temporary], { stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8', ...(cwd ? { cwd } : {}) });
  renameSync(temporary, program);
  return program;
};

/** Path of a source with this text: `name` is the file's name, such as `loop.c`. */
export const writeText = (name: string, text: string): string => {
  const folder = join(built, 'text', createHash('sha256').update(text).digest('hex').slice(0, 16));
  const path = join(folder, name);
  if (!existsSync(path)) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(`${path}.${process.pid}`, text);
    renameSync(`${path}.${process.pid}`, path);
  }
  return path;
};

/** compile() of a text (writeText). */
export const compileText = (name: string, text: string, flags: readonly string[] = [], compiler?: Compiler): string =>
  compile(writeText(name, text), flags, compiler);

/** How a fixture is built. Each name is what is special about it. */
export type Variant = 'plain' | 'pie' | 'O1' | 'O2' | 'static' | 'stripped' | 'nodebug' | 'dwarf4' | 'noframe' | 'clang' | 'musl';

const variants: Record<Variant, { readonly flags: readonly string[]; readonly compiler?: Compiler }> = {
  plain: { flags: [] },
  pie: { flags: ['-pie', '-fPIE'] },
  O1: { flags: ['-O1'] },
  O2: { flags: ['-O2', '-fomit-frame-pointer'] },
  static: { flags: ['-static'] },
  stripped: { flags: ['-s'] },
  nodebug: { flags: ['-g0'] },
  dwarf4: { flags: ['-gdwarf-4'] },
  noframe: { flags: ['-fomit-frame-pointer'] },
  clang: { flags: [], compiler: 'clang' },
  musl: { flags: ['-static'], compiler: 'musl-gcc' },
};

/** Everything behind `// NAME:` in the comment at the head of a source, as words. */
const directive = (source: string, name: string): string[] =>
  [...source.matchAll(new RegExp(`^// ${name}:(.*)$`, 'gm'))].flatMap((match) => match[1].trim().split(/\s+/));

/**
 * The program of test/fixtures/NAME.c (or .cc, .S). Its head comment may say `// flags: -pthread` and `// library: other.c`: the latter is
 * built as a shared library, linked unless marked `(dlopen)`, and its path is the macro LIBRARY.
 */
export const fixture = (name: string, variant: Variant = 'plain'): string => {
  const path = ['.c', '.cc', '.S'].map((ending) => join(fixtures, name + ending)).find((candidate) => existsSync(candidate));
  if (path === undefined) throw new Error(`no fixture ${name} in ${fixtures}`);
  const source = readFileSync(path, 'utf8');
  const { flags, compiler } = variants[variant];
  const [library, loaded] = directive(source, 'library');
  const libraryFlags: string[] = [];
  if (library !== undefined) {
    const file = compile(join(fixtures, library), [
      '-shared',
      '-fPIC',
      ...flags.filter((flag) => flag.startsWith('-O') || flag.startsWith('-g')),
    ]);
    libraryFlags.push(`-DLIBRARY="${file}"`, ...(loaded === '(dlopen)' ? ['-ldl'] : [file, `-Wl,-rpath,${dirname(file)}`]));
  }
  return compile(path, [...flags, ...directive(source, 'flags'), ...libraryFlags], compiler);
};

/** Path of samples/NAME.c. */
export const sampleSource = (name: string): string => join(test, '../samples', `${name}.c`);

/** The program of samples/NAME.c, compiled as fixtures are: what was built in samples/ may be older. */
export const sample = (name: string): string => compile(sampleSource(name), ['-pthread', '-w']);

/** The number of the only line of a fixture's source that contains `text` (a comment such as `// here`). */
export const lineOf = (source: string, text: string): number => {
  const path = source.includes('/') ? source : join(fixtures, source);
  const found = readFileSync(path, 'utf8')
    .split('\n')
    .flatMap((line, index) => (line.includes(text) ? [index + 1] : []));
  if (found.length !== 1) throw new Error(`${text}: on ${found.length} lines of ${path}`);
  return found[0];
};

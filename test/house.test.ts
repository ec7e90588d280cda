/** The rules of the house that a machine can check: who may import whom, how long a file may be, no test switched off. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '..');

const filesUnder = (folder: string, suffix: RegExp): string[] =>
  readdirSync(join(root, folder), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && suffix.test(entry.name))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .filter((path) => !path.includes('node_modules/') && !path.includes('.built/'))
    .sort();

/** `import ... from '...'`, `export ... from '...'`, `import '...'` and `import('...')`, comments left out. */
const importsIn = (source: string): string[] => {
  const code = source.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '');
  return [...code.matchAll(/(?:^|\n|;)\s*(?:import|export)\s(?:[^'";]*?\sfrom\s*)?['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]/g)].map(
    (match) => match[1] ?? match[2] ?? '',
  );
};

/** Layers from the ground up: a file imports its own layer and those below it. */
const order = [
  ['common'],
  ['elf'],
  ['dwarf'],
  ['native'],
  ['symbols', 'linux'],
  ['language', 'inferior'],
  ['session'],
  ['insight'],
  ['commands'],
  ['render'],
  ['repl', 'dap', 'api'],
  ['labs'],
  ['main', 'index', 'testing'],
] as const;

/** Exceptions to "everything below": what a layer may not import although it lies below. */
const forbidden: Record<string, readonly string[]> = {
  symbols: ['native'],
  language: ['linux', 'native'],
  commands: ['native'],
  render: ['native', 'linux'],
  repl: ['native', 'linux', 'elf', 'dwarf'],
  dap: ['native', 'linux', 'elf', 'dwarf'],
  labs: ['native', 'linux', 'elf', 'dwarf'],
};

/** Single files that may do what their layer may not: through the addon one maps files, some pass over sections, one demangles. */
const allowed = new Map([
  ['src/symbols/elf-files.ts', ['native']],
  ['src/symbols/file-tables.ts', ['native']],
  ['src/symbols/line-rows.ts', ['native']],
  ['src/symbols/name-units.ts', ['native']],
  ['src/symbols/demangle.ts', ['native']],
]);

const layerOf = (path: string): string => /^src\/([^/.]+)/.exec(path)?.[1] ?? '';
const rank = new Map<string, number>();
order.forEach((layers, index) => {
  for (const layer of layers) rank.set(layer, index);
});
/** inferior/ and language/ stand side by side, except that language/ may look at the process through inferior/. */
const peers = new Set(['language>inferior']);

const sources = filesUnder('src', /\.ts$/);

/** File -> the files it imports; `loaded`: without those whose types alone are imported, which are gone at run time. */
const graphOf = (loaded: boolean): Map<string, string[]> =>
  new Map(sources.map((path) => [path, targetsOf(path, readFileSync(join(root, path), 'utf8'), loaded)]));

const targetsOf = (path: string, source: string, loaded: boolean): string[] =>
  importsIn(loaded ? source.replace(/^(?:import|export) type [^;]*;/gm, '') : source)
    .filter((target) => target.startsWith('.'))
    .map((target) => relative(root, resolve(root, dirname(path), target.replace(/\.js$/, '.ts'))));

const verdict = (from: string, to: string): string | undefined => {
  const [above, below] = [layerOf(from), layerOf(to)];
  if (above === below) return undefined;
  const [high, low] = [rank.get(above), rank.get(below)];
  if (high === undefined || low === undefined) return `${from} -> ${to}: a layer that the design does not know`;
  if (allowed.get(from)?.includes(below)) return undefined;
  if (high < low || (high === low && !peers.has(`${above}>${below}`))) return `${from} -> ${to}: imports run downward only`;
  if (forbidden[above]?.includes(below)) return `${from} -> ${to}: ${above}/ must not know ${below}`;
  return undefined;
};

/** The first cycle found by depth-first search, as a path. */
const cycleIn = (graph: Map<string, string[]>): string[] | undefined => {
  const done = new Set<string>();
  const visit = (path: string, trail: string[]): string[] | undefined => {
    if (trail.includes(path)) return [...trail.slice(trail.indexOf(path)), path];
    if (done.has(path)) return undefined;
    for (const next of graph.get(path) ?? []) {
      const found = visit(next, [...trail, path]);
      if (found) return found;
    }
    done.add(path);
    return undefined;
  };
  for (const path of graph.keys()) {
    const found = visit(path, []);
    if (found) return found;
  }
  return undefined;
};

describe('the house', () => {
  it('reads every form of import', () => {
    const text = `import a from './a.js';\nimport type {\n  B,\n} from './b.js';\nexport * from './c.js';\nimport './d.js';\nconst e = await import('./e.js');\n// import './f.js';`;
    expect(importsIn(text)).toEqual(['./a.js', './b.js', './c.js', './d.js', './e.js']);
  });

  it('knows an import that runs upward', () => {
    expect(verdict('src/elf/file.ts', 'src/dwarf/unit.ts')).toContain('downward');
    expect(verdict('src/dwarf/unit.ts', 'src/linux/tracee.ts')).toContain('downward');
    expect(verdict('src/language/parse.ts', 'src/linux/tracee.ts')).toContain('must not know');
    expect(verdict('src/symbols/elf-files.ts', 'src/native.ts')).toBeUndefined();
    expect(verdict('src/inferior/process.ts', 'src/symbols/model.ts')).toBeUndefined();
  });

  it('imports run downward only', () => {
    const wrong = [...graphOf(false)].flatMap(([from, targets]) =>
      targets.map((to) => verdict(from, to)).filter((text) => text !== undefined),
    );
    expect(wrong).toEqual([]);
  });

  it('no module needs itself to be loaded', () => expect(cycleIn(graphOf(true))).toBeUndefined());

  it('no file has more than 500 lines', () => {
    const long = [...sources, ...filesUnder('native', /\.(cc|cpp|h|hpp|c|js|mjs)$/)]
      .map((path) => ({ path, lines: readFileSync(join(root, path), 'utf8').split('\n').length - 1 }))
      .filter((file) => file.lines > 500);
    expect(long).toEqual([]);
  });

  it('no test is skipped, alone, or left to do', () => {
    const switches = /\b(?:describe|it|test|bench)(?:\.\w+)*\.(?:skip|only|todo|skipIf|runIf|fails)\b|\b(?:xit|fit|xdescribe|fdescribe)\(/;
    const off = filesUnder('test', /\.ts$/).filter((path) => switches.test(readFileSync(join(root, path), 'utf8')));
    expect(off).toEqual([]);
  });

  it('nothing lies at the top that the design does not name', () => {
    const known =
      /^(?:native|src|samples|test|bin|dist|build|node_modules|docs|\.ci|\.git|\.github|\.vscode)$|^(?:package(?:-lock)?|tsconfig)\.json$|^(?:binding\.gyp|README\.md|LICENSE|CHANGELOG\.md|\.gitignore|\.npmignore|\.npmrc|\.prettier\w+(?:\.json)?|eslint\.config\.js|vitest\.config\.ts)$/;
    const strange = readdirSync(root).filter((name) => !known.test(name) && !statSync(join(root, name)).isSocket());
    expect(strange).toEqual([]);
  });
});

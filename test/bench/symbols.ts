/**
 * What symbols cost: from nothing to the first stop of big programs, in time and in peak memory, beside gdb (and lldb where installed), with the
 * index of names not yet on disk (cold) and there (warm). python3.11 and sqlite3 are measured where Debian's python3.11-dbg and sqlite3's source
 * are at hand; `--big` builds a C++ program with more than 200 MB of debug information from Debian's source of cppcheck, which takes a quarter of an hour.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { compile } from '../helpers/build.js';
import type { Row } from './measure.js';

const root = resolve(import.meta.dirname, '../..');
const sources = join(root, 'test/.built/sources');

/** A program and where to stop in it: a function, and a line of it. */
export interface DebugProgram {
  readonly name: string;
  readonly words: readonly string[];
  readonly function: string;
  readonly line: string;
}

const has = (command: string): boolean => spawnSync('which', [command], { stdio: 'ignore' }).status === 0;

/** Debian's source of a package, unpacked once; undefined where apt knows none. */
const source = (name: string): string | undefined => {
  const unpacked = (): string | undefined =>
    existsSync(sources) ? readdirSync(sources).find((entry) => entry.startsWith(`${name}-`) && !entry.includes('.tar')) : undefined;
  mkdirSync(sources, { recursive: true });
  if (!unpacked()) spawnSync('apt-get', ['source', '-q', name], { cwd: sources, stdio: 'ignore' });
  const found = unpacked();
  return found && join(sources, found);
};

const build = (folder: string, program: string, script: string): string | undefined => {
  const path = join(folder, program);
  if (!existsSync(path)) spawnSync('/bin/sh', ['-ec', script], { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] });
  return existsSync(path) ? path : undefined;
};

const python = (): DebugProgram[] => {
  const path = '/usr/bin/python3.11-dbg';
  return existsSync(path) ? [{ name: 'python3.11-dbg', words: [path, '-c', '1'], function: 'Py_BytesMain', line: 'main.c:702' }] : [];
};

const sqlite = (): DebugProgram[] => {
  const folder = source('sqlite3');
  const script = './configure --disable-tcl && make sqlite3.c shell.c && gcc -g -O2 -o shell_g shell.c sqlite3.c -lpthread -ldl -lm';
  const path = folder && build(folder, 'shell_g', script);
  return path ? [{ name: 'sqlite3', words: [path, ':memory:', '.exit'], function: 'sqlite3_initialize', line: 'shell.c:main' }] : [];
};

const cppcheck = (): DebugProgram[] => {
  const folder = source('cppcheck');
  // Types that are never used are kept, the whole library's: that, not code, is what makes debug information big and compilation quick.
  const headers = ['bits/extc++.h', ...['filesystem', 'functional', 'memory_resource'].map((name) => `experimental/${name}`)];
  const older = ['functional', 'random', 'unordered_map', 'cmath'].map((name) => `tr1/${name}`);
  const included = [...headers, ...older].map((name) => `-include ${name}`).join(' ');
  const flags = `-g -O0 ${included} -fno-eliminate-unused-debug-types -femit-class-debug-always`;
  // As it comes it asks for C++11, whose library is half as big.
  const script = `sed -i 's/=c++0x/=c++17/; s/gnu++0x/gnu++17/' Makefile && make -j${cpus().length} testrunner CXXFLAGS='${flags}'`;
  const path = folder && build(folder, 'testrunner', script);
  return path ? [{ name: 'cppcheck, all tests', words: [path, 'TestPlatform'], function: 'main', line: 'main.cpp:main' }] : [];
};

/** @param path a program of the user's own: it is stopped in main */
export const debugPrograms = (big: boolean, path: string | undefined): DebugProgram[] =>
  path !== undefined
    ? [{ name: path, words: [resolve(path)], function: 'main', line: 'main' }]
    : [...python(), ...sqlite(), ...(big ? cppcheck() : [])];

interface Cost {
  readonly microseconds: number;
  readonly kibibytes: number;
}

/** Runs a command and asks the kernel for the memory of the biggest process of it (getrusage(2), RUSAGE_CHILDREN). */
const costOf = (words: readonly string[], environment: Readonly<Record<string, string>> = {}): Cost => {
  const script =
    'import resource,subprocess,sys,time\n' +
    't=time.perf_counter();r=subprocess.run(sys.argv[1:],stdin=subprocess.DEVNULL,stdout=subprocess.DEVNULL,stderr=subprocess.DEVNULL).returncode\n' +
    'print(int((time.perf_counter()-t)*1e6),resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss,r)';
  const output = execFileSync('python3', ['-c', script, ...words], { encoding: 'utf8', env: { ...process.env, ...environment } });
  const [microseconds, kibibytes, status] = output.trim().split(' ').map(Number);
  if (status !== 0) throw new Error(`${words.join(' ')}: exit status ${status}`);
  return { microseconds, kibibytes };
};

/** What is done: a breakpoint, a run to it, a backtrace, the end. */
const commandsOf = (place: string): string[] => ['-ex', `break ${place}`, '-ex', 'run', '-ex', 'backtrace'];

type Way = (program: DebugProgram, place: string) => Cost;

const deet = (program: DebugProgram, place: string, environment: Readonly<Record<string, string>>): Cost =>
  costOf([join(root, 'src/bin/deet.cjs'), '-nx', '--batch', ...commandsOf(place), '--args', ...program.words], environment);

const ways = (cache: string): [string, Way][] => {
  const cold: Way = (program, place) => {
    rmSync(cache, { recursive: true, force: true });
    return deet(program, place, { XDG_CACHE_HOME: cache });
  };
  const warm: Way = (program, place) => deet(program, place, { XDG_CACHE_HOME: cache });
  const gdb: Way = (program, place) => costOf(['gdb', '-nx', '-q', '-batch', ...commandsOf(place), '--args', ...program.words]);
  const lldb: Way = (program, place) =>
    costOf(['lldb', '-x', '-b', '-o', `breakpoint set -n ${place}`, '-o', 'run', '-o', 'bt', '-o', 'kill', '--', ...program.words]);
  // What the command's first line spares deet (src/bin/deet.cjs) is spared here too.
  const bare: Way = () => costOf(['env', '-u', 'NODE_EXTRA_CA_CERTS', process.execPath, '-e', '0']);
  return [['deet', cold], ['deet, warm', warm], ['gdb', gdb], ['node -e 0', bare], ...(has('lldb') ? ([['lldb', lldb]] as [string, Way][]) : [])]; // prettier-ignore
};

const mebibytes = (kibibytes: number): string => `${(kibibytes / 1024).toFixed(0)} MiB`;

/** Time and memory are measured in one run; the second row of a pair shows what the first has seen. */
export const symbolRows = (programs: readonly DebugProgram[]): Row[] => {
  const cache = join(mkdtempSync(join(tmpdir(), 'deet-bench-')), 'cache');
  process.on('exit', () => rmSync(join(cache, '..'), { recursive: true, force: true }));
  return programs.flatMap((program) =>
    [...new Set([program.function, program.line])].flatMap((place) => {
      const memory = new Map<string, number[]>();
      const contenders = ways(cache).filter(([name]) => name !== 'lldb' || place === program.function);
      const title = `symbols: ${program.name}, break ${place}, run, backtrace, quit`;
      const time: Row = {
        title,
        unit: 'run',
        rounds: 5,
        contenders: contenders.map(([name, way]) => ({
          name,
          measure: () => {
            const { microseconds, kibibytes } = way(program, place);
            memory.set(name, [...(memory.get(name) ?? []), kibibytes]);
            return microseconds;
          },
        })),
        goals: [
          { a: 'deet', b: 'gdb', times: 0.2 },
          { a: 'deet, warm', b: 'gdb', times: 0.05 },
        ],
      };
      const peak: Row = {
        title: `${title}: peak memory`,
        unit: 'run',
        rounds: 1,
        show: mebibytes,
        contenders: contenders.map(([name]) => ({ name, measure: () => Math.max(...(memory.get(name) ?? [NaN])) })),
        goals: [
          { a: 'deet', b: 'gdb', times: 1 },
          { a: 'deet, warm', b: 'gdb', times: 1 },
        ],
      };
      return [time, peak];
    }),
  );
};

/** The outermost frame of a recursion of 100,000 calls: the whole stack must be unwound for it. gdb never ends with call-site values (-O2), so it is built without optimization. */
export const deepRows = (): Row[] => {
  const program = compile(join(root, 'test/bench/programs/deep.c'));
  const commands = ['-ex', 'break bottom', '-ex', 'run', '-ex', 'bt -1'];
  const stack = ['sh', '-c', 'ulimit -s unlimited && exec "$@"', 'sh'];
  const memory = new Map<string, number[]>();
  const ways: [string, readonly string[]][] = [
    ['deet', [join(root, 'src/bin/deet.cjs'), '-nx', '--batch', ...commands, program]],
    ['gdb', ['gdb', '-nx', '-q', '-batch', ...commands, program]],
  ];
  const goals = [{ a: 'deet', b: 'gdb', times: 0.1 }];
  const title = 'backtrace -1 of 100,000 frames, from nothing';
  return [
    {
      title,
      unit: 'run',
      rounds: 3,
      contenders: ways.map(([name, words]) => ({
        name,
        measure: () => {
          const { microseconds, kibibytes } = costOf([...stack, ...words]);
          memory.set(name, [...(memory.get(name) ?? []), kibibytes]);
          return microseconds;
        },
      })),
      goals,
    },
    {
      title: `${title}: peak memory (goal: 200 MiB)`,
      unit: 'run',
      rounds: 1,
      show: mebibytes,
      contenders: ways.map(([name]) => ({ name, measure: () => Math.max(...(memory.get(name) ?? [NaN])) })),
      goals: [],
    },
  ];
};

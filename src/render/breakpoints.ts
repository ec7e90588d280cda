/** Breakpoints as text. */
import { wideHex } from '../common/addresses.js';
import type { BreakpointData, BreakpointResult, LocationResult } from '../commands/results.js';
import { line, lines } from './escape.js';
import type { Style } from './style.js';

const placeOf = ({ function: name, signature, file, line: number }: LocationResult): string => {
  const where = file === undefined ? '' : `${line(file)}:${number ?? 0}`;
  if (name === undefined) return where;
  const called = line(signature ?? name);
  return where === '' ? called : `${called} at ${where}`;
};

/** As gdb says it. */
const titles: Readonly<Record<string, string>> = {
  watchpoint: 'Watchpoint',
  'hw watchpoint': 'Hardware watchpoint',
  'read watchpoint': 'Hardware read watchpoint',
  'acc watchpoint': 'Hardware access (read/write) watchpoint',
  catchpoint: 'Catchpoint',
};

export const renderBreakpoint = (result: BreakpointResult, style: Style): string => {
  const { id, kind, spec, locations, pending, notes } = result;
  const rows: string[] = [];
  const [first] = locations;
  if (kind === 'catchpoint') rows.push(`Catchpoint ${id}: ${line(spec)}`);
  else if (pending) rows.push(`Set pending breakpoint ${id} on ${line(spec)}`);
  else if (first) {
    rows.push(`Set breakpoint ${id} at ${style.address(first.address)}`);
    const places = locations.length === 1 ? [placeOf(first)] : locations.map((each) => `${each.address} ${placeOf(each)}`);
    rows.push(...places.filter((place) => place !== '').map((place) => style.dim(`    ${place}`)));
  } else rows.push(`${titles[kind] ?? 'Catchpoint'} ${id}: ${line(spec)}`);
  rows.push(...(notes ?? []).map(lines));
  return rows.join('\n');
};

const dispositionOf = ({ temporary, disposition }: BreakpointData): string =>
  temporary ? 'del' : disposition === 'delete' ? 'del' : disposition === 'disable' ? 'dis' : 'keep';

const times = (count: number): string => `${count} time${count === 1 ? '' : 's'}`;

const checkOf = ({ checked, because }: LocationResult): string =>
  checked === undefined ? '' : `checked ${checked}${because === undefined ? '' : `, because ${because}`}`;

const detailsOf = (each: BreakpointData): string[] => [
  ...(each.condition === undefined ? [] : [`\tstop only if ${line(each.condition)}`]),
  ...(each.locations.length === 1 && each.locations[0].checked ? [`\t${checkOf(each.locations[0])}`] : []),
  ...(each.thread === undefined ? [] : [`\tstop only in thread ${each.thread}`]),
  ...(each.hits > 0 ? [`\tbreakpoint already hit ${times(each.hits)}`] : []),
  ...(each.ignore === undefined ? [] : [`\tignore next ${each.ignore} hits`]),
  ...(each.format === undefined ? [] : [`        printf ${line(each.format)}`]),
  ...(each.commands ?? []).map((command) => `        ${line(command)}`),
];

/** gdb's table. */
export const renderBreakpoints = (breakpoints: readonly BreakpointData[], style: Style): string => {
  if (breakpoints.length === 0) return 'No breakpoints or watchpoints.';
  const wide = breakpoints.some(({ kind }) => kind !== 'breakpoint') ? 15 : 10;
  const address = (text: string): string => style.address(wideHex(text));
  const files = new Set(breakpoints.flatMap(({ locations }) => locations.flatMap(({ file }) => file ?? [])));
  const rows = breakpoints.flatMap((each) => {
    const { id, kind, enabled, locations, pending, spec } = each;
    const head = `${String(id).padEnd(7)} ${kind.padEnd(wide)} ${dispositionOf(each).padEnd(4)} ${enabled ? 'y' : 'n'}   `;
    const [first] = locations;
    if (kind === 'catchpoint') return [`${head}                   ${line(spec)}`, ...detailsOf(each)];
    if (pending) return [`${head}<PENDING>          ${line(spec)}`, ...detailsOf(each)];
    if (!first) return [`${head}                   ${line(spec)}`, ...detailsOf(each)];
    if (locations.length === 1 && first.enabled !== false)
      return [`${head}${address(first.address)} ${inWords(first, files)}`, ...detailsOf(each)];
    return [
      `${head}<MULTIPLE>`,
      ...detailsOf(each),
      ...locations.flatMap((one, index) => [
        `${`${id}.${index + 1}`.padEnd(7)} ${' '.repeat(wide)}      ${one.enabled === false ? 'n' : 'y'}   ${address(one.address)} ${inWords(one, files)}`,
        ...(one.checked ? [`\t${checkOf(one)}`] : []),
      ]),
    ];
  });
  return [`${'Num'.padEnd(7)} ${'Type'.padEnd(wide)} Disp Enb ${'Address'.padEnd(18)} What`, ...rows].join('\n');
};

/** The last part of a path, with as many before it as tell it from others of the table (`a/util.c` and `b/util.c`). */
const shortest = (file: string, files: ReadonlySet<string>): string => {
  const parts = file.split('/');
  for (let count = 1; count < parts.length; count++) {
    const short = parts.slice(-count).join('/');
    if (![...files].some((other) => other !== file && other.endsWith(`/${short}`))) return short;
  }
  return file;
};

const inWords = ({ function: name, signature = name, file, line: number }: LocationResult, files: ReadonlySet<string>): string => {
  const where = file === undefined ? '' : `${line(shortest(file, files))}:${number ?? 0}`;
  return `${signature === undefined ? '' : `in ${line(signature)}`}${where === '' ? '' : ` at ${where}`}`.trim();
};

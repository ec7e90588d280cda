/**
 * `npm run bench`: what things cost in deet beside gdb and beside a C program that does the same, as ratios from one run.
 *
 *   npm run bench                          all rows
 *   npm run bench -- hit condition         rows whose title contains one of these words
 *   npm run bench -- symbols               python3.11-dbg and sqlite3 to the first stop (sqlite3 is built from Debian's source once)
 *   npm run bench -- symbols --big         also a program with 200 MB of debug information, built for it (half an hour)
 *   npm run bench -- symbols --program=X   a program of your own instead, stopped in main
 *   npm run bench -- --json                one JSON object instead of the table
 *   npm run bench -- --rounds=3            fewer rounds
 *
 * The goals are those that the project has set itself. Nothing here fails because a goal is missed: a loaded machine is no defect of deet.
 */
import { parseArgs } from 'node:util';
import { adapterRows } from './adapters.js';
import {
  deetDraws,
  deetFollows,
  deetHits,
  deetSays,
  deetSteps,
  findPlaces,
  forks,
  inC,
  inGdb,
  loop,
  values as data,
  wholeRun,
  type Places,
} from './contenders.js';
import { measureRow, ratio, type Measured, type Row } from './measure.js';
import { debugPrograms, deepRows, symbolRows } from './symbols.js';

const hello = 'samples/hello';
const hits = { deet: 40_000, inProgram: 20_000_000, c: 20_000, gdb: 2_000 };
const steps = { fast: 10_000, gdb: 3_000 };
const births = 200;

const rows = ({ visit, offset, length, forksMain }: Places): Row[] => [
  {
    title: 'launch to exit of samples/hello in batch',
    unit: 'run',
    rounds: 11,
    contenders: [
      { name: 'deet', measure: () => wholeRun('src/bin/deet.cjs', '--batch', '-ex', 'run', hello) },
      { name: 'gdb', measure: () => wholeRun('gdb', '-nx', '-batch', '-ex', 'run', hello) },
      { name: 'node -e 0', measure: () => wholeRun(process.execPath, '-e', '0') },
    ],
    goals: [{ a: 'deet', b: 'gdb', times: 0.5 }],
  },
  {
    title: 'unconditional breakpoint hit, continued automatically, by stops',
    unit: 'hit',
    rounds: 5,
    contenders: [
      { name: 'deet', measure: () => deetHits(hits.deet, { ignore: hits.deet + 1 }, 'host') },
      { name: 'C, lift and step', measure: () => inC('lift', visit, loop, String(hits.c)) },
      { name: 'C, jump back', measure: () => inC('jump', visit, length, loop, String(hits.c)) },
      {
        name: 'gdb',
        measure: () =>
          inGdb(hits.gdb, [loop, String(hits.gdb)], ['break main', 'run', 'break visit', `ignore 2 ${hits.gdb + 1}`], 'continue'),
      },
    ],
    goals: [
      { a: 'deet', b: 'C, lift and step', times: 1.3 },
      { a: 'deet', b: 'C, jump back', times: 1.2 },
    ],
  },
  {
    title: 'breakpoint hit with a false condition (i == -1), by stops',
    unit: 'hit',
    rounds: 5,
    contenders: [
      { name: 'deet', measure: () => deetHits(hits.deet, { condition: 'i == -1' }, 'host') },
      { name: 'C, lift and step', measure: () => inC('check', visit, offset, loop, String(hits.c)) },
      { name: 'C, jump back', measure: () => inC('jcheck', visit, length, offset, loop, String(hits.c)) },
    ],
    goals: [{ a: 'deet', b: 'C, jump back', times: 1.2 }],
  },
  {
    title: 'breakpoint hit with a false condition (i == -1), in the program',
    unit: 'hit',
    rounds: 5,
    contenders: [
      { name: 'deet', measure: () => deetHits(hits.inProgram, { condition: 'i == -1' }, 'auto') },
      { name: 'no debugger', measure: () => wholeRun(loop, String(hits.inProgram)) / hits.inProgram },
      {
        name: 'gdb',
        measure: () => inGdb(hits.gdb, [loop, String(hits.gdb)], ['break main', 'run', 'break visit if i == -1'], 'continue'),
      },
    ],
    goals: [{ a: 'deet', b: 'gdb', times: 0.001 }],
  },
  {
    title: 'ignored hit (ignore N), counted in the program',
    unit: 'hit',
    rounds: 5,
    contenders: [
      { name: 'deet', measure: () => deetHits(hits.inProgram, { ignore: hits.inProgram + 1 }, 'auto') },
      {
        name: 'gdb',
        measure: () =>
          inGdb(hits.gdb, [loop, String(hits.gdb)], ['break main', 'run', 'break visit', `ignore 2 ${hits.gdb + 1}`], 'continue'),
      },
    ],
    goals: [{ a: 'deet', b: 'gdb', times: 0.001 }],
  },
  {
    title: 'single step (stepi N)',
    unit: 'step',
    rounds: 5,
    contenders: [
      { name: 'deet', measure: () => deetSteps(steps.fast) },
      { name: 'C', measure: () => inC('step', visit, String(steps.fast), loop, String(steps.fast)) },
      { name: 'gdb', measure: () => inGdb(steps.gdb, [loop, String(steps.gdb)], ['break main', 'run'], `stepi ${steps.gdb}`) },
    ],
    goals: [],
  },
  {
    title: 'a child forked, followed to its end and reaped',
    unit: 'child',
    rounds: 5,
    contenders: [
      { name: 'deet', measure: () => deetFollows(births) },
      { name: 'deet, with a report', measure: () => deetFollows(births, true) },
      { name: 'C', measure: () => inC('follow', forksMain, forks, String(births)) },
    ],
    goals: [{ a: 'deet', b: 'C', times: 1.5 }],
  },
  {
    title: 'the tree of 200 processes, drawn for the first time (goal: 100,000 us)',
    unit: 'tree',
    rounds: 5,
    contenders: [{ name: 'deet', measure: () => deetDraws(200) }],
    goals: [],
  },
];

/** deet and gdb say the same of the program of values. */
const said = (title: string, unit: string, units: number, before: readonly string[], command: string, requires: RegExp): Row => ({
  title,
  unit,
  rounds: 5,
  contenders: [
    { name: 'deet', measure: () => deetSays(before, command, units, requires) },
    { name: 'gdb', measure: () => inGdb(units, [data], ['break look', 'run', 'set max-value-size unlimited', ...before], command) },
  ],
  goals: [{ a: 'deet', b: 'gdb', times: 1 }],
});

const nodes = 10_000;
const dataRows: readonly Row[] = [
  said('print of an array of 10,000 structures', 'command', 1, ['set print elements 0'], 'print nodes', /9999, next = 0x0/),
  said('print -pretty of the same', 'command', 1, ['set print elements 0', 'set print pretty on'], 'print nodes', /9999/),
  said('a list of 10,000 nodes, each printed by a loop', 'node', nodes, ['source test/bench/programs/walk.gdb'], 'walk', /value = 9998/),
  said('info locals of a frame with 200 variables', 'command', 1, ['next', 'next'], 'info locals', /s198/),
];

const microseconds = (value: number): string =>
  value >= 10_000 ? `${(value / 1000).toFixed(1)} ms` : `${value.toFixed(value < 1 ? 4 : 1)} us`;

const share = (value: number): string => value.toFixed(value < 0.01 ? 6 : 3);

const tableOf = (measured: Measured): string => {
  const { row, figures } = measured;
  const show = row.show ?? microseconds;
  const lines = figures.map(({ name, median, minimum }) => {
    const beside = ratio(measured, 'deet', name);
    const compared = name === 'deet' || !beside ? '' : `deet takes ${share(beside.median)} of it (minimums: ${share(beside.minimum)})`;
    return `  ${name.padEnd(18)}${show(median).padStart(12)}${show(minimum).padStart(12)}   ${compared}`;
  });
  const goals = row.goals.map(({ a, b, times }) => {
    const reached = ratio(measured, a, b);
    return `  goal: ${a} <= ${times} x ${b}: ${!reached ? 'not measured' : reached.median <= times ? 'reached' : reached.minimum <= times ? 'reached by the minimums' : 'missed'}`;
  });
  return [`${row.title}, per ${row.unit} (median, minimum)`, ...lines, ...goals, ''].join('\n');
};

const dataOf = (measured: Measured): object => ({
  title: measured.row.title,
  unit: measured.row.unit,
  microseconds: Object.fromEntries(measured.figures.map(({ name, median, minimum }) => [name, { median, minimum }])),
  goals: measured.row.goals.map((goal) => ({ ...goal, ratio: ratio(measured, goal.a, goal.b) })),
});

const { values, positionals } = parseArgs({
  options: { json: { type: 'boolean' }, rounds: { type: 'string' }, big: { type: 'boolean' }, program: { type: 'string' } },
  allowPositionals: true,
});
// These fetch and build sources: only for who asks.
const wantsSymbols = positionals.includes('symbols');
const all = [
  ...rows(await findPlaces()),
  ...dataRows,
  ...adapterRows(),
  ...deepRows(),
  ...(wantsSymbols ? symbolRows(debugPrograms(values.big ?? false, values.program)) : []),
];
const chosen = all.filter(({ title }) => positionals.length === 0 || positionals.some((word) => title.includes(word)));
const done: Measured[] = [];
for (const row of chosen) {
  const measured = await measureRow(row, values.rounds === undefined ? undefined : Number(values.rounds));
  done.push(measured);
  if (!values.json) console.log(tableOf(measured));
}
if (values.json) console.log(JSON.stringify({ rows: done.map(dataOf) }));

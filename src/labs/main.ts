/** `deet grade`: src/bin/deet.cjs starts it from a bundle of its own, of ES modules, because checks are such modules. */
import { constants } from 'node:os';
import { parseArgs } from 'node:util';
import { DeetError } from '../common/errors.js';
import { nearest } from '../common/nearest.js';
import { writeAll } from '../render/output.js';
import { colourful, plain, wantsColour } from '../render/style.js';
import { Endings } from './endings.js';
import { formats, type FormatName } from './formats.js';
import { grade } from './grade.js';
import type { Lab, ProgramGrade } from './lab.js';
import { readLab } from './read_lab.js';
import { gradeSideBySide } from './side_by_side.js';
import { demandSubmission } from './submission.js';

const usage = 'Usage: deet grade [--format table|tap|junit|json|gradescope] [--jobs N] LAB [PROGRAM...]';

const help = `${usage}

Runs a lab's checks. LAB is a folder: lab.md, C or C++ sources, and checks.ts, checks.js or checks.json.
PROGRAM is what is graded: a source, a folder of sources, or a program that is built already. Without one: the lab's own sources.
With --jobs N, or -j N, so many are graded at a time.

Exit status: 0 all checks passed, 1 one failed, 2 wrong usage or a lab that cannot be read.
`;

const [passedAll, failedSome, wrongUsage] = [0, 1, 2];

/** Each takes some 100 MiB, besides what it grades. */
const mostJobs = 64;

interface Wishes {
  readonly format: FormatName;
  readonly colour: boolean;
  readonly jobs: number;
  readonly lab: string;
  readonly programs: readonly string[];
}

/** @throws DeetError `usage` */
const wishesIn = (words: readonly string[]): Wishes | 'help' => {
  let parsed;
  try {
    parsed = parseArgs({
      args: [...words],
      options: {
        format: { type: 'string', default: 'table' },
        jobs: { type: 'string', short: 'j', default: '1' },
        'no-color': { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
      allowPositionals: true,
    });
  } catch (error) {
    throw new DeetError('usage', error instanceof Error ? error.message : String(error));
  }
  const { values, positionals } = parsed;
  if (values.help) return 'help';
  const format = values.format;
  if (!Object.hasOwn(formats, format)) {
    const near = nearest(format, Object.keys(formats));
    throw new DeetError('usage', `There is no format "${format}".${near === undefined ? '' : ` Did you mean "${near}"?`}`);
  }
  const jobs = Number(values.jobs);
  if (!Number.isInteger(jobs) || jobs < 1 || jobs > mostJobs)
    throw new DeetError('usage', `--jobs is how many submissions are graded at a time, 1 to ${mostJobs}; not "${values.jobs}".`);
  const [lab, ...programs] = positionals;
  if (lab === undefined) throw new DeetError('usage', 'Which lab?');
  if (format === 'gradescope' && programs.length > 1)
    throw new DeetError('usage', 'Gradescope grades one submission at a time, and its format has room for one.');
  return { format: format as FormatName, colour: !values['no-color'], jobs, lab, programs };
};

/** Ctrl-C, and a terminal or a service that goes: nothing may be left. */
const endOnSignals = (endings: Endings): void => {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => {
      if (endings.over) return;
      const exit = (): never => process.exit(128 + constants.signals[signal]);
      const waits = endings.run();
      if (waits.length === 0) exit();
      void Promise.all(waits).finally(exit);
    });
};

async function* gradesOf(lab: Lab, { lab: path, programs, jobs }: Wishes, endings: Endings): AsyncGenerator<ProgramGrade> {
  if (jobs > 1 && programs.length > 1) yield* gradeSideBySide(lab, path, programs, jobs, endings);
  else if (programs.length === 0) yield await grade(lab, undefined, path, endings);
  else for (const program of programs) yield await grade(lab, program, program, endings);
}

const gradeAll = async (lab: Lab, wishes: Wishes, endings: Endings): Promise<number> => {
  const { format: name, colour, programs } = wishes;
  const style = colour && wantsColour(process.stdout.isTTY, process.env) ? await colourful() : plain;
  const format = formats[name](style);
  const grades: ProgramGrade[] = [];
  writeAll(1, format.begin(lab, Math.max(1, programs.length)));
  for await (const found of gradesOf(lab, wishes, endings)) {
    grades.push(found);
    writeAll(1, format.program(found));
  }
  writeAll(1, format.end(grades));
  return grades.every(({ checks }) => checks.every(({ passed }) => passed)) ? passedAll : failedSome;
};

/** @returns the exit status */
export const main = async (words: readonly string[]): Promise<number> => {
  const endings = new Endings();
  endOnSignals(endings);
  try {
    const wishes = wishesIn(words);
    if (wishes === 'help') {
      writeAll(1, help);
      return passedAll;
    }
    const lab = await readLab(wishes.lab);
    for (const program of wishes.programs) demandSubmission(program, lab);
    return await gradeAll(lab, wishes, endings);
  } catch (error) {
    if (!(error instanceof DeetError)) throw error;
    const hint = error.hint === undefined ? '' : ` ${error.hint}`;
    writeAll(2, `${error.message}${hint}\n${error.code === 'usage' ? `${usage}\n` : ''}`);
    return wrongUsage;
  } finally {
    await Promise.all(endings.run());
  }
};

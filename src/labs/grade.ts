/** A lab's checks on one submission after the other. */
import { join } from 'node:path';
import { DeetError } from '../common/errors.js';
import type { Endings } from './endings.js';
import type { CheckGrade, Lab, ProgramGrade } from './lab.js';
import { runCheck } from './run_check.js';
import { prepare, type Programs } from './submission.js';

/** Of a submission whose checks cannot be run. */
export const failedAll = (lab: Lab, reason: string): CheckGrade[] =>
  lab.checks.map(({ name, weight }, index) => ({ name, weight, passed: false, seconds: 0, messages: index === 0 ? [reason] : [] }));

const checksOf = async (lab: Lab, submission: string | undefined, folder: string, endings: Endings): Promise<CheckGrade[]> => {
  const build = join(folder, 'build');
  let programs: Programs;
  try {
    programs = prepare(submission, lab, build);
  } catch (error) {
    if (!(error instanceof DeetError)) throw error;
    return failedAll(lab, `${error.message}${error.hint === undefined ? '' : ` ${error.hint}`}`);
  }
  const checks: CheckGrade[] = [];
  for (const [index, check] of lab.checks.entries())
    checks.push(await runCheck(check, programs, build, join(folder, `check${index + 1}`), endings));
  return checks;
};

const pointsOf = (checks: readonly CheckGrade[]): number => checks.reduce((sum, { passed, weight }) => sum + (passed ? weight : 0), 0);

/** @param program as it is to be called */
export const gradeOf = (lab: Lab, program: string, checks: readonly CheckGrade[]): ProgramGrade => {
  const of = checks.reduce((sum, { weight }) => sum + weight, 0);
  return { type: 'grade', lab: lab.title, program, points: pointsOf(checks), of, checks };
};

/** @param submission a source, a folder or a program; undefined: the lab's own sources  @param name as it is to be called */
export const grade = async (lab: Lab, submission: string | undefined, name: string, endings: Endings): Promise<ProgramGrade> => {
  const folder = endings.folder();
  try {
    return gradeOf(lab, name, await checksOf(lab, submission, folder.path, endings));
  } finally {
    folder.remove();
  }
};

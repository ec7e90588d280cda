/**
 * Submissions that are graded at the same time: by several deets, because what one waits for - compilers, system calls of ptrace(2) - would keep the
 * others in its process waiting, and count against their limits.
 */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { writeAll } from '../render/output.js';
import type { Endings } from './endings.js';
import { failedAll, gradeOf } from './grade.js';
import type { Lab, ProgramGrade } from './lab.js';

/** Milliseconds for a grader to leave nothing behind. */
const patience = 5000;

/**
 * Grades some submissions one after the other in a process of its own.
 * @param folder of the lab, as it was named
 * @param graded called with each grade
 * @returns how the process ended, and what it said on its standard error
 */
const gradeApart = async (
  folder: string,
  submissions: readonly string[],
  endings: Endings,
  graded: (grade: ProgramGrade) => void,
): Promise<string> => {
  const words = [...process.execArgv, process.argv[1], 'grade', '--format', 'json', '--', folder, ...submissions];
  const grader = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'pipe'] });
  createInterface(grader.stdout).on('line', (line) => {
    if (line.startsWith('{"type":"grade"')) graded(JSON.parse(line) as ProgramGrade);
    // What checks print themselves.
    else writeAll(2, `${line}\n`);
  });
  const ended = new Promise<string>((done) => {
    grader.once('error', ({ message }) => done(message));
    grader.once('close', (status, signal) => done(signal ?? `status ${status ?? '?'}`));
  });
  const forget = endings.add(async () => {
    grader.kill('SIGTERM');
    // A check whose own code never ends hears no signal.
    const kill = setTimeout(() => grader.kill('SIGKILL'), patience);
    await ended;
    clearTimeout(kill);
  });
  const [said, how] = await Promise.all([text(grader.stderr), ended]);
  forget();
  return `${how}${said === '' ? '' : `\n${said.trimEnd()}`}`;
};

/** Grades a part of the submissions. What ends a grader fails the submission that it was at; another one goes on behind it. */
const gradePart = async (
  lab: Lab,
  folder: string,
  submissions: readonly string[],
  endings: Endings,
  graded: (grade: ProgramGrade) => void,
): Promise<void> => {
  let left = submissions;
  while (left.length > 0) {
    const how = await gradeApart(folder, left, endings, (grade) => {
      left = left.slice(1);
      graded(grade);
    });
    if (endings.over) return;
    const [broken, ...rest] = left;
    if (broken !== undefined) graded(gradeOf(lab, broken, failedAll(lab, `Grading it broke off: ${how}`)));
    left = rest;
  }
};

/**
 * The grades in the order of the submissions, each as soon as it and all before it are there.
 * @param jobs how many are graded at a time
 */
export async function* gradeSideBySide(
  lab: Lab,
  folder: string,
  submissions: readonly string[],
  jobs: number,
  endings: Endings,
): AsyncGenerator<ProgramGrade> {
  const grades = submissions.map(() => {
    let settle: (grade: ProgramGrade) => void = () => undefined;
    const promise = new Promise<ProgramGrade>((done) => (settle = done));
    return { promise, settle };
  });
  for (let job = 0; job < jobs; job++) {
    const isMine = (_: unknown, index: number): boolean => index % jobs === job;
    const mine = grades.filter(isMine)[Symbol.iterator]();
    void gradePart(lab, folder, submissions.filter(isMine), endings, (grade) => mine.next().value?.settle(grade));
  }
  for (const { promise } of grades) yield await promise;
}

/** Grades as people and other programs read them. Each format is written piece by piece, so that somebody sees what has been done so far. */
import { line, lines } from '../render/escape.js';
import type { Style } from '../render/style.js';
import type { CheckGrade, Lab, ProgramGrade } from './lab.js';

export interface Format {
  begin(lab: Lab, programs: number): string;
  program(grade: ProgramGrade): string;
  end(grades: readonly ProgramGrade[]): string;
}

const nothing = (): string => '';

/** At most two digits behind the point. */
const points = (count: number): string => String(Math.round(count * 100) / 100);

const indented = (text: string, by: string): string =>
  lines(text)
    .split('\n')
    .map((each) => by + each)
    .join('\n');

const feedback = ({ messages }: CheckGrade): string => messages.join('\n');

/** The table that `deet grade` prints. */
const table = (style: Style): Format => {
  const score = ({ passed, weight }: CheckGrade): string => `${passed ? points(weight) : '0'}/${points(weight)}`;
  return {
    begin: (lab) => `${style.bold(line(lab.title))}\n`,
    program: ({ program, checks, points: reached, of }) => {
      const width = Math.max(...checks.map((check) => score(check).length));
      const rows = checks.map((check) => {
        const verdict = check.passed ? style.place('ok    ') : style.error('FAILED');
        const row = `  ${verdict} ${score(check).padStart(width)}  ${line(check.name)}`;
        return check.passed || check.messages.length === 0 ? row : `${row}\n${indented(feedback(check), ' '.repeat(width + 11))}`;
      });
      return `\n${style.name(line(program))}\n${rows.join('\n')}\n  ${points(reached)} of ${points(of)} points\n`;
    },
    end: (grades) => {
      if (grades.length < 2) return '';
      const width = Math.max(...grades.map(({ program }) => line(program).length));
      const rows = grades.map((grade) => `${line(grade.program).padEnd(width)}  ${points(grade.points)} of ${points(grade.of)}`);
      return `\n${style.bold('All')}\n${rows.join('\n')}\n`;
    },
  };
};

/** Test Anything Protocol, version 13: one line for each check of each program, details in a YAML block. */
const tap = (): Format => {
  let count = 0;
  const test = (program: string, check: CheckGrade): string => {
    // "#" begins a directive.
    const name = line(`${program}: ${check.name}`).replaceAll('#', '\\#');
    const head = `${check.passed ? 'ok' : 'not ok'} ${++count} - ${name}\n`;
    return check.passed ? head : `${head}  ---\n  message: |\n${indented(feedback(check) || 'see the first check', '    ')}\n  ...\n`;
  };
  return {
    begin: (lab, programs) => `TAP version 13\n1..${programs * lab.checks.length}\n`,
    program: ({ program, checks }) => checks.map((check) => test(program, check)).join(''),
    end: nothing,
  };
};

/** Text in XML 1.0 (section 2.2): most control characters must not be in it, not even as references. */
const xml = (text: string): string =>
  lines(text).replace(
    /[&<>"]|[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu,
    (each) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[each] ?? '\ufffd',
  );

/** JUnit's XML as continuous integration reads it: a suite for each program. */
const junit = (): Format => ({
  begin: (lab) => `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="${xml(lab.title)}">\n`,
  program: ({ program, checks }) => {
    const time = checks.reduce((sum, { seconds }) => sum + seconds, 0).toFixed(3);
    const failed = checks.filter(({ passed }) => !passed).length;
    const cases = checks.map((check) => {
      const head = `    <testcase classname="${xml(program)}" name="${xml(check.name)}" time="${check.seconds.toFixed(3)}"`;
      const [first = 'failed'] = feedback(check).split('\n');
      return check.passed
        ? `${head}/>\n`
        : `${head}>\n      <failure message="${xml(first)}">${xml(feedback(check))}</failure>\n    </testcase>\n`;
    });
    return `  <testsuite name="${xml(program)}" tests="${checks.length}" failures="${failed}" errors="0" skipped="0" time="${time}">\n${cases.join('')}  </testsuite>\n`;
  },
  end: () => '</testsuites>\n',
});

const json = (): Format => ({ begin: nothing, program: (grade) => `${JSON.stringify(grade)}\n`, end: nothing });

/** results.json of Gradescope's autograder, for one submission. */
const gradescope = (): Format => ({
  begin: nothing,
  program: ({ checks, points: score }) => {
    const tests = checks.map((check) => ({
      name: check.name,
      score: check.passed ? check.weight : 0,
      max_score: check.weight,
      status: check.passed ? 'passed' : 'failed',
      output: lines(feedback(check)),
      output_format: 'text',
    }));
    const seconds = Math.round(checks.reduce((sum, check) => sum + check.seconds, 0) * 1000) / 1000;
    return `${JSON.stringify({ score, execution_time: seconds, tests }, undefined, 2)}\n`;
  },
  end: nothing,
});

export const formats = { table, tap, junit, json, gradescope } as const satisfies Record<string, (style: Style) => Format>;
export type FormatName = keyof typeof formats;

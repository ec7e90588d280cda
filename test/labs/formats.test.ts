/** Grades in each format: what other programs read has to be what they understand, whatever a student's program writes. */
import { describe, expect, it } from 'vitest';
import { formats, type FormatName } from '../../src/labs/formats.js';
import type { Lab, ProgramGrade } from '../../src/labs/lab.js';
import { defaultLimits } from '../../src/labs/shapes.js';
import { plain } from '../../src/render/style.js';

const names = ['adds', 'counts <&> #1'];
const lab: Lab = {
  folder: '/lab',
  title: 'Sums & more',
  flags: [],
  fixed: [],
  checks: names.map((name) => ({ name, weight: 1, limits: defaultLimits })),
};

const one: ProgramGrade = {
  type: 'grade',
  lab: lab.title,
  program: 'alice',
  points: 1.5,
  of: 3.5,
  checks: [
    { name: names[0], weight: 1.5, passed: true, seconds: 0.25, messages: [] },
    { name: names[1], weight: 2, passed: false, seconds: 0.5, messages: ['Its output is "\u001b[31m\u0000".', 'Two\nlines.'] },
  ],
};
const all = { ...one, program: 'bob', points: 3.5, checks: one.checks.map((check) => ({ ...check, passed: true, messages: [] })) };

const written = (name: FormatName, grades: readonly ProgramGrade[]): string => {
  const format = formats[name](plain);
  return format.begin(lab, grades.length) + grades.map((grade) => format.program(grade)).join('') + format.end(grades);
};

describe('grades', () => {
  it('as a table, with a summary of several', () => {
    expect(written('table', [one])).not.toContain('All');
    expect(written('table', [one, all])).toBe(`Sums & more

alice
  ok     1.5/1.5  adds
  FAILED     0/2  counts <&> #1
                  Its output is "\\033[31m\\000".
                  Two
                  lines.
  1.5 of 3.5 points

bob
  ok     1.5/1.5  adds
  ok         2/2  counts <&> #1
  3.5 of 3.5 points

All
alice  1.5 of 3.5
bob    3.5 of 3.5
`);
  });

  it('by the Test Anything Protocol', () => {
    expect(written('tap', [one, all])).toBe(`TAP version 13
1..4
ok 1 - alice: adds
not ok 2 - alice: counts <&> \\#1
  ---
  message: |
    Its output is "\\033[31m\\000".
    Two
    lines.
  ...
ok 3 - bob: adds
ok 4 - bob: counts <&> \\#1
`);
  });

  it("as JUnit's XML", () => {
    expect(written('junit', [one])).toBe(`<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="Sums &amp; more">
  <testsuite name="alice" tests="2" failures="1" errors="0" skipped="0" time="0.750">
    <testcase classname="alice" name="adds" time="0.250"/>
    <testcase classname="alice" name="counts &lt;&amp;&gt; #1" time="0.500">
      <failure message="Its output is &quot;\\033[31m\\000&quot;.">Its output is &quot;\\033[31m\\000&quot;.
Two
lines.</failure>
    </testcase>
  </testsuite>
</testsuites>
`);
  });

  it('as JSON lines', () => {
    expect(
      written('json', [one, all])
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown),
    ).toEqual([one, all]);
  });

  it('as results.json of Gradescope', () => {
    expect(JSON.parse(written('gradescope', [one]))).toEqual({
      score: 1.5,
      execution_time: 0.75,
      tests: [
        { name: 'adds', score: 1.5, max_score: 1.5, status: 'passed', output: '', output_format: 'text' },
        {
          name: 'counts <&> #1',
          score: 0,
          max_score: 2,
          status: 'failed',
          output: 'Its output is "\\033[31m\\000".\nTwo\nlines.',
          output_format: 'text',
        },
      ],
    });
  });
});

/** What was expected held against what came, in sentences for the student. */
import type { Exit } from '../api/stop.js';
import { lines } from '../render/escape.js';
import type { Expectation, ExpectedText } from './lab.js';

export interface Ended {
  readonly exit: Exit | undefined;
  readonly stdout: string;
  readonly stderr: string;
  readonly problems: readonly { readonly kind: string; readonly text: string }[];
  readonly transcript: string;
  /** What deet has to say of a signal that kills. */
  readonly crash?: { readonly signal: string; readonly text: string };
}

/** As much of a text as helps. */
const mostLines = 12;
const mostLetters = 160;

const shortened = (line: string): string => (line.length > mostLetters ? `${line.slice(0, mostLetters)}...` : line);

const shown = (text: string): string => {
  const all = lines(text).trimEnd().split('\n');
  const rest = all.length > mostLines ? [`... (${all.length - mostLines} more lines)`] : [];
  return [...all.slice(0, mostLines).map(shortened), ...rest].map((line) => `  ${line}`).join('\n');
};

const came = (text: string): string => (text.trim() === '' ? 'It is empty.' : `It is:\n${shown(text)}`);

/** White space at the ends of lines, and of the text, is nobody's mistake. */
const linesOf = (text: string): string[] => {
  const trimmed = text.replaceAll('\r\n', '\n').trimEnd();
  return trimmed === '' ? [] : trimmed.split('\n').map((line) => line.trimEnd());
};

const quoted = (line: string): string => JSON.stringify(shortened(line));

const firstDifference = (wanted: string, found: string, what: string): string[] => {
  const [expected, real] = [linesOf(wanted), linesOf(found)];
  const at = Array.from({ length: Math.max(expected.length, real.length) }, (_, index) => index).find(
    (index) => expected[index] !== real[index],
  );
  if (at === undefined) return [];
  const [due, is] = [expected.at(at), real.at(at)];
  if (is === undefined) return [`${what} ends after ${at} of ${expected.length} lines: ${quoted(due ?? '')} was to come next.`];
  if (due === undefined) return [`${what} goes on where it was to end, after line ${expected.length}: ${quoted(is)}.`];
  return [`${what}, line ${at + 1}: expected ${quoted(due)}, came ${quoted(is)}.`];
};

const unlike = (wanted: ExpectedText | undefined, found: string, what: string): string[] => {
  if (wanted === undefined) return [];
  if (typeof wanted === 'string') return firstDifference(wanted, found, what);
  if ('contains' in wanted) {
    const missing = [wanted.contains].flat().filter((each) => !found.includes(each));
    return missing.map((each) => `${what} does not contain ${quoted(each)}. ${came(found)}`);
  }
  const pattern = wanted instanceof RegExp ? wanted : new RegExp(wanted.matches, 'm');
  // One with the flag g goes on where it matched last.
  return found.search(pattern) >= 0 ? [] : [`${what} does not match ${String(pattern)}. ${came(found)}`];
};

const wrongEnd = ({ status, signal }: Expectation, { exit, crash }: Ended): string[] => {
  if (signal !== undefined)
    return exit?.signal === signal
      ? []
      : [`It was to die of ${signal}, and ${exit?.signal ? `died of ${exit.signal}` : `ended with status ${exit?.status ?? '?'}`}.`];
  if (exit?.signal !== undefined) return [`It died of ${exit.signal}.${crash?.signal === exit.signal ? ` ${crash.text}` : ''}`];
  return status === undefined || exit?.status === status ? [] : [`It ended with status ${exit?.status ?? '?'}, not ${status}.`];
};

const wrongProblems = (wanted: readonly string[] | undefined, { problems }: Ended): string[] => {
  if (wanted === undefined) return [];
  const unexpected = problems.filter(({ kind }) => !wanted.includes(kind)).map(({ text }) => text);
  const missing = wanted.filter((kind) => !problems.some((problem) => problem.kind === kind));
  return [...unexpected, ...missing.map((kind) => `There was to be a problem of the kind "${kind}", and there is none.`)];
};

/** Empty: all is as expected. */
export const differences = (expectation: Expectation, ended: Ended): string[] => {
  const found = [
    ...wrongEnd(expectation, ended),
    ...unlike(expectation.stdout, ended.stdout, 'Its output'),
    ...unlike(expectation.stderr, ended.stderr, 'Its standard error'),
    ...wrongProblems(expectation.problems, ended),
    ...unlike(expectation.transcript, ended.transcript, "deet's answer"),
  ];
  // What the program itself says of it helps.
  const complains = found.length > 0 && expectation.stderr === undefined && ended.stderr.trim() !== '';
  return complains ? [...found, `It wrote to its standard error:\n${shown(ended.stderr)}`] : found;
};

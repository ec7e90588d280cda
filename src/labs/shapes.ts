/** Not every lab is checked by a compiler: what its checks file says, checked by hand, and errors that name the file, the check and the field. */
import { DeetError } from '../common/errors.js';
import { nearest } from '../common/nearest.js';
import type { Check, Expectation, LabDefinition, Limits, ReadyCheck } from './lab.js';

type Test = readonly [holds: (value: unknown) => boolean, what: string];
type Fields<T> = { readonly [Name in keyof Required<T>]: Test };

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);
const isText = (value: unknown): value is string => typeof value === 'string';
const isTexts = (value: unknown): boolean => Array.isArray(value) && value.every(isText);

const text: Test = [isText, 'a string'];
const texts: Test = [isTexts, 'a list of strings'];
const positive: Test = [(value) => typeof value === 'number' && value > 0 && Number.isFinite(value), 'a number above 0'];
const count: Test = [(value) => Number.isSafeInteger(value) && (value as number) > 0, 'a whole number above 0'];
const record: Test = [isRecord, 'an object'];

const isPattern = (value: unknown): boolean => {
  try {
    return isText(value) && new RegExp(value, 'm') instanceof RegExp;
  } catch {
    return false;
  }
};

const expected: Test = [
  (value) =>
    isText(value) ||
    value instanceof RegExp ||
    (isRecord(value) &&
      Object.keys(value).length === 1 &&
      (isText(value['contains']) || isTexts(value['contains']) || isPattern(value['matches']))),
  'a string, {"contains": STRING or LIST} or {"matches": REGULAR EXPRESSION}',
];

const limitFields: Fields<Limits> = { seconds: positive, processes: count, memory: positive, output: positive };

const expectationFields: Fields<Expectation> = {
  stdout: expected,
  stderr: expected,
  status: [(value) => Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 255, 'a number from 0 to 255'],
  signal: [(value) => isText(value) && /^SIG[A-Z0-9+]+$/.test(value), 'the name of a signal: "SIGSEGV"'],
  problems: texts,
  transcript: expected,
};

const checkFields: Fields<Check> = {
  name: [(value) => isText(value) && value.trim() !== '', 'a string'],
  weight: positive,
  program: text,
  args: texts,
  env: [(value) => isRecord(value) && Object.values(value).every(isText), 'an object of strings'],
  stdin: text,
  interactive: [(value) => typeof value === 'boolean', 'true or false'],
  limits: record,
  commands: texts,
  expect: record,
  run: [(value) => typeof value === 'function', 'a function (in checks.ts or checks.js)'],
  hint: text,
};

const definitionFields: Fields<LabDefinition> = {
  checks: [(value) => Array.isArray(value) && value.length > 0, 'a list of checks, and not an empty one'],
  flags: texts,
  fixed: texts,
  limits: record,
};

export const defaultLimits: Limits = { seconds: 10, processes: 32, memory: 1024, output: 8 };

/** @param where `checks.json: check 3 ("adds")` */
const demandFields = <T>(value: unknown, fields: Fields<T>, where: string): T => {
  const refuse = (sentence: string): never => {
    throw new DeetError('bad-lab', `${where}: ${sentence}`);
  };
  if (!isRecord(value)) return refuse('must be an object.');
  for (const [name, content] of Object.entries(value)) {
    if (!Object.hasOwn(fields, name)) {
      const near = nearest(name, Object.keys(fields));
      refuse(`there is no "${name}" here; ${near === undefined ? `there are ${Object.keys(fields).join(', ')}` : `"${near}" is`}.`);
    }
    const [holds, what] = fields[name as keyof T];
    if (content !== undefined && !holds(content)) refuse(`"${name}" must be ${what}.`);
  }
  return value as T;
};

const readyCheck = (value: unknown, index: number, file: string, limits: Limits): ReadyCheck => {
  const named = isRecord(value) && isText(value['name']) ? ` ("${value['name']}")` : '';
  const where = `${file}: check ${index + 1}${named}`;
  const check = demandFields<Check>(value, checkFields, where);
  const refuse = (sentence: string): never => {
    throw new DeetError('bad-lab', `${where}: ${sentence}`);
  };
  if (named === '') refuse('it needs a "name".');
  const expect = check.expect && demandFields<Expectation>(check.expect, expectationFields, `${where}, "expect"`);
  if (!check.run && (!expect || Object.keys(expect).length === 0)) refuse('it checks nothing: give it "expect", or "run" in checks.ts.');
  if (expect?.transcript !== undefined && !check.commands) refuse('"transcript" is what deet answers to "commands", and there are none.');
  if (expect?.status !== undefined && expect.signal !== undefined)
    refuse('a program ends with a "status" or dies of a "signal", not both.');
  if (check.interactive && !check.run) refuse('"interactive" is for "run", which writes the program\'s input.');
  if (check.interactive && check.stdin !== undefined) refuse('its input is "stdin" or "interactive", not both.');
  const own = check.limits && demandFields<Partial<Limits>>(check.limits, limitFields, `${where}, "limits"`);
  return { ...check, weight: check.weight ?? 1, limits: { ...limits, ...own } };
};

/** @param file as errors name it @throws DeetError `bad-lab` */
export const readyDefinition = (value: unknown, file: string): Omit<LabDefinition, 'checks'> & { readonly checks: ReadyCheck[] } => {
  const definition = demandFields<LabDefinition>(Array.isArray(value) ? { checks: value } : value, definitionFields, file);
  if ((definition.checks as unknown) === undefined) throw new DeetError('bad-lab', `${file}: there are no "checks".`);
  const limits = {
    ...defaultLimits,
    ...(definition.limits && demandFields<Partial<Limits>>(definition.limits, limitFields, `${file}, "limits"`)),
  };
  const checks = (definition.checks as readonly unknown[]).map((check, index) => readyCheck(check, index, file, limits));
  const names = checks.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new DeetError('bad-lab', `${file}: two checks are called "${twice}".`);
  return { ...definition, checks };
};

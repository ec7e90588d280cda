/** Answers of gdb and of deet to the same commands, at the same stop of the same program. */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DeetError } from '../../src/common/errors.js';
import type { MemoryReader } from '../../src/common/memory.js';
import type { EvaluationContext } from '../../src/language/context.js';
import { requireSingle, splitFormat } from '../../src/language/command-format.js';
import { evaluateNow, typeOf } from '../../src/language/evaluate.js';
import { examine, examineAddress, examinedText, FIRST_DEFAULTS, type ExamineDefaults } from '../../src/language/examine.js';
import { formatValue } from '../../src/language/format.js';
import { frameContext, singleImage, variableStore } from '../../src/language/frame-context.js';
import { parseExpression } from '../../src/language/parser.js';
import { ptype, whatis } from '../../src/language/print-type.js';
import type { Memory } from '../../src/language/place.js';
import { parsePrintf, runPrintf } from '../../src/language/printf.js';
import { native } from '../../src/native.js';
import type { PrintSettings } from '../../src/language/settings.js';
import { openImage } from '../../src/symbols/open.js';
import type { Frame } from '../../src/inferior/frame.js';
import { built } from '../helpers/build.js';
import { gdb } from '../helpers/gdb.js';
import type { Stopped } from '../helpers/stopped.js';

/** Runs in gdb: executes each command and collects what it prints or complains of. */
const collector = (commands: readonly string[], output: string): string => `
import gdb, json
answers = []
for command in json.loads(${JSON.stringify(JSON.stringify(commands))}):
    try:
        text = gdb.execute(command, to_string=True)
    except Exception as error:
        text = str(error)
    answers.append(text)
json.dump(answers, open(${JSON.stringify(output)}, 'w'))
`;

/**
 * What gdb says to each command; `stop`: first run to the breakpoint (`break` takes it) and then execute `before`.
 */
export const gdbAnswers = (program: string, commands: readonly string[], stop?: string, before: readonly string[] = []): string[] => {
  const folder = join(built, 'gdb');
  mkdirSync(folder, { recursive: true });
  const name = createHash('sha256')
    .update(JSON.stringify([program, commands, stop, before]))
    .digest('hex')
    .slice(0, 16);
  const script = join(folder, `${name}.${process.pid}.py`);
  const output = join(folder, `${name}.${process.pid}.json`);
  writeFileSync(script, collector(commands, output));
  const charset = ['set host-charset UTF-8', 'set target-charset UTF-8', 'set target-wide-charset UTF-32'];
  const run = stop === undefined ? [] : [`break ${stop}`, 'run > /dev/null', ...before];
  gdb([...charset, ...run, `source ${script}`, ...(stop === undefined ? [] : ['kill'])], program);
  return (JSON.parse(readFileSync(output, 'utf8')) as string[]).map((text) => text.trimEnd());
};

/** One command as deet answers it: print, output, x, ptype, whatis, printf. */
export const answer = (command: string, context: EvaluationContext): string => {
  try {
    return execute(command, context);
  } catch (error) {
    if (error instanceof DeetError) return error.message;
    throw error;
  }
};

/** What `x` without letters repeats, as each session remembers it. */
const lastExamined = new WeakMap<EvaluationContext, ExamineDefaults>();

const SETTINGS: Record<string, keyof PrintSettings> = {
  elements: 'elements',
  repeats: 'repeats',
  'null-stop': 'nullStop',
  pretty: 'pretty',
  union: 'union',
  address: 'address',
  symbol: 'symbol',
  'max-depth': 'depth',
  array: 'array',
  'array-indexes': 'arrayIndexes',
  'max-symbolic-offset': 'symbolicOffset',
};

const settingsOf = (context: EvaluationContext): Record<string, unknown> => context.settings as unknown as Record<string, unknown>;

const execute = (command: string, context: EvaluationContext): string => {
  const [, name = '', rest = ''] = /^(set var|\w+)\s*([^]*)$/.exec(command) ?? [];
  if (name === 'printf') {
    const step = runPrintf(parsePrintf(rest, context), context).next();
    return step.done ? step.value.trimEnd() : 'call';
  }
  const setting = /^set print (\S+) (\S+)$/.exec(command);
  if (setting) {
    settingsOf(context)[SETTINGS[setting[1]]] =
      { on: true, off: false, unlimited: setting[1] === 'max-depth' ? -1 : 0 }[setting[2]] ?? Number(setting[2]);
    return '';
  }
  const { format, rest: text } = splitFormat(rest.startsWith('/') ? rest : ` ${rest}`);
  if (name === 'print' || name === 'output') requireSingle(format, name);
  const parsed = parseExpression(text, context.names);
  switch (name) {
    case 'print':
    case 'output':
      return (
        (name === 'print' ? '$1 = ' : '') +
        formatValue(evaluateNow(parsed, context), context, format.letter ? { letter: format.letter } : {})
      );
    case 'set var':
      evaluateNow(parsed, context);
      return '';
    case 'x': {
      const found = examine(examineAddress(evaluateNow(parsed, context)), format, lastExamined.get(context) ?? FIRST_DEFAULTS, context);
      lastExamined.set(context, found.defaults);
      return examinedText(found.lines) + (found.error?.message ?? '');
    }
    case 'whatis':
      return `type = ${whatis(typeOf(parsed, context), parsed.kind === 'type', context.language)}`;
    case 'ptype':
      return ptype(typeOf(parsed, context), {
        language: context.language,
        offsets: rest.startsWith('/o'),
        hexadecimal: rest.startsWith('/ox'),
      });
    default:
      throw new Error(`unknown command ${name}`);
  }
};

/** Addresses of the stack depend on the environment; gdb numbers its values. */
export const normalised = (text: string): string =>
  text
    .replace(/^\$\d+ = /, '$$1 = ')
    .replace(/0x7ff[0-9a-f]{9}/g, '0xSTACK')
    .replace(/__int128 unsigned|unsigned int __int128/, 'unsigned __int128')
    .trimEnd();

/** A context over the program's file alone. */
export const fileContext = (program: string): EvaluationContext =>
  frameContext({ images: singleImage({ image: openImage(program, { debugDirectories: [] }), bias: 0n }), variables: variableStore() });

/** Memory that can be written to without changing the program. */
const overlay = (below: MemoryReader): Memory => {
  const written = new Map<bigint, number>();
  return {
    read: (address, length) => {
      const bytes = below.read(address, length);
      if (written.size > 0) for (let i = 0; i < length; i++) bytes[i] = written.get(address + BigInt(i)) ?? bytes[i];
      return bytes;
    },
    write: (address, bytes) => {
      bytes.forEach((byte, i) => written.set(address + BigInt(i), byte));
    },
  };
};

/** A context at a stop: the frame at `level`. Registers of the thread are those of the frame. */
export const stoppedContext = (stopped: Stopped, level = 0): EvaluationContext => {
  const stack = stopped.stack();
  const frame: Frame | undefined = stack.frame(level);
  if (!frame) throw new Error(`no frame ${level}`);
  return frameContext({
    images: stopped.images,
    memory: overlay(stopped),
    frame,
    variables: variableStore(),
    demangle: (name) => native.demangle(name),
    frameOf: (fn) => stack.frames(100).find((each) => each.function === fn),
  });
};

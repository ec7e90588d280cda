/** The group "look": expressions of C and what they yield. */
import { hex } from '../common/addresses.js';
import { diagramOf } from '../language/diagram-builder.js';
import { within } from '../language/errors.js';
import { typeOf } from '../language/evaluate.js';
import type { FormatOptions } from '../language/format.js';
import { ptype as ptypeText, whatis as whatisText } from '../language/print-type.js';
import type { Letter } from '../language/format-letter.js';
import { requireSingle, splitFormat } from '../language/command-format.js';
import { examineAddress, FIRST_DEFAULTS } from '../language/examine.js';
import { parseExpression } from '../language/parser.js';
import { DeetError } from '../common/errors.js';
import { typeName } from '../language/type-name.js';
import { asPointer, asStruct, isVoid } from '../language/types.js';
import { pointerTo } from '../language/c-types.js';
import { toInteger, Value } from '../language/value.js';
import { wholeObject } from '../language/virtual-table.js';
import type { PrintSettings } from '../language/settings.js';
import type { Session } from '../session/session.js';
import type { CType } from '../symbols/types.js';
import type { Command, CommandContext } from './command.js';
import type { Display } from './displays.js';
import { selectedFrame } from './frames.js';
import { numberList, needed } from './arguments.js';
import { instructionTextAt } from './disassembly.js';
import { examineMemory } from './examine.js';
import { message, type Result } from './results.js';
import { evaluated, partsOf, printed, withChildren } from './values.js';

interface PrintText {
  readonly diagram: boolean;
  readonly letter: Letter | undefined;
  readonly raw: boolean;
  readonly settings: Partial<PrintSettings>;
  readonly expression: string;
}

/** `-pretty on`, `-elements 5`: the settings of `set print` for one command. */
const flagsOf: Readonly<Record<string, keyof PrintSettings>> = {
  pretty: 'pretty',
  elements: 'elements',
  repeats: 'repeats',
  'max-depth': 'depth',
  'null-stop': 'nullStop',
  union: 'union',
  symbol: 'symbol',
  address: 'address',
  array: 'array',
  'array-indexes': 'arrayIndexes',
  object: 'object',
  'static-members': 'staticMembers',
};
const numeric = new Set<keyof PrintSettings>(['elements', 'repeats', 'depth']);

/** The setting that an option, perhaps abbreviated, means; a variable's name wins over an abbreviation: `print -n`. */
const flagNamed = (word: string, isName: (name: string) => boolean): keyof PrintSettings | undefined => {
  if (Object.hasOwn(flagsOf, word)) return flagsOf[word];
  const names = Object.keys(flagsOf).filter((name) => name.startsWith(word));
  return names.length === 1 && !isName(word) ? flagsOf[names[0]] : undefined;
};

/** @throws DeetError `usage` */
const parsePrint = (text: string, isName: (name: string) => boolean): PrintText => {
  let rest = text.trim();
  const settings: Record<string, boolean | number> = {};
  const diagram = /^-diagram(?=\s|\/|$)/.exec(rest);
  if (diagram) rest = rest.slice(diagram[0].length).trimStart();
  for (let match; (match = /^-([a-z-]+)(?:\s+(on|off|\d+|unlimited)(?=\s|$)|(?=\s|$))\s*/.exec(rest));) {
    const [whole, word, value] = match as readonly (string | undefined)[] as readonly [string, string, string | undefined];
    const key = flagNamed(word, isName);
    if (key === undefined) break; // -x is an expression
    settings[key] = numeric.has(key) ? (value === 'unlimited' ? (key === 'depth' ? -1 : 0) : Number(value ?? 0)) : value !== 'off';
    rest = rest.slice(whole.length);
  }
  rest = rest.replace(/^--(?:\s+|$)/, '');
  const { format, rest: expression } = splitFormat(rest);
  if (format.letter !== 'i') requireSingle(format, 'print');
  return { diagram: diagram !== null, letter: format.letter, raw: format.raw, settings, expression: expression.trim() };
};

/** @throws DeetError `usage` */
const printText = (session: Session, text: string): PrintText => {
  const { names } = session.context(selectedFrame(session));
  return parsePrint(text, (name) => names.isSymbol?.(name) ?? false);
};

const optionsOf = (
  session: Session,
  { letter, raw }: { readonly letter?: Letter | undefined; readonly raw: boolean },
  settings: Partial<PrintSettings> = {},
): FormatOptions => ({
  raw,
  ...(letter !== undefined && { letter }),
  settings,
  ...(letter === 'i' && { instruction: (address: bigint) => instructionTextAt(session, address) }),
});

/** @param more is asked for when the value can be shown */
const valueResult = (
  session: Session,
  expression: string,
  value: Value,
  options: FormatOptions,
  more: () => { readonly number?: number; readonly display?: number },
): Result => {
  const context = session.context(selectedFrame(session));
  const text = printed(value, context, options);
  const result = {
    type: 'value' as const,
    expression,
    value: text,
    valueType: typeName(value.type, context.language),
    ...(value.address !== undefined && { address: hex(value.address) }),
    ...more(),
  };
  return withChildren(result, () => partsOf(value, context, options));
};

/** Trees and lists beyond this many nodes are not drawn even without a limit of elements. */
const mostNodes = 100_000;

const diagramResult = (session: Session, expression: string, value: Value, options: FormatOptions): Result => {
  const context = session.context(selectedFrame(session));
  const elements = options.settings?.elements ?? context.settings.elements;
  const { drawing, nodes } = diagramOf(value, context, { ...options, nodes: elements === 0 ? mostNodes : elements });
  const valueType = typeName(value.type, context.language);
  return { type: 'diagram', expression, valueType, drawing, nodes, number: session.values.record(value.frozen()) };
};

const printing =
  (quietVoid: boolean) =>
  async ({ session, text }: CommandContext): Promise<Result | Result[]> => {
    const { diagram, settings, expression, ...format } = printText(session, text);
    const value = await evaluated(session, expression === '' ? '$' : expression);
    const options = optionsOf(session, format, settings);
    if (diagram) return diagramResult(session, expression, value, options);
    if (quietVoid && isVoid(value.type)) return [];
    // What cannot be shown is not recorded.
    return valueResult(session, expression, value, options, () => ({ number: session.values.record(value.frozen()) }));
  };

const print: Command = {
  name: 'print',
  aliases: ['p', 'inspect'],
  group: 'look',
  usage: '[-diagram] [-OPTION...] [/FORMAT] EXPRESSION',
  about: 'Show the value of an expression.',
  details: [
    'Formats: x hex, d signed, u unsigned, o octal, t binary, a address, c character, s string, f float, z hex with zeros.',
    '-diagram draws lists, trees, tables and whatever the value leads to; "set print elements" limits it.',
  ].join('\n'),
  completes: ['expression'],
  run: printing(false),
};

const call: Command = {
  name: 'call',
  group: 'step',
  usage: 'EXPRESSION',
  about: 'As print, but a void result is not shown: for functions of the program.',
  completes: ['expression'],
  run: printing(true),
};

const output: Command = {
  name: 'output',
  group: 'look',
  usage: '[/FORMAT] EXPRESSION',
  about: 'The value of an expression, without a newline and without a number.',
  completes: ['expression'],
  run: async ({ session, text }) => {
    const { settings, expression, ...format } = printText(session, text);
    const value = await evaluated(session, needed(expression, 'Output what?', 'output i'));
    return message(printed(value, session.context(selectedFrame(session)), optionsOf(session, format, settings)), 'raw');
  },
};

/** A type's name is looked at one typedef deep, an expression's type as it is. @throws DeetError */
const typed = (session: Session, text: string): { readonly type: CType; readonly isName: boolean } => {
  const context = session.context(selectedFrame(session));
  const expression = parseExpression(text, context.names);
  return {
    type: within(text, () => typeOf(expression, context)),
    isName: expression.kind === 'type' || (expression.kind === 'name' && context.names.isType(expression.name)),
  };
};

/** C++: a namespace that goes by this name, or by another that it stands for (`namespace fs = std::filesystem`); undefined: none does. */
const namespaceNamed = (session: Session, name: string): string | undefined => {
  if (isNamespace(session, name)) return name;
  for (const { image } of session.images()) {
    const meant = image.namespaceAlias?.(name);
    if (meant !== undefined) return meant;
  }
  return undefined;
};

/** Some name of the program begins with this one and `::`. */
const isNamespace = (session: Session, name: string): boolean => {
  if (!/^[A-Za-z_][\w:]*$/.test(name)) return false;
  const within = (names: Iterable<string>): boolean => {
    for (const each of names) if (each.startsWith(`${name}::`)) return true;
    return false;
  };
  return session.images().some(({ image }) => within(image.typeNames()) || within(image.functionNames()) || within(image.variableNames()));
};

/** A namespace has no type, but `ptype` tells that it is one. @throws DeetError */
const typedOrNamespace = (session: Session, text: string): ReturnType<typeof typed> | string => {
  try {
    return typed(session, text);
  } catch (error) {
    const name = text.trim().replace(/^::/, '');
    const namespace = error instanceof DeetError && error.code === 'no-symbol' ? namespaceNamed(session, name) : undefined;
    if (namespace !== undefined) return namespace;
    throw error;
  }
};

/** `set print object`: what a pointer really points to, where that is another class than it says. */
const realPointer = (session: Session, text: string): string => {
  const context = session.context(selectedFrame(session));
  if (!context.settings.object) return '';
  try {
    const value = session.values.now(text);
    const target = asPointer(value.type)?.target;
    const object = target && asStruct(target) ? Value.at(target, context.memory, BigInt.asUintN(64, toInteger(value))) : undefined;
    const whole = object && wholeObject(object, context);
    return whole ? `/* real type = ${typeName(pointerTo(whole.type), 'c++')} */\n` : '';
  } catch (error) {
    if (error instanceof DeetError) return ''; // a type, or it cannot be read
    throw error;
  }
};

const whatis: Command = {
  name: 'whatis',
  group: 'look',
  usage: 'EXPRESSION | TYPE',
  about: 'The type of an expression, by its name.',
  completes: ['expression'],
  run: ({ session, text }) => {
    const found = typedOrNamespace(session, needed(text, 'Whose type?', 'whatis x'));
    if (typeof found === 'string') return message(`type = ${found}`);
    const { type, isName } = found;
    return message(`type = ${realPointer(session, text)}${whatisText(type, isName, session.context(selectedFrame(session)).language)}`);
  },
};

const ptype: Command = {
  name: 'ptype',
  aliases: ['pt'],
  group: 'look',
  usage: '[/o] EXPRESSION | TYPE',
  about: 'A type in full: members of structures, behind typedefs; /o with offsets, sizes and holes.',
  completes: ['type'],
  run: ({ session, text }) => {
    const match = /^\/([a-z]+)\s+([\s\S]*)$/.exec(text.trim());
    const unknown = /[^oxdmtrMT]/.exec(match?.[1] ?? '');
    if (unknown) throw new DeetError('usage', `unrecognized flag '${unknown[0]}'`, 'ptype/o struct node');
    const flags = match?.[1] ?? '';
    const expression = needed(match?.[2] ?? text, 'Which type?', 'ptype struct node');
    const found = typedOrNamespace(session, expression);
    if (typeof found === 'string') return message(`type = namespace ${found}`);
    const { language } = session.context(selectedFrame(session));
    const { settings } = session;
    const shown = (letter: string, setting: string): boolean =>
      flags.includes(letter.toUpperCase()) || (!flags.includes(letter) && settings.flag(setting));
    return message(
      ptypeText(found.type, {
        language,
        offsets: flags.includes('o'),
        hexadecimal: flags.includes('x') || (!flags.includes('d') && settings.flag('print type hex')),
        methods: shown('m', 'print type methods'),
        typedefs: shown('t', 'print type typedefs'),
        raw: flags.includes('r'),
      }).replace(/^type = /, `$&${realPointer(session, expression)}`),
    );
  },
};

/** Shows a display now; at a stop all of them are shown by this. */
export const showDisplay = (display: Display, session: Session): Result[] => {
  const { format } = splitFormat(display.format);
  const value = session.values.now(display.expression);
  if (format.count !== undefined || format.size !== undefined || format.letter === 'i' || format.letter === 's') {
    const { result, error } = examineMemory(session, examineAddress(value), format, FIRST_DEFAULTS);
    const head = `${display.id}: x${display.format} ${display.expression}`;
    // One unit follows on the same line, as in gdb.
    if ((format.count ?? 1) !== 1 || result.type !== 'memory')
      return [message(head), result, ...(error ? [message(`<error: ${error.message}>`)] : [])];
    return [{ ...result, text: `${head}  ${result.text}` }];
  }
  const shown = `${display.format} ${display.expression}`.trim();
  return [valueResult(session, shown, value, optionsOf(session, format), () => ({ display: display.id }))];
};

const display: Command = {
  name: 'display',
  aliases: ['disp'],
  group: 'look',
  usage: '[/FORMAT] [EXPRESSION]',
  about: 'Show an expression now and at every stop.',
  completes: ['expression'],
  run: ({ session, displays, text }) => {
    if (text.trim() === '') return displays.results(session, showDisplay);
    const match = /^(\/\S+)?\s*([\s\S]*)$/.exec(text.trim());
    const expression = needed(match?.[2] ?? '', 'Display what?', 'display i');
    const here = selectedFrame(session);
    const proposed = displays.proposed(
      expression,
      match?.[1] ?? '',
      here && usesLocals(expression, session) ? here.functionName : undefined,
    );
    splitFormat(proposed.format);
    // What cannot be shown here is not displayed later either.
    const shown = here ? showDisplay(proposed, session) : [];
    displays.add(proposed);
    return shown;
  },
};

const usesLocals = (expression: string, session: Session): boolean => {
  const { names } = session.context(selectedFrame(session));
  return [...expression.matchAll(/(?<![\w$.]|->)[A-Za-z_]\w*/g)].some(([name]) => names.local(name) !== undefined);
};

const undisplay: Command = {
  name: 'undisplay',
  aliases: ['und'],
  group: 'look',
  usage: '[N...]',
  about: 'Stop displaying expressions.',
  completes: ['none'],
  run: ({ displays, text, frontEnd }) => {
    if (text.trim() !== '') for (const id of numberList(text, 'display')) displays.remove(id);
    else if (frontEnd.confirm('Delete all auto-display expressions?')) displays.clear();
  },
};

const infoDisplay: Command = {
  name: 'display',
  group: 'look',
  about: 'The expressions that are shown at every stop.',
  run: ({ displays }) => {
    if (displays.all().length === 0) return message('There are no auto-display expressions now.');
    const lines = displays
      .all()
      .map(({ id, enabled, format, expression }) => `${id}:   ${enabled ? 'y' : 'n'}  ${format === '' ? '' : `${format} `}${expression}`);
    return message(['Auto-display expressions now in effect:', 'Num Enb Expression', ...lines].join('\n'));
  },
};

/** `set var x = 3` and `print x = 3` differ only in what is shown. @throws DeetError */
export const assign = async (session: Session, text: string): Promise<void> => {
  await evaluated(session, needed(text, 'Set which variable?', 'set var x = 3'));
};

export const dataCommands: readonly Command[] = [print, call, output, whatis, ptype, display, undisplay];
export const dataInfo: readonly Command[] = [infoDisplay];

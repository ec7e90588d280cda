/** Values that deet keeps: the history (`$1`, `show values`) and convenience variables; and where a symbol lives (`info address`). */
import { hex } from '../common/addresses.js';
import { DeetError } from '../common/errors.js';
import { convenienceFunctions } from '../language/functions.js';
import { threadLocalOffset } from '../language/location-text.js';
import { parsePrintf, runPrintf } from '../language/printf.js';
import { typeName } from '../language/type-name.js';
import { asFunction, isVoid } from '../language/types.js';
import type { Value } from '../language/value.js';
import type { Session } from '../session/session.js';
import { needed } from './arguments.js';
import type { Command } from './command.js';
import { scopesOf, selectedFrame } from './frames.js';
import { message, type Result } from './results.js';
import { carryOut, evaluated, printed } from './values.js';

/** gdb shows ten at a time. */
const shownAtOnce = 10;

const textOf = (session: Session, value: Value): string => {
  try {
    return printed(value, session.context(selectedFrame(session)));
  } catch (error) {
    if (error instanceof DeetError) return `<error: ${error.message}>`;
    throw error;
  }
};

export const showValues: Command = {
  name: 'values',
  group: 'look',
  usage: '[N | +]',
  about: 'The last ten values of the history, those around number N, or (+) those after the last shown.',
  completes: ['none'],
  run: ({ session, text, memory }): Result[] => {
    const { history } = session.values;
    const words = text.trim();
    const first =
      words === ''
        ? history.length - shownAtOnce + 1
        : words === '+'
          ? (memory.valuesShown ?? 0) + 1
          : Number(session.values.address(words)) - shownAtOnce / 2;
    const from = Math.max(1, first);
    const last = Math.min(history.length, from + shownAtOnce - 1);
    memory.valuesShown = Math.max(last, from - 1);
    const results: Result[] = [];
    for (let number = from; number <= last; number++) {
      const value = history.at(number);
      if (!value) continue;
      const { language } = session.context();
      results.push({
        type: 'value',
        expression: `$${number}`,
        value: textOf(session, value),
        valueType: typeName(value.type, language),
        number,
      });
    }
    return results;
  },
};

export const showConvenience: Command = {
  name: 'convenience',
  aliases: ['conv'],
  group: 'look',
  about: 'Convenience variables and functions.',
  run: ({ session }) => {
    const { variables } = session.values;
    const rows = [...(variables.names?.() ?? [])].map((name) => {
      try {
        const value = variables.get(name);
        return `$${name} = ${value ? textOf(session, value) : 'void'}`;
      } catch (error) {
        if (!(error instanceof DeetError)) throw error;
        return `$${name} = <error: ${error.message}>`;
      }
    });
    return message([...rows, ...[...convenienceFunctions()].map((name) => `$${name} = <internal function ${name}>`)].join('\n'));
  },
};

const initIfUndefined: Command = {
  name: 'init-if-undefined',
  group: 'look',
  usage: '$NAME = EXPRESSION',
  about: 'Give a convenience variable a value, unless it has one.',
  completes: ['expression'],
  run: async ({ session, text }) => {
    const name = /^\s*\$([A-Za-z_]\w*)\s*=(?!=)/.exec(text)?.[1];
    if (name === undefined)
      throw new DeetError('usage', 'Init-if-undefined requires an assignment expression.', 'init-if-undefined $n = 0');
    const value = session.values.variables.get(name);
    if (!value || isVoid(value.type)) await evaluated(session, text);
  },
};

const eval_: Command = {
  name: 'eval',
  group: 'shell',
  usage: '"FORMAT", EXPRESSION...',
  about: 'Make a command as printf makes a text, and run it.',
  completes: ['expression'],
  run: async ({ session, text, execute }) => {
    const context = session.context(selectedFrame(session));
    await execute(await carryOut(runPrintf(parsePrintf(needed(text, 'Which command?', 'eval "print $%d", 3'), context), context), session));
  },
};

/** A variable of which each thread has its own: where it lies in the storage of a file, as in gdb. */
const threadLocalPlace = (session: Session, name: string): string | undefined => {
  for (const { image } of session.images())
    for (const { location, isDeclaration } of image.variablesNamed(name)) {
      const offset = isDeclaration === true ? undefined : threadLocalOffset(location);
      if (offset !== undefined) return `a thread-local variable at offset ${hex(offset)} in the thread-local storage for \`${image.path}'`;
    }
  return undefined;
};

const isStaticLocal = (session: Session, name: string): boolean => {
  const frame = selectedFrame(session);
  const variables = frame ? [...scopesOf(frame)].flatMap((scope) => scope.variables()) : [];
  return variables.find((variable) => variable.name === name)?.role === 'static-local';
};

const placeOf = (value: Value): string => {
  const { place, address } = value;
  if (asFunction(value.type) && address !== undefined) return `a function at address ${hex(address)}`;
  if (address !== undefined) return `a variable at address ${hex(address)}`;
  if (place.kind === 'register') return `a variable in register $${place.register ?? '?'}`;
  if (place.kind === 'pieces') return 'a variable in several pieces';
  return place.kind === 'missing' ? 'optimized out' : 'constant';
};

export const infoAddress: Command = {
  name: 'address',
  group: 'look',
  usage: 'SYMBOL',
  about: 'Where a symbol lives: its address, or its register.',
  completes: ['expression'],
  run: ({ session, text }) => {
    const name = needed(text.trim(), 'Which symbol?', 'info address main');
    const context = session.context(selectedFrame(session));
    const local = context.names.local(name);
    const perThread = local ? undefined : threadLocalPlace(session, name);
    if (perThread !== undefined) return message(`Symbol "${name}" is ${perThread}.`);
    const found = local ?? context.names.global(name);
    if (found?.kind !== 'value') throw new DeetError('no-symbol', `No symbol "${name}" in current context.`);
    const where = placeOf(found.value);
    const isStatic = !local || isStaticLocal(session, name);
    return message(`Symbol "${name}" is ${isStatic ? where.replace('a variable', 'static storage') : where}.`);
  },
};

export const historyCommands: readonly Command[] = [initIfUndefined, eval_];

/** `info registers, breakpoints, watchpoints, signals, program`. */
import { hex } from '../common/addresses.js';
import { DeetError } from '../common/errors.js';
import type { EvaluationContext } from '../language/context.js';
import { formatMember } from '../language/format.js';
import { maskNames, registerNamed, registerValue } from '../language/registers.js';
import { asFloat, isStruct, strip } from '../language/types.js';
import { generalOrder } from '../linux/registers.js';
import { signals } from '../linux/signals.js';
import type { Breakpoint } from '../session/breakpoint.js';
import type { Session } from '../session/session.js';
import type { Stop } from '../session/types.js';
import { describeBreakpoint } from './breakpoint-text.js';
import { numberList, requireNone } from './arguments.js';
import type { Command, CommandContext } from './command.js';
import { setNextAddress } from './examine.js';
import { infoFiles, infoSharedLibrary } from './image_info.js';
import { infoAuxv, infoProc } from './process_info.js';
import { infoScope } from './scope_info.js';
import { infoFunctions, infoTypes, infoVariables } from './symbol_lists.js';
import { infoVirtualTable } from './virtual_tables.js';
import { message, type Result } from './results.js';
import { withVariables } from './variables.js';

const list =
  (counts: (breakpoint: Breakpoint) => boolean): Command['run'] =>
  ({ session, text, memory }): Result => {
    const ids = text.trim() === '' ? undefined : new Set(numberList(withVariables(text, session), 'breakpoint'));
    const chosen = session.breakpoints.all().filter((each) => counts(each) && (ids?.has(each.id) ?? true));
    const last = chosen.flatMap(({ locations }) => locations).at(-1);
    if (last) setNextAddress({ session, memory }, last.address);
    return { type: 'breakpoints', breakpoints: chosen.map(describeBreakpoint) };
  };

const infoBreakpoints: Command = {
  name: 'breakpoints',
  aliases: ['b', 'br'],
  group: 'stop',
  usage: '[N...]',
  about: 'All breakpoints, watchpoints and catchpoints.',
  completes: ['breakpoint'],
  run: list(() => true),
};

const watchKinds = new Set<Breakpoint['kind']>(['watch', 'rwatch', 'awatch']);

const infoWatchpoints: Command = {
  name: 'watchpoints',
  aliases: ['wat'],
  group: 'stop',
  usage: '[N...]',
  about: 'The watchpoints.',
  completes: ['breakpoint'],
  run: (context) =>
    context.session.breakpoints.all().some(({ kind }) => watchKinds.has(kind))
      ? list(({ kind }) => watchKinds.has(kind))?.(context)
      : message('No watchpoints.'),
};

/** One register: its bits, and how it reads best. */
const showRegister = (name: string, context: EvaluationContext): readonly [raw: string, natural: string] => {
  const register = registerNamed(name);
  if (!register) throw new DeetError('no-register', `Invalid register "${name}".`, 'Type "info registers" for their names.');
  const value = registerValue(register, context.registers);
  const aggregate = isStruct(strip(value.type));
  const raw = aggregate ? hex(integerOf(value.bytes())) : formatMember(value, context, { letter: 'x' });
  const natural = formatMember(value, context, aggregate ? { letter: 'x' } : {});
  // The raw bits of a float take a column of their own, behind the number.
  const bits = `0x${integerOf(value.bytes().subarray(0, 10)).toString(16).padStart(20, '0')}`;
  return asFloat(value.type) ? [bits, `${natural.padEnd(20)}(raw ${bits})`] : [raw, natural];
};

const integerOf = (bytes: Uint8Array): bigint => bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);

const groups: Readonly<Record<string, readonly string[]>> = {
  general: generalOrder,
  vector: [...Array.from({ length: 16 }, (_, index) => `ymm${index}`), 'mxcsr'],
  float: [...Array.from({ length: 8 }, (_, index) => `st${index}`), 'fctrl', 'fstat', 'ftag', 'fiseg', 'fioff', 'foseg', 'fooff', 'fop'],
};

const registers =
  (standard: readonly string[]) =>
  ({ session, text }: CommandContext): Result => {
    const { frame } = session.selection();
    const context = session.context(frame);
    const words = text.split(/[\s,]+/).filter((word) => word !== '');
    // Without AVX-512 there are no masks.
    const masks = standard === generalOrder && context.registers.read('k0') ? maskNames : [];
    const names = words.length === 0 ? [...standard, ...masks] : words.flatMap((word) => groups[word] ?? [word.replace(/^\$/, '')]);
    const raw: Record<string, string> = {};
    const natural: Record<string, string> = {};
    for (const name of names) {
      try {
        [raw[name], natural[name]] = showRegister(name, context);
      } catch (error) {
        if (!(error instanceof DeetError) || error.code !== 'register') throw error;
        [raw[name], natural[name]] = ['<not saved>', '<not saved>'];
      }
    }
    return { type: 'registers', registers: raw, natural };
  };

const infoRegisters: Command = {
  name: 'registers',
  aliases: ['r', 'reg'],
  group: 'look',
  usage: '[NAME...]',
  about: 'Registers as the selected frame has them.',
  completes: ['register'],
  run: registers(generalOrder),
};

const infoAllRegisters: Command = {
  name: 'all-registers',
  group: 'look',
  about: 'All registers, floating point and vectors included.',
  completes: ['register'],
  run: registers([...generalOrder, ...groups['float'], ...groups['vector']]),
};

const registerGroup = (name: string, group: string, about: string): Command => ({
  name,
  group: 'look',
  about,
  completes: ['none'],
  run: registers(groups[group] ?? []),
});

const yes = (flag: boolean): string => (flag ? 'Yes' : 'No');

const infoSignals: Command = {
  name: 'signals',
  aliases: ['handle'],
  group: 'look',
  usage: '[SIGNAL]',
  about: 'How each signal is treated.',
  completes: ['signal'],
  run: ({ session, text }) => {
    const wanted = text.trim() === '' ? undefined : new Set(session.signals.handle(text).map(({ number }) => number));
    return message(signalTable(session, wanted));
  },
};

export const signalTable = (session: Session, only?: ReadonlySet<number>): string => {
  const rows = signals
    .filter(({ number }) => only?.has(number) ?? true)
    .map(({ number, name, description }) => {
      const { stop, print, pass } = session.signals.treatment(number);
      return `${name.padEnd(14)}${yes(stop).padEnd(8)}${yes(print).padEnd(8)}${yes(pass).padEnd(16)}${description}`;
    });
  return ['Signal        Stop    Print   Pass to program Description', ...rows].join('\n');
};

const reasonOf = ({ breakpoints, signal, reason }: Stop): string => {
  if (signal) return `It stopped at signal ${signal.name}, ${signal.description}.`;
  if (breakpoints.length > 0) return `It stopped at breakpoint ${breakpoints.map(({ id }) => id).join(' and at breakpoint ')}.`;
  return reason === 'step' ? 'It stopped after being stepped.' : `It stopped for this reason: ${reason}.`;
};

const infoProgram: Command = {
  name: 'program',
  group: 'look',
  about: 'Where the program stands, and why.',
  completes: ['none'],
  run: ({ session, text }) => {
    requireNone(text, 'info program');
    const { process, thread } = session.selection();
    const { lastStop } = session;
    return message(
      [
        `Process ${process.pid}, thread ${thread.id} (tid ${thread.tid}), of ${process.program}.`,
        `Program stopped at ${hex(thread.pc)}.`,
        ...(lastStop ? [lastStop.thread === thread ? reasonOf(lastStop) : `Thread ${lastStop.thread.id} is why all stopped.`] : []),
      ].join('\n'),
    );
  },
};

export const inspections: readonly Command[] = [
  infoBreakpoints, infoWatchpoints, infoRegisters, infoAllRegisters, registerGroup('float', 'float', 'The registers of the floating point unit.'),
  registerGroup('vector', 'vector', 'The vector registers.'), infoSignals, infoProgram, infoSharedLibrary, infoProc, infoAuxv, infoFiles, infoFunctions, infoVariables, infoTypes,
  infoScope,
  infoVirtualTable,
]; // prettier-ignore

/** `info registers, breakpoints, watchpoints, signals, program, sharedlibrary, proc, auxv, files`. */
import { hex } from '../common/addresses.js';
import { DeetError } from '../common/errors.js';
import type { ProcessFact } from '../inferior/source.js';
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
import { regularExpression } from './regular_expression.js';
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
  run: list(({ kind }) => watchKinds.has(kind)),
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

const infoSharedLibrary: Command = {
  name: 'sharedlibrary',
  aliases: ['shared', 'dll'],
  group: 'look',
  usage: '[REGULAR-EXPRESSION]',
  about: 'The files of the program: where they lie, and whether they have debug information.',
  completes: ['none'],
  run: ({ session, text }) => {
    const expression = regularExpression(text.trim());
    const images = session.images().filter(({ image }) => expression.test(image.path));
    if (images.length === 0)
      return message(text.trim() === '' ? 'No shared libraries loaded at this time.' : 'No shared libraries matched.');
    const rows = images.map(({ image, bias }) => {
      const from = hex(BigInt(image.span.low) + bias).padEnd(20);
      const warning = image.warnings.map((each) => `\n    ${each}`).join('');
      return `${from}${hex(BigInt(image.span.high) + bias).padEnd(20)}${(image.hasDebugInfo ? 'yes' : 'no').padEnd(10)}${image.path}${warning}`;
    });
    return message([`${'From'.padEnd(20)}${'To'.padEnd(20)}${'-g'.padEnd(10)}File`, ...rows].join('\n'));
  },
};

const infoProc: Command = {
  name: 'proc',
  group: 'look',
  usage: '[mappings | status | stat | cmdline | cwd | exe]',
  about: 'What the kernel says of the selected process.',
  completes: [['mappings', 'status', 'stat', 'cmdline', 'cwd', 'exe']],
  run: ({ session, text }) => {
    const { pid, source } = session.selection().process;
    const word = text.trim();
    const fact = (name: ProcessFact): string => {
      const found = source.fact(name);
      if (found === undefined) throw new DeetError('no-fact', `Nothing is known of the ${name} of process ${pid}.`);
      return found;
    };
    const quoted = (name: ProcessFact): string => `${name} = '${fact(name)}'`;
    if (word === '') {
      const known = (['cmdline', 'cwd', 'exe'] as const).filter((name) => source.fact(name) !== undefined);
      return message([`process ${pid}`, ...known.map(quoted)].join('\n'));
    }
    if ('mappings'.startsWith(word)) return message(fact('maps').trimEnd());
    if (word === 'status' || word === 'stat') return message(fact(word).trimEnd());
    if (word === 'cmdline' || word === 'cwd' || word === 'exe') return message(quoted(word));
    throw new DeetError('usage', `"info proc ${word}" is not known.`, 'One of: mappings, status, stat, cmdline, cwd, exe.');
  },
};

/** Entries of the auxiliary vector (getauxval(3), elf.h), by number. */
const auxiliaryNames = new Map([
  [3, 'AT_PHDR'], [4, 'AT_PHENT'], [5, 'AT_PHNUM'], [6, 'AT_PAGESZ'], [7, 'AT_BASE'], [8, 'AT_FLAGS'], [9, 'AT_ENTRY'], [11, 'AT_UID'], [12, 'AT_EUID'],
  [13, 'AT_GID'], [14, 'AT_EGID'], [15, 'AT_PLATFORM'], [16, 'AT_HWCAP'], [17, 'AT_CLKTCK'], [23, 'AT_SECURE'], [25, 'AT_RANDOM'], [26, 'AT_HWCAP2'],
  [31, 'AT_EXECFN'], [33, 'AT_SYSINFO_EHDR'], [51, 'AT_MINSIGSTKSZ'],
]); // prettier-ignore

const infoAuxv: Command = {
  name: 'auxv',
  group: 'look',
  about: 'The auxiliary vector that the kernel gave the program.',
  run: ({ session }) => {
    const vector = session.selection().process.auxiliaryVector();
    const rows = [...vector]
      .filter(([type]) => type !== 0)
      .map(([type, value]) => `${String(type).padEnd(5)}${(auxiliaryNames.get(type) ?? '?').padEnd(20)}${hex(value)}`);
    return message(rows.join('\n'));
  },
};

const infoFiles: Command = {
  name: 'files',
  aliases: ['target'],
  group: 'look',
  about: 'The program and its entry point.',
  run: ({ session }) => {
    const [first] = session.images();
    if (!first) return message('No program.');
    const { image, bias } = first;
    return message(
      [
        `Symbols from "${image.path}".`,
        `Entry point: ${hex(BigInt(image.entryPoint) + bias)}`,
        `Position independent: ${image.relocatable ? 'yes' : 'no'}`,
        ...(image.buildId === undefined ? [] : [`Build id: ${image.buildId}`]),
        `Debug information: ${image.hasDebugInfo ? 'yes' : 'no'}`,
      ].join('\n'),
    );
  },
};

export const inspections: readonly Command[] = [
  infoBreakpoints, infoWatchpoints, infoRegisters, infoAllRegisters, infoSignals, infoProgram, infoSharedLibrary, infoProc, infoAuxv, infoFiles, infoFunctions, infoVariables, infoTypes,
  infoScope,
  infoVirtualTable,
]; // prettier-ignore

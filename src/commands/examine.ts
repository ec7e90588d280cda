/** `x`: memory at an address. language/examine.ts lays it out; instructions come from disassembly.ts. */
import { hex, type Address } from '../common/addresses.js';
import type { DeetError } from '../common/errors.js';
import { splitFormat, type CommandFormat } from '../language/command-format.js';
import { examine, examineAddress, examinedText, FIRST_DEFAULTS, unitCount, type ExamineDefaults } from '../language/examine.js';
import * as c from '../language/c-types.js';
import { asArray } from '../language/types.js';
import { Value } from '../language/value.js';
import type { Session } from '../session/session.js';
import type { Command, CommandContext, ExamineState } from './command.js';
import { instructionsAt, instructionsBefore } from './disassembly.js';
import { selectedFrame } from './frames.js';
import type { Result } from './results.js';
import { evaluated } from './values.js';

/** What was shown last of the program's addresses becomes `$_`, and where `x` goes on: a line's first, a breakpoint's. */
export const setNextAddress = ({ session, memory }: Pick<CommandContext, 'session' | 'memory'>, next: Address): void => {
  memory.examined = { ...memory.examined, next, defaults: memory.examined?.defaults ?? FIRST_DEFAULTS };
  session.values.variables.set('_', Value.integer(c.VOID_POINTER, next));
};

export interface ExaminedMemory {
  /** As far as memory can be read. */
  readonly result: Result;
  readonly state: ExamineState;
  /** What ended it early. */
  readonly error?: DeetError;
}

/** @throws DeetError when not even the first unit can be read */
export const examineMemory = (session: Session, start: Address, format: CommandFormat, defaults: ExamineDefaults): ExaminedMemory => {
  if ((format.letter ?? defaults.letter) === 'i') return examineCode(session, start, unitCount(format), defaults);
  const context = session.context(selectedFrame(session));
  const { lines, last, next, end, error, defaults: settled } = examine(start, format, defaults, context);
  const read = lines.filter(({ cells }) => cells.length > 0);
  if (error && read.length === 0) throw error;
  if (last?.address !== undefined) {
    const element = asArray(last.type)?.element;
    const unit = element === c.CHAR ? c.INT8 : (element ?? last.type);
    context.variables.set('_', Value.integer(c.pointerTo(unit), last.address));
    context.variables.set('__', last);
  }
  const first = lines[0]?.address ?? start;
  const bytes = end > first ? context.memory.read(first, Number(end - first)) : new Uint8Array();
  return {
    result: { type: 'memory', address: hex(first), bytes: Buffer.from(bytes).toString('hex'), text: examinedText(read) },
    state: { next, defaults: settled },
    ...(error && { error }),
  };
};

/** @throws DeetError when there is not even the first instruction */
const examineCode = (session: Session, start: Address, count: number, defaults: ExamineDefaults): ExaminedMemory => {
  const before = count < 0 ? instructionsBefore(session, start, -count) : undefined;
  const { instructions, next, error } = before
    ? { instructions: before, next: BigInt(before[0]?.address ?? start), error: undefined }
    : instructionsAt(session, start, count);
  if (error && instructions.length === 0) throw error;
  const last = instructions.at(-1);
  if (last) session.values.variables.set('_', Value.integer(c.pointerTo(c.INT8), BigInt(last.address)));
  return {
    result: { type: 'disassembly', instructions, mode: 'x', ...(error && { unreadable: hex(next) }) },
    state: { next, defaults: { ...defaults, letter: 'i' } },
    ...(error && { error }),
  };
};

const x: Command = {
  name: 'x',
  group: 'look',
  usage: '[/COUNT FORMAT SIZE] [ADDRESS]',
  about: 'Show memory: x/4xb &buffer, x/3i $pc, x/s text. Without an address, what follows the last.',
  details: 'Formats: x d u o t a c f s i; sizes: b 1 byte, h 2, w 4, g 8.',
  completes: ['expression'],
  repeats: 'bare',
  run: async ({ session, text, memory, emit }) => {
    const { examined } = memory;
    const { format: given, rest } = splitFormat(text);
    const format = text.trim() === '' && examined?.count !== undefined ? { ...given, count: examined.count } : given;
    const start = rest.trim() === '' ? (examined?.next ?? session.selection().frame.pc) : examineAddress(await evaluated(session, rest));
    const { result, state, error } = examineMemory(session, start, format, examined?.defaults ?? FIRST_DEFAULTS);
    memory.examined = { ...state, count: unitCount(format) };
    emit(result);
    if (error) throw error;
  },
};

export const examineCommands: readonly Command[] = [x];

/** `x`: memory at an address. language/examine.ts lays it out; instructions come from disassembly.ts. */
import { hex, type Address } from '../common/addresses.js';
import { splitFormat, type CommandFormat } from '../language/command-format.js';
import { examine, examineAddress, examinedText, FIRST_DEFAULTS, type ExamineDefaults } from '../language/examine.js';
import * as c from '../language/c-types.js';
import { asArray } from '../language/types.js';
import { Value } from '../language/value.js';
import type { Session } from '../session/session.js';
import type { Command, CommandContext, ExamineState } from './command.js';
import { instructionsAt } from './disassembly.js';
import { selectedFrame } from './frames.js';
import type { Result } from './results.js';
import { evaluated } from './values.js';

/** What was shown last of the program's addresses becomes `$_`, and where `x` goes on: a line's first, a breakpoint's. */
export const setNextAddress = ({ session, memory }: Pick<CommandContext, 'session' | 'memory'>, next: Address): void => {
  memory.examined = { next, defaults: memory.examined?.defaults ?? FIRST_DEFAULTS };
  session.values.variables.set('_', Value.integer(c.VOID_POINTER, next));
};

/** @throws DeetError when not even the first unit can be read */
export const examineMemory = (
  session: Session,
  start: Address,
  format: CommandFormat,
  defaults: ExamineDefaults,
): { readonly result: Result; readonly state: ExamineState } => {
  if ((format.letter ?? defaults.letter) === 'i') {
    const { instructions, next } = instructionsAt(session, start, Math.max(0, format.count ?? 1));
    const last = instructions.at(-1);
    if (last) session.values.variables.set('_', Value.integer(c.pointerTo(c.INT8), BigInt(last.address)));
    return { result: { type: 'disassembly', instructions, mode: 'x' }, state: { next, defaults: { ...defaults, letter: 'i' } } };
  }
  const frame = selectedFrame(session);
  const context = session.context(frame);
  const examined = examine(start, format, defaults, context);
  if (examined.error && examined.lines.every(({ cells }) => cells.length === 0)) throw examined.error;
  const { last } = examined;
  if (last?.address !== undefined) {
    const element = asArray(last.type)?.element;
    const unit = element === c.CHAR ? c.INT8 : (element ?? last.type);
    context.variables.set('_', Value.integer(c.pointerTo(unit), last.address));
    context.variables.set('__', last);
  }
  const first = examined.lines[0]?.address ?? start;
  const bytes = examined.next > first ? context.memory.read(first, Number(examined.next - first)) : new Uint8Array();
  const text = examinedText(examined, examined.defaults.letter, frame?.pc).join('\n');
  return {
    result: { type: 'memory', address: hex(first), bytes: Buffer.from(bytes).toString('hex'), text },
    state: { next: examined.next, defaults: examined.defaults },
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
  run: async ({ session, text, memory }) => {
    const { format, rest } = splitFormat(text);
    const { examined } = memory;
    const start = rest.trim() === '' ? (examined?.next ?? session.selection().frame.pc) : examineAddress(await evaluated(session, rest));
    const { result, state } = examineMemory(session, start, format, examined?.defaults ?? FIRST_DEFAULTS);
    memory.examined = state;
    return result;
  },
};

export const examineCommands: readonly Command[] = [x];

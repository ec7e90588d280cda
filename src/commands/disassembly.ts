/** The group "look": machine code. */
import { fileAddress, hex, u64, type Address } from '../common/addresses.js';
import { DeetError } from '../common/errors.js';
import { checkInterrupt } from '../common/interrupt.js';
import { bytesFrom } from '../common/memory.js';
import { disassemble, longestInstruction } from '../inferior/disassemble.js';
import { toFile, toLoad } from '../inferior/images.js';
import { toInteger } from '../language/value.js';
import type { Session } from '../session/session.js';
import { splitCommas } from './arguments.js';
import { evaluated } from './values.js';
import type { Command } from './command.js';
import { selectedFrame } from './frames.js';
import { inOrderOfCode, inOrderOfSource, type CodePart } from './mixed_source.js';
import type { InstructionResult } from './results.js';

/** Longest range that one command shows. */
const mostBytes = 1024 * 1024;

const nameAt = (session: Session): ((address: Address) => string | undefined) => {
  const context = session.context(selectedFrame(session));
  return (address) => {
    const symbol = context.symbolAt(address);
    return symbol && `${symbol.name}${symbol.offset === 0 ? '' : `+${symbol.offset}`}`;
  };
};

const syntaxOf = (session: Session): 'att' | 'intel' => (session.settings.text('disassembly-flavor') === 'intel' ? 'intel' : 'att');

/** Instructions up to where memory cannot be read. */
export interface FoundInstructions {
  readonly instructions: readonly InstructionResult[];
  /** Where the next one begins. */
  readonly next: Address;
  /** What ended them early. */
  readonly error?: DeetError;
}

/** Why a byte cannot be read. */
const errorAt = (session: Session, address: Address): DeetError => {
  try {
    session.context(selectedFrame(session)).memory.read(address, 1);
  } catch (error) {
    if (error instanceof DeetError) return error;
    throw error;
  }
  return new DeetError('memory', `Cannot access memory at address ${hex(address)}`);
};

/** So many instructions from an address on. */
export const instructionsAt = (session: Session, address: Address, count: number): FoundInstructions => {
  const instructions: InstructionResult[] = [];
  let next = address;
  const pc = selectedFrame(session)?.pc;
  const { memory } = session.context(selectedFrame(session));
  const symbolize = nameAt(session);
  while (instructions.length < count) {
    checkInterrupt();
    const wanted = Math.min(count - instructions.length, 256);
    const bytes = bytesFrom(memory, next, wanted * longestInstruction);
    const some = disassemble(bytes, next, { syntax: syntaxOf(session), symbolize }, wanted);
    const last = some.at(-1);
    if (!last) return { instructions, next, error: errorAt(session, next) };
    for (const each of some) instructions.push(describe(each, pc, symbolize(each.address)));
    next = u64(last.address + BigInt(last.length));
  }
  return { instructions, next };
};

/**
 * So many instructions before an address. Where they begin cannot be told from the bytes behind them: the line table says where a line's first one is.
 * @throws DeetError `no-line`, `memory`
 */
export const instructionsBefore = (session: Session, address: Address, count: number): readonly InstructionResult[] => {
  let instructions: readonly InstructionResult[] = [];
  let from = address;
  while (instructions.length < count) {
    checkInterrupt();
    const before = u64(from - 1n);
    const loaded = session.imageAt(before);
    const row = loaded?.image.lineAt(toFile(loaded, before));
    if (!loaded || !row) {
      if (instructions.length > 0) break;
      throw new DeetError(
        'no-line',
        `No line number information available for address ${hex(before)}`,
        `Give a range: disassemble START,END`,
      );
    }
    const start = toLoad(loaded, row.address);
    const line = instructionsOf(session, start, Number(from - start));
    if (line.error) throw line.error;
    instructions = [...line.instructions, ...instructions];
    from = start;
  }
  return instructions.slice(-count);
};

/** The text of one instruction (`print/i`). @throws DeetError `memory` */
export const instructionTextAt = (session: Session, address: Address): string => {
  const { instructions, error } = instructionsAt(session, address, 1);
  if (error) throw error;
  return instructions[0]?.text ?? '(bad)';
};

const describe = (
  each: { readonly address: Address; readonly bytes: Uint8Array; readonly text: string },
  pc: Address | undefined,
  symbol: string | undefined,
): InstructionResult => ({
  address: hex(each.address),
  bytes: Buffer.from(each.bytes).toString('hex'),
  text: each.text,
  ...(symbol !== undefined && { symbol }),
  ...(each.address === pc && { current: true }),
});

interface CodeRange {
  readonly name: string | undefined;
  readonly parts: readonly CodePart[];
}

/** The function around an address, all its parts. @throws DeetError `no-symbol` */
const functionAround = (session: Session, address: Address): CodeRange => {
  const loaded = session.imageAt(address);
  const fn = loaded?.image.functionAt(toFile(loaded, address));
  if (loaded && fn)
    return { name: fn.qualifiedName, parts: fn.ranges.map(({ low, high }) => ({ start: toLoad(loaded, low), end: toLoad(loaded, high) })) };
  const symbol = loaded?.image.symbolAt(toFile(loaded, address));
  if (loaded && symbol && (symbol.size > 0 || symbol.type === 'function')) {
    const end = symbol.size > 0 ? fileAddress(symbol.address + symbol.size) : loaded.image.endOfSymbol(symbol);
    return { name: symbol.name, parts: [{ start: toLoad(loaded, symbol.address), end: toLoad(loaded, end) }] };
  }
  throw new DeetError(
    'no-symbol',
    'No function contains the specified address.',
    `Give a range: disassemble ${hex(address)},+40 or x/10i ${hex(address)}`,
  );
};

const rangeOf = async (session: Session, text: string): Promise<CodeRange> => {
  if (text === '') return functionAround(session, session.selection().frame.pc);
  const [from, to] = splitCommas(text, { places: true });
  const start = session.values.address(from);
  if (to === undefined) return functionAround(session, start);
  const end = to.startsWith('+') ? start + toInteger(await evaluated(session, to.slice(1))) : session.values.address(to);
  if (end < start) throw new DeetError('usage', 'The range ends before it begins.');
  return { name: undefined, parts: [{ start, end }] };
};

const disassembleCommand: Command = {
  name: 'disassemble',
  aliases: ['disas', 'disass'],
  group: 'look',
  usage: '[/mrs] [ADDRESS | START,END | START,+LENGTH]',
  about: 'Show the instructions of a function; /r with their bytes, /s or /m with source lines.',
  completes: ['location'],
  run: async ({ session, text, emit }) => {
    const match = /^(?:\/(\S*)\s*)?([\s\S]*)$/.exec(text.trim());
    const mode = modeOf(match?.[1] ?? '');
    const { name, parts } = await rangeOf(session, (match?.[2] ?? '').trim());
    let failure: { readonly error: DeetError; readonly at: Address } | undefined;
    const instructions = parts.flatMap((part) => {
      if (failure) return [];
      const length = Math.min(Number(part.end - part.start), mostBytes);
      if (length < Number(part.end - part.start))
        emit({ type: 'message', level: 'warning', text: `Only the first ${mostBytes} bytes are shown.` });
      const { instructions: plain, next, error } = instructionsOf(session, part.start, length);
      if (error) failure = { error, at: next };
      if (!/[ms]/.test(mode)) return plain;
      const placed = plain.map((each) => ({ ...each, ...lineAt(session, BigInt(each.address)) }));
      return mode.includes('s') ? inOrderOfCode(session, part, placed) : inOrderOfSource(session, part, placed);
    });
    if (failure && instructions.length === 0) throw failure.error;
    emit({
      type: 'disassembly',
      instructions,
      ...(name !== undefined && { function: name }),
      ranges: parts.map(({ start, end }) => ({ start: hex(start), end: hex(end) })),
      ...(mode !== '' && { mode }),
      ...(failure && { unreadable: hex(failure.at) }),
    });
    if (failure) throw failure.error;
  },
};

/** @throws DeetError `usage` */
const modeOf = (letters: string): string => {
  if (/[^mrs]/.test(letters))
    throw new DeetError('usage', 'Invalid disassembly modifier.', 'One of: /r (bytes), /s (source), /m (in the order of the source).');
  if (letters.includes('m') && letters.includes('s')) throw new DeetError('usage', 'Cannot specify both /m and /s.');
  return letters;
};

/** The instructions that begin in a range; the last may end behind it. */
const instructionsOf = (session: Session, start: Address, length: number): FoundInstructions => {
  const pc = selectedFrame(session)?.pc;
  const { memory } = session.context(selectedFrame(session));
  const symbolize = nameAt(session);
  const bytes = bytesFrom(memory, start, length + longestInstruction - 1);
  const instructions = disassemble(bytes, start, { syntax: syntaxOf(session), symbolize })
    .filter(({ address }) => address < start + BigInt(length))
    .map((each) => describe(each, pc, symbolize(each.address)));
  const next = u64(start + BigInt(Math.min(bytes.length, length)));
  return { instructions, next, ...(bytes.length < length && { error: errorAt(session, next) }) };
};

const lineAt = (session: Session, address: Address): { readonly line?: number; readonly file?: string } => {
  const loaded = session.imageAt(address);
  const row = loaded?.image.lineAt(toFile(loaded, address));
  return row && row.line > 0 ? { line: row.line, file: row.file.path } : {};
};

export const disassemblyCommands: readonly Command[] = [disassembleCommand];

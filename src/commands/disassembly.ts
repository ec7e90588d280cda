/** The group "look": machine code. */
import { fileAddress, hex, u64, type Address } from '../common/addresses.js';
import { DeetError } from '../common/errors.js';
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
import type { InstructionResult, Result } from './results.js';

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

/** As many bytes as there are from an address on, and no fewer than `least`. @throws DeetError `memory` */
const readSome = (session: Session, address: Address, most: number, least: number): Uint8Array => {
  const { memory } = session.context(selectedFrame(session));
  const bytes = bytesFrom(memory, address, most);
  return bytes.length >= least ? bytes : memory.read(address, least);
};

/** @throws DeetError `memory` */
export const instructionsAt = (
  session: Session,
  address: Address,
  count: number,
): { readonly instructions: InstructionResult[]; readonly next: Address } => {
  const instructions: InstructionResult[] = [];
  let next = address;
  const pc = selectedFrame(session)?.pc;
  const symbolize = nameAt(session);
  while (instructions.length < count) {
    const wanted = Math.min(count - instructions.length, 256);
    const bytes = readSome(session, next, wanted * longestInstruction, 1);
    const some = disassemble(bytes, next, { syntax: syntaxOf(session), symbolize }, wanted);
    if (some.length === 0) break;
    for (const each of some) instructions.push(describe(each, pc, symbolize(each.address)));
    const last = some[some.length - 1];
    next = u64(last.address + BigInt(last.length));
  }
  return { instructions, next };
};

/** The text of one instruction (`print/i`, `x/i`). */
export const instructionTextAt = (session: Session, address: Address): string =>
  instructionsAt(session, address, 1).instructions[0]?.text ?? '(bad)';

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
  const [from, to] = splitCommas(text);
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
    const instructions = parts.flatMap((part) => {
      const length = Math.min(Number(part.end - part.start), mostBytes);
      if (length < Number(part.end - part.start))
        emit({ type: 'message', level: 'warning', text: `Only the first ${mostBytes} bytes are shown.` });
      const plain = instructionsOf(session, part.start, length);
      if (!/[ms]/.test(mode)) return plain;
      const placed = plain.map((each) => ({ ...each, ...lineAt(session, BigInt(each.address)) }));
      return mode.includes('s') ? inOrderOfCode(session, part, placed) : inOrderOfSource(session, part, placed);
    });
    return {
      type: 'disassembly',
      instructions,
      ...(name !== undefined && { function: name }),
      ranges: parts.map(({ start, end }) => ({ start: hex(start), end: hex(end) })),
      ...(mode !== '' && { mode }),
    } satisfies Result;
  },
};

/** @throws DeetError `usage` */
const modeOf = (letters: string): string => {
  if (/[^mrs]/.test(letters))
    throw new DeetError('usage', 'Invalid disassembly modifier.', 'One of: /r (bytes), /s (source), /m (in the order of the source).');
  if (letters.includes('m') && letters.includes('s')) throw new DeetError('usage', 'Cannot specify both /m and /s.');
  return letters;
};

/** The instructions that begin in a range; the last may end behind it. @throws DeetError `memory` */
const instructionsOf = (session: Session, start: Address, length: number): InstructionResult[] => {
  const pc = selectedFrame(session)?.pc;
  const symbolize = nameAt(session);
  const bytes = readSome(session, start, length + longestInstruction - 1, length);
  return disassemble(bytes, start, { syntax: syntaxOf(session), symbolize })
    .filter(({ address }) => address < start + BigInt(length))
    .map((each) => describe(each, pc, symbolize(each.address)));
};

const lineAt = (session: Session, address: Address): { readonly line?: number; readonly file?: string } => {
  const loaded = session.imageAt(address);
  const row = loaded?.image.lineAt(toFile(loaded, address));
  return row && row.line > 0 ? { line: row.line, file: row.file.path } : {};
};

export const disassemblyCommands: readonly Command[] = [disassembleCommand];

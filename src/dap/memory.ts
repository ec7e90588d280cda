/** Memory and machine code. */
import { hex, type Address } from '../common/addresses.js';
import { DeetError } from '../common/errors.js';
import type { DebugProtocol as P } from '@vscode/debugprotocol';
import { decodeInstruction, disassemble, longestInstruction, type Instruction } from '../inferior/disassemble.js';
import { toFile } from '../inferior/images.js';
import type { Process } from '../inferior/process.js';
import { toClientLine } from './client.js';
import type { Debuggee } from './debuggee.js';
import type { Handlers } from './protocol.js';

const mostBytes = 16 * 1024 * 1024;
const mostInstructions = 10_000;

export const isReference = (text: string): boolean => /^(?:0x[0-9a-f]+|\d+)$/i.test(text);

/** @throws DeetError `protocol`. */
export const addressOf = (reference: string, offset = 0): Address => {
  if (!isReference(reference)) throw new DeetError('protocol', `"${reference}" is no memory reference.`);
  return BigInt.asUintN(64, BigInt(reference) + BigInt(Math.trunc(offset)));
};

/** Node reads whatever looks like Base64 and passes over the rest: what is no Base64 must not end in the program's memory. @throws DeetError `protocol` */
const bytesOf = (data: string): Buffer => {
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:==)?|[A-Za-z0-9+/]{3}=?)?$/.test(data))
    throw new DeetError('protocol', 'The data to write must be Base64.');
  return Buffer.from(data, 'base64');
};

const processOf = (debuggee: Debuggee): Process => {
  debuggee.focus();
  const process = debuggee.session.selectedThread()?.process ?? debuggee.processes()[0];
  if (!process?.alive) throw new DeetError('no-process', 'The program is not being run.');
  return process;
};

export const memoryHandlers = (target: () => Debuggee): Handlers => ({
  readMemory: (args) => {
    const address = addressOf(args.memoryReference, args.offset);
    const count = Math.min(Math.max(0, args.count), mostBytes);
    const bytes = count === 0 ? new Uint8Array() : processOf(target()).space.readAvailable(address, count);
    return {
      address: hex(address),
      ...(bytes.length > 0 && { data: Buffer.from(bytes).toString('base64') }),
      ...(bytes.length < count && { unreadableBytes: count - bytes.length }),
    };
  },

  writeMemory: (args) => {
    const debuggee = target();
    const address = addressOf(args.memoryReference, args.offset);
    const bytes = bytesOf(args.data);
    const { space } = processOf(debuggee);
    // All or nothing, unless part of it will do.
    const writable = args.allowPartial ? space.readAvailable(address, bytes.length).length : bytes.length;
    space.write(address, bytes.subarray(0, writable));
    debuggee.changed(address, writable);
    return { bytesWritten: writable };
  },

  disassemble: (args) => {
    const debuggee = target();
    const count = Math.min(Math.max(0, args.instructionCount), mostInstructions);
    const address = addressOf(args.memoryReference, args.offset);
    const code = new Code(processOf(debuggee), debuggee);
    return { instructions: code.window(address, Math.trunc(args.instructionOffset ?? 0), count) };
  },
});

/** Instructions around an address, forwards and backwards, however the client counts. */
class Code {
  constructor(
    private readonly process: Process,
    private readonly debuggee: Debuggee,
  ) {}

  window(address: Address, offset: number, count: number): P.DisassembledInstruction[] {
    const before = offset < 0 ? this.#before(address, -offset) : [];
    // Exactly so many are to come back; where there are none, the client gets what says so.
    const missing = offset < 0 ? Math.max(0, -offset - before.length) : 0;
    const skipped = Math.max(0, offset);
    const after = this.#from(address, skipped + Math.max(0, count - Math.max(0, -offset))).slice(skipped);
    const first = before[0]?.address ?? address;
    const padding = Array.from({ length: missing }, (_, index) => this.#invalid(first - BigInt(missing - index)));
    const list = [...padding, ...before.map((each) => this.#present(each)), ...after.map((each) => this.#present(each))].slice(0, count);
    while (list.length < count) {
      const last = list.at(-1);
      list.push(this.#invalid(last ? BigInt(last.address) + 1n : address));
    }
    return list;
  }

  #from(address: Address, count: number): Instruction[] {
    const bytes = this.process.space.readAvailable(address, count * longestInstruction);
    return disassemble(bytes, address, { syntax: this.#syntax, symbolize: (at) => this.#symbol(at) }, count);
  }

  get #syntax(): 'att' | 'intel' {
    return this.debuggee.session.settings.text('disassembly-flavor') === 'intel' ? 'intel' : 'att';
  }

  /** x86 code cannot be read backwards: it is read from the start of the function, or from as far back as makes it end here. */
  #before(address: Address, count: number): Instruction[] {
    const loaded = this.process.images.imageAt(address - 1n);
    const symbol = loaded?.image.symbolAt(toFile(loaded, address - 1n));
    const entry = loaded && symbol ? BigInt(symbol.address) + loaded.bias : undefined;
    const far = address - BigInt(count * longestInstruction);
    const start = entry !== undefined && entry < address ? entry : this.#synchronized(far < 0n ? 0n : far, address);
    const bytes = this.process.space.readAvailable(start, Number(address - start));
    const list = disassemble(bytes, start, { syntax: this.#syntax, symbolize: (at) => this.#symbol(at) });
    if (list.length >= count || start === 0n || list.length === 0) return list.slice(-count);
    return [...this.#before(start, count - list.length), ...list];
  }

  /** The first address from which on instructions end exactly at `address`. */
  #synchronized(from: Address, address: Address): Address {
    const bytes = this.process.space.readAvailable(from, Number(address - from));
    for (let start = 0; start < Math.min(bytes.length, longestInstruction); start++) {
      let at = start;
      while (at < bytes.length) at += decodeInstruction(bytes.subarray(at), from + BigInt(at))?.length ?? 1;
      if (at === bytes.length && BigInt(bytes.length) === address - from) return from + BigInt(start);
    }
    return address;
  }

  #symbol(address: Address): string | undefined {
    const loaded = this.process.images.imageAt(address);
    if (!loaded) return undefined;
    const at = toFile(loaded, address);
    const symbol = loaded.image.symbolAt(at);
    return symbol && (at === symbol.address ? symbol.name : `${symbol.name}+${at - symbol.address}`);
  }

  #invalid(address: Address): P.DisassembledInstruction {
    return { address: hex(BigInt.asUintN(64, address)), instruction: '??', presentationHint: 'invalid' };
  }

  #present(instruction: Instruction): P.DisassembledInstruction {
    const { address, bytes, text } = instruction;
    const { client, paths } = this.debuggee;
    const loaded = this.process.images.imageAt(address);
    const row = loaded?.image.lineAt(toFile(loaded, address));
    const source = row && row.line > 0 ? paths.source(row.file.path) : undefined;
    const symbol = this.#symbol(address);
    return {
      address: hex(address),
      instruction: text,
      instructionBytes: [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(' '),
      ...(symbol !== undefined && { symbol }),
      ...(source && row && { location: source, line: toClientLine(row.line, client.capabilities) }),
    };
  }
}

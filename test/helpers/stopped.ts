/**
 * A program under ptrace with nothing but the addon: for tests of what reads a stopped process, which must not depend on the
 * engine that they test.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hex, type Address } from '../../src/common/addresses.js';
import { DeetError } from '../../src/common/errors.js';
import type { MemoryReader } from '../../src/common/memory.js';
import type { ImageMap, LoadedImage } from '../../src/inferior/frame.js';
import { Stack, type StackOptions } from '../../src/inferior/frames.js';
import { readMaps } from '../../src/linux/proc.js';
import { Word } from '../../src/linux/registers.js';
import { native } from '../../src/native.js';
import type { SymbolImage } from '../../src/symbols/model.js';
import { openImage } from '../../src/symbols/open.js';
import { built } from './build.js';

const images = new Map<string, SymbolImage>();

const imageOf = (path: string): SymbolImage => {
  let image = images.get(path);
  // An empty list: gdb is told to read no separate debug files either.
  if (image === undefined) images.set(path, (image = openImage(path, { debugDirectories: [] })));
  return image;
};

interface Mapped extends LoadedImage {
  readonly low: bigint;
  readonly high: bigint;
}

export class Stopped implements MemoryReader, Disposable {
  readonly pid: number;
  private readonly descriptor: number;
  private readonly status = new Int32Array(2);
  private mapped: Mapped[] | undefined;
  /** The signal that the last stop was for; 0: the program is gone. */
  signal = 0;

  constructor(program: string, args: readonly string[] = []) {
    const result = native.launch({
      path: program,
      argv: [program, ...args],
      environment: [],
      redirections: [{ fd: 1, path: '/dev/null', flags: 1, mode: 0 }],
      processGroup: true,
      foreground: false,
      disableRandomization: true,
      trace: true,
    });
    if (!('pid' in result)) throw new Error(`launch: ${result.step} ${result.errno}`);
    this.pid = result.pid;
    this.wait();
    native.setOptions(this.pid, 0x100000); // PTRACE_O_EXITKILL
    this.descriptor = native.openMemory(this.pid);
  }

  private wait(): void {
    native.wait(this.pid, 0, this.status);
    this.signal = (this.status[1] & 0xff) === 0x7f ? (this.status[1] >> 8) & 0xff : 0;
  }

  read(address: Address, length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    const count = native.readAt(this.descriptor, address, bytes);
    if (count !== length) throw new DeetError('memory', `Cannot access memory at address ${hex(address)}`);
    return bytes;
  }

  get registers(): BigUint64Array {
    const registers = new BigUint64Array(27);
    native.getRegisters(this.pid, registers);
    return registers;
  }

  set registers(registers: BigUint64Array) {
    native.setRegisters(this.pid, registers);
  }

  get pc(): Address {
    return this.registers[Word.rip];
  }

  /** One instruction. */
  step(signal = 0): void {
    native.step(this.pid, signal);
    this.wait();
  }

  /** Runs until a signal, delivering another first. */
  go(signal = 0): void {
    native.cont(this.pid, signal);
    this.wait();
  }

  /** Runs to an address. Signals on the way are delivered. */
  runTo(address: Address): void {
    const [saved] = this.read(address, 1);
    native.writeAt(this.descriptor, address, Uint8Array.of(0xcc));
    let signal = 0;
    do {
      this.go(signal);
      signal = this.signal;
    } while (signal !== 0 && !(signal === 5 && this.pc === address + 1n));
    if (this.signal === 0) throw new Error(`the program ended before ${hex(address)}`);
    native.writeAt(this.descriptor, address, Uint8Array.of(saved));
    const registers = this.registers;
    registers[Word.rip] = address;
    this.registers = registers;
    this.mapped = undefined;
  }

  /** Runs to the entry of a function of the program; `offset` bytes behind it. */
  runToFunction(name: string, offset = 0): void {
    this.runTo(this.addressOf(name) + BigInt(offset));
  }

  addressOf(name: string): Address {
    for (const { image, bias } of this.images.all()) {
      const symbol = image.symbolsNamed(name).find(({ address }) => address !== 0);
      if (symbol !== undefined) return BigInt(symbol.address) + bias;
    }
    throw new Error(`no symbol ${name}`);
  }

  get images(): ImageMap {
    const mapped = (this.mapped ??= this.readImages());
    return { all: () => mapped, imageAt: (address) => mapped.find(({ low, high }) => address >= low && address < high) };
  }

  private readImages(): Mapped[] {
    const byPath = new Map<string, { low: bigint; high: bigint }>();
    for (const { path, start, end, inode } of readMaps(this.pid) ?? []) {
      if (!path || (inode === 0 && path !== '[vdso]')) continue;
      const known = byPath.get(path);
      byPath.set(path, { low: known?.low ?? start, high: end });
    }
    return [...byPath].map(([path, { low, high }]) => {
      const image = imageOf(path === '[vdso]' ? this.vdso(low, high) : path);
      return { image, bias: image.relocatable ? low - BigInt(image.span.low) : 0n, low, high };
    });
  }

  private vdso(low: bigint, high: bigint): string {
    const bytes = this.read(low, Number(high - low));
    const path = join(built, `vdso.${createHash('sha256').update(bytes).digest('hex').slice(0, 16)}.so`);
    // Other test files may have it mapped: it is never written a second time, nor seen half written.
    if (!existsSync(path)) {
      mkdirSync(built, { recursive: true });
      writeFileSync(`${path}.${process.pid}`, bytes);
      renameSync(`${path}.${process.pid}`, path);
    }
    return path;
  }

  stack(options: Partial<StackOptions> = {}): Stack {
    return new Stack({ registers: this.registers, memory: this, images: this.images, ...options });
  }

  [Symbol.dispose](): void {
    native.closeDescriptor(this.descriptor);
    if (this.signal === 0) return;
    native.kill(this.pid, 9);
    while (this.signal !== 0) this.wait();
  }
}

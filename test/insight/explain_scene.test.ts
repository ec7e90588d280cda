/** explain() on scenes made by hand: what a session may not know, and what no compiler produces. */
import fc from '../helpers/property.js';
import { describe, expect, it } from 'vitest';
import { DeetError } from '../../src/common/errors.js';
import type { CrashFrame, CrashScene, LocatedVariable } from '../../src/insight/crash.js';
import { explain } from '../../src/insight/explain.js';
import { parseMaps } from '../../src/linux/proc.js';
import { decodeSignalInfo } from '../../src/linux/siginfo.js';
import { signals } from '../../src/linux/signals.js';
import type { CType } from '../../src/symbols/types.js';

const text = 0x401000n;
const stack = 0x7ffe0000n;
const maps = parseMaps(`00401000-00402000 r-xp 00000000 fe:00 7 /home/me/a
00404000-00405000 rw-p 00003000 fe:00 7 /home/me/a
7ffe0000-7fff0000 rw-p 00000000 00:00 0 [stack]
`);

const int: CType = { kind: 'base', name: 'int', size: 4, encoding: 'signed' };
const pointerTo = (target: CType): CType => ({ kind: 'pointer', target, size: 8 });
const node: CType = {
  kind: 'struct',
  name: 'node',
  size: 16,
  members: () => [
    { name: 'x', type: int, offset: 0 },
    { name: 'next', type: pointerTo(node), offset: 8 },
  ],
  methods: () => [],
};

interface Setting {
  readonly code: readonly number[];
  /** Offset of the faulting instruction in the code. */
  readonly at?: number;
  readonly registers?: Readonly<Record<string, bigint>>;
  /** 64-bit words by address. */
  readonly words?: ReadonlyMap<bigint, bigint>;
  readonly variables?: readonly LocatedVariable[];
  readonly signal?: CrashScene['signal'];
}

const sceneOf = ({ code, at = 0, registers = {}, words = new Map(), variables = [], signal }: Setting): CrashScene => {
  const all: Record<string, bigint> = { rip: text + BigInt(at), rsp: stack + 0x8000n, rbp: stack + 0x8100n, ...registers };
  const frame: CrashFrame = {
    pc: text + BigInt(at),
    lookup: text + BigInt(at),
    functionName: 'f',
    functionStart: text,
    place: { file: '/home/me/a.c', line: 7 },
    image: '/home/me/a',
    cfa: stack + 0x8200n,
    inlined: false,
    register: (name) => all[name],
    variables: () => variables,
  };
  return {
    pid: 71,
    program: '/home/me/a',
    signal,
    memory: {
      read(address, length) {
        const offset = Number(address - text);
        if (offset >= 0 && offset + length <= code.length + 32)
          return Uint8Array.from({ length }, (_, index) => code[offset + index] ?? 0x90);
        const word = words.get(address);
        if (word === undefined || length > 8) throw new DeetError('memory', 'Cannot access memory');
        return new Uint8Array(new BigUint64Array([word]).buffer).slice(0, length);
      },
    },
    register: (name) => all[name],
    frames: () => [frame],
    maps: () => maps,
    symbolAt: () => undefined,
    symbolNamed: () => undefined,
  };
};

const signal = (number: number, code: number, address = 0n): CrashScene['signal'] => {
  const bytes = new DataView(new ArrayBuffer(128));
  bytes.setInt32(0, number, true);
  bytes.setInt32(8, code, true);
  bytes.setBigUint64(16, address, true);
  return decodeSignalInfo(new Uint8Array(bytes.buffer));
};

const local = (name: string, type: CType, offset: bigint): LocatedVariable => ({
  name,
  type,
  location: { kind: 'memory', address: stack + 0x8100n + offset },
});

describe('explain, by hand', () => {
  it('follows loads, sums and indices backwards', () => {
    // mov -8(%rbp),%rax; mov 8(%rax),%rax; movl $1,(%rax)
    const code = [0x48, 0x8b, 0x45, 0xf8, 0x48, 0x8b, 0x40, 0x08, 0xc7, 0x00, 1, 0, 0, 0];
    const words = new Map([
      [stack + 0x80f8n, 0x404010n],
      [0x404018n, 0n],
    ]);
    const explanation = explain(
      sceneOf({ code, at: 8, words, registers: { rax: 0n }, variables: [local('p', pointerTo(node), -8n)], signal: signal(11, 1) }),
    );
    expect(explanation).toMatchObject({
      cause: 'null-pointer',
      expression: 'p->next->x',
      text: 'f writes 4 bytes to `p->next->x` (address 0x0), but `p->next` is NULL.',
    });
  });

  it('does not name a pointer whose memory has changed since it was read', () => {
    const code = [0x48, 0x8b, 0x45, 0xf8, 0xc7, 0x00, 1, 0, 0, 0];
    const words = new Map([[stack + 0x80f8n, 0x404010n]]);
    const explanation = explain(
      sceneOf({ code, at: 4, words, registers: { rax: 0n }, variables: [local('p', pointerTo(int), -8n)], signal: signal(11, 1) }),
    );
    expect(explanation.cause).toBe('null-pointer');
    expect(explanation).not.toHaveProperty('expression');
  });

  it('names a pointer that lives in a register', () => {
    const p: LocatedVariable = { name: 'p', type: pointerTo(node), location: { kind: 'register', register: 3 } };
    const explanation = explain(
      sceneOf({ code: [0x48, 0x8b, 0x43, 0x08], registers: { rbx: 0n }, variables: [p], signal: signal(11, 1, 8n) }),
    );
    expect(explanation).toMatchObject({ cause: 'null-pointer', expression: 'p->next', access: 'read', size: 8 });
  });

  it('tells the sender of a signal, and Ctrl-C apart from a crash', () => {
    const sent = { signal: 15, signalName: 'SIGTERM', errno: 0, code: 0, codeName: 'SI_USER', fromKernel: false, pid: 99, uid: 0 };
    expect(explain(sceneOf({ code: [], signal: sent })).text).toBe(
      'SIGTERM was sent by process 99; the program itself did nothing wrong here.',
    );
    expect(explain({ ...sceneOf({ code: [], signal: sent }), processName: () => 'bash' }).text).toContain('process 99 (bash)');
    expect(explain(sceneOf({ code: [], signal: signal(2, 0x80) }))).toMatchObject({
      cause: 'signal',
      text: 'Ctrl-C was pressed (SIGINT); the program was in f at /home/me/a.c:7.',
    });
  });

  it('answers whatever the registers, the code and the signal are', () => {
    const registers = ['rax', 'rbx', 'rcx', 'rdx', 'rsi', 'rdi', 'rbp', 'rsp', 'rip', 'orig_rax'];
    const value = fc.oneof(
      fc.bigInt({ min: 0n, max: 0xffffffffffffffffn }),
      fc.constantFrom(0n, text, stack + 0x8000n, 0x404010n, 0xffffffffffffffffn),
    );
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 255 }), { minLength: 1, maxLength: 60 }),
        fc.nat(59),
        fc.tuple(...registers.map(() => value)),
        fc.constantFrom(...signals.map(({ number }) => number)),
        fc.constantFrom(1, 2, 0x80, 0, -6),
        value,
        (code, at, values, number, kind, address) => {
          const named = Object.fromEntries(registers.map((name, index) => [name, values[index] ?? 0n]));
          const explanation = explain(
            sceneOf({
              code,
              at: Math.min(at, code.length - 1),
              registers: named,
              variables: [local('p', pointerTo(node), -8n)],
              signal: signal(number, kind, address),
            }),
          );
          expect(explanation.text).toMatch(/\.$|\?$/);
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('answers for a thread of which nothing can be read', () => {
    const nothing: CrashScene = {
      pid: 71,
      program: '/home/me/a',
      signal: signal(11, 1, 0n),
      memory: {
        read() {
          throw new DeetError('memory', 'Cannot access memory');
        },
      },
      register: () => undefined,
      frames: () => [],
      maps: () => [],
      symbolAt: () => undefined,
      symbolNamed: () => undefined,
    };
    for (const { number } of signals) expect(explain({ ...nothing, signal: signal(number, 1, 0n) }).text).toMatch(/\.$/);
  });
});

/** A made-up program: a stretch of memory with variables in it, for tests that need no process. */
import { hex } from '../../src/common/addresses.js';
import { DeetError } from '../../src/common/errors.js';
import * as c from '../../src/language/c-types.js';
import type { CallRequest, EvaluationContext, Meaning } from '../../src/language/context.js';
import { evaluate, evaluateNow } from '../../src/language/evaluate.js';
import { formatValue, type FormatOptions } from '../../src/language/format.js';
import { variableStore } from '../../src/language/frame-context.js';
import { parseExpression } from '../../src/language/parser.js';
import type { Memory } from '../../src/language/place.js';
import { DEFAULT_SETTINGS, type PrintSettings } from '../../src/language/settings.js';
import { Value } from '../../src/language/value.js';
import type { CType, Member, StructType } from '../../src/symbols/types.js';

export const struct = (
  name: string | undefined,
  size: number | undefined,
  members: readonly Member[],
  kind: StructType['kind'] = 'struct',
): StructType => ({
  kind,
  name,
  size,
  members: () => members,
  methods: () => [],
});

const node: StructType = struct('node', 16, [
  { name: 'value', type: c.INT, offset: 0 },
  { name: 'next', type: { kind: 'pointer', size: 8, target: { kind: 'typedef', name: 'node_t', get target() { return node; } } }, offset: 8 },
]); // prettier-ignore
export const NODE = node;

const bits = struct('bits', 4, [
  { name: 'low', type: c.UNSIGNED_INT, offset: 0, bitSize: 3, bitOffset: 0 },
  { name: 'across', type: c.INT, offset: 0, bitSize: 10, bitOffset: 3 },
  { name: 'high', type: c.UNSIGNED_INT, offset: 2, bitSize: 2, bitOffset: 6 },
]);

const START = 0x1000n;
const SIZE = 0x1000;

export class MadeUp implements Memory {
  readonly bytes = new Uint8Array(SIZE);
  /** Every read as [address, length]. */
  readonly reads: [bigint, number][] = [];
  readonly variables = new Map<string, Meaning>();
  readonly registers = new Map<string, Uint8Array>();
  readonly values: Value[] = [];
  readonly warnings: string[] = [];
  readonly #store = variableStore();
  #next = 0;

  read(address: bigint, length: number): Uint8Array {
    this.reads.push([address, length]);
    const at = Number(address - START);
    if (at < 0 || at + length > SIZE) throw new DeetError('memory', `Cannot access memory at address ${hex(address)}`);
    return this.bytes.slice(at, at + length);
  }

  write(address: bigint, bytes: Uint8Array): void {
    const at = Number(address - START);
    if (at < 0 || at + bytes.length > SIZE) throw new DeetError('memory', `Cannot access memory at address ${hex(address)}`);
    this.bytes.set(bytes, at);
  }

  /** Places a variable in memory. Returns its address. */
  put(name: string, type: CType, bytes: readonly number[] | Uint8Array): bigint {
    this.#next = (this.#next + 15) & ~15;
    const at = this.#next;
    this.bytes.set(bytes, at);
    this.#next += Math.max(bytes.length, 1);
    const address = START + BigInt(at);
    this.variables.set(name, { kind: 'value', value: Value.at(type, this, address) });
    return address;
  }

  /** A variable somewhere that need not exist. */
  at(name: string, type: CType, address: bigint): void {
    this.variables.set(name, { kind: 'value', value: Value.at(type, this, address) });
  }

  context(settings: Partial<PrintSettings> = {}, language: 'c' | 'c++' = 'c'): EvaluationContext {
    const type = (name: string, tag?: string): CType | undefined => {
      const known: Record<string, CType> = {
        'struct node': node,
        node_t: { kind: 'typedef', name: 'node_t', target: node },
        'struct bits': bits,
      };
      return known[tag ? `${tag} ${name}` : name];
    };
    return {
      language,
      memory: this,
      names: {
        isType: (name) => type(name) !== undefined,
        local: (name) => this.variables.get(name),
        atEntry: () => undefined,
        global: () => undefined,
        scoped: (where, name) => this.variables.get([...where.path, name].join('::')),
        overloads: () => [],
        codeOf: () => undefined,
        type,
        macro: () => undefined,
        suggestions: () => this.variables.keys(),
      },
      registers: {
        read: (name) => this.registers.get(name),
        write: (name, bytes) => void this.registers.set(name, bytes),
      },
      history: { length: this.values.length, at: (number) => this.values[number - 1] },
      variables: this.#store,
      settings: { ...DEFAULT_SETTINGS, ...settings },
      symbolAt: () => undefined,
      warn: (message) => void this.warnings.push(message),
    };
  }

  value(text: string, language?: 'c' | 'c++'): Value {
    const context = this.context({}, language);
    return evaluateNow(parseExpression(text, context.names), context);
  }

  print(text: string, options: FormatOptions = {}): string {
    const context = this.context(options.settings);
    return formatValue(evaluateNow(parseExpression(text, context.names), context), context, options);
  }

  /** Evaluates with calls answered by a function. */
  calling(text: string, answer: (request: CallRequest) => Value): Value {
    const context = this.context();
    const evaluation = evaluate(parseExpression(text, context.names), context);
    let step = evaluation.next();
    while (!step.done) step = evaluation.next(answer(step.value));
    return step.value;
  }
}

/** Little-endian bytes of 32-bit integers. */
export const ints = (...values: number[]): Uint8Array => new Uint8Array(Int32Array.from(values).buffer);
export const longs = (...values: bigint[]): Uint8Array => new Uint8Array(BigInt64Array.from(values).buffer);
export const text = (string: string, size: number): Uint8Array => {
  const bytes = new Uint8Array(size);
  bytes.set(new TextEncoder().encode(string));
  return bytes;
};

/** Everything that evaluation and formatting should know how to treat, in one small world. */
export const zoo = (): MadeUp => {
  const world = new MadeUp();
  world.put('i', c.INT, ints(7));
  world.put('c', c.CHAR, [65]);
  world.put('array', c.arrayOf(c.INT, 4), ints(1, 2, 3, 4));
  world.put('name', c.arrayOf(c.CHAR, 8), text('abc', 8));
  const second = world.put('second', node, [...ints(2, 0), ...longs(0n)]);
  const first = world.put('first', node, [...ints(1, 0), ...longs(second)]);
  world.put('list', c.pointerTo(node), longs(first));
  world.put('bits', bits, [0, 0, 0, 0]);
  const string = world.put('storage', c.arrayOf(c.CHAR, 6), text('hello', 6));
  world.put('string', c.pointerTo(c.CHAR), longs(string));
  world.put('null', c.pointerTo(c.INT), longs(0n));
  world.put('wild', c.pointerTo(node), longs(0x10n));
  const add: CType = {
    kind: 'function',
    returns: c.INT,
    parameters: [{ type: c.INT }, { type: c.DOUBLE }],
    varargs: false,
    prototyped: true,
  };
  world.at('add', add, 0x401000n);
  world.at(
    'printf',
    { kind: 'function', returns: c.INT, parameters: [{ type: c.pointerTo(c.CHAR) }], varargs: true, prototyped: true },
    0x402000n,
  );
  world.at('mystery', c.UNKNOWN_FUNCTION, 0x403000n);
  world.at('huge', c.arrayOf(c.INT, 2 ** 32), 0x1000n);
  world.registers.set('rax', longs(0x1122334455667788n));
  world.registers.set('rip', longs(0x401000n));
  world.registers.set('eflags', longs(0x246n));
  return world;
};

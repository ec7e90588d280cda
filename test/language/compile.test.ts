/** Compiled conditions say what the evaluator says: over a made-up program and in real frames, where names become places. */
import fc from '../helpers/property.js';
import { describe, expect, it } from 'vitest';
import { DeetError } from '../../src/common/errors.js';
import { compileCondition } from '../../src/language/compile.js';
import type { EvaluationContext } from '../../src/language/context.js';
import { conditionHolds } from '../../src/language/evaluate.js';
import { lowerCondition } from '../../src/language/lower.js';
import { parseExpression } from '../../src/language/parser.js';
import { compareFloats, type FloatObject } from '../../src/language/lower-floats.js';
import { conditionInProgram } from '../../src/language/machine-code.js';
import { compileCode, constant, type Code, type Compiled, type Machine } from '../../src/language/simple-code.js';
import { dwarfToWord } from '../../src/linux/registers.js';
import { openImage } from '../../src/symbols/open.js';
import { fixture, lineOf, type Variant } from '../helpers/build.js';
import { Stopped } from '../helpers/stopped.js';
import { stoppedContext } from './oracle.js';
import { zoo } from './world.js';

type Answer = boolean | 'error' | 'not simple' | 'left to the evaluator';

const orError = (test: () => boolean): Answer => {
  try {
    return test();
  } catch (error) {
    if (error instanceof DeetError) return 'error';
    throw error;
  }
};

const evaluated = (text: string, context: EvaluationContext): Answer =>
  orError(() => conditionHolds(parseExpression(text, context.names), context));

const run = (test: Compiled | undefined, machine: Machine): Answer => {
  if (!test) return 'not simple';
  const answer = orError(() => test(machine) !== 0n);
  return answer === 'error' ? 'left to the evaluator' : answer;
};

const number = (bytes: Uint8Array): bigint => bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);

describe('over a made-up program', () => {
  const world = zoo();
  const context = world.context();
  const machine: Machine = {
    register: (register) => (register === 0 ? 0x1122334455667788n : 0x401000n),
    load: (address, size) => number(world.read(address, size)),
  };
  const compiled = (text: string): Answer => {
    const code = lowerCondition(parseExpression(text, context.names), context);
    return run(code && compileCode(code), machine);
  };

  const names = ['i', 'c', 'array', 'array[2]', 'name', 'first', 'first.value', 'list', 'list->next', 'list->next->value', 'bits.low', 'bits.across', 'bits.high', 'string', '*string', 'null', 'wild', 'add', 'huge', '$rax', '$eax', '$ah', '$rip', 'mystery', '0', '1', '-5L', "'a'", '0x80000000', '4294967295u', '18446744073709551615ul', '63', '2.5', '"s"', '$x', 'true', 'sizeof (int)']; // prettier-ignore
  const { expression } = fc.letrec<{ expression: string }>((tie) => ({
    expression: fc.oneof(
      { maxDepth: 4, depthSize: 'medium' },
      fc.constantFrom(...names),
      fc
        .tuple(tie('expression'), fc.constantFrom(...'+ - * / % << >> & | ^ && || == != < > <= >= , = @'.split(' ')), tie('expression'))
        .map(([a, o, b]) => `(${a}) ${o} (${b})`),
      fc
        .tuple(
          fc.constantFrom('-', '+', '!', '~', '*', '&', 'sizeof ', '(char) ', '(unsigned short) ', '(long) ', '(_Bool) ', '(struct node *) ', '(int *) ', '(double) '), // prettier-ignore
          tie('expression'),
        )
        .map(([o, a]) => `${o}(${a})`),
      fc.tuple(tie('expression'), fc.constantFrom('.value', '->next', '[1]', '[-1]', '.nosuch')).map(([a, o]) => `(${a})${o}`),
      fc.tuple(tie('expression'), tie('expression')).map(([a, b]) => `(${a})[${b}]`),
    ),
  }));

  it('whatever is compiled gives the same truth, and no error of the evaluator is lost', () => {
    let simple = 0;
    fc.assert(
      fc.property(expression, (text) => {
        if (orError(() => parseExpression(text, context.names) !== undefined) === 'error') return;
        world.bytes.set(zoo().bytes); // what an assignment has changed
        const ours = compiled(text);
        if (ours === 'not simple' || ours === 'left to the evaluator') return;
        simple++;
        expect(ours, text).toBe(evaluated(text, context));
      }),
      { numRuns: 6000 },
    );
    expect(simple).toBeGreaterThan(1000);
  });

  it.each([
    'i == -1',
    'i * 3 + 1 == 22 && c == 65',
    'array[i - 4] == 4',
    'list->next->value == 2',
    'bits.across < 0 || !bits.low',
    '&array[3] - array == 3',
    '(unsigned char) -1 == 255',
    '$eax == 0x55667788',
    '$ah != 0x77',
    'string[1] == 101',
    '*(int *) string != 0',
    '(i << 2 >> 1 ^ 3) % 5 == ~-i',
  ])('%s is simple', (text) => {
    expect(compiled(text)).toBe(evaluated(text, context));
  });

  it.each([
    'i = 3',
    'add(1, 2)',
    '2.5 > 1',
    'strcmp(string, name) == 0',
    '$x == 1',
    'i / (i - 7)',
    'wild->value == 0',
    'i << c',
    'nosuch == 1',
  ])('%s is the evaluator’s', (text) => expect(['not simple', 'left to the evaluator']).toContain(compiled(text)));
});

describe('floating-point numbers are compared by their bits', () => {
  const operators = ['==', '!=', '<', '>', '<=', '>='] as const;
  const special = fc.constantFrom(
    0,
    -0,
    1,
    -1,
    0.1,
    Infinity,
    -Infinity,
    NaN,
    5e-324,
    -5e-324,
    1.4e-45,
    3.4028234663852886e38,
    1e39,
    -1e39,
  );
  const numbers = fc.oneof(special, fc.double(), fc.float());
  const holds = { '==': (a: number, b: number) => a === b, '!=': (a: number, b: number) => a !== b, '<': (a: number, b: number) => a < b, '>': (a: number, b: number) => a > b, '<=': (a: number, b: number) => a <= b, '>=': (a: number, b: number) => a >= b }; // prettier-ignore
  const bytes = new DataView(new ArrayBuffer(16));
  const machine: Machine = {
    register: () => 0n,
    load: (address, size) => (size === 4 ? BigInt(bytes.getUint32(Number(address), true)) : bytes.getBigUint64(Number(address), true)),
  };
  const put = (at: 0 | 8, value: number, size: 4 | 8): number => {
    if (size === 8) bytes.setFloat64(at, value, true);
    else bytes.setFloat32(at, value, true);
    return size === 8 ? value : Math.fround(value);
  };
  const object = (at: 0 | 8, size: 4 | 8): FloatObject => ({
    size,
    bits: { kind: 'extend', of: { kind: 'load', address: { kind: 'constant', value: BigInt(at) }, size }, bits: size * 8, signed: true },
  });

  it('as the processor compares them', () => {
    fc.assert(
      fc.property(numbers, numbers, fc.constantFrom(...operators), fc.constantFrom<4 | 8>(4, 8), (a, b, operator, size) => {
        const [x, y] = [put(0, a, size), put(8, b, size)];
        const said = (code: Code | undefined): bigint | undefined => code && compileCode(code)(machine);
        const answers = [
          said(compareFloats(operator, object(0, size), object(8, size))),
          said(compareFloats(operator, object(0, size), b)),
          said(compareFloats(operator, a, object(8, size))),
        ];
        expect(answers).toEqual([holds[operator](x, y), holds[operator](x, b), holds[operator](a, y)].map((each) => (each ? 1n : 0n)));
        expect(conditionInProgram(compareFloats(operator, object(0, size), b) ?? constant(0n))).toBeDefined();
      }),
      { numRuns: 3000 },
    );
  });
});

/** Every variable and every way to it, in a stopped program. */
const conditions = {
  'types.c': [
    'n == 4', 'm == n - 1', 'n + m == 7', 'zoo.i == -1', 'zoo.i < 0', 'zoo.c == 97', 'zoo.uc > 200', 'zoo.us == 65535', 'zoo.ul > 5', 'zoo.ll < 0', 'zoo.yes',
    '!zoo.no', 'zoo.color == BLUE', 'zoo.flags == 5', 'zoo.negative < 0', '*zoo.pointer == 42', '**zoo.pointer_to_pointer == 42', 'zoo.nothing == 0',
    'zoo.string[0] == 116', 'zoo.text[1] == 104', 'zoo.array[n - 1] > 0', 'zoo.matrix[1][m - 1] == 6', 'zoo.list->next->next->value == 3',
    'zoo.bits.minus < 0', 'zoo.bits.far > 1', 'zoo.bits.flag', 'zoo.bits.color == 5', 'zoo.number.bytes[1] == 0', 'zoo.packed.i == 2', 'zoo.list == &first',
    'zoo.function == add', 'zoo.f > 1.25', 'zoo.d != 0.1', '-3 <= zoo.d', 'zoo.infinite > zoo.f', 'zoo.not_a_number == zoo.not_a_number', 'zoo.negative_zero >= 0',
    '$_streq(zoo.string, "the")', '!$_streq(zoo.text, "x") && $_streq("", zoo.string + 1) == 0', 'zoo.anonymous.inner.y != 0', 'zoo.overlaid == 1', '&zoo.array[3] - zoo.array == 3', 'zoo.size * 2 > zoo.difference',
    '(char) zoo.i == -1', '$rsp < $rbp', '$sp != 0', 'kept == 1', 'target == 42', 'sizeof zoo > 100', 'in_register == 1', 'first.value + second.value == 3',
  ],
  'classes.cc': ['this != 0', 'side == 4', 'corner.y < 0', 'id > 0', 'this->side * 2 == 8', 'local == 16', 'counter != 7', '$rip != 0'],
}; // prettier-ignore

describe.each([
  ['types.c', '// here', ['plain', 'O2', 'clang', 'dwarf4', 'pie']],
  ['classes.cc', '// area', ['plain']],
] as const)('in a frame of %s', (source, mark, variants) => {
  it.each(variants)('%s', (variant: Variant) => {
    const program = fixture(source.replace(/\..*/, ''), variant);
    const image = openImage(program, { debugDirectories: [] });
    const [file] = image.filesMatching(source);
    const [place] = image.locationsOf(file, lineOf(source, mark));
    using stopped = new Stopped(program);
    stopped.runTo(BigInt(place.address) + (image.relocatable ? stopped.images.all()[0].bias : 0n));
    const frame = stopped.stack().frame(0);
    if (!frame) throw new Error('no frame');
    const context = stoppedContext(stopped);
    const machine: Machine = {
      register: (register) => stopped.registers[dwarfToWord[register]],
      load: (address, size) => number(stopped.read(address, size)),
    };
    const answers = conditions[source].map((text) => {
      const test = compileCondition(parseExpression(text, context.names), frame, stopped.images, context);
      return { text, compiled: run(test, machine), evaluated: evaluated(text, context) };
    });
    const simple = answers.filter(({ compiled }) => typeof compiled === 'boolean');
    expect(simple.filter(({ compiled, evaluated: truth }) => compiled !== truth)).toEqual([]);
    // At -O2 some variables are gone or in pieces; otherwise all of these must be simple.
    const missing = answers.filter(({ compiled }) => typeof compiled !== 'boolean').map(({ text }) => text);
    if (variant === 'O2') expect(simple.length).toBeGreaterThan(30);
    else expect(missing).toEqual([]);
  });
});

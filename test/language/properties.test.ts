/** Whatever is typed: an answer or a complaint, soon, and never anything else. */
import fc from '../helpers/property.js';
import { expect, it } from 'vitest';
import { DeetError } from '../../src/common/errors.js';
import { typeOf } from '../../src/language/evaluate.js';
import { parseFormat } from '../../src/language/command-format.js';
import { parseExpression } from '../../src/language/parser.js';
import { echoText, parsePrintf, runPrintf } from '../../src/language/printf.js';
import { ptype } from '../../src/language/print-type.js';
import { letterOf } from '../../src/language/format-letter.js';
import { zoo } from './world.js';

const orComplaint = (action: () => unknown, what: string): void => {
  try {
    action();
  } catch (error) {
    if (!(error instanceof DeetError)) throw new Error(`${what}: ${String(error)}`, { cause: error });
  }
};

const words =
  'i c array name first second list bits string null wild add huge nosuch node_t struct node int char unsigned long double const sizeof ' +
  '$x $rax $ $$ $1 0 1 -1 2147483647 0xffffffffffffffff 1.5 1e308 1e-400L \'a\' "abc" L"x" value next low across ' +
  '+ - * / % << >> & | ^ ~ ! && || == != < > <= >= = += -= <<= ? : , . -> [ ] ( ) { } @ ++ -- :: & * ( )';
const soup = fc.array(fc.constantFrom(...words.split(' ')), { maxLength: 14 }).map((list) => list.join(' '));

/** Expressions that mostly parse. */
const { sensible } = fc.letrec<{ sensible: string }>((tie) => ({
  sensible: fc.oneof(
    { maxDepth: 5, depthSize: 'medium' },
    fc.constantFrom(
      'i',
      'c',
      'array',
      'name',
      'first',
      'list',
      'bits.across',
      'string',
      '1',
      '0',
      '-5L',
      '2.5',
      "'a'",
      '"s"',
      '$x',
      '0x80000000',
      'wild',
      'huge',
      '$eax',
    ),
    fc
      .tuple(tie('sensible'), fc.constantFrom(...'+ - * / % << >> & | ^ && || == < >= , = += @'.split(' ')), tie('sensible'))
      .map(([a, o, b]) => `(${a}) ${o} (${b})`),
    fc
      .tuple(
        fc.constantFrom(
          '-',
          '+',
          '!',
          '~',
          '*',
          '&',
          'sizeof ',
          '++',
          '(char) ',
          '(struct node *) ',
          '(unsigned char[4]) ',
          '{long} ',
          '(double) ',
        ),
        tie('sensible'),
      )
      .map(([o, a]) => `${o}(${a})`),
    fc.tuple(tie('sensible'), fc.constantFrom('.value', '->next', '[1]', '[-1]', '++', '--', '.nosuch')).map(([a, o]) => `(${a})${o}`),
    fc.tuple(tie('sensible'), tie('sensible'), tie('sensible')).map(([a, b, d]) => `(${a}) ? (${b}) : (${d})`),
  ),
}));

const run = (text: string): void => {
  const world = zoo();
  for (const letter of [undefined, 'x', 'c'] as const) orComplaint(() => world.print(text, letter ? { letter } : {}), text);
  const context = world.context();
  orComplaint(() => ptype(typeOf(parseExpression(text, context.names), context)), `ptype ${text}`);
};

it('arbitrary text', () => {
  fc.assert(fc.property(fc.oneof(fc.string({ maxLength: 60 }), fc.string({ unit: 'binary', maxLength: 30 })), run), { numRuns: 500 });
});

it('arbitrary tokens', () => {
  fc.assert(fc.property(soup, run), { numRuns: 800 });
});

it('expressions that make sense', () => {
  fc.assert(fc.property(sensible, run), { numRuns: 800 });
});

it('reading types and values changes nothing', () => {
  fc.assert(
    fc.property(sensible, (text) => {
      const world = zoo();
      const before = Uint8Array.from(world.bytes);
      const context = world.context();
      orComplaint(() => typeOf(parseExpression(text, context.names), context), text);
      expect(Buffer.compare(world.bytes, before)).toBe(0);
      expect(world.reads).toEqual([]);
    }),
    { numRuns: 300 },
  );
});

it('formats, printf and echo', () => {
  const context = zoo().context();
  fc.assert(
    fc.property(fc.string({ maxLength: 40 }), (text) => {
      orComplaint(() => parseFormat(text), text);
      orComplaint(() => letterOf(text), text);
      orComplaint(() => echoText(text), text);
      orComplaint(() => runPrintf(parsePrintf(`"${text}", i, string, 1.5`, context), context).next(), text);
      orComplaint(() => runPrintf(parsePrintf(`"%${text}", i`, context), context).next(), text);
    }),
    { numRuns: 300 },
  );
});

it('no length of text takes long', () => {
  for (const unit of [
    '1+',
    '(',
    'a.',
    '*',
    '-',
    '"',
    "'",
    'a::',
    '[',
    '{',
    '1,',
    '?',
    '$',
    '\\',
    'x.c',
    '+a',
    '(int)',
    'sizeof ',
    'int*',
    '0x',
    '1e',
  ]) {
    run(unit.repeat(Math.floor(30_000 / unit.length)));
  }
});

/** C++ expressions at the prompt: which of several functions is called, what objects become where no object can be, and which of several things a name means. */
import { describe, expect, it } from 'vitest';
import { fixture, lineOf, type Variant } from '../helpers/build.js';
import { leakGuard } from '../helpers/leaks.js';
import { commands, run } from './cli.js';
import { answersIn, marked } from './marked.js';

leakGuard();

const line = lineOf('cxx_calls.cc', '// calls');

const said = async (list: readonly string[], variant: Variant = 'plain'): Promise<string[]> => {
  const typed = [`break ${line}`, 'run', ...marked(list)];
  const { stdout } = await run(['--batch', ...commands(...typed), fixture('cxx_calls', variant)], { shell: 'exec "$@" 2>&1' });
  return answersIn(stdout).map((answer) => answer.replace(/^\$\d+ = /, '').replace(/0x[0-9a-f]+/g, 'ADDRESS'));
};

const beside = async (known: readonly (readonly [string, string])[], variant?: Variant, command = 'print'): Promise<void> => {
  const texts = await said(
    known.map(([text]) => `${command} ${text}`),
    variant,
  );
  expect(known.map(([text], index) => [text, texts[index]])).toEqual(known);
};

describe.each(['plain', 'clang'] as const)('%s', (variant) => {
  it('calls the function that the program would', () =>
    beside(
      [
        ['chosen.by()', '111'],
        ['constant.by()', '222'],
        ['reached.by()', '111'],
        ['seen.by()', '222'],
        ['chosen.of(i)', '1'],
        ['chosen.of(ci)', '2'],
        ['chosen.of(3)', '3'],
        ['chosen.text("a")', '1'],
        ['chosen.text(text)', '2'],
        ['size(1)', '1'],
        ['size(1L)', '1'],
        ['size(2.0f)', '2'],
        ['size("x")', '3'],
        ["size((unsigned char) 'x')", '4'],
        ['object.who()', '30'],
        ['object.First::who()', '10'],
        ['object.Second::who()', '20'],
        ['pointer->turned()', '300'],
        ['object.First::turned()', '100'],
        ['pointer->First::turned()', '100'],
        ['object.Second::turned()', '200'],
        ['shortcut::plus_one(1)', '2'],
      ],
      variant,
    ));

  it('passes temporary objects by reference', () =>
    beside(
      [
        ['twice(3)', '6'],
        ['twice(i)', '10'],
        ['twice(2.5)', '4'],
        ['thrice(4)', '12'],
        ['rounded(2.5)', '2'],
        ['rounded(i)', '5'],
        ['biggest(3, 4)', '4'],
        ['biggest<int>(3, i)', '5'],
      ],
      variant,
    ));

  it('calls operators behind their operand, and those that are usually no functions', () =>
    beside(
      [
        ['chosen++', '8'],
        ['++chosen', '7'],
        ['chosen--', '9'],
        ['--chosen', 'Structure has no component named operator--.'],
        ['chosen || 3', 'true'],
        ['chosen || 4', 'false'],
        ['chosen && 4', 'true'],
        ['object++', 'Structure has no component named operator++.'],
      ],
      variant,
    ));

  it('converts objects as their classes say', () =>
    beside(
      [
        ['(double) degrees', '36.5'],
        ['static_cast<double>(degrees)', '36.5'],
        ['(int) degrees', '36'],
        ['degrees + 1', '37.5'],
        ['degrees > 36', 'true'],
        ['-degrees', '-36.5'],
        ['!degrees', 'false'],
        ['degrees && i == 5', 'true'],
        ['degrees ? 1 : 2', '1'],
        ['(int) count', '5'],
        ['(double) count', '36.5'],
        ['i = (int) count + 1', '6'],
        ['object + 1', 'Structure has no component named operator+.'],
        ['(int) object', 'Invalid cast.'],
      ],
      variant,
    ));

  it('finds what is named in full before what is inside of something', () =>
    beside(
      [
        ['*(both *) &i', '{of_all = 5}'],
        ['*(outer::both *) &i', '{of_outer = 5}'],
        ['sizeof(only)', '4'],
        ['red', 'red'],
        ['outer::red', 'outer::red'],
        ['red + 0', '9'],
        ['hidden_one', 'outer::(anonymous namespace)::hidden_one'],
        ['outer::hidden_one + 1', '2'],
        ['outer::Closed::closed_one', 'outer::(anonymous namespace)::Closed::closed_one'],
        ['(outer::Hidden) 1', 'outer::(anonymous namespace)::hidden_one'],
        ['of_nothing', '(anonymous namespace)::of_nothing'],
        ['::of_nothing + 1', '12'],
      ],
      variant,
    ));

  it('knows the constants of enumerations that functions declare', () =>
    beside(
      [
        ['seven_local', 'seven_local'],
        ['one_local + 1', '2'],
        ['nameless + 0', '6'],
        ['third', 'closed::third'],
        ['closed::third', 'closed::third'],
        ['third == closed::third', 'true'],
      ],
      variant,
    ));

  it('needs no object for a type', () =>
    beside(
      [
        ['nowhere->rooted', 'type = int'],
        ['nowhere->up()', 'type = int'],
        ['chosen.by()', 'type = int'],
        ['shortcut', 'type = outer::inner'],
        ['shortcut::Small', 'type = outer::inner::Small'],
        ['both', 'type = both'],
      ],
      variant,
      'whatis',
    ));
});

it('shows classes without members of their own as gdb does', () =>
  beside(
    [
      ['NothingOfItsOwn', 'type = struct NothingOfItsOwn : public First {\n}'],
      ['NamesOnly', 'type = struct NamesOnly {\n    typedef int number;\n}'],
      ['NamesBeside', 'type = struct NamesBeside : public First {\n\n    typedef NamesBeside *pointer;\n}'],
      ['Diamond', 'type = struct Diamond : public virtual Root {\n}'],
      ['shortcut', 'type = namespace outer::inner'],
      ['lambda', 'type = struct {\n}'],
    ],
    'plain',
    'ptype',
  ));

it('takes a pointer to the very member function', () =>
  beside([['&Chosen::of', '(int (Chosen::*)(Chosen * const, int &)) ADDRESS <Chosen::of(int&)>']]));

it('leaves the addresses of references out when asked to', async () =>
  expect(await said(['with print address off -- print seen', 'print seen'])).toEqual([
    '(const Chosen &) {<No data fields>}',
    '(const Chosen &) @ADDRESS: {<No data fields>}',
  ]));

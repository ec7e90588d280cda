import { describe, expect, it } from 'vitest';
import { tokenize } from '../../src/language/lexer.js';
import { expandMacros, type Macro } from '../../src/language/macros.js';

const macros: Record<string, Macro> = {
  N: { body: '10' },
  EMPTY: { body: '' },
  ADD: { parameters: ['a', 'b'], body: '((a) + (b))' },
  ALL: { parameters: ['f', '...'], body: 'f(__VA_ARGS__)' },
  CAT: { parameters: ['a', 'b'], body: 'a ## b' },
  STR: { parameters: ['x'], body: '#x' },
  A: { body: 'B x' },
  B: { body: 'A y' },
  LOG: { parameters: ['f', '...'], body: 'p(f, ## __VA_ARGS__)' },
  NAMED: { parameters: ['f', 'rest...'], body: 'p(f,##rest)' },
  OPTIONAL: { parameters: ['f', '...'], body: 'p(f __VA_OPT__(, (2),) __VA_ARGS__)' },
  NOTHING: { parameters: [], body: '7' },
  ...Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`D${i}`, { body: `D${i + 1} D${i + 1}` }])),
};

const expanded = (text: string): string =>
  expandMacros(text, tokenize(text), (name) => macros[name])
    .flatMap((token) =>
      token.kind === 'end'
        ? []
        : 'name' in token
          ? [token.name]
          : 'text' in token
            ? [token.text]
            : 'value' in token
              ? [String(token.value)]
              : [String.fromCharCode(...('units' in token ? token.units : []))],
    )
    .join(' ');

describe('expansion', () => {
  it.each([
    ['N + N', '10 + 10'],
    ['ADD(1, N)', '( ( 1 ) + ( 10 ) )'],
    ['ADD(f(1, 2), (3, 4))', '( ( f ( 1 , 2 ) ) + ( ( 3 , 4 ) ) )'],
    ['ADD', 'ADD'],
    ['ALL(g, 1, 2)', 'g ( 1 , 2 )'],
    ['LOG(1)', 'p ( 1 )'],
    ['LOG(1, 2, 3)', 'p ( 1 , 2 , 3 )'],
    ['NAMED(1)', 'p ( 1 )'],
    ['NAMED(1, 2)', 'p ( 1 , 2 )'],
    ['OPTIONAL(1)', 'p ( 1 )'],
    ['OPTIONAL(1, 3)', 'p ( 1 , ( 2 ) , 3 )'],
    ['CAT(va, lue)', 'value'],
    ['STR(a "b")', 'a "b"'],
    ['A', 'A y x'],
    ['NOTHING()', '7'],
    ['EMPTY 1', '1'],
    ['"N"', 'N'],
  ])('%s', (text, wanted) => {
    expect(expanded(text)).toBe(wanted);
  });

  it('stands where the name stands', () => {
    const tokens = expandMacros('1 + ADD(1, 2)', tokenize('1 + ADD(1, 2)'), (name) => macros[name]);
    expect(tokens.slice(2, -1).every((token) => token.offset === 4)).toBe(true);
    expect(() => expanded('1 + ADD(1)')).toThrow("Wrong number of arguments to macro `ADD' (expected 2, got 1).");
  });

  it('that doubles at every step is stopped', () => {
    expect(() => expanded('D0')).toThrow(/too long|too deeply/);
  });
});

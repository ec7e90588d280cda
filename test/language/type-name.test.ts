import { describe, expect, it } from 'vitest';
import * as c from '../../src/language/c-types.js';
import { declaration, demangledParameters, typeName } from '../../src/language/type-name.js';
import type { CType, FunctionType } from '../../src/symbols/types.js';

const pointer = (target: CType): CType => ({ kind: 'pointer', target, size: 8 });
const constant = (target: CType): CType => ({ kind: 'const', target });
const takes = (...types: readonly CType[]): FunctionType => ({
  kind: 'function',
  returns: c.INT,
  parameters: types.map((type) => ({ name: undefined, type })),
  varargs: false,
  prototyped: true,
});

describe('parameters as the demangler writes them', () => {
  it.each([
    [takes(), '()'],
    [takes(c.INT, pointer(pointer(constant(c.CHAR)))), '(int, char const**)'],
    [takes(pointer(constant(pointer(c.CHAR)))), '(char* const*)'],
    [takes(constant(c.UNSIGNED_LONG)), '(unsigned long const)'],
  ])('%#', (type, text) => {
    expect(demangledParameters(type)).toBe(text);
  });
});

it('the numbers in the name of a class are called alike, also in front of a typedef of it', () => {
  const typedef: CType = { kind: 'typedef', name: 'Box<long unsigned int>::value_type', target: c.INT };
  expect(typeName(typedef, 'c++')).toBe('Box<unsigned long>::value_type');
  expect(declaration(typedef, 'x', 'c')).toBe('Box<long unsigned int>::value_type x');
});

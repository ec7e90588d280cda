import { describe, expect, it } from 'vitest';
import { tokenize } from '../../src/language/lexer.js';

const kinds = (text: string): string[] => tokenize(text).map((token) => token.kind);
const first = (text: string) => tokenize(text)[0];

describe('tokens', () => {
  it('integers with their suffixes, in four bases', () => {
    expect(first('0x1FuL')).toMatchObject({ kind: 'integer', value: 31n, decimal: false, suffix: 'ul' });
    expect(first('017')).toMatchObject({ value: 15n, decimal: false });
    expect(first('0b101')).toMatchObject({ value: 5n });
    expect(first('0')).toMatchObject({ value: 0n, decimal: true });
    expect(first('10lu')).toMatchObject({ suffix: 'ul' });
  });

  it('floats, decimal and hexadecimal', () => {
    for (const text of ['1.5', '.5', '5.', '1e3', '1.5e-3', '0x1.8p3']) expect(first(text)).toMatchObject({ kind: 'float', text });
    expect(first('1.5F')).toMatchObject({ suffix: 'f', text: '1.5' });
    expect(first('1L').kind).toBe('integer');
    expect(first('1.0L')).toMatchObject({ suffix: 'l' });
  });

  it('refuses what only looks like a number', () => {
    for (const text of ['12abc', '08', '1.2.3', '0x', '1e', '1uu']) expect(() => tokenize(text)).toThrow(`Invalid number "${text}".`);
  });

  it('characters with every escape', () => {
    const values = ['a', '\\n', '\\0', '\\x41', '\\101', '\\\\', "\\'", '\\e'].map((text) => first(`'${text}'`));
    expect(values.map((token) => (token.kind === 'character' ? token.value : token.kind))).toEqual([97, 10, 0, 65, 65, 92, 39, 27]);
    expect(first("L'é'")).toMatchObject({ kind: 'character', value: 233, prefix: 'L' });
  });

  it('strings as code units of their kind', () => {
    expect(first('"é"')).toMatchObject({ kind: 'string', units: [0xc3, 0xa9] });
    expect(first('u"😀"')).toMatchObject({ units: [0xd83d, 0xde00] });
    expect(first('U"😀"')).toMatchObject({ units: [0x1f600] });
    expect(() => tokenize('"abc')).toThrow('Unterminated string');
  });

  it('file names in front of a scope, quoted or plain', () => {
    expect(kinds("'a b.c'::x")).toEqual(['quoted', 'operator', 'name', 'end']);
    expect(kinds('src/list.c::head')).toEqual(['quoted', 'operator', 'name', 'end']);
    expect(kinds('list.c:insert::count')).toEqual(['quoted', 'operator', 'name', 'operator', 'name', 'end']);
    expect(kinds('a.c')).toEqual(['name', 'operator', 'name', 'end']);
    expect(kinds('x?a.c:b')).toEqual(['name', 'operator', 'name', 'operator', 'name', 'operator', 'name', 'end']);
  });

  it('the longest operator wins', () => {
    expect(tokenize('a>>=b->c++').flatMap((token) => (token.kind === 'operator' ? [token.text] : []))).toEqual(['>>=', '->', '++']);
  });

  it('refuses text that nobody types', () => {
    expect(() => tokenize('1'.repeat(100_000))).toThrow('too long');
    expect(() => tokenize('a # b')).toThrow("Invalid character '#' in expression.");
    expect(() => tokenize('a \u0001')).toThrow("Invalid character '\\001' in expression.");
  });
});

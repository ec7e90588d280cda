import { describe, expect, it } from 'vitest';
import * as c from '../../src/language/c-types.js';
import { childCount, childrenOf, isExpandable } from '../../src/language/children.js';
import { formatMember } from '../../src/language/format.js';
import { toJavaScript } from '../../src/language/javascript.js';
import { placeOf } from '../../src/language/location-place.js';
import { Value } from '../../src/language/value.js';
import type { EnumType } from '../../src/symbols/types.js';
import { ints, longs, MadeUp, struct, text, zoo, NODE } from './world.js';

const enumeration = (...entries: [string, number][]): EnumType => ({
  kind: 'enum',
  name: 'e',
  size: 4,
  signed: false,
  enumerators: () => entries.map(([name, value]) => ({ name, value: BigInt(value) })),
});

describe('what cannot be read shows in its place', () => {
  it('members behind the end of memory', () => {
    const world = new MadeUp();
    const pair = struct('pair', 8, [
      { name: 'a', type: c.INT, offset: 0 },
      { name: 'b', type: c.INT, offset: 4 },
    ]);
    world.at('pair', pair, 0x1ffcn);
    expect(world.print('pair')).toBe('{a = 0, b = <error: Cannot access memory at address 0x2000>}');
    world.at('array', c.arrayOf(c.INT, 3), 0x1ff8n);
    expect(world.print('array')).toBe('{0, 0, <error: Cannot access memory at address 0x2000>}');
    world.at('nowhere', pair, 0x10n);
    expect(() => world.print('nowhere')).toThrow('Cannot access memory at address 0x10');
    expect(formatMember(world.value('nowhere'), world.context())).toBe('<error: Cannot access memory at address 0x10>');
  });

  it('strings that run out of memory', () => {
    const world = new MadeUp();
    world.bytes.fill(0x61, 0xffc);
    world.put('s', c.pointerTo(c.CHAR), longs(0x1ffcn));
    expect(world.print('s')).toBe('0x1ffc "aaaa"<error: Cannot access memory at address 0x2000>');
    world.put('wild', c.pointerTo(c.CHAR), longs(0x10n));
    expect(world.print('wild')).toBe('0x10 <error: Cannot access memory at address 0x10>');
    world.put('none', c.pointerTo(c.CHAR), longs(0n));
    expect(world.print('none')).toBe('0x0');
  });
});

it('what was in a register that a call has used since, and nothing saved, is as if optimized out', () => {
  const world = new MadeUp();
  const place = placeOf({ kind: 'register', register: 5 }, 8, {
    memory: world,
    context: {
      memory: world,
      bias: 0n,
      listAddress: 0,
      register: () => undefined,
      wideRegister: () => undefined,
      frameBase: () => undefined,
      cfa: () => undefined,
      tlsAddress: () => undefined,
      entryValue: () => undefined,
    },
    objectAt: () => ({ kind: 'register', register: 5 }),
    writeRegister: () => undefined,
  });
  const pair = struct('pair', 8, [{ name: 'a', type: c.INT, offset: 0 }]);
  const types = { argument: c.INT, pointer: c.pointerTo(c.CHAR), pair };
  for (const [name, type] of Object.entries(types)) world.variables.set(name, { kind: 'value', value: new Value(type, place) });
  for (const value of ['argument', 'pair', 'pair.a']) expect(world.print(value)).toBe('<optimized out>');
  for (const name of Object.keys(types)) expect(formatMember(world.value(name), world.context())).toBe('<optimized out>');
  expect(() => world.print('argument + 1')).toThrow('value has been optimized out');
});

describe('limits', () => {
  it('a huge array is read in pieces, no further than needed', () => {
    const world = zoo();
    world.bytes.set(Uint8Array.from({ length: 0x1000 }, (_, i) => (i * 7 + (i >> 3)) & 0xff));
    const shown = world.print('huge', { settings: { elements: 5 } });
    expect(shown).toMatch(/^\{(-?\d+, ){4}-?\d+\.\.\.\}$/);
  });

  it('runs are followed beyond the limit of elements', () => {
    const world = new MadeUp();
    world.put('zeros', c.arrayOf(c.INT, 500), new Uint8Array(2000));
    world.put('tail', c.arrayOf(c.INT, 12), ints(...Array<number>(11).fill(5), 6));
    expect(world.print('zeros')).toBe('{0 <repeats 500 times>}');
    expect(world.print('tail')).toBe('{5 <repeats 11 times>, 6}');
    expect(world.print('tail', { settings: { repeats: 11 } })).toBe('{5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 6}');
  });

  it('nested types of damaged debug information end', () => {
    const world = new MadeUp();
    const deep = struct('deep', 4, [
      {
        name: 'self',
        get type() {
          return deep;
        },
        offset: 0,
      },
    ]);
    world.put('deep', deep, ints(0));
    expect(world.print('deep')).toContain('{...}');
    expect(world.print('deep', { settings: { depth: -1 } }).length).toBeLessThan(100_000);
    const context = world.context();
    expect(() => toJavaScript(world.value('deep'), context)).not.toThrow();
  });
});

describe('enumerations', () => {
  it.each([
    [0, '0'],
    [1, 'A'],
    [3, '(A | B)'],
    [9, '(A | unknown: 0x8)'],
    [8, '(unknown: 0x8)'],
  ])('flags %i', (value, wanted) => {
    const world = new MadeUp();
    world.put('e', enumeration(['A', 1], ['B', 2], ['C', 4]), ints(value));
    expect(world.print('e')).toBe(wanted);
  });

  it('plain ones show unknown values as numbers', () => {
    const world = new MadeUp();
    world.put('e', enumeration(['X', 0], ['Y', 1], ['Z', 3]), ints(2));
    expect(world.print('e')).toBe('2');
    expect(world.print('(char) e')).toBe("2 '\\002'");
  });
});

describe('children', () => {
  it('are taken on demand, and named by an expression', () => {
    const world = zoo();
    const context = world.context();
    const huge = world.value('huge');
    expect(childCount(huge, context)).toBe(2 ** 32);
    const before = world.reads.length;
    const some = childrenOf(huge, context, 1_000_000, 3, 'huge');
    expect(some.map(({ name, expression }) => [name, expression])).toEqual([
      ['[1000000]', 'huge[1000000]'],
      ['[1000001]', 'huge[1000001]'],
      ['[1000002]', 'huge[1000002]'],
    ]);
    expect(world.reads.length).toBe(before);
  });

  it('of a pointer are those of what it points to', () => {
    const world = zoo();
    const context = world.context();
    const list = childrenOf(world.value('list'), context, 0, 10, 'list');
    expect(list.map(({ name, expression }) => [name, expression])).toEqual([
      ['value', 'list->value'],
      ['next', 'list->next'],
    ]);
    const [, next] = list;
    expect(childrenOf(next.value, context, 0, 1, next.expression)[0].expression).toBe('list->next->value');
    expect(isExpandable(world.value('string'), context)).toBe(false);
    expect(isExpandable(world.value('null'), context)).toBe(false);
    expect(childrenOf(world.value('null'), context)).toEqual([]);
    for (const { expression, value } of list)
      expect(formatMember(world.value(expression ?? ''), context)).toBe(formatMember(value, context));
  });
});

describe('JavaScript', () => {
  const converted = (world: MadeUp, expression: string): unknown => toJavaScript(world.value(expression), world.context());

  it('has the types a script expects', () => {
    const world = zoo();
    expect(converted(world, 'i')).toBe(7);
    expect(converted(world, '(long) i')).toBe(7n);
    expect(converted(world, 'i == 7')).toBe(1);
    expect(converted(world, '(_Bool) i')).toBe(true);
    expect(converted(world, '1.5')).toBe(1.5);
    expect(converted(world, 'name')).toBe('abc');
    expect(converted(world, 'string')).toBe('hello');
    expect(converted(world, 'array')).toEqual([1, 2, 3, 4]);
    expect(converted(world, 'second')).toEqual({ value: 2, next: 0n });
    expect(converted(world, '(char *) 0')).toBeNull();
    expect(converted(world, '(void) 0')).toBeUndefined();
    expect(converted(world, '-1U')).toBe(4294967295);
    expect(converted(world, '-1UL')).toBe(18446744073709551615n);
  });

  it('merges anonymous members, and leaves out what is unreadable', () => {
    const world = new MadeUp();
    const inner = struct(undefined, 8, [
      { name: 'x', type: c.INT, offset: 0 },
      { name: '__proto__', type: c.INT, offset: 4 },
    ]);
    world.put('outer', struct('outer', 12, [{ name: undefined, type: inner, offset: 0 }, { name: 'y', type: c.INT, offset: 8 }]), ints(1, 2, 3)); // prettier-ignore
    expect(converted(world, 'outer')).toMatchObject({ x: 1, y: 3 });
    world.at('half', struct('half', 8, [{ name: 'a', type: c.INT, offset: 0 }, { name: 'b', type: c.INT, offset: 4 }]), 0x1ffcn); // prettier-ignore
    expect(() => converted(world, 'half')).toThrow('Cannot access memory');
  });
});

it('text never carries control characters', () => {
  const world = new MadeUp();
  world.put('nasty', c.arrayOf(c.CHAR, 12), text('\x1b[2J\x07\u202e\x7f', 12));
  expect(world.print('nasty')).toBe('"\\033[2J\\a\\342\\200\\256\\177\\000\\000"');
  world.put('wide', c.arrayOf(c.WCHAR, 2), ints(0x1b, 0x7fffffff));
  expect(world.print('wide')).toBe('L"\\033\\x7fffffff"');
});

it('a frozen value stays as it was', () => {
  const world = zoo();
  const value = Value.at(NODE, world, world.value('first').address ?? 0n).frozen();
  world.print('first.value = 77');
  expect(formatMember(value, world.context())).toMatch(/^\{value = 1,/);
  expect(formatMember(world.value('first'), world.context())).toMatch(/^\{value = 77,/);
});

import { describe, expect, it } from 'vitest';
import { DeetError } from '../../src/common/errors.js';
import * as c from '../../src/language/c-types.js';
import type { CallRequest } from '../../src/language/context.js';
import { ExpressionError } from '../../src/language/errors.js';
import { conditionHolds, typeOf } from '../../src/language/evaluate.js';
import { examineAddress } from '../../src/language/examine.js';
import { formatMember } from '../../src/language/format.js';
import { parseExpression } from '../../src/language/parser.js';
import { MissingPlace, PiecesPlace, ComputedPlace } from '../../src/language/place.js';
import { symbolValue } from '../../src/language/unknown.js';
import { integerOf, toInteger, Value } from '../../src/language/value.js';
import { zoo, longs } from './world.js';

describe('reading', () => {
  it('a huge array costs only the element asked for', () => {
    const world = zoo();
    expect(world.print('huge[1]')).toBe('0');
    expect(world.reads).toEqual([[0x1004n, 4]]);
    expect(world.print('sizeof huge')).toBe('17179869184');
    expect(world.print('&huge[1000000000]')).toBe('(int *) 0xee6b3800');
    expect(world.reads).toHaveLength(1);
  });

  it('types are known without reading anything', () => {
    const world = zoo();
    const context = world.context();
    for (const text of ['*wild->next->next', 'null[5]', 'add(1, 2)', 'list->next->value++', 'i = 5', '1/0'])
      typeOf(parseExpression(text, context.names), context);
    expect(world.reads).toEqual([]);
    expect(world.print('i')).toBe('7');
  });

  it('array[index] is index[array]', () => {
    expect(zoo().print('2[array]')).toBe('3');
  });

  it('short circuits', () => {
    const world = zoo();
    expect(world.print('null && *null')).toBe('0');
    expect(world.print('!null || *null')).toBe('1');
    expect(world.print('null ? *null : 5')).toBe('5');
  });

  it('pieces come together, and missing ones are only missed when needed', () => {
    const world = zoo();
    const pair = new PiecesPlace([
      { bits: 32, bitOffset: 0, place: new ComputedPlace(Uint8Array.of(1, 0, 0, 0)) },
      { bits: 32, bitOffset: 0, place: new MissingPlace('optimized out') },
      { bits: 64, bitOffset: 0, place: new ComputedPlace(longs(0n)) },
    ]);
    const list = world.context().names.type('node', 'struct');
    if (!list) throw new Error('no struct node');
    world.variables.set('pieces', { kind: 'value', value: new Value(list, pair) });
    expect(world.print('pieces.value')).toBe('1');
    expect(world.print('pieces')).toBe('{value = 1, next = 0x0}');
    world.variables.set('gone', { kind: 'value', value: new Value(c.INT, new MissingPlace('optimized out')) });
    expect(world.print('gone')).toBe('<optimized out>');
    expect(formatMember(new Value(list, new MissingPlace('optimized out')), world.context())).toBe('<optimized out>');
    expect(() => world.print('gone + 1')).toThrow('value has been optimized out');
    expect(world.print('sizeof gone')).toBe('4');
  });

  it('of a bit-field its own bits are read, whatever lies beside it', () => {
    const gap = { bits: 4, bitOffset: 0, place: new MissingPlace('optimized out') };
    const place = new PiecesPlace([gap, { bits: 12, bitOffset: 0, place: new ComputedPlace(Uint8Array.of(0xfd, 0x0f)) }]);
    const field = (offset: number): Value => new Value(c.INT, place, 0, { offset, size: 12 });
    expect(integerOf(field(4).bytes(), true)).toBe(-3n);
    expect(() => field(2).bytes()).toThrow('optimized out');
    expect(() => field(5).bytes()).toThrow('optimized out');
  });
});

describe('writing', () => {
  it('memory, with the conversions of C', () => {
    const world = zoo();
    expect(world.print('c = 300')).toBe("44 ','");
    expect(world.print('i = -1.9')).toBe('-1');
    expect(world.print('i += 10, i')).toBe('9');
    expect(world.print('array[1] = array[2] = 9')).toBe('9');
    expect(world.print('array')).toBe('{1, 9, 9, 4}');
    expect(world.print('list->value++')).toBe('1');
    expect(world.print('first.value')).toBe('2');
    expect(world.print('*list = second')).toBe('{value = 2, next = 0x0}');
    expect(world.print('name = "xy"')).toBe('"xy\\000\\000\\000\\000\\000"');
    expect(world.print('null = &i, *null')).toBe('9');
  });

  it('bit-fields, and nothing beside them', () => {
    const world = zoo();
    expect(world.print('bits.across = -1')).toBe('-1');
    expect(world.print('bits')).toBe('{low = 0, across = -1, high = 0}');
    expect(world.print('bits.low = 15')).toBe('7');
    expect(world.print('bits.high = 2, bits')).toBe('{low = 7, across = -1, high = 2}');
    expect(world.print('bits.across = 511, bits.across')).toBe('511');
    expect(world.print('bits.across++, bits')).toBe('{low = 7, across = -512, high = 2}');
  });

  it('registers, whole and in part', () => {
    const world = zoo();
    expect(world.print('$eax', { letter: 'x' })).toBe('0x55667788');
    expect(world.print('$ah', { letter: 'x' })).toBe('0x77');
    world.print('$al = 1');
    world.print('$ah = 2');
    expect(world.print('$rax', { letter: 'x' })).toBe('0x1122334455660201');
    expect(world.print('$eflags')).toBe('[ PF ZF IF ]');
    expect(world.print('$pc')).toBe('(void (*)()) 0x401000');
    expect(() => world.print('$r9')).toThrow('Register r9 is not available');
    expect(() => world.print('&$rax')).toThrow('register');
  });

  it('convenience variables keep a copy', () => {
    const world = zoo();
    expect(world.print('$x = first')).toBe(world.print('first'));
    world.print('first.value = 99');
    expect(world.print('$x.value')).toBe('1');
    expect(world.print('$x.value = 5, $x.value')).toBe('5');
    expect(world.print('$n = 1, $n++, ++$n, $n')).toBe('3');
    expect(world.print('$unset')).toBe('void');
  });

  it('refuses what is no lvalue', () => {
    const world = zoo();
    for (const text of ['5 = 1', 'i + 1 = 2', 'add = 1', '(char)i = 1', '"abc"[0] = 1'])
      expect(() => world.print(text), text).toThrow('not an lvalue');
  });
});

describe('calls', () => {
  it('stop the evaluation and go on with the answer', () => {
    const requests: CallRequest[] = [];
    const value = zoo().calling('add(1, 2) * 10 + add(c, add(3, 4))', (request) => {
      requests.push(request);
      return Value.integer(c.INT, BigInt(requests.length));
    });
    expect(toInteger(value)).toBe(13n);
    expect(requests.map((request) => request.arguments.map((argument) => argument.type))).toEqual([
      [c.INT, c.DOUBLE],
      [c.INT, c.DOUBLE],
      [c.INT, c.DOUBLE],
    ]);
    expect(requests[0]?.function).toBe(0x401000n);
  });

  it('promote what has no prototype', () => {
    let types: string[] = [];
    zoo().calling('printf(string, c, 1.5f, (short) 3, 5L, array)', (request) => {
      types = request.arguments.map(({ type }) => ('name' in type ? (type.name ?? '') : type.kind));
      return Value.integer(c.INT, 0n);
    });
    expect(types).toEqual(['pointer', 'int', 'double', 'int', 'long', 'pointer']);
  });

  it('need a known return type', () => {
    const world = zoo();
    expect(() => world.calling('mystery(1)', () => Value.integer(c.INT, 0n))).toThrow(
      "'mystery' has unknown return type; cast the call to its declared return type",
    );
    expect(toInteger(world.calling('(long) mystery(1)', (request) => Value.integer(request.type.returns, -2n)))).toBe(-2n);
  });

  it('count their arguments', () => {
    expect(() => zoo().value('add(1)')).toThrow('Too few arguments in function call.');
    expect(() => zoo().value('add(1, 2, 3)')).toThrow('Too many arguments in function call.');
  });

  it('are refused in conditions', () => {
    const context = zoo().context();
    expect(() => conditionHolds(parseExpression('add(1, 2) > 0', context.names), context)).toThrow('cannot be called here');
    expect(conditionHolds(parseExpression("i == 7 && name[0] == 'a'", context.names), context)).toBe(true);
  });
});

describe('values in braces', () => {
  it('are arrays, or what they are cast to', () => {
    const world = zoo();
    expect(world.print('{1, 2, 3}')).toBe('{1, 2, 3}');
    expect(world.print('{1, 2, 3}[1]')).toBe('2');
    expect(world.print('(struct node) {5}')).toBe('{value = 5, next = 0x0}');
    expect(world.print('((struct node) {5, list}).next == list')).toBe('1');
    expect(world.print('(long[]) {1, 2}')).toBe('{1, 2}');
    expect(world.print('(struct bits) {1, -2, 3}')).toBe('{low = 1, across = -2, high = 3}');
    expect(world.print('second = (struct node) {9, 0}, second.value')).toBe('9');
    expect(() => world.print('(struct node) {1, 2, 3}')).toThrow('Too many elements');
    expect(() => world.print('{1, 2.5}')).toThrow('array elements must all be the same size');
  });
});

describe('convenience functions', () => {
  it('need no call into the program', () => {
    const world = zoo();
    expect(world.print('$_strlen(string)')).toBe('5');
    expect(world.print('$_streq(string, "hello") && !$_streq(name, "abcd")')).toBe('1');
    expect(world.print('$_memeq(string, "help", 3)')).toBe('1');
    expect(world.print('$_regex(string, "h.l+o")')).toBe('1');
    expect(world.print('$_isvoid($nothing) + $_isvoid(i)')).toBe('1');
    expect(() => world.print('$_strlen()')).toThrow('You must provide 1 argument to $_strlen.');
    expect(() => world.print('$_regex(string, "(")')).toThrow('not a regular expression');
    expect(() => world.print('$_strlen(wild)')).toThrow('Cannot access memory at address 0x10');
  });
});

describe('indirect functions', () => {
  it('are resolved by a call of their own', () => {
    const world = zoo();
    world.variables.set('fast', { kind: 'value', value: symbolValue('fast', 'ifunc', world, 0x404000n) });
    world.variables.set('data', { kind: 'value', value: symbolValue('data', 'data', world, 0x1000n) });
    const calls: bigint[] = [];
    const value = world.calling('(int) fast(1)', (request) => {
      calls.push(request.function);
      return Value.integer(request.type.returns, calls.length === 1 ? 0x405000n : 42n);
    });
    expect(calls).toEqual([0x404000n, 0x405000n]);
    expect(toInteger(value)).toBe(42n);
    expect(world.print('fast')).toBe('{<text gnu-indirect-function variable, no debug info>} 0x404000');
    expect(world.print('&fast')).toBe('(<text gnu-indirect-function variable, no debug info> *) 0x404000');
    expect(() => world.print('data')).toThrow("'data' has unknown type; cast it to its declared type");
    expect(() => world.print('data + 1')).toThrow("'data' has unknown type");
    expect(() => examineAddress(world.value('data'))).toThrow("'data' has unknown type");
    expect(world.print('(int) data')).toBe('7');
    expect(world.print('*(int *) &data')).toBe('7');
  });
});

describe('complaints', () => {
  it('point at the operator or name, and know better', () => {
    const world = zoo();
    const complaint = (text: string): unknown => {
      try {
        world.value(text);
      } catch (error) {
        return error;
      }
      return undefined;
    };
    expect(complaint('1 + arra')).toMatchObject({
      code: 'no-symbol',
      offset: 4,
      message: 'No symbol "arra" in current context.',
      hint: 'did you mean "array"?',
    });
    expect(complaint('first.valu')).toMatchObject({ code: 'no-member', offset: 6, hint: 'did you mean "value"?' });
    expect(complaint('i + 1 / 0')).toMatchObject({ code: 'division-by-zero', offset: 6, message: 'Division by zero' });
    expect(complaint('i + *first')).toMatchObject({ offset: 4 });
    expect(complaint('wild->value + 1')).toMatchObject({ code: 'memory', message: 'Cannot access memory at address 0x10' });
    expect(complaint('(struct nod *) 0')).toMatchObject({ code: 'no-type', offset: 1 });
  });

  it('warn of shifts that C leaves undefined', () => {
    const world = zoo();
    expect(world.print('1 << 33')).toBe('0');
    expect(world.print('-1 >> -1')).toBe('0');
    expect(world.warnings).toEqual(['left shift count >= width of type', 'right shift count is negative']);
  });

  it('are the only thing thrown, whatever is typed', () => {
    const world = zoo();
    for (const text of [
      '',
      '@',
      'i@0',
      'i@-1',
      'array@1e9',
      '*i',
      'huge',
      '&1',
      'sizeof(struct nothing)',
      'first()',
      'i.x',
      'add.x',
      '$1',
      '$$5',
      '{}',
      '(void) 0 + 1',
      '-first',
      'first + first',
      '*mystery()',
    ]) {
      try {
        world.print(text, { settings: { elements: 10 } });
      } catch (error) {
        expect(error, text).toBeInstanceOf(DeetError);
        expect(error instanceof ExpressionError || text === '' || error instanceof DeetError).toBe(true);
      }
    }
  });
});

describe('C++', () => {
  it('has bool, nullptr and references', () => {
    const world = zoo();
    world.put('reference', { kind: 'pointer', size: 8, target: c.INT, reference: 'lvalue' }, longs(0x1000n));
    expect(world.value('1 == 1', 'c++').type).toBe(c.CXX_BOOL);
    expect(world.print('reference + 1')).toBe('8');
    expect(world.print('reference = 3, i')).toBe('3');
    expect(world.print('&reference')).toBe('(int *) 0x1000');
    expect(world.print('sizeof reference')).toBe('4');
    expect(world.print('reference')).toBe('(int &) @0x1000: 3');
  });
});

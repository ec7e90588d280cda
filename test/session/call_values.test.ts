/** Calls into the program beside known answers (gdb cannot call functions on every processor): every way in which values travel, in both directions. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { formatValue } from '../../src/language/format.js';
import type { Session } from '../../src/session/session.js';
import { fixture, lineOf, type Variant } from '../helpers/build.js';
import { leakGuard } from '../helpers/leaks.js';
import { driven, endOf, stopOf } from './drive.js';

leakGuard();

const hasAvx = readFileSync('/proc/cpuinfo', 'utf8').includes(' avx ');

const shown = async (session: Session, text: string): Promise<string> => {
  try {
    return formatValue(await session.evaluate(text), session.context());
  } catch (error) {
    return error instanceof Error ? error.message.split('\n')[0] : String(error);
  }
};

const addressless = (text: string): string => text.replace(/0x[0-9a-f]{4,}/g, '0xADDRESS');

const answers = async (session: Session, table: readonly (readonly [string, string])[]): Promise<void> => {
  const said: [string, string][] = [];
  for (const [text] of table) said.push([text, addressless(await shown(session, text))]);
  expect(said).toEqual(table);
};

const atLine = (name: string, source: string, text: string, variant: Variant, body: (session: Session) => Promise<void>): Promise<void> =>
  driven(fixture(name, variant), async (session) => {
    session.break(String(lineOf(source, text)));
    stopOf(await session.run());
    session.breakpoints.delete(0);
    await body(session);
    expect(endOf(await session.continue())).toBe('exited 0');
  });

const inC: readonly (readonly [string, string])[] = [
  ['make_pair(7, 8)', '{x = 7, y = 8}'],
  ['pair_sum(one)', '34'],
  ['pair_sum(make_pair(5, 6))', '56'],
  ['make_mixed(1.5, -2)', '{a = 1.5, b = -2}'],
  ['mixed_sum(make_mixed(1.5, 2), make_mixed(3, 4))', '4303.5'],
  ['make_floats(1, 2, 3)', '{a = 1, b = 2, c = 3}'],
  ['floats_sum(make_floats(1, 2, 3))', '321'],
  ['make_large(1, 2, 3)', '{a = 1, b = 2, c = 3}'],
  ['large_sum(5, make_large(1, 2, 3), 4)', '43215'],
  ['make_extended(1.5)', '{value = 1.5}'],
  ['extended_value(make_extended(1.5), 2)', '3.5'],
  ['half(3)', '1.5'],
  ['quarter(3)', '0.75'],
  ["make_small('h', 'i')", '{text = "hi"}'],
  ["small_length(make_small('h', 'i'))", '2'],
  ['make_bits(5, -3)', '{low = 5, high = -3}'],
  ['bits_sum(make_bits(5, -3))', '497'],
  ['make_either(2.5)', '{d = 2.5, l = 4612811918334230528}'],
  ['either_value(make_either(2.5))', '2.5'],
  ['on_stack(1,1,1,1,1,1, 1, 2, (aligned){3, 4}, 5, 6)', '6543216'],
  ['packed_sum((packed){1, 2})', '12'],
  ['make_nested(1)', '{inside = {{x = 1, y = 2}, {x = 3, y = 4}}}'],
  ['nested_sum(make_nested(1))', '4321'],
  ['negate(1)', 'false'],
  ['negate(0)', 'true'],
  ['next(RED)', 'GREEN'],
  ['next(GREEN)', 'BLUE'],
  ['minus(5)', "-5 '\\373'"],
  ['widen(-1, -2, 255, 65535)', '66885'],
  ['wide(1, 5)', '21'],
  ['wide(1, (__int128)-1 << 70)', '-4722366482869645213695'],
  ['nine(1,1,1,1,1,1,1,1,1)', '136'],
  ['turned((double _Complex)1)', '0 + 1i'],
  ['turned_float((float _Complex)1)', '0 + 1i'],
  ['turned_long(1.0)', '0 + 1i'],
  ['doubled((four){1, 2, 3, 4})', '{2, 4, 6, 8}'],
  ['third(2)', '0.5'],
  ['apply(add, 3, 4)', '7'],
  ['apply(chosen(1), 3, 4)', '12'],
  ['apply(&multiply, 5, 4)', '20'],
  ['chosen(0)', '(binary) 0xADDRESS <add>'],
  ['(*chosen(1))(6, 7)', '42'],
  ['total(3, 1.5, 2.5, (float) 3)', '7'],
  ['total(9, 1.0,1.0,1.0,1.0,1.0,1.0,1.0,1.0,1.0)', '9'],
  ['mixed_arguments("ildLspb", 1, 2, 3.0, (long double) 4, "five5", one, make_large(0, 0, 7))', '26'],
  ['mixed_arguments("idididididid", 1, 1.0, 1, 1.0, 1, 1.0, 1, 1.0, 1, 1.0, 1, 1.0)', '12'],
  ['mixed_arguments("i", \'c\')', '99'],
  ['old_style(1, 2.5)', '11'],
  ['greeting(1)', '0xADDRESS "hello"'],
  ['upper("shout")', '0xADDRESS "SHOUT"'],
  ['wide_length(L"four")', '4'],
  ['array_sum(numbers, 4)', '10'],
  ['array_sum((int [3]){5, 6, 7}, 3)', '18'],
  ['nothing()', 'void'],
  ['make_large(1, 2, 3).b', '2'],
  ['sizeof(make_large(1, 2, 3))', '24'],
  ['clobbers() + clobbers()', '2'],
  ['pair_sum(1)', 'Invalid cast.'],
  ['pair_sum()', 'Too few arguments in function call.'],
  ['pair_sum(one, 1)', 'Too many arguments in function call.'],
  ['puts("x")', "'puts' has unknown return type; cast the call to its declared return type"],
  ['(int) strncmp("ab", "ac", 2)', '-1'],
];

describe('a call beside its known answer', () => {
  it.each(['plain', 'clang', 'dwarf4'] as const)('in C, %s', (variant) =>
    atLine('passed', 'passed.c', '// here', variant, (session) => answers(session, inC)),
  );

  it.each(['plain', 'clang'] as const)('in C++, %s', (variant) =>
    atLine('passed_objects', 'passed_objects.cc', '// here', variant, async (session) => {
      await answers(session, [
        ['plain(p)', '3'],
        ['make_plain(3, 4)', '{x = 3, y = 4}'],
        ['plain(make_plain(3, 4))', '7'],
        ['defaulted(d)', '7'],
        ['counted(c, 10)', '15'],
        ['around(a)', '8'],
        ['is_green(Color::Green)', 'true'],
        ['is_green(Color::Red)', 'false'],
        ['green()', 'Color::Green'],
        ['larger(small, big)', '(int &) @0xADDRESS: 2'],
        ['larger(small, big) + 1', '3'],
        ['length(text)', '30'],
        // clang leaves out the type of a string, which the library's own debug information would have.
        ...(variant === 'plain' ? ([['length_of_copy(text)', '30']] as const) : []),
        ['swapped(both).first', '2'],
        ['c.plus(2)', '7'],
        ['base.plus(2)', '8'],
        ['a.inside.plus(1)', '6'],
        ['(&c)->plus(2)', '7'],
        ['c.kind()', '1'],
        ['base.kind()', '2'],
        ['(&base)->kind()', '2'],
        ['special.kind()', '2'],
        ['special.plus(1)', '7'],
        ['Counted::twice(4)', '8'],
        ['c.twice(4)', '8'],
        ['over(2)', '2'],
        ['over(2.5)', '250'],
        ['over("A")', '65'],
        ['shop::price(3)', '9'],
        ['largest<int>(3, 9)', '9'],
        ['throws(0)', '0'],
      ]);
    }),
  );

  it('of vectors that fill a ymm register, where the processor has them', () =>
    atLine('passed', 'passed.c', '// here', 'plain', (session) =>
      answers(session, hasAvx ? [['doubled_eight((eight){1, 2, 3, 4, 5, 6, 7, 8})', '{2, 4, 6, 8, 10, 12, 14, 16}']] : []),
    ));

  it('gives strings in quotes a place in the program, where their address is wanted', () =>
    atLine('passed', 'passed.c', '// here', 'plain', (session) =>
      answers(session, [
        ['"abc" == "abc"', '0'],
        ['word = "changed"', '0xADDRESS "changed"'],
        ['array_sum((int *) (int [3]){5, 6, 7}, 3)', '18'],
        ['upper(word)', '0xADDRESS "CHANGED"'],
        ['(char *) "cast"', '0xADDRESS "cast"'],
        ['*("abc" + 1)', "98 'b'"],
        ['sizeof("abc" + 1)', '8'],
      ]),
    ));

  it('through a pointer to a member: virtual functions by the object, inherited ones with its base', () =>
    atLine('member_pointers', 'member_pointers.cc', '// members', 'plain', (session) =>
      answers(session, [
        ['(object.*first)()', '1'],
        ['(object.*second)(4)', '8'],
        ['(pointer->*plain)()', '3'],
        ['(base.*second)(5)', '10'],
        ['(object.*overriding)(6)', '12'],
        ['(object.*both[1])() + (object.*both[0])()', '4'],
        ['(object.*nothing)()', 'The pointer to a member is null.'],
        ['(sum.*plain)()', 'Only an object has members to point to.'],
        ['(holder.*own)', 'The object is no Derived, to whose members the pointer points.'],
        ['object.*5', 'non-pointer-to-member value used in pointer-to-member construct'],
        ['*first', 'Attempt to dereference pointer to member without an object.'],
      ]),
    ));

  it.each(['plain', 'clang', 'dwarf4'] as const)('of lambdas, of what returns auto, of member templates and local classes, %s', (variant) =>
    atLine('lambdas', 'lambdas.cc', '// lambdas', variant, (session) =>
      answers(session, [
        ['one(1)', '2'],
        ['two(2)', '200'],
        ['cap(3)', '13'],
        ['four(5)', '9'],
        ['gen(4)', '8'],
        ['scaled(2)', '14'],
        ['scale.twice()', '42'],
        ['scale.twice() + one(1)', '44'],
        ['scale.half()', '10.5'],
        ['scale.add(4L)', '25'],
        ['scale.add<long>(5)', '26'],
        ['local.plus(2)', '8'],
      ]),
    ),
  );

  it('by operators that the program defines, and of objects that can be called', () =>
    atLine('operators', 'operators.cc', '// operators', 'plain', (session) =>
      answers(session, [
        ['p + q', '{x = 4, y = 6}'],
        ['-p', '{x = -1, y = -2}'],
        ['p == q', 'false'],
        ['p == p', 'true'],
        ['p[1]', '2'],
        ['p[1] + 1', '3'],
        ['p * 3', '{x = 3, y = 6}'],
        ['3 * p', '{x = 4, y = 7}'],
        ['p < q', 'true'],
        ['holder->y', '2'],
        ['*holder', '{x = 1, y = 2}'],
        ['(*holder).y', '2'],
        ['adder(5)', '15'],
        ['adder(5, 6)', '21'],
        ['(r += 2).x', '9'],
        ['(++r).x', '10'],
        ['r', '{x = 10, y = 2}'],
        ['p - q', '-2'],
        ['holder - 1', 'Structure has no component named operator-.'],
        ['!p', 'false'],
        ['!holder', 'Structure has no component named operator!.'],
        ['circle[0]', 'Structure has no component named operator[].'],
        ['circle(1)', 'Cannot perform a call of something that is not a function.'],
        ['geo::next()', '10'],
        ['geo::versioned', '9'],
        // gdb's own dynamic_cast gives another address.
        ['(long) dynamic_cast<Circle *>(shape) == (long) &circle', 'true'],
        ['(long) dynamic_cast<Circle *>(named) == (long) &circle', 'true'],
        ['(long) dynamic_cast<void *>(named) == (long) &circle', 'true'],
        ['dynamic_cast<Named &>(*shape)', '{_vptr.Named = 0xADDRESS <vtable for Circle+48>, name = 2}'],
        ['dynamic_cast<Circle &>(*other)', 'dynamic_cast failed'],
        ['dynamic_cast<int *>(shape)', 'Argument to dynamic_cast must be a pointer or reference type'],
        ['(long) reinterpret_cast<Circle *>(named) == (long) named', 'true'],
      ]),
    ));

  it('that is left by a C++ exception is given up', () =>
    atLine('passed_objects', 'passed_objects.cc', '// here', 'plain', async (session) => {
      expect(await shown(session, 'throws(1)')).toMatch(/received SIGABRT.*given up/);
      expect(await shown(session, 'small')).toBe('1');
    }));

  it('that is left by a longjmp is given up, and says so', () =>
    atLine('passed', 'passed.c', '// here', 'plain', async (session) => {
      expect(await shown(session, 'jumps_away(2)')).toMatch(/left by a longjmp/);
      expect(await shown(session, 'before')).toBe('1.25');
    }));

  it('leaves general, vector and x87 registers and the red zone as they were', () =>
    atLine('passed', 'passed.c', '// leaf', 'plain', async (session) => {
      const state = (): unknown => {
        const { thread } = session.selection();
        const redZone = thread.process.space.read(thread.stackPointer - 128n, 128);
        return [thread.registers().join(), thread.extendedState()?.bytes.slice(), redZone.slice()];
      };
      const before = state();
      expect(await shown(session, 'clobbers()')).toBe('1');
      expect(await shown(session, 'turned_long(1.0)')).toBe('0 + 1i');
      expect(await shown(session, 'on_stack(1,1,1,1,1,1, 1, 2, (aligned){3, 4}, 5, 6)')).toBe('6543216');
      expect(await shown(session, 'upper("text")')).toMatch(/"TEXT"$/);
      expect(state()).toEqual(before);
    }));
});

/** A program of Rust: its enumerations, the strings and collections of its library, its names, its types in its own words. */
import { describe, expect, it } from 'vitest';
import { Interpreter } from '../../src/commands/interpreter.js';
import { childrenOf } from '../../src/language/children.js';
import type { EvaluationContext } from '../../src/language/context.js';
import { formatMember } from '../../src/language/format.js';
import { ptype, whatis } from '../../src/language/print-type.js';
import type { Value } from '../../src/language/value.js';
import { fixture } from '../helpers/build.js';
import { leakGuard } from '../helpers/leaks.js';
import { driven, stopOf } from './drive.js';

leakGuard();

interface Seen {
  readonly context: EvaluationContext;
  readonly evaluate: (text: string) => Promise<Value>;
}

/** Stopped in `look`; expressions are those of its caller, `shapes`, whose variables all have their values. */
const stopped = (body: (seen: Seen) => Promise<void>): Promise<void> =>
  driven(fixture('rust_values'), async (session) => {
    session.break('look');
    stopOf(await session.run());
    const shapes = session.selectFrame(1);
    expect(shapes.functionName).toBe('alloc::shapes');
    await body({ context: session.context(shapes), evaluate: (text) => session.evaluate(text, shapes) });
  });

const OPTION = 'core::option::Option';

describe('values', () => {
  it.each([
    ['circle', 'alloc::Shape::Circle(1.5)'],
    ['rect', 'alloc::Shape::Rect{w: 3, h: 4}'],
    ['empty', 'alloc::Shape::Empty'],
    // The variant without a value of the discriminant: what is there says that it is none of the others.
    ['named', 'alloc::Shape::Named("näme")'],
    ['big', '[alloc::Big::A(77), alloc::Big::B(-2), alloc::Big::C]'],
    ['single', 'alloc::Single::Only(4)'],
    ['some', `${OPTION}<i32>::Some(5)`],
    ['none', `${OPTION}<i32>::None`],
    ['no_reference', `${OPTION}<&i32>::None`],
    ['flag', `${OPTION}<${OPTION}<bool>>::Some(${OPTION}<bool>::Some(true))`],
    ['no_flag', `${OPTION}<${OPTION}<bool>>::Some(${OPTION}<bool>::None)`],
    ['letter', `${OPTION}<char>::Some(113 'q')`],
    ['result', 'core::result::Result<i32, &str>::Err("zero")'],
    ['color', 'alloc::Color::Green'],
    ['point', 'alloc::Point {x: 1, y: 2}'],
    ['pair', "alloc::Pair (3, 122 'z')"],
    ['unit', 'alloc::Unit'],
    ['nothing', '()'],
    ['bits', 'alloc::Bits {i: 1065353216, f: 1}'],
    ['tuple', "(1, 99 'c', 2.5)"],
    ['array', '[10, 20, 30]'],
    ['slice', '&[i32](size=2) = {2, 3}'],
    ['text', '"hello"'],
    ['list', 'Vec(size=3) = {1, 2, 3}'],
    ['map', 'HashMap(size=2) = {[5] = 50, [7] = 70}'],
  ])('%s is %s', (name, text) =>
    stopped(async ({ context, evaluate }) => {
      expect(formatMember(await evaluate(name), context)).toBe(text);
    }),
  );

  it('have the members of the variant that is there, which their names reach', () =>
    stopped(async ({ context, evaluate }) => {
      const rows = childrenOf(await evaluate('rect'), context, 0, Infinity, 'rect');
      expect(rows.map(({ expression, value }) => [expression, formatMember(value, context)])).toEqual([
        ['rect.w', '3'],
        ['rect.h', '4'],
      ]);
      expect(childrenOf(await evaluate('empty'), context)).toEqual([]);
      expect(childrenOf(await evaluate('&rect'), context).map(({ name }) => name)).toEqual(['w', 'h']);
      await expect(evaluate('circle.w')).rejects.toThrow('There is no member or method named w.');
    }));

  it.each([
    ['rect.w', '3'],
    ['some.__0', '5'],
    ['some.0 + 1', '6'],
    ['pair.1', "122 'z'"],
    ['tuple.2', '2.5'],
    ['big[0].0', '77'],
    ['first.next.0.value', '2'],
    ['list[2]', '3'],
    ['list.len()', '3'],
    ['slice[1]', '3'],
    ['map.len()', '2'],
    ['text == "hello"', 'true'],
    ['(float).5', '0.5'],
    ['geometry::COUNTER', '12'],
    ['alloc::geometry::COUNTER', '12'],
    ['color == Color::Green', 'true'],
    ['sizeof(Point)', '8'],
    ['geometry::area(5, 6)', '30'],
  ])('%s is %s', (expression, text) =>
    stopped(async ({ context, evaluate }) => {
      expect(formatMember(await evaluate(expression), context)).toBe(text);
    }),
  );
});

it('types are written as in Rust', () =>
  stopped(async ({ evaluate }) => {
    const typeOf = async (name: string): Promise<string> => ptype((await evaluate(name)).type, { language: 'c++' });
    expect(await typeOf('rect')).toBe(
      'type = enum alloc::Shape {\n  Circle(f64),\n  Rect{w: i32, h: i32},\n  Empty,\n  Named(alloc::string::String),\n}',
    );
    expect(await typeOf('point')).toBe('type = struct alloc::Point {\n  x: i32,\n  y: i32,\n}');
    expect(await typeOf('pair')).toBe('type = struct alloc::Pair (\n  i32,\n  char,\n)');
    expect(await typeOf('unit')).toBe('type = struct alloc::Unit');
    expect(await typeOf('tuple')).toBe('type = (u8, char, f64)');
    expect(whatis((await evaluate('big')).type, false, 'c++')).toBe('[alloc::Big; 3]');
    expect(whatis((await evaluate('&rect')).type, false, 'c++')).toBe('alloc::Shape *');
  }));

it('`break main` means the main of the program, not the one that its compiler has made for C', () =>
  driven(fixture('rust_values'), (session) => {
    expect(session.break('main').locations.map((place) => place.function)).toEqual(['alloc::main']);
  }));

it('`info functions` has its functions in its words', () =>
  driven(fixture('rust_values'), async (session) => {
    const interpreter = new Interpreter(session, {});
    const [result] = await interpreter.execute('info functions geometry::area');
    expect(result).toMatchObject({ text: expect.stringContaining('static fn alloc::geometry::area(i32, i32) -> i32;') });
    interpreter.close();
  }));

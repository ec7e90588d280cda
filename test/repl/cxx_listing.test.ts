/** Lists of what a C++ program has, and its classes in full, beside gdb. */
import { expect, it } from 'vitest';
import { fixture, lineOf } from '../helpers/build.js';
import { leakGuard } from '../helpers/leaks.js';
import { compareAt } from './beside_gdb.js';
import { commands, run } from './cli.js';

leakGuard();

const program = (): string => fixture('class_listing');
const end = `class_listing.cc:${lineOf('class_listing.cc', '// end')}`;

it('lists functions with several bodies, those of templates, operators, and classes', () =>
  compareAt(
    program(),
    [],
    [
      ...['list over', 'list Box<int, 3>::get', 'list geo::Point::operator+', 'list geo::Shape', 'list geo::Circle', 'list over(double)'],
      ...['list over(int),over(double)', 'list Box<int, 3>::get,Box<int, 3>::first'],
    ],
  ));

it('names functions without what the compiler passes unseen, and static members once, where they are defined', () =>
  compareAt(
    program(),
    [],
    [
      ...[
        'info functions -n geo::Circle',
        'info functions geo::Point',
        'info functions -n get',
        'info functions deep',
        'info functions width',
      ],
      ...['info variables count', 'info variables -n geo', 'info types Extra', 'info types Small'],
    ],
  ));

it('shows classes with the names that they have for types', () =>
  compareAt(
    program(),
    [end],
    [
      ...[
        'ptype geo::Shape',
        'ptype/t geo::Shape',
        'ptype/r geo::Shape',
        'ptype/m geo::Shape',
        'ptype/mt geo::Shape',
        'ptype/o geo::Shape',
      ],
      ...[
        'ptype geo::Circle',
        'ptype box',
        'ptype/r box',
        'whatis geo::Shape::Callback',
        'ptype geo::Shape::Callback',
        'ptype geo::Shape::Extra',
      ],
      ...['whatis box.items', 'whatis Box<int, 3>::value_type'],
    ],
  ));

it('knows operators by their names', () =>
  compareAt(
    program(),
    [end],
    [
      ...['whatis geo::Point::operator+', 'print geo::Point::operator[]', 'print geo::Point::operator bool', 'ptype geo::Point::operator+'],
      ...['print p.operator+(q)', 'print 3 < 4', 'print over(1) < 4 > 0'],
    ],
  ));

it('says which instance of a template there is', async () => {
  const { stderr } = await run([...commands('ptype Box<int>', 'print Box<int>::get', 'ptype Crate<int>'), program()]);
  expect(stderr.split('\n').filter((line) => line.startsWith('No symbol'))).toEqual([
    'No symbol "Box<int>" in current context. Did you mean "Box<int, 3>"?',
    'No symbol "Box<int>" in current context. Did you mean "Box<int, 3>"?',
    'No symbol "Crate<int>" in current context.',
  ]);
});

it('rbreak shows functions as they are written', async () => {
  const { stdout } = await run([...commands('rbreak ^geo::Circle::'), program()]);
  expect(stdout.split('\n').filter((line) => line.endsWith(';'))).toEqual([
    'void geo::Circle::Circle(double);',
    'double geo::Circle::area() const;',
  ]);
});

it('demangles names, and says which are none', async () => {
  const { stdout, stderr } = await run([...commands('demangle _ZNK3geo6Circle4areaEv', 'demangle -- _Z4overd', 'demangle main')]);
  expect(stdout).toBe('geo::Circle::area() const\nover(double)\n');
  expect(stderr).toBe(`Can't demangle "main".\n`);
});

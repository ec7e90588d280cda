/** Iterators of the C++ library show what they stand at, in the lines of frames as well, as in gdb. */
import { expect, it } from 'vitest';
import { compileText } from '../helpers/build.js';
import { leakGuard } from '../helpers/leaks.js';
import { compareAt } from './beside_gdb.js';
import { commands, run } from './cli.js';

leakGuard();

const text = `
#include <deque>
#include <list>
#include <map>
#include <set>
#include <vector>
struct Pair { int a, b; };
static int look(std::vector<int>::iterator number, std::list<int>::iterator node, std::map<int, int>::iterator entry,
                std::set<int>::const_iterator key, std::deque<int>::iterator block, std::vector<Pair>::iterator object,
                std::vector<int>::iterator nowhere, std::list<int>::iterator loose, std::deque<int>::iterator none) {
  return *number + *node + entry->second + *key + *block + object->a; // look
}
int main() {
  std::vector<int> v{1, 2}; std::list<int> l{4}; std::map<int, int> m{{1, 9}}; std::set<int> s{5}; std::deque<int> d{6, 7}; std::vector<Pair> p{{7, 8}};
  return look(v.begin() + 1, l.begin(), m.begin(), s.begin(), d.begin() + 1, p.begin(), {}, {}, {});
}
`;
const program = (): string => compileText('iterators.cc', text, ['-O0'], 'g++');
const place = `iterators.cc:${text.split('\n').findIndex((line) => line.includes('// look')) + 1}`;

it.each(['number', 'node', 'entry', 'key', 'block', '*block + 1', 'object', 'object->b', 'nowhere', 'loose', 'none'])(
  'print %s',
  (expression) => compareAt(program(), [place], [`print ${expression}`]),
);

it('numbers are told in the line of a frame, objects are not', async () => {
  const { stdout } = await run(['--batch', ...commands(`break ${place}`, 'run', 'bt 1'), program()]);
  const arguments_ = /^#0 {2}look \((.*)\) at /m.exec(stdout)?.[1];
  expect(arguments_).toBe(
    'number=2, node=4, entry={...}, key=5, block=7, object=..., nowhere=non-dereferenceable iterator for std::vector, ' +
      'loose=non-dereferenceable iterator for std::list, none=non-dereferenceable iterator for std::deque',
  );
});

/** Pointers of optimised code to objects that have no address (DW_OP_implicit_pointer), and pointers that are always null. */
import { describe, expect, it } from 'vitest';
import { childrenOf, isExpandable } from '../../src/language/children.js';
import { formatMember, formatValue } from '../../src/language/format.js';
import { compileText } from '../helpers/build.js';
import { leakGuard } from '../helpers/leaks.js';
import { driven, walk } from './drive.js';

leakGuard();

const synthetic = compileText(
  'synthetic.cc',
  `struct Point {
  int x, y;
  int product() const;
};
volatile int sink, source = 3;
inline __attribute__((always_inline)) int Point::product() const {
  sink = 2; // in product
  int t = x * y;
  return t;
}
int main() {
  int a = source;
  Point p = {a, 4};
  const Point &named = p;
  sink = p.product();
  sink = 5; // behind
  return named.x == 3 ? 0 : 1;
}
`,
  ['-O2', '-w'],
);

describe('what a pointer points to that has no address', () => {
  it('shows its value, and its parts', () =>
    driven(synthetic, async (session) => {
      await walk(session, ['break 7', 'run']);
      const shown = async (text: string): Promise<string> => formatValue(await session.evaluate(text), session.context());
      expect(await shown('*this')).toBe('{x = 3, y = 4}');
      expect(await shown('this->y + 1')).toBe('5');
      expect(await shown('x * y')).toBe('12');
      expect(await shown('this')).toBe('(const Point * const) <synthetic pointer>');
      await expect(session.evaluate('&this->x')).rejects.toThrow('not located in memory');
      const self = await session.evaluate('this');
      expect(isExpandable(self, session.context())).toBe(true);
      expect(childrenOf(self, session.context()).map(({ name, value }) => `${name} ${formatMember(value, session.context())}`)).toEqual([
        'x 3',
        'y 4',
      ]);
    }));

  it('is shown behind a reference', () =>
    driven(synthetic, async (session) => {
      await walk(session, ['break 16', 'run']);
      const named = await session.evaluate('named');
      expect(formatMember(named, session.context())).toMatch(/^<synthetic pointer>: \{x = (?:3|<optimized out>), y = 4\}$/);
      expect(formatValue(await session.evaluate('named.y'), session.context())).toBe('4');
    }));
});

describe('std::nullptr_t', () => {
  const program = compileText('null_type.cc', 'int main() {\n  auto nothing = nullptr;\n  return nothing == nullptr ? 0 : 1;\n}\n', ['-w']);

  it('compares and computes as a null pointer', () =>
    driven(program, async (session) => {
      await walk(session, ['break 3', 'run']);
      const shown = async (text: string): Promise<string> => formatValue(await session.evaluate(text), session.context());
      expect(await shown('nothing')).toBe('(decltype(nullptr)) 0x0');
      expect(await shown('nothing == 0')).toBe('true');
      expect(await shown('nothing ? 1 : 2')).toBe('2');
      expect(await shown('nothing + 1')).toBe('(void *) 0x1');
      expect(await shown('sizeof nothing')).toBe('8');
    }));
});

/** C++ objects as their bases, beside gdb: bases that are virtual, hidden members, and conditions on them. */
import { expect, it } from 'vitest';
import { formatValue } from '../../src/language/format.js';
import { compile, lineOf, writeText } from '../helpers/build.js';
import { leakGuard } from '../helpers/leaks.js';
import { gdbAnswers } from '../language/oracle.js';
import { driven, endOf, stopOf } from './drive.js';

leakGuard();

const source = writeText(
  'bases.cc',
  `namespace n { struct First { int x = 1; virtual ~First() {} }; template <class T> struct Second { T x = 7; }; }
struct Virtual { int v = 9; };
struct Left : n::First, virtual Virtual { int x = 2; };
struct Right : virtual Virtual { int x = 5; };
struct Whole : Left, n::Second<long>, Right { int x = 3; };
struct Root { int r = 8; virtual ~Root() {} };
struct Branch : virtual Root { int b = 6; };
struct Leaf : Branch { int l = 4; };
Leaf leaf;
Root *root = &leaf;
static int look(Whole *p, Right *right, Left &left) {
  return p->x + right->x + left.x; // look
}
int main() {
  Whole whole;
  int sum = 0;
  for (int i = 0; i < 5; i++) {
    static_cast<n::Second<long> &>(whole).x = i;
    sum += look(&whole, &whole, whole);
  }
  return sum == 50 ? 0 : 1;
}
`,
);

const expressions = [
  '*(Virtual *) p',
  '*(Virtual *) &*p',
  '*(Virtual *) right',
  '*(Virtual *) &left',
  'static_cast<Virtual *>(p)->v',
  '(n::First &) left',
  '*(n::Second<long> *) p',
  '(char *) (Virtual *) p - (char *) p == (char *) &p->v - (char *) p',
  '(Virtual *) (Right *) 0',
  'p->v',
  'p->Left::x',
  '((Leaf *) root)->l',
  '(Leaf *) root == &leaf',
];

it('casts find the base that is meant, as gdb does', () =>
  driven(compile(source), async (session) => {
    session.break(`${source}:${lineOf(source, '// look')}`);
    stopOf(await session.run());
    const said: string[] = [];
    for (const each of expressions) said.push(`$${said.length + 1} = ${formatValue(await session.evaluate(each), session.context())}`);
    const answers = gdbAnswers(
      compile(source),
      expressions.map((each) => `print ${each}`),
      `${source}:${lineOf(source, '// look')}`,
    );
    const plain = (text: string): string => text.replace(/0x[0-9a-f]{5,}/g, '0xADDRESS');
    expect(said.map(plain)).toEqual(answers.map(plain));
    // gdb reads it elsewhere.
    expect(formatValue(await session.evaluate('((Virtual &) left).v'), session.context())).toBe('9');
    expect(formatValue(await session.evaluate('((Branch *) root)->b'), session.context())).toBe('6');
    session.kill();
  }));

it.each(['((n::Second<long> *) p)->x == 3', '((n::Second<long> *) (Whole *) right)->x == 3'])(
  'and a condition means the same (%s)',
  (condition) =>
    driven(compile(source), async (session) => {
      session.break(`${source}:${lineOf(source, '// look')}`, { condition });
      stopOf(await session.run());
      expect(formatValue(await session.evaluate('((n::Second<long> *) p)->x'), session.context())).toBe('3');
      expect(endOf(await session.continue())).toBe('exited 0');
    }),
);

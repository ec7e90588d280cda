import { describe, expect, it } from 'vitest';
import type { Expression, TypeSyntax } from '../../src/language/ast.js';
import { caretLines, ExpressionError } from '../../src/language/errors.js';
import { parseArguments, parseExpression } from '../../src/language/parser.js';

const names = { isType: (name: string) => ['node_t', 'size_t', 'ns::T'].includes(name) };

/** Back to text, with every grouping in parentheses. */
const shown = (node: Expression): string => {
  switch (node.kind) {
    case 'integer':
      return node.value.toString();
    case 'name':
      return node.name;
    case 'binary':
    case 'logical':
      return `(${shown(node.left)}${node.operator}${shown(node.right)})`;
    case 'comma':
      return `(${shown(node.left)},${shown(node.right)})`;
    case 'unary':
      return `(${node.operator}${shown(node.operand)})`;
    case 'postfix':
      return `(${shown(node.operand)}${node.operator})`;
    case 'assign':
      return `(${shown(node.target)}${node.operator ?? ''}=${shown(node.value)})`;
    case 'conditional':
      return `(${shown(node.test)}?${shown(node.then)}:${shown(node.otherwise)})`;
    case 'member':
      return `${shown(node.object)}${node.arrow ? '->' : '.'}${node.name}`;
    case 'index':
      return `${shown(node.array)}[${shown(node.index)}]`;
    case 'call':
      return `${shown(node.callee)}(${node.arguments.map(shown).join(',')})`;
    case 'cast':
      return `((${type(node.type)})${shown(node.operand)})`;
    case 'sizeof':
      return `${node.what}of(${shown(node.operand)})`;
    case 'at':
      return `({${type(node.type)}}${shown(node.address)})`;
    case 'type':
      return type(node.type);
    case 'list':
      return `{${node.elements.map(shown).join(',')}}`;
    case 'scoped':
      return `<${node.global ? '::' : ''}${node.file ?? ''}|${node.path.join('::')}|${node.name}>`;
    case 'history':
      return `$${node.relative ? '-' : ''}${node.index}`;
    case 'dollar':
      return `$${node.name}`;
    default:
      return node.kind;
  }
};

const type = (syntax: TypeSyntax): string => {
  switch (syntax.kind) {
    case 'base':
      return syntax.name;
    case 'named':
      return `${syntax.tag ? `${syntax.tag} ` : ''}${syntax.name}`;
    case 'typeof':
      return `typeof ${shown(syntax.operand)}`;
    case 'qualified':
      return `${syntax.qualifier} (${type(syntax.target)})`;
    case 'pointer':
      return `${syntax.reference ?? 'pointer'} to ${type(syntax.target)}`;
    case 'array':
      return `array ${syntax.count ? shown(syntax.count) : '?'} of ${type(syntax.element)}`;
    case 'function':
      return `function (${syntax.parameters.map(type).join(', ')}${syntax.varargs ? ', ...' : ''}) returning ${type(syntax.returns)}`;
  }
};

const parsed = (text: string): string => shown(parseExpression(text, names));

describe('precedence', () => {
  it.each([
    ['1+2*3', '(1+(2*3))'],
    ['1-2-3', '((1-2)-3)'],
    ['a=b=c', '(a=(b=c))'],
    ['a?b:c?d:e', '(a?b:(c?d:e))'],
    ['a,b,c', '((a,b),c)'],
    ['a||b&&c|d^e&f==g<h<<i@j+k', '(a||(b&&(c|(d^(e&(f==(g<(h<<(i@(j+k))))))))))'],
    ['-a++', '(-(a++))'],
    ['*p++', '(*(p++))'],
    ['&a[1].b->c', '(&a[1].b->c)'],
    ['!a==b', '((!a)==b)'],
    ['*a@3', '((*a)@3)'],
    ['a+=b*2', '(a+=(b*2))'],
    ['f(1,a=2)(3)', 'f(1,(a=2))(3)'],
    ['- -1', '(-(-1))'],
  ])('%s', (text, wanted) => {
    expect(parsed(text)).toBe(wanted);
  });
});

describe('casts and sizes', () => {
  it.each([
    ['(int) x', '((int)x)'],
    ['(node_t *) p->next', '((pointer to node_t)p->next)'],
    ['(notype) (x)', 'notype(x)'],
    ['(struct node *) p', '((pointer to struct node)p)'],
    ['(unsigned char [4]) x', '((array 4 of unsigned char)x)'],
    ['(int (*)(int, char *)) f', '((pointer to function (int, pointer to char) returning int)f)'],
    ['(int (*[3])(void)) f', '((array 3 of pointer to function () returning int)f)'],
    ['(const char * const) s', '((const (pointer to const (char)))s)'],
    ['(long long unsigned) 1', '((unsigned long long)1)'],
    ['(char const *) s', '((pointer to const (char))s)'],
    ['sizeof(int)', 'sizeof(int)'],
    ['sizeof (x)', 'sizeof(x)'],
    ['sizeof x + 1', '(sizeof(x)+1)'],
    ['sizeof (int) + 1', '(sizeof(int)+1)'],
    ['_Alignof(double)', 'alignmentof(double)'],
    ['{int} p', '({int}p)'],
    ['{struct node} p->next', '({struct node}p->next)'],
    ['{1,2}', '{1,2}'],
    ['(node_t) {1, 2}', '((node_t){1,2})'],
    ['node_t', 'node_t'],
    ['int (*)[5]', 'pointer to array 5 of int'],
    ['char **(*)(int a, ...)', 'pointer to function (int, ...) returning pointer to pointer to char'],
    ['int &', 'lvalue to int'],
    ['(ns::T *) p', '((pointer to ns::T)p)'],
    ['(typeof(x)) 5', '((typeof x)5)'],
  ])('%s', (text, wanted) => {
    expect(parsed(text)).toBe(wanted);
  });
});

describe('names', () => {
  it.each([
    ["'file.c'::x", '<file.c||x>'],
    ['file.c:f::x', '<file.c|f|x>'],
    ['f::x', '<|f|x>'],
    ['a::b::c', '<|a::b|c>'],
    ['::x', '<::||x>'],
    ["'main'", 'main'],
    ['$', '$-0'],
    ['$$', '$-1'],
    ['$$3', '$-3'],
    ['$7', '$7'],
    ['$rip', '$rip'],
    ['$_exitcode', '$_exitcode'],
  ])('%s', (text, wanted) => {
    expect(parsed(text)).toBe(wanted);
  });
});

describe('complaints', () => {
  it.each([
    ['1 +', 3, "near `'"],
    ['a.', 2, "near `'"],
    ['(1', 2, "near `'"],
    ['1 2', 2, "near `2'"],
    ['a[1', 3, "near `'"],
    ['f(1,', 4, "near `'"],
    ['1 ? 2', 5, "near `'"],
    [')', 0, "near `)'"],
    ['short char', 0, "near `short char'"],
  ])('%s points at the token', (text, offset, near) => {
    let caught: unknown;
    try {
      parseExpression(text, names);
    } catch (error) {
      caught = error;
    }
    expect(caught).toBeInstanceOf(ExpressionError);
    if (text !== 'short char') expect(caught).toMatchObject({ code: 'syntax', offset, message: expect.stringContaining(near) as string });
  });

  it('draws a caret under the token, also in a long text', () => {
    const text = `${'1+'.repeat(50)})`;
    try {
      parseExpression(text);
      expect.unreachable();
    } catch (error) {
      const lines = caretLines(text, error instanceof ExpressionError ? error.offset : 0);
      expect(lines?.[0][lines[1].length - 1]).toBe(')');
    }
  });

  it('bounds nesting, by recursion and by chains', () => {
    for (const text of [
      '('.repeat(5000),
      `${'-'.repeat(5000)}1`,
      `1${'+1'.repeat(5000)}`,
      `a${'[0]'.repeat(3000)}`,
      `(int${'*'.repeat(5000)})0`,
    ]) {
      expect(() => parseExpression(text)).toThrow(/nested too deeply|syntax error/);
    }
  });
});

it('arguments are separated by commas', () => {
  expect(parseArguments('1, a+b, f(2,3)', names).map(shown)).toEqual(['1', '(a+b)', 'f(2,3)']);
  expect(parseArguments('', names)).toEqual([]);
});

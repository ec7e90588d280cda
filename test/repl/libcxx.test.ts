/**
 * Objects of libc++, by classes with its members (test/fixtures/libcxx_layout.cc): that library itself need not be installed. Of the real one, of LLVM 14, the same
 * answers were had.
 */
import { describe, expect, it } from 'vitest';
import { fixture, lineOf } from '../helpers/build.js';
import { leakGuard } from '../helpers/leaks.js';
import { commands, run } from './cli.js';
import { answersIn, marked } from './marked.js';

leakGuard();

const known: readonly (readonly [string, string])[] = [
  ['empty', '""'],
  ['small', '"hello"'],
  ['large', '"a text that does not fit into the object itself"'],
  ['seen', '"text"'],
  ['none', 'std::vector of length 0, capacity 0'],
  ['numbers', 'std::vector of length 3, capacity 8 = {1, 2, 3}'],
  ['bits', 'std::vector<bool> of length 3, capacity 64 = {true, false, true}'],
  ['fixed', 'std::array of length 3 = {4, 5, 6}'],
  ['both', 'std::deque with 2 elements = {7, 8}'],
  ['pile', 'std::stack wrapping: std::deque with 2 elements = {7, 8}'],
  ['chain', 'std::list = {[0] = 1, [1] = 2}'],
  ['no_chain', 'empty std::list'],
  ['no_chain.empty()', 'true'],
  ['in_chain', '1'],
  ['ages', 'std::map with 2 elements = {[3] = "three", [5] = "five"}'],
  ['no_ages', 'std::map with 0 elements'],
  ['in_ages', '{first = 3, second = "three"}'],
  ['letters', "std::set with 1 element = {[0] = 122 'z'}"],
  ['named', 'std::unordered_map with 1 element = {[1] = 10}'],
  ['owner', 'std::unique_ptr<Point> = {get() = ADDRESS}'],
  ['nobody', 'std::unique_ptr<Point> = {get() = 0x0}'],
  ['shared', 'std::shared_ptr<Point> (use count 2, weak count 1) = {get() = ADDRESS}'],
  ['nothing', 'std::shared_ptr<Point> (empty) = {get() = 0x0}'],
  ['some', 'std::optional<int> = {[contained value] = 3}'],
  ['missing', 'std::optional<int> [no contained value]'],
  ['choice', 'std::variant<int, double> [index 1] = {2.5}'],
  ['mixed', 'std::tuple containing = {[1] = 1, [2] = 1.5}'],
  ['counter', 'std::atomic<int> = { 9 }'],
  ['at', '2'],
  ['numbers[2]', '3'],
  ['numbers.back() + both[1]', '11'],
  ['ages[3]', '"three"'],
  ['ages[3] == "three"', 'true'],
  ['small == "hello" && large != small', 'true'],
  ['owner->y', '2'],
  ['*shared', '{x = 1, y = 2}'],
  ['!nobody', 'true'],
  ['*some + 1', '4'],
  ['chain.size() + large.size()', '49'],
  ['in_ages->second', '"three"'],
];

describe.each(['plain', 'clang'] as const)('%s', (variant) => {
  const said = async (list: readonly string[]): Promise<string[]> => {
    const typed = [`break ${lineOf('libcxx_layout.cc', '// made')}`, 'run', ...marked(list)];
    const { stdout } = await run(['--batch', ...commands(...typed), fixture('libcxx_layout', variant)], { shell: 'exec "$@" 2>&1' });
    return answersIn(stdout).map((answer) => answer.replace(/^\$\d+ = /, '').replace(/0x[0-9a-f]{4,}/g, 'ADDRESS'));
  };

  it('are shown, and used in expressions, as those of GCC are', async () => {
    const texts = await said(known.map(([text]) => `print ${text}`));
    expect(known.map(([text], index) => [text, texts[index]])).toEqual(known);
  });

  it('have short names, and show their members when they are not constructed or asked for', async () => {
    const texts = await said(['whatis small', 'print unmade', 'print/r none']);
    expect(texts.map((text) => text.slice(0, 26))).toEqual([
      'type = std::string',
      '{__end_ = {__prev_ = 0x1, ',
      '{__begin_ = 0x0, __end_ = ',
    ]);
  });
});

/** C++ at the prompt: objects of the library in expressions, names of types, tables of virtual functions; beside gdb where gdb knows an answer. */
import { expect, it } from 'vitest';
import { fixture, lineOf } from '../helpers/build.js';
import { gdb } from '../helpers/gdb.js';
import { leakGuard } from '../helpers/leaks.js';
import { commands, run } from './cli.js';
import { answersIn, marked } from './marked.js';

leakGuard();

const program = fixture('library_more');
const start = [`break ${lineOf('library_more.cc', '// main')}`, 'run'];
const answers = (text: string): string[] => answersIn(text).map((answer) => answer.replace(/0x(?:7ff|5555)[0-9a-f]+/g, 'ADDRESS'));

const said = async (list: readonly string[]): Promise<string[]> =>
  answers((await run([...commands(...start, ...marked(list)), program], { shell: 'exec "$@" 2>&1' })).stdout);

it('as gdb with the printers of the library', async () => {
  const list = [
    'print an', 'print none', 'print il', 'print dynamic', 'print c8', 'print no_list', 'print no_chain', 'info vtbl square', 'info vtbl part', 'info vtbl base', 'info vtbl *base',
    'info vtbl n', 'info vtbl (Shape *) 0', 'ptype box', 'ptype &box', 'ptype words', 'ptype Box<int>', 'whatis m', 'whatis colors', 'whatis um', 'whatis v', 'whatis nested', 'whatis st',
    'whatis mm', 'whatis up', 'whatis &v', 'whatis o', 'ptype v', 'ptype s', 'ptype m', 'whatis words.value', 'print not yes', 'print yes and n', 'print n bitand 3', 'print n bitor 1',
    'print compl n', 'print n xor 2', 'print n not_eq 6', 'print not yes or n == 6',
  ]; // prettier-ignore
  const theirs = answers(gdb(['python import os; os.dup2(1, 2)', ...start, ...marked(list)], program));
  const pairs = (texts: readonly string[]): string[] => list.map((command, index) => `${command}: ${texts[index] ?? 'no answer'}`);
  expect(pairs(await said(list))).toEqual(pairs(theirs));
});

const known: readonly (readonly [string, string])[] = [
  ['s == "hello"', 'true'],
  ['"hello" == s', 'true'],
  ['s == plain', 'true'],
  ['s == sv', 'true'],
  ['s != other', 'true'],
  ['s < other', 'true'],
  ['s > "hell"', 'true'],
  ['s == "hello world"', 'false'],
  ['ws == L"wide"', 'true'],
  ['long_one == s', 'false'],
  ['m["k"]', '1'],
  ['m["k"] = 7', '7'],
  ['m.at("k")', '7'],
  ['m["none"]', 'no such element (there is none with the key "none")'],
  ['m.count("z") + m.count("none")', '1'],
  ['m.contains(s)', 'false'],
  ['colors[Color::green]', '"G"'],
  ['colors[Color::green] == "G"', 'true'],
  ['um[3][1]', '"b"'],
  ['st.contains(5)', 'true'],
  ['st.count(4)', '0'],
  ['v.at(1)', '2'],
  ['v.at(3)', 'no such element (index 3, there are 3)'],
  ['!un', 'true'],
  ['(bool) un', 'false'],
  ['static_cast<bool>(up)', 'true'],
  ['up && *up == 4', 'true'],
  ['un == nullptr', 'true'],
  ['sp == copy', 'true'],
  ['sp->side', '2'],
  ['(bool) sp', 'true'],
  ['o ? 1 : 2', '1'],
  ['on || false', 'false'],
  ['o.has_value()', 'true'],
  ['on.has_value()', 'false'],
  ['big', 'std::any containing std::string = {[contained value] = "held"}'],
  ['fixed', 'std::span of length 2 = {1, 2}'],
  ['dynamic[2]', '3'],
  ['path', '"/tmp/x"'],
  ['path == "/tmp/x"', 'true'],
];

it('what needs no call of the program', async () => {
  const texts = await said(known.map(([text]) => `print ${text}`));
  expect(known.map(([text], index) => [text, texts[index].replace(/^\$\d+ = /, '')])).toEqual(known);
});

it('strings in the condition of a breakpoint', async () => {
  const line = lineOf('library_more.cc', '// main');
  const { stdout } = await run([...commands(`break ${line} if s == "hello" and m["z"] == 2`, 'run', 'print s'), program]);
  expect(stdout).toContain('$1 = "hello"');
  const { stdout: other } = await run([...commands(`break ${line} if s == "other"`, 'run'), program]);
  expect(other).toContain('Child exited (status 0)');
});

it('what a template is made of, and with ptype/r what the library keeps to itself', async () => {
  const [box, vector] = await said(['ptype/r box', 'ptype/r v']);
  expect(box).toBe('type = struct Box<int> {\n    int value;\n    int *other;\n  public:\n    int get(int) const;\n}');
  expect(vector).toContain('protected std::_Vector_base<int, std::allocator<int> >');
});

/** What unfolds of C++ objects: containers of the library, smart pointers, bases; each row is named by an expression that means it, and can be changed and watched by it. */
/* eslint-disable @typescript-eslint/no-unsafe-member-access, @typescript-eslint/no-unsafe-argument, @typescript-eslint/no-unsafe-return -- a message's body is what the test says it is */
import type { DebugProtocol as P } from '@vscode/debugprotocol';
import { expect, it } from 'vitest';
import { compile, lineOf, writeText } from '../helpers/build.js';
import { leakGuard } from '../helpers/leaks.js';
import { Client } from './client.js';
import { sharedAdapter } from './shared_adapter.js';

leakGuard();
sharedAdapter();

const source = writeText(
  'objects.cc',
  `#include <deque>
#include <forward_list>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <queue>
#include <set>
#include <string>
#include <tuple>
#include <unordered_map>
#include <variant>
#include <vector>
struct Base { int id = 1, same = 10; virtual ~Base() {} };
template <class T> struct Second { T id = 7; };
struct Virtual { int v = 9; };
struct Square : Base, Second<unsigned long>, virtual Virtual { int id = 3; struct { int inner = 5; }; };
int main() {
  std::vector<int> numbers(20000, 4);
  std::vector<bool> flags{true, false};
  std::map<std::string, int> ages{{"ann", 31}, {"bob", 42}};
  std::unordered_map<int, std::string> names{{1, "one"}};
  std::set<int> some{5, 6};
  std::list<double> doubles{1.5, 2.5};
  std::forward_list<int> chain(12000, 4);
  std::deque<char> characters{'a', 'b'};
  std::queue<int> waiting({8, 9});
  std::unique_ptr<Square> owned = std::make_unique<Square>();
  std::shared_ptr<Base> shared = std::make_shared<Square>();
  std::optional<long> maybe = 7;
  std::variant<int, std::string> variant = std::string("text");
  std::tuple<int, double> tuple{1, 2.5};
  std::pair<int, short> pair{1, 2};
  std::vector<std::map<int, Second<long>>> nested{{{1, {2}}}};
  Square square, *pointer = &square;
  Base &reference = square;
  ages["bob"]++; // here
  return ages["bob"] + *doubles.begin() + *maybe + owned->Base::id + numbers[15000] == 143 ? 0 : 1;
}
`,
);

const atHere = async (client: Client): Promise<number> => {
  await client.launch({ program: compile(source) }, () =>
    client.ask('setBreakpoints', { source: { path: source }, breakpoints: [{ line: lineOf(source, '// here') }] }),
  );
  await client.event('stopped');
  return (await client.top()).id;
};

it('every row says how it is named, and that name has its value', async () => {
  await using client = new Client();
  const frameId = await atHere(client);
  const wrong: string[] = [];
  const seen: string[] = [];
  const walk = async (reference: number, depth: number): Promise<void> => {
    const { variables } = (await client.ask('variables', { variablesReference: reference, count: 50 })) as { variables: P.Variable[] };
    for (const { name, value, evaluateName, variablesReference } of variables) {
      if (/^\[[2-9]\d\]$/.test(name)) break;
      if (evaluateName === undefined) {
        if (name !== '<anonymous>') wrong.push(`${name} has no name`);
      } else {
        seen.push(evaluateName);
        const request = client.send('evaluate', { expression: evaluateName, frameId, context: 'watch' });
        const { success, body, message } = await client.answer(request);
        if (!success || body.result !== value) wrong.push(`${evaluateName}: ${success ? body.result : message}, not ${value}`);
      }
      if (depth > 0 && variablesReference > 0) await walk(variablesReference, depth - 1);
    }
  };
  const { scopes } = await client.ask('scopes', { frameId });
  await walk(scopes[0].variablesReference, 4);
  expect(wrong).toEqual([]);
  expect(seen).toEqual(
    expect.arrayContaining(['numbers[2]', 'flags[0]', 'pair.first', 'owned.get()', '(*(Base *) &(square)).id', 'square.inner']),
  );
});

it('elements come in pages, as far as there are any', async () => {
  await using client = new Client();
  await atHere(client);
  const locals = await client.scope('Locals');
  const numbers = locals.get('numbers');
  expect(numbers).toMatchObject({ indexedVariables: 20_000 });
  const page = await client.children(numbers?.variablesReference ?? 0, { filter: 'indexed', start: 15_000, count: 2 });
  expect([...page.keys()]).toEqual(['[15000]', '[15001]']);
  // One without a length is counted at each stop, and not far; whoever wants it whole gets it.
  expect(locals.get('chain')).toMatchObject({ indexedVariables: 10_000 });
  expect(await client.evaluate('print -elements unlimited -- chain', 'repl')).toContain('[11999] = 4}');
  expect(locals.get('some')).toMatchObject({ indexedVariables: 2 });
  expect(locals.get('ages')).toMatchObject({ namedVariables: 2 });
  expect([...(await client.children(locals.get('ages')?.variablesReference ?? 0)).keys()]).toEqual(['["ann"]', '["bob"]']);
});

it('rows can be changed and watched, wherever they are', async () => {
  await using client = new Client();
  await atHere(client);
  const locals = await client.scope('Locals');
  const change = async (of: string, name: string, value: string): Promise<string> =>
    (await client.ask('setVariable', { variablesReference: locals.get(of)?.variablesReference, name, value })).value;
  expect(await change('ages', '["bob"]', '100')).toBe('100');
  expect(await change('doubles', '[0]', '5.25 - 0.25')).toBe('5');
  expect(await change('maybe', '[contained value]', '-5')).toBe('-5');
  expect(await change('numbers', '[15000]', '40')).toBe('40');
  const owned = (await client.children(locals.get('owned')?.variablesReference ?? 0)).get('get()');
  const base = (await client.children(owned?.variablesReference ?? 0)).get('Base');
  expect(await client.ask('setVariable', { variablesReference: base?.variablesReference, name: 'id', value: '2' })).toMatchObject({
    value: '2',
  });
  const { dataId } = await client.ask('dataBreakpointInfo', {
    variablesReference: locals.get('ages')?.variablesReference,
    name: '["bob"]',
  });
  expect((await client.ask('setDataBreakpoints', { breakpoints: [{ dataId }] })).breakpoints).toMatchObject([{ verified: true }]);
  await client.ask('continue', { threadId: 1 });
  expect((await client.event('stopped')).body).toMatchObject({
    reason: 'data breakpoint',
    description: expect.stringMatching(/100 → 101$/),
  });
  await client.ask('setDataBreakpoints', { breakpoints: [] });
  await client.ask('continue', { threadId: 1 });
  // 101 + 5 - 5 + 2 + 40: what was changed is what the program has.
  expect((await client.event('exited')).body.exitCode).toBe(0);
});

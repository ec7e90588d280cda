/** A stop in a library shows who called it: the program's own line, not one of the C++ library's templates that are compiled into it. */
import { expect, it } from 'vitest';
import { compileText } from '../helpers/build.js';
import { leakGuard } from '../helpers/leaks.js';
import { commands, run } from './cli.js';

leakGuard();

const text = `
#include <vector>
static int third(const std::vector<int> &numbers) { return numbers.at(3); }
int main() { return third({1, 2}); }
`;

it('an exception that at() throws is shown where at() was called', async () => {
  const program = compileText('called_from.cc', text, ['-O0'], 'g++');
  const { stdout } = await run([...commands('run'), program]);
  expect(stdout).toMatch(/^called from third at .*called_from\.cc:3$/m);
});

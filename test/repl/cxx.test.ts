/** How C++ functions are called in lists: with their parameters, since several bear one name. */
import { describe, expect, it } from 'vitest';
import { fixture } from '../helpers/build.js';
import { leakGuard } from '../helpers/leaks.js';
import { commands, run } from './cli.js';

leakGuard();

const shown = async (...typed: string[]): Promise<string[]> => {
  const { stdout } = await run(['--batch', ...commands(...typed), fixture('operators')]);
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) =>
      line
        .replace(/0x[0-9a-f]+/g, 'ADDRESS')
        .replace(/(?:\/.*\/)?operators\.cc:\d+/, 'operators.cc:N')
        .trimEnd(),
    );
};

describe('overloaded functions', () => {
  it('in the table of breakpoints', async () =>
    expect(await shown('break geo::area', 'break geo::Point::operator[]', 'break main', 'info breakpoints')).toEqual([
      'Set breakpoint 0 at ADDRESS',
      '    ADDRESS geo::area(int) at operators.cc:N',
      '    ADDRESS geo::area(int, int) at operators.cc:N',
      'Set breakpoint 1 at ADDRESS',
      '    geo::Point::operator[](int) at operators.cc:N',
      'Set breakpoint 2 at ADDRESS',
      '    main at operators.cc:N',
      'Num     Type       Disp Enb Address            What',
      '0       breakpoint keep y   <MULTIPLE>',
      '0.1                     y   ADDRESS in geo::area(int) at operators.cc:N',
      '0.2                     y   ADDRESS in geo::area(int, int) at operators.cc:N',
      '1       breakpoint keep y   ADDRESS in geo::Point::operator[](int) at operators.cc:N',
      '2       breakpoint keep y   ADDRESS in main at operators.cc:N',
    ]));

  it('by line and by address: from their first instruction', async () => {
    const lines = await shown('info line geo::area', 'info line geo::Point::operator-');
    expect(lines.map((line) => line.replace(/^Line \d+ of "[^"]*" |<[^>]*\+\d+>/g, ''))).toEqual([
      'starts at address ADDRESS <geo::area(int)> and ends at ADDRESS .',
      'starts at address ADDRESS <geo::area(int, int)> and ends at ADDRESS .',
      'starts at address ADDRESS <geo::Point::operator-() const> and ends at ADDRESS .',
    ]);
  });
});

it.each(['plain', 'clang'] as const)('finish of a function that is declared with auto tells what it returned, %s', async (variant) => {
  const { stdout } = await run(['--batch', ...commands('break Scale::twice', 'run', 'finish'), fixture('lambdas', variant)]);
  expect(stdout).toContain('Value returned is $1 = 42');
});

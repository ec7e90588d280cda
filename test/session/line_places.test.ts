/** `break LINE`: all places of the line, and of the next that has code; compared with gdb. */
import { expect, it } from 'vitest';
import { fileAddress } from '../../src/common/addresses.js';
import { parseLocation, placesIn } from '../../src/session/locations.js';
import { openImage } from '../../src/symbols/open.js';
import { compileText } from '../helpers/build.js';
import { askGdb } from '../symbols/oracle.js';

const placesOf = (program: string, text: string): number[] => {
  const image = openImage(program, { debugDirectories: [] });
  const spec = parseLocation(text, { file: undefined, line: undefined });
  return placesIn({ image, bias: 0n }, spec).map(({ address }) => Number(address));
};

const opening = `volatile int sink;

// Both open on the same line; only one goes on there.
int f(int x) { sink = x; return x; } int g(int x) {
  return x + 1;
}

int main(void) { return f(1) + g(2); }
`;

it.each([1, 3, 4, 5, 6])('line %i: functions that open on one line each go on at their own', (line) => {
  const program = compileText('opening.c', opening, ['-O0']);
  const spec = `opening.c:${line}`;
  const theirs = askGdb(program, { breaks: [spec], addresses: [], types: [] }).breaks[spec];
  expect(placesOf(program, spec)).toEqual(theirs.map(([address]) => address).sort((a, b) => a - b));
});

const unlikely = `
struct Guard { volatile int n; ~Guard() {
    n = 1; // leaving
  } };
int risk(int x);
int work(int x) {
  Guard guard{x};
  return risk(x) + 1;
}
__attribute__((noinline)) int risk(int x) { if (x > 3) throw x; return x; }
int main() { try { return work(2); } catch (int i) { return i; } }
`;

it('a line in the cold part of a function is there, not at its entry', () => {
  const program = compileText('unlikely.cc', unlikely, ['-O2'], 'g++');
  const image = openImage(program, { debugDirectories: [] });
  const [work] = image.functionsNamed('work');
  const cold = placesOf(program, 'unlikely.cc:3').filter((address) => image.symbolAt(fileAddress(address))?.name.endsWith('.cold'));
  expect(work.ranges.length, 'the compiler has put the clean-up aside').toBeGreaterThan(1);
  expect(cold).not.toEqual([]);
  expect(placesOf(program, 'unlikely.cc:3')).not.toContain(Number(work.entry));
});

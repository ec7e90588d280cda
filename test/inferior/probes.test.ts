/** Conditions that are checked in the program: what is counted must be as with the checks made at stops. */
import fc from '../helpers/property.js';
import { describe, expect, it } from 'vitest';
import { DeetError } from '../../src/common/errors.js';
import { hex } from '../../src/common/addresses.js';
import type { BreakOptions } from '../../src/session/breakpoints.js';
import { compileText, fixture, type Variant } from '../helpers/build.js';
import { endOf, placeOf, stopOf } from '../session/drive.js';
import { leakGuard } from '../helpers/leaks.js';
import { type Mode, open, endless, countedIn, everyInstruction } from './probing.js';

leakGuard();

const names = ['n', 'wide', 'local', 'small', 'v->c', 'v->sc', 'v->uc', 'v->s', 'v->us', 'v->i', 'v->u', 'v->l', 'v->ul', 'v->b', 'v->color', 'v->bits.low', 'v->bits.minus', 'v->bits.far', 'v->bits.across', 'v->array[2]', 'v->array[n & 3]', '*v->pointer', 'v->list->value', 'v->list->next->value', 'v->list->next->next', 'all.l', 'all.us', 'global', '$rip', '$rdi', '$eax', '$ah', '$sp', 'sizeof (int)']; // prettier-ignore
const constants = ['0', '1', '-1', '2', '3', '7', '255', '32767', '65536', '0x7fffffff', '0x80000000', '4294967295u', '-5L', '18446744073709551615ul', '0x123456789abcdefL']; // prettier-ignore
const { number } = fc.letrec<{ number: string }>((tie) => ({
  number: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    fc.constantFrom(...names),
    fc.constantFrom(...constants),
    fc.tuple(tie('number'), fc.constantFrom(...'+ - * / % & | ^ << >>'.split(' ')), tie('number')).map(([a, o, b]) => `(${a}) ${o} (${b})`),
    fc
      .tuple(fc.constantFrom('-', '!', '~', '(char) ', '(unsigned short) ', '(int) ', '(unsigned) ', '(long) ', '(_Bool) '), tie('number'))
      .map(([o, a]) => `${o}(${a})`),
    fc.tuple(tie('number'), fc.constantFrom('<<', '>>'), fc.integer({ min: 0, max: 31 })).map(([a, o, n]) => `(${a}) ${o} ${n}`),
  ),
}));
const { condition } = fc.letrec<{ condition: string }>((tie) => ({
  condition: fc.oneof(
    { maxDepth: 2, depthSize: 'small' },
    fc.tuple(number, fc.constantFrom('==', '!=', '<', '>', '<=', '>='), number).map(([a, o, b]) => `(${a}) ${o} (${b})`),
    number,
    fc.tuple(tie('condition'), fc.constantFrom('&&', '||'), tie('condition')).map(([a, o, b]) => `(${a}) ${o} (${b})`),
  ),
}));

/** What a breakpoint accepts, one for each visit function. */
const batchOf = (program: string, conditions: readonly string[]): (readonly [string, BreakOptions])[] => {
  const session = open(program, 'host');
  try {
    const accepted = conditions.filter((text) => {
      try {
        session.breakpoints.delete(session.break('visit_0', { condition: text }).id);
        return true;
      } catch (error) {
        if (error instanceof DeetError) return false;
        throw error;
      }
    });
    return accepted.slice(0, 16).map((text, index) => [`visit_${index}`, { condition: text }]);
  } finally {
    session.close();
  }
};

describe.each([
  ['plain', 3],
  ['O2', 3],
  ['clang', 1],
  ['pie', 1],
  ['static', 1],
] as const)('conditions say in the program what they say at stops, %s', (variant, count) => {
  const program = fixture('conditions', variant);
  const batches = fc.sample(fc.array(condition, { minLength: 18, maxLength: 18 }), 4).slice(0, count);
  it.each(batches.map((batch) => [batch.length, batch] as const))('%d of any kind', async (_, batch) => {
    const places = batchOf(program, batch);
    const atStops = await countedIn(program, 'host', places, ['120']);
    const inside = await countedIn(program, 'target', places, ['120']);
    const numbers = (hits: readonly number[]): unknown[] => places.map(([, options], index) => [options.condition, hits[index]]);
    expect([inside.end, inside.said, ...numbers(inside.hits)]).toEqual(['exited 0', atStops.said, ...numbers(atStops.hits)]);
    // The others divide by what may be zero at once, shift by variables, or are optimized out.
    expect(inside.checked).toBeGreaterThan(3);
  });
});

/** The sites of probes.S, how often each is passed, and whether it can be a probe. */
const sites: readonly (readonly [string, number, boolean])[] = [
  ['flags_site', 100_000, true],
  ['carry_site', 100_000, true],
  ['leaf_site', 100_000, true],
  ['loop_site', 300_000, true],
  ['middle_site', 99_976, true],
  ['relative_site', 100_000, true],
  ['branch_site', 100_000, true],
  ['registers_site', 100_000, true],
  ['return_site', 100_000, true],
];

describe('the program is as without', () => {
  it.each(sites)('%s', async (site, passages, possible) => {
    const program = fixture('probes');
    const place = `*&${site}`;
    const last = '*&finished';
    const conditional = await countedIn(program, 'target', [[place, { condition: '$rbp == 77 && $rsp != 0 && $rax >= 0' }]], [], last);
    expect(conditional).toMatchObject({ end: 'exited 0', hits: [site === 'loop_site' ? 3 : 1] });
    const counted = await countedIn(program, 'target', [[place, { ignore: endless }]], [], last);
    expect(counted).toEqual({ end: 'exited 0', hits: [passages], said: 0, checked: possible ? 1 : 0 });
  });
});

describe('every instruction', () => {
  it.each([
    ['patch_points', 'plain', ['main', 'leaf']],
    ['checksum', 'plain', ['checksum', 'main']],
    ['checksum', 'pie', ['checksum']],
    ['checksum', 'O2', ['main']],
    ['checksum', 'clang', ['checksum']],
  ] as const)('%s, %s, one after the other', async (name, variant: Variant, functions) => {
    const program = fixture(name, variant);
    const places = everyInstruction(program, ...functions);
    const run = async (mode: Mode, some: readonly string[]): Promise<{ end: string; hits: number[] }> => {
      const session = open(program, mode, ['1']);
      try {
        const breakpoints = some.map((place) => session.break(place, { ignore: endless }));
        // checksum reads its own code: what it finds there decides of its exit status, and it sees int3 as well as a jump.
        const end = endOf(await session.run());
        return { end: name === 'checksum' ? '' : end, hits: breakpoints.map(({ hits }) => hits) };
      } finally {
        session.close();
      }
    };
    const atStops = await run('host', places);
    const hits: number[] = [];
    for (const place of places) {
      const { end, hits: own } = await run('target', [place]);
      hits.push(...own);
      expect([place, end]).toEqual([place, atStops.end]);
    }
    expect(hits).toEqual(atStops.hits);
  });
});

const ordinary = `
#include <stdio.h>
#include <string.h>
struct node { const char *name; double weight; float price; };
static struct node nodes[3] = {{"even", 1.5, 0.1f}, {"odd", -0.0, 2.5f}, {"zzz", 1e300, -1}};
static int steps, calls;
static void again(void) { calls++; }
static void look(struct node *p, double x, float f) {
  steps++; /* numbers */
  p->weight += x > f ? 0 : 1; /* texts */
}
int main(void) {
  for (int i = 0; i < 3000; i++) {
    int n = i % 50;
    while (n > 0)
      n--; /* loop */
    again(); /* call */
    look(&nodes[i % 3], i / 7.0, i);
    if (i % 40 == 0)
      n++; /* rarely, and jumped over */
    steps++;
  }
  int length = strcmp(nodes[0].name, "x") < 0 ? printf("%d %d\\n", steps, calls) : 0; /* finished */
  return length == 10 ? 0 : 1;
}`;

describe('what students ask for', () => {
  const at = (mark: string): string => `ordinary.c:${ordinary.split('\n').findIndex((line) => line.includes(`/* ${mark}`)) + 1}`;

  it.each([
    ['numbers', 'x > 100.5', true],
    ['numbers', 'f == 2999', true],
    ['numbers', 'p->weight >= 0 && p->price != 2.5', true],
    ['texts', 'p->price == 0.1', true],
    ['texts', '$_streq(p->name, "odd")', true],
    ['texts', 'strcmp(p->name, "odd") == 0', true],
    ['texts', '!strncmp("evil", p->name, 3)', true],
    // A jump leads into the five bytes, rarely.
    ['loop', 'n == 17', true],
    // Often, and few come to the first instruction.
    ['rarely', 'i % 80 == 0', false],
    // The first instruction is a call.
    ['call', 'i % 2', true],
  ] as const)('%s if %s', async (mark, condition, possible) => {
    const program = compileText('ordinary.c', ordinary);
    const place = at(mark);
    const atStops = await countedIn(program, 'host', [[place, { condition }]], [], at('finished'));
    expect(atStops).toMatchObject({ end: 'exited 0', said: 0 });
    const inside = await countedIn(program, 'target', [[place, { condition }]], [], at('finished'));
    expect(inside).toEqual({ ...atStops, checked: possible ? 1 : 0 });
  });

  it('a thread in the middle of a moved call is shown before it', async () => {
    const session = open(compileText('ordinary.c', ordinary), 'target');
    try {
      session.break(at('call'), { condition: 'i == 2000' });
      stopOf(await session.run());
      const { thread, frame } = session.selection();
      const stackPointer = thread.stackPointer;
      const places = new Set<string>();
      for (let steps = 0; steps < 12; steps++) {
        await session.step({ over: false, instruction: true });
        places.add(placeOf(session));
        if (session.stack().frame(0)?.cfa === frame.cfa) expect(thread.stackPointer).toBe(stackPointer);
      }
      expect([...places].some((each) => each.startsWith('again'))).toBe(true);
    } finally {
      session.close();
    }
  });
});

const pointers = `
#include <stddef.h>
struct node { int value; struct node *next; };
static struct node good = {1, NULL};
volatile int sink;
__attribute__((noinline)) void look(struct node *p, int divisor) { sink += p != NULL ? divisor : 1; }
int main(int argc, char *argv[]) {
  for (int i = 0; i < 5000; i++) look(&good, 1);
  look((struct node *)0x10, 0);
  for (int i = 0; i < 5000; i++) look(&good, 1);
  look((struct node *)0x8000000000000000, 1);
  return sink != 10001;
}`;

describe('a condition that fails', () => {
  it.each(['p->value == 7', 'p->next != 0 && p->next->value == 0', '5 / divisor == 7'])(
    '%s: as at stops, with the same words',
    async (text) => {
      const said = async (mode: Mode): Promise<string[]> => {
        const session = open(compileText('pointers.c', pointers), mode);
        const words: string[] = [];
        session.subscribe((event) => {
          if (event.type === 'message' && event.level === 'warning') words.push(event.text);
        });
        try {
          session.signals.handle('SIGSEGV stop');
          session.break('look', { condition: text });
          let outcome = await session.run();
          while (outcome.kind === 'stopped') {
            const { reason, thread } = outcome.stop;
            words.push(`${reason} ${placeOf(session, true)} ${hex(thread.stackPointer)}`);
            outcome = await session.continue();
          }
          return [...words, endOf(outcome)];
        } finally {
          session.close();
        }
      };
      const atStops = await said('host');
      expect(atStops.length).toBeGreaterThan(2);
      expect(await said('target')).toEqual(atStops);
    },
  );

  it('with a count, the failing arrival takes its turn', async () => {
    const hits = async (mode: Mode): Promise<unknown> => {
      const session = open(compileText('pointers.c', pointers), mode);
      try {
        const breakpoint = session.break('look', { condition: 'p->value == 1', ignore: 20_000 });
        const end = endOf(await session.run());
        return [breakpoint.hits, breakpoint.ignoreCount, end];
      } finally {
        session.close();
      }
    };
    expect(await hits('host')).toEqual([10_002, 9_998, 'exited 0']);
    expect(await hits('target')).toEqual([10_002, 9_998, 'exited 0']);
  });
});

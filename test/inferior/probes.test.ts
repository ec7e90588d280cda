/** Sites that are checked in the program: the program, and what is counted, must be as with the checks made at stops. */
import fc from '../helpers/property.js';
import { describe, expect, it } from 'vitest';
import { DeetError } from '../../src/common/errors.js';
import { hex } from '../../src/common/addresses.js';
import { disassemble } from '../../src/inferior/disassemble.js';
import { readMaps } from '../../src/linux/proc.js';
import { native } from '../../src/native.js';
import type { Breakpoint } from '../../src/session/breakpoint.js';
import type { BreakOptions } from '../../src/session/breakpoints.js';
import type { Session } from '../../src/session/session.js';
import type { SessionEvent } from '../../src/session/types.js';
import { compileText, fixture, type Variant } from '../helpers/build.js';
import { leakGuard } from '../helpers/leaks.js';
import { endOf, openSession, placeOf, stopOf } from '../session/drive.js';

leakGuard();

type Mode = 'host' | 'target' | 'auto';

const open = (program: string, mode: Mode, args: readonly string[] = []): Session => {
  const session = openSession(program, { arguments: args, batch: true });
  session.settings.set('breakpoint condition-evaluation', mode);
  session.redirections = [{ fd: 1, path: '/dev/null', access: 'truncate' }];
  return session;
};

const endless = 1_000_000_000;

/** Whether each place of a breakpoint is checked in the program. Asked of the session, as `info breakpoints` does. */
const inProgram = (session: Session, { id }: Breakpoint): boolean[] =>
  session.breakpoints.get(id).locations.map(({ checked }) => checked?.inProgram ?? false);

const reasonOf = (session: Session, { id }: Breakpoint): string | undefined => session.breakpoints.get(id).locations[0]?.checked?.why;

interface Report {
  readonly end: string;
  readonly hits: readonly number[];
  /** Sentences for the user: errors in conditions. */
  readonly said: number;
  readonly checked: number;
}

/** Runs to `finished`, with breakpoints that never stop, and on to the end. */
const countedIn = async (
  program: string,
  mode: Mode,
  places: readonly (readonly [string, BreakOptions])[],
  args: readonly string[] = [],
  last = 'finished',
): Promise<Report> => {
  const session = open(program, mode, args);
  let said = 0;
  session.subscribe((event: SessionEvent) => {
    if (event.type === 'message' && event.level === 'warning') said++;
  });
  try {
    const breakpoints = places.map(([place, options]) => session.break(place, { onHit: () => 'pass', ...options }));
    session.break(last);
    stopOf(await session.run());
    const checked = breakpoints.filter((each) => inProgram(session, each).includes(true)).length;
    const end = endOf(await session.continue());
    return { end, hits: breakpoints.map(({ hits }) => hits), said, checked };
  } finally {
    session.close();
  }
};

/** Addresses of every instruction of a function of the program. */
const everyInstruction = (program: string, ...functions: string[]): string[] => {
  const session = open(program, 'host');
  try {
    return functions.flatMap((name) => {
      const loaded = session.programImage();
      const symbol = loaded?.image.symbolsNamed(name)[0];
      if (!loaded || !symbol) throw new Error(`no ${name}`);
      const bytes = loaded.image.bytesAt(symbol.address, symbol.size) ?? new Uint8Array(0);
      return disassemble(bytes, BigInt(symbol.address)).map(({ address }) => `*${hex(address)}`);
    });
  } finally {
    session.close();
  }
};

const names = ['n', 'wide', 'local', 'small', 'v->c', 'v->sc', 'v->uc', 'v->s', 'v->us', 'v->i', 'v->u', 'v->l', 'v->ul', 'v->b', 'v->color', 'v->bits.low', 'v->bits.minus', 'v->bits.far', 'v->bits.across', 'v->array[2]', 'v->array[n & 3]', '*v->pointer', 'v->list->value', 'v->list->next->value', 'v->list->next->next', 'all.l', 'all.us', 'global', '$rip', '$rdi', '$eax', '$ah', '$sp', 'sizeof (int)']; // prettier-ignore
const constants = ['0', '1', '-1', '2', '3', '7', '255', '32767', '65536', '0x7fffffff', '0x80000000', '4294967295u', '-5L', '18446744073709551615ul', '0x123456789abcdefL']; // prettier-ignore
const { number } = fc.letrec<{ number: string }>((tie) => ({
  number: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    fc.constantFrom(...names),
    fc.constantFrom(...constants),
    fc
      .tuple(tie('number'), fc.constantFrom(...'+ - * / % & | ^ << >>'.split(' ')), tie('number'))
      .map(([a, o, b]) => `(${a}) ${o} (${b})`),
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

describe('conditions say in the program what they say at stops', () => {
  it.each(['plain', 'O2', 'clang', 'pie', 'static'] as const)('any condition, %s', async (variant) => {
    const program = fixture('conditions', variant);
    const batches = fc.sample(fc.array(condition, { minLength: 18, maxLength: 18 }), variant === 'plain' || variant === 'O2' ? 6 : 2);
    let checked = 0;
    for (const batch of batches) {
      const places = batchOf(program, batch);
      const atStops = await countedIn(program, 'host', places, ['150']);
      const inside = await countedIn(program, 'target', places, ['150']);
      const texts = places.map(([, options], index) => [options.condition, inside.hits[index], inside.said]);
      expect(texts).toEqual(places.map(([, options], index) => [options.condition, atStops.hits[index], atStops.said]));
      expect(inside.end).toBe('exited 0');
      checked += inside.checked;
    }
    // The others divide by what may be zero at once, shift by variables, or are optimized out.
    expect(checked).toBeGreaterThan(batches.length * 5);
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

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

describe('threads', () => {
  it('a million passages of many threads, each counted once', async () => {
    const [threads, each] = [8, 125_000];
    const session = open(fixture('threads_hit'), 'auto', [String(threads), String(each)]);
    try {
      const breakpoint = session.break('touch', { ignore: endless });
      session.break('main');
      stopOf(await session.run());
      expect(endOf(await session.continue())).toBe('exited 0');
      expect(breakpoint.hits).toBe(threads * each);
      expect(breakpoint.ignoreCount).toBe(endless - threads * each);
    } finally {
      session.close();
    }
  });

  it('the count ends at the right passage, and one that waits is shown at the site', async () => {
    const session = open(fixture('threads_hit'), 'target', ['4', '20000']);
    try {
      const breakpoint = session.break('touch', { ignore: 50_000 });
      const { thread } = stopOf(await session.run());
      expect(breakpoint.hits).toBe(50_001);
      expect(thread.pc).toBe(breakpoint.locations[0].address);
      expect(session.threads().filter(({ pc }) => !session.imageAt(pc))).toEqual([]);
      breakpoint.condition = '0';
      expect(endOf(await session.continue())).toBe('exited 0');
      expect(breakpoint.hits).toBe(50_001);
    } finally {
      session.close();
    }
  });

  it('paused in the middle, all stand in the program and nothing is lost', async () => {
    const session = open(fixture('threads_hit'), 'target', ['4', '100000']);
    try {
      const breakpoint = session.break('touch', { ignore: endless });
      expect(endOf(await session.run())).toBe('exited 0');
      expect(breakpoint.hits).toBe(400_000);
    } finally {
      session.close();
    }
    const paused = open(fixture('threads_hit'), 'target', ['4', '400000']);
    try {
      const breakpoint = paused.break('touch', { condition: 'each == -1', ignore: 0 });
      // Until then the loader runs code of files that it has not told of.
      stopOf(await paused.start('main'));
      const timer = setInterval(() => paused.pause(), 3);
      let outcome = await paused.continue();
      let pauses = 0;
      while (outcome.kind === 'stopped') {
        pauses++;
        expect(paused.threads().filter(({ pc }) => !paused.imageAt(pc))).toEqual([]);
        outcome = await paused.continue();
      }
      clearInterval(timer);
      expect(endOf(outcome)).toBe('exited 0');
      expect(pauses).toBeGreaterThan(0);
      expect(breakpoint.hits).toBe(0);
    } finally {
      paused.close();
    }
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

const watchful = `
#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <sys/time.h>
#include <ucontext.h>
extern char __executable_start, etext;
static volatile int outside, seen;
volatile long sum, turns;
static void look(int number, siginfo_t *info, void *context) {
  uintptr_t pc = ((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP];
  seen++;
  if (pc < (uintptr_t)&__executable_start || pc >= (uintptr_t)&etext) outside++;
}
__attribute__((noinline)) static void busy(int i) { sum += i; turns++; }
int main(void) {
  struct sigaction action = {.sa_sigaction = look, .sa_flags = SA_SIGINFO};
  sigaction(SIGALRM, &action, 0);
  struct itimerval often = {{0, 1000}, {0, 1000}}, never = {{0, 0}, {0, 0}};
  setitimer(ITIMER_REAL, &often, 0);
  while (seen < 100) busy(1);
  setitimer(ITIMER_REAL, &never, 0);
  return outside ? 1 : sum != turns;
}`;

describe('signals', () => {
  it('handlers see the program interrupted in its own code, and no passage is counted twice', async () => {
    const session = open(compileText('watchful.c', watchful), 'target');
    try {
      const breakpoint = session.break('busy', { ignore: endless });
      session.break('_exit', { pending: true });
      stopOf(await session.run());
      expect(Number(await session.evaluate('turns').then(({ address }) => session.selection().process.space.readNumber(address!, 8)))).toBe(
        breakpoint.hits,
      );
      expect(endOf(await session.continue())).toBe('exited 0');
    } finally {
      session.close();
    }
  });
});

const family = `
#define _GNU_SOURCE
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>
volatile int sink;
__attribute__((noinline)) void visit(int i) { sink += i; }
int main(int argc, char *argv[]) {
  for (int i = 0; i < 1000; i++) visit(i);
  if (argc > 2) return 0;
  if (fork() == 0) {
    for (int i = 0; i < 2000; i++) visit(i);
    execl(argv[0], argv[0], "1", "2", (char *)0);
  }
  wait(0);
  for (int i = 0; i < 3000; i++) visit(i);
  if (vfork() == 0) {
    for (int i = 0; i < 500; i++) visit(i);
    _exit(0);
  }
  wait(0);
  for (int i = 0; i < 700; i++) visit(i);
  return 0;
}`;

/** Pages that are executable and belong to no file. */
const ownPages = (pid: number): string[] =>
  (readMaps(pid) ?? []).filter(({ executable, path }) => (executable && path === '') || path.startsWith('/memfd:')).map(({ path }) => path);

describe('families', () => {
  it.each(['auto', 'target'] as const)('fork and vfork have probes, exec begins without (%s)', async (mode) => {
    const program = compileText('probed_family.c', family);
    for (const [options, expected] of [
      [{ ignore: endless }, 8200],
      [{ condition: 'i == 499' }, 6],
      [{ condition: 'i > 400', ignore: endless }, 7300 - 401 * 6 + 99 + 299],
    ] as const) {
      const run = async (how: Mode): Promise<unknown> => {
        const session = open(program, how);
        try {
          const breakpoint = session.break('visit', { ...options, onHit: () => 'pass' });
          return [endOf(await session.run()), breakpoint.hits];
        } finally {
          session.close();
        }
      };
      const atStops = await run('host');
      if (!('condition' in options && 'ignore' in options)) expect(atStops).toEqual(['exited 0', expected]);
      expect(await run(mode)).toEqual(atStops);
    }
  });

  it.each(['parent', 'child'] as const)('follow-fork-mode %s', async (follow) => {
    const run = async (mode: Mode): Promise<unknown> => {
      const session = open(compileText('probed_family.c', family), mode);
      session.settings.set('follow-fork-mode', follow);
      try {
        const breakpoint = session.break('visit', { ignore: endless });
        return [endOf(await session.run()), breakpoint.hits];
      } finally {
        session.close();
      }
    };
    expect(await run('target')).toEqual(await run('host'));
  });

  it('a program that is let go has nothing of ours left, and runs on', async () => {
    const path = compileText('probed_spin.c', 'volatile long n; void visit(void) { n++; } int main(void) { for (;;) visit(); }');
    const launched = native.launch({
      path,
      argv: [path],
      environment: [],
      redirections: [],
      processGroup: true,
      foreground: false,
      disableRandomization: false,
      trace: false,
    });
    if (!('pid' in launched)) throw new Error(launched.step);
    const { pid } = launched;
    const session = open(path, 'target');
    try {
      await session.attach(pid);
      const { space } = session.selection().process;
      session.break('visit', { ignore: 100_000 });
      session.break('visit', { condition: 'n == -1' });
      const [first, second] = session.breakpoints.all();
      session.breakpoints.delete(second.id);
      const [{ address }] = first.locations;
      const own = space.read(address, 16);
      stopOf(await session.continue());
      expect(first.hits).toBe(100_001);
      session.breakpoints.setCondition(first.id, 'n == -1');
      const going = session.continue();
      await new Promise((resolve) => setTimeout(resolve, 50));
      session.pause();
      stopOf(await going);
      expect(inProgram(session, first)).toEqual([true]);
      expect(ownPages(pid).sort()).toEqual(['', '/memfd: (deleted)']);
      // Reads never show the jump, however they fall; the raw bytes do.
      for (let offset = 0; offset < 8; offset++) {
        expect(space.read(address + BigInt(offset), 3)).toEqual(own.subarray(offset, offset + 3));
        expect(space.readNumber(address + BigInt(offset), 2)).toBe(BigInt(own[offset] | (own[offset + 1] << 8)));
      }
      expect(space.readRaw(address, 1)[0]).toBe(0xe9);
      session.detach();
      expect(ownPages(pid)).toEqual([]);
      const before = readMaps(pid)?.length;
      await new Promise((resolve) => setTimeout(resolve, 20));
      expect(readMaps(pid)?.length).toBe(before);
      expect(native.kill(pid, 0)).toBe(0);
    } finally {
      session.close();
      native.kill(pid, 9);
      native.wait(pid, 0, new Int32Array(2));
    }
  });
});

describe('what a user sees', () => {
  it('steps through a site as without', async () => {
    const program = fixture('recursion');
    const walk = async (mode: Mode): Promise<string[]> => {
      const session = open(program, mode);
      try {
        await session.start('main');
        for (const place of everyInstruction(program, 'main')) session.break(place, { condition: '$rsp == 0' });
        const places: string[] = [];
        for (const instruction of [true, false, true, false, true, true, false, true, true, true, true]) {
          const outcome = await session.step({ over: true, instruction });
          places.push(outcome.kind === 'stopped' ? `${outcome.stop.reason} ${placeOf(session, true)}` : endOf(outcome));
          if (outcome.kind === 'ended') break;
        }
        return places;
      } finally {
        session.close();
      }
    };
    expect(await walk('target')).toEqual(await walk('host'));
  });

  it('a site in use is armed again after steps, and what is written there holds', async () => {
    const session = open(fixture('threads_hit'), 'target', ['1', '3000']);
    try {
      const breakpoint = session.break('touch', { ignore: 1000 });
      stopOf(await session.run());
      expect(breakpoint.hits).toBe(1001);
      for (let i = 0; i < 3; i++) await session.step({ over: true, instruction: true });
      session.breakpoints.update(breakpoint.id, { ignoreCount: 500 });
      const stop = stopOf(await session.continue());
      expect(breakpoint.hits).toBe(1502);
      // ud2 in place of the first instruction.
      stop.process.space.write(breakpoint.locations[0].address, Uint8Array.of(0x0f, 0x0b));
      session.breakpoints.update(breakpoint.id, { ignoreCount: 500 });
      expect(stopOf(await session.continue()).signal?.name).toBe('SIGILL');
    } finally {
      session.close();
    }
  });

  it.each([
    ['touch', { ignore: endless }, undefined],
    ['touch', { condition: '1.5 > each' }, 'the condition is not simple'],
    ['touch', { condition: 'each == -1', threadId: 7 }, 'it is for one thread only'],
    ['*&_start', { ignore: 5 }, undefined],
  ] as const)('%s %o is checked where it can be', async (place, options, why) => {
    const session = open(fixture('threads_hit'), 'target', ['1', '300']);
    try {
      const breakpoint = session.break(place, options);
      session.break('printf', { pending: true });
      stopOf(await session.run());
      if (why === undefined) expect(reasonOf(session, breakpoint) ?? 'fine').not.toBe('');
      else expect(reasonOf(session, breakpoint)).toBe(why);
    } finally {
      session.close();
    }
  });

  it('a disabled breakpoint costs no stop', async () => {
    const session = open(fixture('threads_hit'), 'host', ['1', '100000']);
    try {
      const breakpoint = session.break('touch');
      session.break('main');
      stopOf(await session.run());
      session.breakpoints.enable(breakpoint.id, false);
      const { space } = session.selection().process;
      const [{ address }] = breakpoint.locations;
      expect(space.readRaw(address, 1)).toEqual(space.read(address, 1));
      session.breakpoints.enable(breakpoint.id, true);
      expect(space.readRaw(address, 1)[0]).toBe(0xcc);
    } finally {
      session.close();
    }
  });
});

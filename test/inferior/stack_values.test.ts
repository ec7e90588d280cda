/** What outer frames know: callee-saved registers, values at entry through call sites, and functions that left by a jump. */
import { describe, expect, it } from 'vitest';
import type { FrameContext, Location } from '../../src/dwarf/location.js';
import { locate, numberAt } from '../../src/dwarf/machine.js';
import { Op } from '../../src/dwarf/operations.js';
import type { Frame } from '../../src/inferior/frame.js';
import type { Variable } from '../../src/symbols/model.js';
import type { CType } from '../../src/symbols/types.js';
import { compile, compileText, fixtures, lineOf } from '../helpers/build.js';
import { gdb } from '../helpers/gdb.js';
import { Stopped } from '../helpers/stopped.js';

const source = `${fixtures}/unwind_values.c`;

/** Calls of `stop` in one run. */
const STOPS = 12;

/** rdi, rsi, rdx: where the first integer arguments arrive (System V ABI, 3.2.3). */
const ARGUMENTS = [5, 4, 1];

const sizeOf = (type: CType): number => ('size' in type ? (type.size ?? 0) : 'target' in type ? sizeOf(type.target) : 0);

const numberOf = (location: Location, context: FrameContext, size: number): bigint | undefined => {
  if (location.kind !== 'memory') return numberAt(location, context);
  const bytes = context.memory.read(location.address, size);
  return bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
};

const textOf = (number: bigint, { type }: Variable): string =>
  type.kind === 'pointer' ? `0x${number.toString(16)}` : String(BigInt.asIntN(sizeOf(type) * 8, number));

const parameters = ({ scope }: Frame): readonly Variable[] => {
  let whole = scope;
  while (whole?.kind === 'block') whole = whole.parent;
  return whole?.variables().filter(({ role }) => role === 'parameter') ?? [];
};

/** `f (a=1, a@entry=2)`, what is not known left out. */
const ours = (frame: Frame): string => {
  const words = parameters(frame).flatMap((variable, i) => {
    const now = numberOf(locate(variable.location, frame.context), frame.context, sizeOf(variable.type));
    const entry = frame.context.entryValue(Uint8Array.of(Op.reg0 + ARGUMENTS[i]));
    return [
      ...(now === undefined ? [] : [`${variable.name}=${textOf(now, variable)}`]),
      ...(entry === undefined ? [] : [`${variable.name}@entry=${textOf(entry, variable)}`]),
    ];
  });
  return `${frame.functionName} (${words.join(', ')})`;
};

/** gdb's backtraces at each stop in `stop`, in the same form, down to main. */
const theirs = (program: string): string[][] => {
  const stops = new Array<string[]>(STOPS - 1).fill(['continue', 'echo ==\\n', 'backtrace']).flat();
  const output = gdb(
    [
      'set print entry-values both',
      'set print frame-arguments all',
      'set debug-file-directory /nonexistent',
      'break *stop',
      'run',
      'echo ==\\n',
      'backtrace',
      ...stops,
    ],
    program,
  );
  return output
    .split('==\n')
    .slice(1)
    .map((text) =>
      [...text.matchAll(/^#\d+ +(?:0x[0-9a-f]+ in )?(\w+) \((.*)\) at /gm)].map(
        ([, name, list]) =>
          `${name} (${list
            .replace(/ <\w+>/g, '')
            .split(', ')
            .filter((word) => word !== '' && !word.includes('<optimized out>'))
            .join(', ')})`,
      ),
    )
    .filter((frames) => frames.length > 0);
};

/** The part of a backtrace that tail calls do not touch: what gdb says of those comes from registers that the callee may have changed. */
const certain = (frames: readonly string[]): boolean => !frames.some((text) => /^(certain|ambiguous|middle|end)/.test(text));

describe('arguments in every frame', () => {
  it.each<[string, string[], ('gcc' | 'clang')?]>([
    ['gcc -O1', ['-O1']],
    ['gcc -O2', ['-O2']],
    ['gcc -O2 -fno-pie, DWARF 4', ['-O2', '-gdwarf-4']],
    ['clang -O2', ['-O2'], 'clang'],
  ])('%s as gdb has them', (_, flags, compiler) => {
    const program = compile(source, flags, compiler);
    const expected = theirs(program);
    expect(expected.length).toBe(STOPS);
    using target = new Stopped(program);
    let compared = 0;
    for (const frames of expected) {
      target.runToFunction('stop');
      if (certain(frames)) {
        const all = [...target.stack()];
        const main = all.findIndex(({ functionName }) => functionName === 'main');
        expect(all.slice(0, main + 1).map(ours)).toEqual(frames);
        compared++;
      }
      target.step();
    }
    expect(compared).toBeGreaterThan(8);
  });

  it('the place where a register was saved holds its value', () => {
    using target = new Stopped(compile(source, ['-O2']));
    target.runToFunction('stop');
    let checked = 0;
    for (const frame of target.stack())
      for (const register of [3, 6, 12, 13, 14, 15]) {
        const at = frame.savedAt(register);
        if (at === undefined) continue;
        const bytes = target.read(at, 8);
        expect(frame.context.register(register)).toBe(bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n));
        checked++;
      }
    expect(checked).toBeGreaterThan(5);
    expect(target.stack().frame(0)?.savedAt(3)).toBeUndefined();
  });
});

const kinds = (target: Stopped): string[] =>
  target
    .stack()
    .frames(5)
    .map(({ kind, functionName }) => `${kind} ${functionName}`);

describe('tail calls', () => {
  it('are shown when there is one way only, with their own line', () => {
    const program = compile(source, ['-O2']);
    using target = new Stopped(program);
    target.runToFunction('certain');
    target.runToFunction('end');
    target.runToFunction('stop');
    // At -O2 `end` calls `stop` and comes back; `certain` and `middle` jumped.
    expect(kinds(target)).toEqual(['normal stop', 'normal end', 'tail-call middle', 'tail-call certain', 'normal main']);
    const [, end, middle, first, main] = target.stack().frames(5);
    expect(middle.cfa).toBe(end.cfa);
    expect(middle.position?.line).toBe(lineOf('unwind_values.c', 'return end(a + 1)'));
    expect(first.position?.line).toBe(lineOf('unwind_values.c', 'return middle(a * 2)'));
    expect(first.context.entryValue(Uint8Array.of(Op.reg0 + 5))).toBe(5n);
    expect(middle.context.entryValue(Uint8Array.of(Op.reg0 + 5))).toBe(10n);
    expect(middle.context.register(3)).toBe(main.context.register(3));
    expect(middle.context.register(0)).toBeUndefined();
    expect(target.stack().depth).toBe([...target.stack()].length);
  });

  it('are left out when there are two ways, and so are values at entry', () => {
    using target = new Stopped(compile(source, ['-O2']));
    target.runToFunction('ambiguous');
    target.runToFunction('end');
    target.runToFunction('stop');
    expect(kinds(target).slice(0, 3)).toEqual(['normal stop', 'normal end', 'normal main']);
    expect(
      target
        .stack()
        .frame(1)
        ?.context.entryValue(Uint8Array.of(Op.reg0 + 5)),
    ).toBeUndefined();
  });

  it.each<[string, string[]]>([
    ['the linkage table', []],
    ['the offset table', ['-fno-plt']],
  ])('are found behind a call into a library, through %s', (_, flags) => {
    const library = compileText(
      'tail_library.c',
      `volatile int sink;
__attribute__((visibility("hidden"), noinline)) int last(int a) { sink += a; return sink * 2; }
int first(int a) { sink++; return last(a + 1); }
`,
      ['-O2', '-shared', '-fPIC'],
    );
    const program = compileText('tail_program.c', 'int first(int); volatile int v; int main(void) { v = first(3); return v; }', [
      '-O2',
      ...flags,
      library,
    ]);
    using target = new Stopped(program);
    target.runToFunction('main');
    target.runToFunction('last');
    expect(kinds(target).slice(0, 3)).toEqual(['normal last', 'tail-call first', 'normal main']);
    expect(
      target
        .stack()
        .frame(1)
        ?.context.entryValue(Uint8Array.of(Op.reg0 + 5)),
    ).toBe(3n);
  });
});

const valueOf = (frame: Frame | undefined, name: string): bigint | undefined => {
  const variable = frame && parameters(frame).find((each) => each.name === name);
  return variable && frame && numberOf(locate(variable.location, frame.context), frame.context, sizeOf(variable.type));
};

describe('what a call site says of the callee', () => {
  it('counts also for a parameter that was optimized away', () => {
    // gcc does not hand `given` over; main's call site has it (DW_OP_GNU_parameter_ref).
    const program = compileText(
      'parts.c',
      `volatile int sink = 3;
static __attribute__((noinline)) int unused(int given, int *cell) {
  sink++;
  return *cell + sink;
}
int main(void) {
  int cell = sink;
  return unused(4711, &cell) + unused(42, &cell) == 15 ? 0 : 1;
}
`,
      ['-O2'],
    );
    using target = new Stopped(program);
    target.runToFunction('unused.constprop.0');
    const frame = target.stack().frame(0);
    expect(valueOf(frame, 'given')).toBe(4711n);
  });

  it('is the value of a floating-point parameter too', () => {
    const program = compileText(
      'halves.c',
      `volatile int sink;
__attribute__((noipa)) void stop(int n) { sink += n; }
__attribute__((noipa)) int cut(double whole, float part) {
  int n = (int)whole + (int)part;
  stop(n);
  return sink;
}
int main(void) { return cut(2.5, 4.0f) == 6 ? 0 : 1; }
`,
      ['-O2'],
    );
    using target = new Stopped(program);
    target.runToFunction('stop');
    const frame = target.stack().frame(1);
    expect(frame?.functionName).toBe('cut');
    expect(valueOf(frame, 'whole')).toBe(0x4004000000000000n);
    expect(valueOf(frame, 'part')).toBe(0x40800000n);
  });

  it('does not count where the callee may have come back to itself by jumps', () => {
    // main calls even(6, 7); what runs in the end is even(0, 1), and rdi at its entry is not main's 6.
    const program = compileText(
      'mutual.c',
      `volatile int sink;
int odd(int n, int k);
__attribute__((noinline)) void stop(void) { sink++; }
__attribute__((noinline)) int even(int n, int k) {
  if (n == 0) { stop(); return sink; }
  return odd(n - 1, k - 1);
}
__attribute__((noinline)) int odd(int n, int k) {
  sink += k;
  return n == 0 ? sink : even(n - 1, k - 1);
}
int main(void) { return even(6, 7) > 100; }
`,
      ['-O2', '-fno-ipa-icf'],
    );
    using target = new Stopped(program);
    target.runToFunction('stop');
    const frame = target.stack().frame(1);
    expect(frame?.functionName).toBe('even');
    expect(frame?.context.entryValue(Uint8Array.of(Op.reg0 + ARGUMENTS[0]))).toBeUndefined();
    expect(frame && valueOf(frame, 'k')).not.toBe(7n);
  });

  it('counts where the callee jumps to a function that is chosen at the start', () => {
    const program = compileText(
      'jump_to_ifunc.c',
      `volatile int sink;
static int plain(int n) { return n + sink; }
void *resolve(void) { return (void *)plain; }
__asm__(".globl chosen; .type chosen, @gnu_indirect_function; .set chosen, resolve");
int chosen(int);
__attribute__((noinline)) void stop(void) { sink++; }
__attribute__((noipa)) int f(int n) { stop(); return chosen(n); }
int main(void) { return f(5) + 1; }
`,
      ['-O2'],
    );
    using target = new Stopped(program);
    target.runToFunction('stop');
    const frame = target.stack().frame(1);
    expect(frame?.functionName).toBe('f');
    expect(frame?.context.entryValue(Uint8Array.of(Op.reg0 + ARGUMENTS[0]))).toBe(5n);
  });
});

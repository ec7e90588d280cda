/** Stacks that call-frame information does not explain, deep ones, and damaged ones. */
import fc from '../helpers/property.js';
import { describe, expect, it } from 'vitest';
import { fileAddress, hex } from '../../src/common/addresses.js';
import { DeetError } from '../../src/common/errors.js';
import type { MemoryReader } from '../../src/common/memory.js';
import { Op } from '../../src/dwarf/operations.js';
import type { Frame, ImageMap } from '../../src/inferior/frame.js';
import { inlinedCallsStartingAt, type Stack } from '../../src/inferior/frames.js';
import { Word } from '../../src/linux/registers.js';
import type { CallFrameSource, SymbolImage } from '../../src/symbols/model.js';
import { seededRandom } from '../fuzz/mutate.js';
import { compile, compileText, fixtures, lineOf } from '../helpers/build.js';
import { Stopped } from '../helpers/stopped.js';

const name = ({ kind, functionName }: Frame): string => (kind === 'signal' ? '<signal>' : (functionName ?? '?'));

/** From the innermost to main, which is part of it. */
const toMain = (stack: Stack): string => {
  const names = [...stack].map(name);
  return names.slice(0, names.indexOf('main') + 1).join(' ');
};

describe('without call-frame information', () => {
  it.each<[string, string[], ('gcc' | 'musl-gcc')?]>([
    ['-O0', []],
    ['-O2', ['-O2', '-fomit-frame-pointer']],
    ['-O1 with musl, whose restorer is not described either', ['-O1', '-static'], 'musl-gcc'],
  ])('every instruction of the program finds main (%s)', (_, flags, compiler) => {
    using target = new Stopped(compile(`${fixtures}/unwind_fallback.c`, flags, compiler));
    target.runToFunction('main');
    const own = new Set([
      'framed',
      'bare',
      'pushy',
      'stop',
      'assembly',
      'generated',
      'generated_bare',
      'handler',
      'alternate',
      'kernel',
      'null',
      'main',
      '<signal>',
    ]);
    const seen = new Set<string>();
    let steps = 0;
    while (target.signal !== 11 && target.signal !== 0) {
      const stack = target.stack();
      const shown = [...stack].map(name);
      if (!shown.includes('main')) expect.fail(`${hex(target.pc)}: ${shown.join(' ')} (${stack.endReason ?? ''})`);
      seen.add(
        shown
          .slice(0, shown.indexOf('main') + 1)
          .filter((each) => own.has(each))
          .join(' '),
      );
      // The kernel's clock repeats itself for as long as it is read too slowly, which single steps are.
      const kernel = steps++ % 200 === 0 ? [...stack].find(({ functionName }) => functionName === 'kernel') : undefined;
      if (kernel !== undefined && kernel.level > 0) target.runTo(kernel.pc);
      else target.step(target.signal === 5 ? 0 : target.signal);
    }
    expect(toMain(target.stack())).toBe('? null main');
    for (const expected of [
      'framed assembly main',
      'stop framed assembly main',
      'bare assembly main',
      'stop bare assembly main',
      'pushy assembly main',
      'stop pushy assembly main',
      'stop generated main',
      'stop generated_bare main',
      'stop handler <signal> alternate main',
      'handler <signal> alternate main',
      'kernel main',
    ])
      expect([...seen]).toContain(expected);
  });

  it('says how frames were found', () => {
    const target = new Stopped(compile(`${fixtures}/unwind_fallback.c`));
    const kinds = (): string[] =>
      target
        .stack()
        .frames(4)
        .map((frame) => `${frame.kind} ${name(frame)}`);
    using _ = target;
    target.runToFunction('main');
    target.runToFunction('framed');
    expect(kinds().slice(0, 2)).toEqual(['normal framed', 'normal assembly']);
    target.runToFunction('stop');
    expect(kinds()).toEqual(['normal stop', 'normal framed', 'frame-pointer assembly', 'normal main']);
    target.runToFunction('bare');
    target.runToFunction('stop');
    expect(kinds()).toEqual(['normal stop', 'normal bare', 'guess assembly', 'normal main']);
    target.runToFunction('generated');
    target.runToFunction('stop');
    expect(kinds()).toEqual(['normal stop', 'normal ?', 'frame-pointer generated', 'normal main']);
    target.runToFunction('generated_bare');
    target.runToFunction('stop');
    expect(kinds()).toEqual(['normal stop', 'normal ?', 'guess generated_bare', 'normal main']);
    target.runToFunction('handler');
    expect(kinds()[1]).toBe('signal <signal>');
    target.runToFunction('null');
    target.go();
    expect(kinds().slice(0, 3)).toEqual(['normal ?', 'normal null', 'normal main']);
    expect(target.stack().frame(0)?.pc).toBe(0n);
  });

  it("finds the way out of the kernel's own library (vDSO)", () => {
    using target = new Stopped(compile(`${fixtures}/unwind_fallback.c`));
    target.runToFunction('kernel');
    let inside = 0;
    for (let i = 0; i < 3000 && target.stack().frame(0)?.functionName !== 'null'; i++) {
      const stack = target.stack();
      const [innermost] = stack;
      if (innermost.loaded?.image.path.includes('vdso')) {
        inside++;
        expect([...stack].map(name)).toContain('kernel');
      }
      target.step();
    }
    // Some kernels answer clock_gettime by a system call only; then nothing is mapped there to look at.
    if (target.images.all().some(({ image }) => image.path.includes('vdso'))) expect(inside).toBeGreaterThan(3);
  });
});

describe('the end of a stack', () => {
  it('is _start, without a reason', () => {
    using target = new Stopped(compile(`${fixtures}/unwind_fallback.c`));
    target.runToFunction('main');
    const stack = target.stack();
    expect(stack.frame(stack.depth - 1)?.functionName).toBe('_start');
    expect(stack.endReason).toBeUndefined();
    expect(stack.frame(stack.depth)).toBeUndefined();
    expect(stack.frame(-1)).toBeUndefined();
  });

  it('is the first instruction of the loader', () => {
    using target = new Stopped(compile(`${fixtures}/unwind_fallback.c`));
    expect(target.stack().depth).toBe(1);
    expect(target.stack().endReason).toBeUndefined();
  });
});

describe('inlined calls', () => {
  const text = `
volatile int sink;
static inline __attribute__((always_inline)) int inner(int x) { sink = x; return sink + 1; } // inner
static inline __attribute__((always_inline)) int outer(int x) { sink = 0; return inner(x); } // outer
int main(int argc, char **argv) { (void)argv; return outer(argc); } // main
`;

  it('have frames of their own, each at its line', () => {
    const program = compileText('inlined.c', text, ['-O1']);
    using target = new Stopped(program);
    target.runToFunction('main');
    const seen = new Set<string>();
    const hidden = new Set<string>();
    const shown = (stack: Stack): string =>
      stack
        .frames(3)
        .filter(({ loaded }) => loaded?.image.path === program)
        .map(({ kind, functionName, position }) => `${kind} ${functionName}:${position?.line}`)
        .join(' ');
    const source = target.stack().frame(0)?.position?.file.path ?? '';
    while (target.stack().frame(0)?.loaded?.image.path === program) {
      seen.add(shown(target.stack()));
      const [{ image, bias }] = target.images.all();
      const skip = inlinedCallsStartingAt(image, fileAddress(Number(target.pc - bias)));
      if (skip > 0) hidden.add(`${skip} ${shown(target.stack({ skipInlinedAtStart: skip }))}`);
      const frames = target.stack().frames(3);
      expect(new Set(frames.filter(({ loaded }) => loaded?.image.path === program).map(({ cfa }) => cfa)).size).toBe(1);
      target.step();
    }
    const [inner, outer, main] = ['// inner', '// outer', '// main'].map((mark) => lineOf(source, mark));
    expect([...seen]).toContain(`inlined inner:${inner} inlined outer:${outer} normal main:${main}`);
    expect([...seen]).toContain(`inlined outer:${outer} normal main:${main}`);
    // Before the first instruction of an inlined call its caller is at the line of the call.
    expect(hidden.size).toBeGreaterThan(0);
    for (const line of hidden)
      expect([`1 inlined outer:${outer} normal main:${main}`, `1 normal main:${main}`, `2 normal main:${main}`]).toContain(line);
  });

  it('hide as many frames as asked for, but never the function itself', () => {
    using target = new Stopped(compileText('inlined.c', text, ['-O1']));
    target.runToFunction('main');
    expect(target.stack({ skipInlinedAtStart: 9 }).frame(0)?.functionName).toBe('main');
  });
});

describe('deep recursion', () => {
  const deep = (flags: string[], depth: number): Stopped => {
    const target = new Stopped(compile(`${fixtures}/unwind_deep.c`, flags), [String(depth)]);
    target.runToFunction('bottom');
    return target;
  };

  it.each<[string, string[]]>([
    ['with frame pointers', []],
    ['without', ['-O2', '-fomit-frame-pointer', '-fno-optimize-sibling-calls']],
  ])('costs little time and memory (%s)', (_, flags) => {
    using target = deep(flags, 300_000);
    const before = process.memoryUsage();
    const stack = target.stack();
    expect(stack.depth).toBe(300_004);
    const after = process.memoryUsage();
    expect(after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers).toBeLessThan(100_000_000);
    // bottom, deep(0), deep(1), ...; outermost deep(300000), start, makecontext's end.
    expect(stack.frame(0)?.functionName).toBe('bottom');
    expect(stack.frame(300_002)?.functionName).toBe('start');
    const size = (level: number): bigint => (stack.frame(level + 1)?.cfa ?? 0n) - (stack.frame(level)?.cfa ?? 0n);
    for (const level of [64, 65, 128_000, 299_999, 63]) expect(size(level)).toBe(size(2));
    expect(stack.endReason).toBeUndefined();
  });

  it('finds values at entry through all of it, each once', () => {
    using target = deep(['-O2', '-fomit-frame-pointer', '-fno-optimize-sibling-calls'], 20_000);
    const stack = target.stack();
    // k of deep(0): known only from its caller's k, and so on to start, which passed 1.
    expect(stack.frame(1)?.context.entryValue(Uint8Array.of(Op.reg0 + 4))).toBe(40_001n);
    for (let level = 1; level < 20_000; level += 100)
      expect(stack.frame(level)?.context.entryValue(Uint8Array.of(Op.reg0 + 4))).toBe(40_001n - 2n * BigInt(level - 1));
  });

  it('follows values at entry so far and no further', () => {
    using target = deep(['-O2', '-fomit-frame-pointer', '-fno-optimize-sibling-calls'], 100_000);
    const stack = target.stack();
    const k = (level: number): bigint | undefined => stack.frame(level)?.context.entryValue(Uint8Array.of(Op.reg0 + 4));
    expect(k(1)).toBeUndefined();
    expect(k(90_000)).toBe(200_001n - 2n * 89_999n);
  });
});

/** Memory with some words changed or unreadable. */
const changed = (memory: MemoryReader, words: ReadonlyMap<bigint, bigint>, end = 1n << 60n): MemoryReader => ({
  read: (address, length) => {
    if (address + BigInt(length) > end) throw new DeetError('memory', `Cannot access memory at address ${hex(address)}`);
    const bytes = memory.read(address, length).slice();
    for (const [at, value] of words)
      for (let i = 0n; i < 8n; i++) {
        const index = Number(at + i - address);
        if (index >= 0 && index < length) bytes[index] = Number((value >> (8n * i)) & 0xffn);
      }
    return bytes;
  },
});

describe('damaged stacks', () => {
  const target = (): Stopped => {
    const stopped = new Stopped(compile(`${fixtures}/unwind_values.c`, ['-O0']));
    stopped.runToFunction('stop');
    stopped.runToFunction('end');
    stopped.step();
    stopped.step();
    stopped.step();
    return stopped;
  };

  it('a frame that is its own caller', () => {
    using stopped = target();
    const [end, middle] = stopped.stack();
    const rbp = middle.context.register(6) ?? 0n;
    const words = new Map([
      [rbp, rbp],
      [rbp + 8n, middle.pc],
    ]);
    expect(end.functionName).toBe('end');
    const stack = stopped.stack({ memory: changed(stopped, words) });
    expect([...stack].map(name)).toEqual(['end', 'middle']);
    expect(stack.endReason).toBe('previous frame identical to this frame (corrupt stack?)');
  });

  it('a caller below its callee, with and without anything above', () => {
    using stopped = target();
    const [, middle] = stopped.stack();
    const rbp = middle.context.register(6) ?? 0n;
    const words = new Map([[rbp, rbp - 64n]]);
    const stack = stopped.stack({ memory: changed(stopped, words) });
    expect(stack.frames(4).map(name)).toEqual(['end', 'middle', 'certain', 'main']);
    expect(stack.frame(3)?.kind).toBe('guess');
    const cut = stopped.stack({ memory: changed(stopped, words, middle.cfa) });
    expect([...cut].map(name)).toEqual(['end', 'middle', 'certain']);
    expect(cut.endReason).toBe('previous frame inner to this frame (corrupt stack?)');
  });

  it('memory that ends', () => {
    using stopped = target();
    const [, , , main] = stopped.stack();
    const stack = stopped.stack({ memory: changed(stopped, new Map(), main.cfa - 8n) });
    expect([...stack].map(name)).toEqual(['end', 'middle', 'certain', 'main']);
    expect(stack.endReason).toBe(`Cannot access memory at address ${hex(main.cfa - 8n)}`);
  });

  it('a frame pointer that leads nowhere', () => {
    using stopped = target();
    const [, middle] = stopped.stack();
    const rbp = middle.context.register(6) ?? 0n;
    const stack = stopped.stack({ memory: changed(stopped, new Map([[rbp, 0x1234_5678_0000n]])) });
    // The return address above is found all the same, and marked as a guess.
    expect([...stack].slice(0, 4).map(({ kind, functionName }) => `${kind} ${functionName}`)).toEqual([
      'normal end',
      'normal middle',
      'normal certain',
      'guess main',
    ]);
  });

  it('a return address overwritten by text', () => {
    using stopped = target();
    const [, middle] = stopped.stack();
    const rbp = middle.context.register(6) ?? 0n;
    const text = 0x4141414141414141n;
    const stack = stopped.stack({
      memory: changed(
        stopped,
        new Map([
          [rbp, text],
          [rbp + 8n, text],
        ]),
      ),
    });
    const [, , wild, next] = stack;
    expect(wild.pc).toBe(text);
    expect(wild.functionName).toBeUndefined();
    // What the overflow left above is found again, and marked.
    expect(`${next.kind} ${name(next)}`).toBe('guess main');
  });

  it('a stack pointer that points nowhere', () => {
    using stopped = target();
    const { registers } = stopped;
    for (const word of [0n, 8n, 0x1000n, 1n << 47n, (1n << 64n) - 8n, 0xdead_beef_dead_beefn]) {
      registers[Word.rsp] = word;
      registers[Word.rbp] = word;
      for (const pc of [registers[Word.rip], 0n, word]) {
        const changedRegisters = registers.slice();
        changedRegisters[Word.rip] = pc;
        const stack = stopped.stack({ registers: changedRegisters });
        expect(stack.depth).toBe(1);
        expect(stack.frame(0)?.pc).toBe(pc);
        expect(stack.endReason).toEqual(expect.any(String));
      }
    }
  });

  it('of random words end soon', () => {
    using stopped = target();
    const rsp = stopped.registers[Word.rsp];
    const [{ bias, image }] = stopped.images.all();
    const code = BigInt(image.entryPoint) + bias;
    const word = fc.oneof(
      fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
      fc.integer({ min: -512, max: 4096 }).map((offset) => rsp + BigInt(offset)),
      fc.integer({ min: -256, max: 1024 }).map((offset) => code + BigInt(offset)),
      fc.constant(0n),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.integer({ min: -8, max: 100 }), word), { maxLength: 40 }), word, word, word, (list, pc, sp, bp) => {
        const words = new Map(list.map(([index, value]) => [rsp + BigInt(8 * index), value]));
        const registers = stopped.registers;
        if (pc % 3n === 0n) registers[Word.rip] = pc;
        if (sp % 5n === 0n) registers[Word.rsp] = sp;
        registers[Word.rbp] = bp;
        const stack = stopped.stack({ registers, memory: changed(stopped, words) });
        const frames = [...stack];
        expect(frames.length).toBe(stack.depth);
        expect(frames.length).toBeLessThan(2000);
        for (const frame of frames) {
          frame.context.frameBase();
          frame.context.entryValue(Uint8Array.of(Op.reg0 + 5));
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe('call-frame information that lies', () => {
  /** The process as it is, but with other call-frame information for every file. */
  const lying = (stopped: Stopped, change: (source: CallFrameSource) => CallFrameSource): ImageMap => {
    const all = stopped.images.all().map(({ image, bias }) => ({
      image: Object.create(image, { callFrames: { value: change(image.callFrames) } }) as SymbolImage,
      bias,
    }));
    const index = (address: bigint): number => stopped.images.all().findIndex((each) => each === stopped.images.imageAt(address));
    return { all: () => all, imageAt: (address) => all[index(address)] };
  };

  it('ends soon whatever is damaged', () => {
    using stopped = new Stopped(compile(`${fixtures}/unwind_values.c`, ['-O2']));
    stopped.runToFunction('stop');
    for (let seed = 0; seed < 200; seed++) {
      const random = seededRandom(seed);
      const images = lying(stopped, (source) => {
        const ehFrame = source.ehFrame && { ...source.ehFrame, bytes: source.ehFrame.bytes.slice() };
        for (let n = Math.ceil((ehFrame?.bytes.length ?? 0) / 20); n > 0 && ehFrame; n--)
          ehFrame.bytes[random(ehFrame.bytes.length)] = random(256);
        return { ...source, ehFrame };
      });
      const stack = stopped.stack({ images });
      expect([...stack].length).toBe(stack.depth);
      expect(stack.depth).toBeLessThan(1000);
    }
  });

  it('cannot make a stack without an end', () => {
    using stopped = new Stopped(compile(`${fixtures}/unwind_values.c`, ['-O2']));
    stopped.runToFunction('stop');
    const [{ bias, image }] = stopped.images.all();
    const [low, high] = [image.span.low, image.span.high];
    const word = (value: number): number[] => Array.from({ length: 8 }, (_, i) => Math.floor(value / 256 ** i) % 256);
    const entry = (body: number[]): number[] => [body.length, 0, 0, 0, ...body];
    // CFA rsp+8, the caller's rsp is the CFA, and the return address is always the same: no memory is ever read.
    const cie = entry([
      0xff,
      0xff,
      0xff,
      0xff,
      1,
      0,
      1,
      0x78,
      16,
      0x0c,
      7,
      8,
      0x14,
      7,
      0,
      0x16,
      16,
      9,
      Op.const8u,
      ...word(Number(stopped.pc)),
    ]);
    const fde = entry([0, 0, 0, 0, ...word(low), ...word(high - low)]);
    const debugFrame = { bytes: Uint8Array.from([...cie, ...fde]) };
    const images = lying(stopped, (source) => ({ ...source, ehFrame: undefined, ehFrameHeader: undefined, debugFrame }));
    const stack = stopped.stack({ images });
    expect(images.imageAt(stopped.pc)?.bias).toBe(bias);
    expect(stack.endReason).toMatch(/^Cannot access memory/);
    expect(stack.depth).toBeGreaterThan(100);
  });
});

describe('registers of a frame', () => {
  it("are the thread's own where no call saves them", () => {
    using target = new Stopped(compile(`${fixtures}/unwind_values.c`));
    target.runToFunction('stop');
    const stack = target.stack({
      wide: (number) => (number === 17 ? Uint8Array.of(1) : undefined),
      tls: (_, offset) => offset + 1n,
      originalPc: () => undefined,
    });
    const outer = stack.frame(1)?.context;
    expect(outer?.register(58)).toBe(target.registers[Word.fs_base]);
    expect(outer?.register(49)).toBe(target.registers[Word.eflags]);
    expect(outer?.register(70)).toBeUndefined();
    expect(outer?.wideRegister(17)).toEqual(Uint8Array.of(1));
    expect(outer?.tlsAddress(1n)).toBe(2n);
    expect(outer?.register(16)).toBe(stack.frame(1)?.pc);
    expect(outer?.register(7)).toBe(stack.frame(0)?.cfa);
  });

  it('an instruction executed out of line counts as where it was copied from', () => {
    using target = new Stopped(compile(`${fixtures}/unwind_values.c`));
    target.runToFunction('stop');
    const { registers } = target;
    const pc = registers[Word.rip];
    registers[Word.rip] = 0x1234n;
    const stack = target.stack({ registers, originalPc: (address) => (address === 0x1234n ? pc : undefined) });
    expect(stack.frame(0)?.pc).toBe(pc);
    expect(toMain(stack)).toMatch(/^stop deep .*main$/);
  });

  it('and so does one that a signal interrupted', () => {
    using target = new Stopped(compile(`${fixtures}/unwind_fallback.c`));
    target.runToFunction('handler');
    const interrupted = target.stack().frame(2)?.pc;
    const elsewhere = target.addressOf('stop');
    const stack = target.stack({ originalPc: (address) => (address === interrupted ? elsewhere : undefined) });
    expect(stack.frames(3).map(name)).toEqual(['handler', '<signal>', 'stop']);
    expect(stack.frame(2)?.lookup).toBe(elsewhere);
  });
});

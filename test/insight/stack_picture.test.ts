/** Frames as they lie in memory: what is found in each, and that nothing overlaps or is left out. */
import { describe, expect, it } from 'vitest';
import { stackPicture, type StackPicture, type StackSlot } from '../../src/insight/stack_picture.js';
import type { Session } from '../../src/session/session.js';
import { fixture, lineOf, type Variant } from '../helpers/build.js';
import { leakGuard } from '../helpers/leaks.js';
import { driven, walk } from '../session/drive.js';

leakGuard();

const line = (text: string): string => `smashed_frame.c:${lineOf('smashed_frame.c', text)}`;

const at = async (
  text: string,
  body: (picture: StackPicture, session: Session) => void,
  variant: Variant = 'plain',
  more: string[] = [],
  args: string[] = [],
): Promise<void> => {
  await driven(
    fixture('smashed_frame', variant),
    async (session) => {
      await walk(session, [`break ${line(text)}`, 'run', ...more]);
      body(stackPicture(session, session.selection().frame), session);
    },
    { arguments: args },
  );
};

const named = ({ slots }: StackPicture, name: string): StackSlot => {
  const found = slots.find((slot) => slot.name === name);
  if (!found) throw new Error(`no ${name} among ${slots.map((slot) => slot.name).join(', ')}`);
  return found;
};

/** Every byte from the stack pointer (or the red zone) to the end of the frame belongs to something. */
const requireWhole = ({ slots, cfa, registers }: StackPicture): void => {
  const addresses = slots.map(({ address }) => BigInt(address));
  expect(addresses).toEqual([...addresses].sort((a, b) => (a > b ? -1 : a < b ? 1 : 0)));
  let low = slots.reduce((top, { address, size }) => (BigInt(address) + BigInt(size) > top ? BigInt(address) + BigInt(size) : top), 0n);
  expect(low).toBeGreaterThanOrEqual(BigInt(cfa));
  for (const { address, size } of slots) {
    expect(BigInt(address) + BigInt(size)).toBeGreaterThanOrEqual(low);
    if (BigInt(address) < low) low = BigInt(address);
  }
  expect(low).toBeLessThanOrEqual(BigInt(registers['rsp'] ?? cfa));
};

describe.each(['plain', 'noframe', 'clang', 'pie'] as const)('%s', (variant) => {
  it('has arguments, what the call saved, the canary and locals', () =>
    at(
      '// many',
      (picture) => {
        requireWhole(picture);
        expect(named(picture, 'return address').value).toMatch(/<main\+\d+>$/);
        expect(BigInt(named(picture, 'return address').address)).toBe(BigInt(picture.cfa) - 8n);
        expect(named(picture, 'canary').notes).toEqual(['intact']);
        expect(named(picture, 'sum')).toMatchObject({ kind: 'local', type: 'int', size: 4 });
        expect(named(picture, 'inner').outOfScope).toBe(true);
        expect(named(picture, 'a')).toMatchObject({ kind: 'argument', value: '1' });
        expect(named(picture, 'h').value).toBe('{x = 1, y = 2}');
        // The seventh integer is passed on the stack (System V ABI, 3.2.3).
        expect(named(picture, 'g').value).toBe('7');
        expect(picture.problems).toEqual([]);
      },
      variant,
    ));

  it('says that the canary is overwritten, and by which array', () =>
    at(
      '// filled',
      (picture) => {
        requireWhole(picture);
        const [note] = named(picture, 'canary').notes ?? [];
        expect(note).toMatch(/^overwritten: it was 0x[0-9a-f]+00$/);
        expect(picture.problems).toEqual([expect.stringMatching(/^The canary is overwritten: .*; buffer \(char \[16\]\) lies below it\./)]);
      },
      variant,
      ['continue'],
    ));

  it('says that the return address leads nowhere', () =>
    at(
      '// unprotected',
      (picture) => {
        expect(named(picture, 'return address').notes).toEqual(['no code is there']);
        expect(picture.problems).toEqual([expect.stringMatching(/^The return address 0x[0-9a-f]+ \("[A-D]+"\) leads to no code/)]);
      },
      variant,
      [],
      ['x'],
    ));
});

describe('other frames', () => {
  it('a leaf keeps its locals in the red zone', () =>
    at('// leaf', (picture) => {
      requireWhole(picture);
      expect(named(picture, 'kept')).toMatchObject({ redZone: true, value: '3' });
      expect(named(picture, 'saved rbp').address).toBe(picture.registers['rsp']);
      expect(picture.slots.some(({ kind }) => kind === 'canary')).toBe(false);
    }));

  it("a caller's", () =>
    at('// filled', (_, session) => {
      const main = stackPicture(session, session.stack().frame(1)!);
      requireWhole(main);
      expect(named(main, 'p').value).toBe('{x = 1, y = 2}');
      expect(named(main, 'canary').notes).toEqual(['intact']);
      expect(main.registers['rsp']).toBe(stackPicture(session, session.stack().frame(0)!).cfa);
    }));

  it('before the canary is written', () =>
    driven(fixture('smashed_frame'), async (session) => {
      await walk(session, ['break *fill', 'run', 'stepi', 'stepi', 'stepi']);
      const picture = stackPicture(session, session.selection().frame);
      const canary = picture.slots.find(({ kind }) => kind === 'canary');
      expect(canary?.notes ?? ['not written yet']).toEqual(['not written yet']);
      expect(picture.problems).toEqual([]);
    }));

  it('optimized code: what is in registers is named apart', () =>
    driven(fixture('smashed_frame', 'O2'), async (session) => {
      await walk(session, ['break main', 'run']);
      const picture = stackPicture(session, session.selection().frame);
      requireWhole(picture);
      expect(picture.elsewhere.find(({ name }) => name === 'argc')).toMatchObject({
        type: 'int',
        value: '1',
        where: expect.stringMatching(/^r/),
      });
      expect(picture.problems).toEqual([]);
    }));

  it('every frame of every function that is reached can be drawn, at every instruction', () =>
    driven(fixture('smashed_frame', 'O2'), async (session) => {
      await walk(session, ['break main', 'run']);
      for (let i = 0; i < 150 && session.state === 'stopped'; i++) {
        for (const frame of session.stack().frames(3)) requireWhole(stackPicture(session, frame));
        await walk(session, ['stepi']);
      }
    }));
});

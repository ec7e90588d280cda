/** Hardware breakpoints: as the others, but the program's code stays as it is, and there are four. */
import { describe, expect, it } from 'vitest';
import { debugRegistersTrap } from '../../src/inferior/debug_registers.js';
import { fixture, lineOf } from '../helpers/build.js';
import { leakGuard } from '../helpers/leaks.js';
import { driven, endOf, placeOf, record, stopOf } from './drive.js';

leakGuard();

const target = `target:${lineOf('hardware.c', '// target')}`;

// Some virtual machines take values into their debug registers and never trap (native/debug_registers.cc): then there are no hardware breakpoints.
if (!debugRegistersTrap())
  it('a hardware breakpoint is refused with the reason, before the program runs and while it does', () =>
    driven(fixture('checksum'), async (session) => {
      const refused = (): void =>
        expect(() => session.break('watched', { hardware: true })).toThrow("This machine's debug registers do not work");
      refused();
      stopOf(await session.start('main'));
      refused();
      expect(session.breakpoints.all()).toEqual([]);
    }));
else
  describe('a hardware breakpoint', () => {
    it('is not seen by a program that adds its own code up', () =>
      driven(fixture('checksum'), async (session, output) => {
        const { id } = session.break('watched', { hardware: true });
        stopOf(await session.run());
        expect(placeOf(session)).toMatch(/^watched/);
        stopOf(await session.continue());
        stopOf(await session.continue());
        expect(endOf(await session.continue())).toBe('exited 0');
        expect(output()).toBe('unchanged\n');
        expect(session.breakpoints.get(id).hits).toBe(3);
      }));

    it('has a condition, counts to ignore, and may be temporary', () =>
      driven(fixture('checksum'), async (session, output) => {
        session.programArguments = ['a', 'b', 'c'];
        session.break('watched', { hardware: true, temporary: true });
        stopOf(await session.run());
        expect(session.breakpoints.all()).toEqual([]);
        const ignored = session.break('watched', { hardware: true, condition: 'n > 2', ignore: 2 });
        stopOf(await session.continue());
        expect((await session.evaluate('n')).bytes()[0]).toBe(5);
        expect(ignored.hits).toBe(3);
        session.breakpoints.delete(ignored.id);
        expect(endOf(await session.continue())).toBe('exited 0');
        expect(output()).toBe('unchanged\n');
      }));

    it('is hit in every thread once for each time, in a child and in the program that it executes', () =>
      driven(fixture('hardware'), async (session, output) => {
        session.programArguments = ['8', 'fork'];
        const { id } = session.break('target', { hardware: true });
        const places = new Set<string>();
        const tids = new Set<number>();
        let outcome = await session.run();
        while (outcome.kind === 'stopped') {
          places.add(placeOf(session));
          tids.add(outcome.stop.thread.tid);
          outcome = await session.continue();
        }
        expect(endOf(outcome)).toBe('exited 0');
        expect(output().trim().split('\n').at(-1)).toBe('0');
        expect([...places]).toEqual([target]);
        // 8 threads, the parent, the child, and a thread of the child's new program.
        expect(tids.size).toBe(11);
        // 80 in the threads, one each in parent and child, 10 and one in the new program.
        expect(session.breakpoints.get(id).hits).toBe(93);
      }));

    it('ends a step that comes there, and lets one begin there', () =>
      driven(fixture('checksum'), async (session, output) => {
        const first = lineOf('checksum.c', '// watched line');
        session.break('watched', { hardware: true });
        stopOf(await session.run());
        session.break(String(first), { hardware: true });
        const stepped = stopOf(await session.step({ over: true, instruction: false }));
        expect([stepped.reason, placeOf(session)]).toEqual(['breakpoint', `watched:${first}`]);
        for (const { id } of session.breakpoints.all()) session.breakpoints.enable(id, false);
        const finished = stopOf(await session.finish());
        expect(finished.reason).toBe('step');
        for (const { id } of session.breakpoints.all()) session.breakpoints.delete(id);
        const entry = session.resolvePlaces('watched')[0].address;
        session.break(`*${entry}`, { hardware: true });
        const entered = stopOf(await session.step({ over: false, instruction: false }));
        expect([entered.reason, placeOf(session)]).toEqual(['breakpoint', `watched:${first - 1}`]);
        expect(stopOf(await session.step({ over: false, instruction: true })).reason).toBe('step');
        session.breakpoints.delete(session.breakpoints.all()[0].id);
        expect(endOf(await session.continue())).toBe('exited 0');
        expect(output()).toBe('unchanged\n');
      }));

    it('shares its place with a breakpoint, and each is counted once', () =>
      driven(fixture('checksum'), async (session) => {
        const hardware = session.break('watched', { hardware: true });
        const plain = session.break('watched');
        expect(stopOf(await session.run()).breakpoints).toEqual([hardware, plain]);
        stopOf(await session.continue());
        expect([hardware.hits, plain.hits]).toEqual([2, 2]);
        session.breakpoints.delete(hardware.id);
        expect(stopOf(await session.continue()).breakpoints).toEqual([plain]);
      }));

    it('is hit again after jump', () =>
      driven(fixture('checksum'), async (session) => {
        session.break('watched', { hardware: true });
        stopOf(await session.run());
        const stop = stopOf(await session.jump('watched'));
        expect([stop.reason, session.breakpoints.get(0).hits]).toEqual(['breakpoint', 2]);
      }));

    it('is one of four: the fifth is refused with who has the others, before the program runs and while it does', () =>
      driven(fixture('watch_cases'), async (session) => {
        for (const name of ['jumper', 'factorial', 'thread']) session.break(name, { hardware: true });
        session.watchpoints.create('watch', 'shared');
        const refusal =
          /4 of 4 are in use by hw breakpoint 0 \(jumper\), hw breakpoint 1 \(factorial\), hw breakpoint 2 \(thread\), watchpoint 3 \(shared\)/;
        expect(() => session.break('in_register', { hardware: true })).toThrow(refusal);
        expect(session.breakpoints.all()).toHaveLength(4);
        stopOf(await session.run());
        expect(() => session.break('in_register', { hardware: true })).toThrow(refusal);
        session.breakpoints.enable(1, false);
        session.break('in_register', { hardware: true });
        expect(() => {
          session.breakpoints.enable(1, true);
        }).toThrow('No debug register is free');
        session.breakpoints.delete(2);
        session.breakpoints.enable(1, true);
        expect(stopOf(await session.continue()).breakpoints.map(({ spec }) => spec)).toEqual(['factorial']);
      }));

    it('in a library that finds no free register is disabled, and that is said', () =>
      driven(fixture('shared'), async (session) => {
        for (const text of ['// lazy', '// bound', '// program helper', 'library_twice(helper, 3)'])
          session.break(String(lineOf('shared.c', text)), { hardware: true });
        const waiting = session.break('library_twice', { hardware: true, pending: true });
        const events = record(session);
        stopOf(await session.run());
        const texts = events.flatMap((event) => (event.type === 'message' ? [event.text] : []));
        expect(texts.join('\n')).toMatch(
          /^Hardware breakpoint 4 is disabled\. No debug register is free: 4 of 4 are in use by hw breakpoint 0/,
        );
        expect(waiting.enabled).toBe(false);
        session.breakpoints.delete(0);
        session.breakpoints.enable(4, true);
        stopOf(await session.continue());
        stopOf(await session.continue());
        expect(stopOf(await session.continue()).breakpoints).toEqual([waiting]);
      }));
  });

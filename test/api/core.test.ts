/** `openCore` and `saveCore`. */
import { describe, expect, it } from 'vitest';
import { join } from 'node:path';
import { DeetError, launch, openCore } from '../../src/index.js';
import { fixture, lineOf } from '../helpers/build.js';
import { coreOf, coresGoAfterwards, folderForCores } from '../helpers/core.js';
import { leakGuard } from '../helpers/leaks.js';

leakGuard();
coresGoAfterwards();

const settings = { 'debug-file-directory': '/nonexistent' };
const program = fixture('core_state');

describe('openCore', () => {
  it('has frames, values, threads, memory, registers and an explanation', async () => {
    await using session = await openCore(coreOf(program), { program, settings });
    expect(session.state).toBe('stopped');
    expect(session.core).toMatchObject({ signal: 'SIGSEGV', command: program, warnings: [] });
    expect(session.threads).toHaveLength(4);
    expect([session.frame.function, session.frame.line]).toEqual(['sum', lineOf('core_state.c', '// crash')]);
    expect(await session.evaluate('table')).toEqual([1, 22, 3, 5, 8, 13]);
    expect(await session.evaluate('$rip == $pc')).toBe(1);
    const address = (await session.evaluate('(unsigned long) table')) as bigint;
    expect([...session.readMemory(address, 4)]).toEqual([1, 0, 0, 0]);
    expect(await session.explain()).toMatchObject({ cause: 'null-pointer', expression: 'at->value', address: '0x0' });
    const waiting = session.threads[1]?.frames().find((each) => each.function === 'keep_waiting');
    expect(await waiting?.evaluate('text')).toMatch(/^thread \d/);
    expect(session.processes[0]?.images[0]).toBe(program);
  });

  it('refuses to run it, and to change it', async () => {
    await using session = await openCore(coreOf(program), { settings });
    const refused = async (work: () => unknown): Promise<string> => {
      try {
        await work();
      } catch (error) {
        if (error instanceof DeetError) return error.code;
      }
      return 'accepted';
    };
    const words = [
      () => session.continue(),
      () => session.step(),
      () => session.finish(),
      () => session.jump('main'),
      () => session.signal(0),
      () => session.watch('table[0]'),
      () => session.detach(),
      () => session.why(),
      () => session.evaluate('table[0] = 3'),
      () => session.evaluate('$rax = 3'),
      () => session.evaluate('sum(list, 1)'),
      () => session.writeMemory(session.frame.address, Uint8Array.of(0)),
      () => session.saveCore('again'),
    ];
    for (const word of words) expect([String(word), await refused(word)]).toEqual([String(word), 'post-mortem']);
    expect(await session.evaluate('table[0]')).toBe(1);
    expect(await refused(() => openCore(program))).toBe('not-a-core');
    expect(await refused(() => openCore('/proc/nonexistent'))).toBe('no-file');
  });
});

describe('saveCore', () => {
  it('keeps what is there, for later, whatever the file is called', async () => {
    const path = join(folderForCores(), "it's a core");
    {
      await using session = await launch(program, { settings });
      await session.break('sum');
      await session.continue();
      await session.saveCore(path);
      expect(await session.evaluate('wanted')).toBe(4);
      expect((await session.continue()).reason).toBe('signal');
    }
    await using session = await openCore(path, { settings });
    expect(session.core?.signal).toBeUndefined();
    expect(session.frame.function).toBe('sum');
    expect(await session.evaluate('wanted')).toBe(4);
  });
});

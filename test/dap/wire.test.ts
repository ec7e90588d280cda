/** What a client may do wrong, and what comes of it: an answer with a reason, never silence, never the end. */

import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { compileText, sample } from '../helpers/build.js';
import { leakGuard } from '../helpers/leaks.js';
import { Deframer, encode, type Incoming } from '../../src/dap/framing.js';
import { Client } from './client.js';
import { sharedAdapter } from './shared_adapter.js';

leakGuard();
sharedAdapter();

const calls = sample('function_calls');

describe('messages on the wire', () => {
  const all = (chunks: readonly Buffer[]): Incoming[] => {
    const deframer = new Deframer();
    return chunks.flatMap((chunk) => [...deframer.push(chunk)]);
  };

  it('are found however the bytes are cut', () => {
    const bytes = Buffer.from(encode({ a: 'é' }) + encode({ b: [1, 2] }));
    const expected = [{ json: { a: 'é' } }, { json: { b: [1, 2] } }];
    expect(all([bytes])).toEqual(expected);
    expect(all([...bytes].map((byte) => Buffer.of(byte)))).toEqual(expected);
  });

  it('may have other headers, in any case', () => {
    expect(all([Buffer.from('Content-Type: x\r\ncontent-length:2\r\n\r\n{}')])).toEqual([{ json: {} }]);
  });

  it('do not spoil those after them', () => {
    const next = Buffer.from(encode({ ok: true }));
    const found = all([Buffer.from('Content-Length: 3\r\n\r\n{]}'), next, Buffer.from('Nonsense\r\n\r\n'), next]);
    expect(found).toMatchObject([{ fatal: false }, { json: { ok: true } }, { fatal: false }, { json: { ok: true } }]);
  });

  it('may be longer or shorter than they say: those behind the next are understood', () => {
    const next = Buffer.from(encode({ ok: true }));
    const short = all([Buffer.from('Content-Length: 3\r\n\r\n{"seq":1}'), next, next]);
    expect(short).toMatchObject([{ fatal: false }, { damage: 'more than it said' }, { json: { ok: true } }, { json: { ok: true } }]);
    const long = all([Buffer.from('Content-Length: 40\r\n\r\n{"seq":1}'), next, next, next]);
    expect(long).toMatchObject([{ fatal: false }, { fatal: false }, { json: { ok: true } }, { json: { ok: true } }]);
  });

  it('have bounds', () => {
    expect(all([Buffer.from('Content-Length: 99999999999\r\n\r\n')])).toMatchObject([{ fatal: true }]);
    expect(all([Buffer.alloc(70_000, 'x')])).toMatchObject([{ fatal: true }]);
  });
});

describe('a client that does it wrong', () => {
  it('gets an answer to every request, whatever is in it', async () => {
    await using client = new Client([]);
    client.sendText('{"seq":1,"type":"request","command":"noSuchThing"}');
    expect(await client.answer(1)).toMatchObject({
      success: false,
      command: 'noSuchThing',
      message: expect.stringContaining('does not support'),
    });
    client.sendText('not json');
    client.sendText('[1,2]');
    client.sendText('{"seq":2,"type":"request","command":"threads","arguments":[]}');
    expect(await client.answer(2)).toMatchObject({ success: false, message: expect.stringContaining('must be an object') });
    client.sendText('{"seq":3,"type":"request"}');
    expect(await client.answer(3)).toMatchObject({ success: false });
    client.sendText('{"seq":4,"type":"request","command":"stackTrace","arguments":{"threadId":"one"}}');
    expect(await client.answer(4)).toMatchObject({ success: false, message: expect.stringContaining('"threadId" must be of type number') });
    client.sendText('{"seq":5,"type":"request","command":"__proto__"}');
    expect(await client.answer(5)).toMatchObject({ success: false });
    client.sendText('{"seq":6,"type":"request","command":"stepBack","arguments":{"threadId":1}}');
    expect(await client.answer(6)).toMatchObject({ success: false, message: expect.stringContaining('stepBack') });
    expect(client.output('stderr').match(/deet: the client sent/g)).toHaveLength(2);
    expect(client.faults.splice(0)).toEqual([]);
    // There is no number to answer to; the client of the tests finds that odd, too.
    client.sendText('{"type":"request","command":"threads"}');
    const answer = await client.until(() => client.messages.find(({ request_seq: seq }) => seq === 0), 'an answer');
    expect(answer).toMatchObject({ success: false, command: 'threads', message: 'A message needs a number, "seq".' });
    expect(client.faults.splice(0)).toHaveLength(1);
    expect(client.garbage).toBe('');
  });

  it('shows what failed where it was asked; what a key or a button asked for is shown aloud', async () => {
    await using client = new Client();
    await client.launch({ program: calls, stopOnEntry: true });
    await client.event('stopped');
    const shown = async (command: string, args: object): Promise<unknown> => {
      const { success, body } = await client.answer(client.send(command, args));
      expect(success).toBe(false);
      return (body as { error: { showUser?: boolean } }).error.showUser;
    };
    expect(await shown('evaluate', { expression: 'nonsense', context: 'repl' })).toBeUndefined();
    expect(await shown('goto', { threadId: 1, targetId: 99 })).toBe(true);
  });

  it('is told what must come first', async () => {
    await using client = new Client();
    expect(await client.refused('launch', { program: calls })).toContain('initialize must come first');
    expect(await client.refused('threads')).toContain('launch or attach first');
    expect(await client.refused('configurationDone')).toContain('launch or attach first');
    await client.initialize();
    expect(await client.refused('initialize', { adapterID: 'x' })).toContain('twice');
    expect(await client.refused('setBreakpoints', { source: { path: '/a.c' }, breakpoints: [{ line: 1 }] })).toContain(
      'launch or attach first',
    );
    const launch = client.send('launch', { program: calls });
    await client.event('initialized');
    expect(await client.refused('launch', { program: calls })).toContain('already');
    expect(await client.refused('continue', { threadId: 1 })).toContain('not being run');
    await client.ask('configurationDone');
    await client.answer(launch);
    await client.event('terminated');
    expect(await client.refused('next', { threadId: 1 })).toContain('not being run');
    expect(await client.refused('variables', { variablesReference: 77 })).toContain('not known any more');
    expect(await client.refused('scopes', { frameId: 5 })).toContain('no frame');
  });

  it('may send everything at once', async () => {
    await using client = new Client();
    client.send('initialize', { adapterID: 'x' });
    client.send('launch', { program: calls });
    client.send('setFunctionBreakpoints', { breakpoints: [{ name: 'func3' }] });
    const done = client.send('configurationDone');
    await client.answer(done);
    await client.event('stopped');
    const steps = [1, 2, 3].map(() => client.send('threads'));
    const next = client.send('next', { threadId: 1 });
    const trace = client.send('stackTrace', { threadId: 1 });
    for (const seq of steps) expect((await client.answer(seq)).success).toBe(true);
    expect((await client.answer(next)).success).toBe(true);
    // What was asked for behind `next` is answered: either it runs, or it has stopped.
    expect([true, false]).toContain((await client.answer(trace)).success);
    await client.event('stopped');
    const responses = client.messages.filter(({ type }) => type === 'response').map(({ request_seq: seq }) => seq);
    expect(new Set(responses).size).toBe(responses.length);
  });

  /** Stopped at the main of a program with a function that never returns. */
  const beforeForever = async (client: Client): Promise<void> => {
    await client.stopAt(compileText('forever.c', 'int forever(void) {\n  for (;;)\n    ;\n}\nint main(void) {\n  return 0;\n}\n'), 'main');
  };

  it('can cancel what has not begun, and nothing else', async () => {
    await using client = new Client();
    await beforeForever(client);
    const endless = client.send('evaluate', { expression: 'forever()', context: 'watch' });
    const behind = client.send('evaluate', { expression: '1 + 1', context: 'watch' });
    client.send('cancel', { requestId: behind });
    expect(await client.answer(behind)).toMatchObject({ success: false, command: 'evaluate', message: 'cancelled' });
    const last = client.send('evaluate', { expression: '2 + 2', context: 'watch' });
    // Nothing is cancelled by a cancel that names no request.
    client.send('cancel', { progressId: 'none' });
    client.send('cancel', { requestId: endless });
    expect(await client.answer(endless)).toMatchObject({ success: false, message: 'cancelled' });
    expect(await client.answer(last)).toMatchObject({ success: true, body: { result: '4' } });
  });

  it('can interrupt an expression that never ends', async () => {
    await using client = new Client();
    await beforeForever(client);
    const endless = client.send('evaluate', { expression: 'forever()', context: 'watch' });
    client.send('threads');
    client.send('pause', { threadId: 1 });
    expect(await client.answer(endless)).toMatchObject({ success: false, message: expect.stringContaining('given up') });
    expect((await client.top()).name).toBe('main');
  });
});

describe('a port', () => {
  it('is of this machine only', async () => {
    await using client = new Client(['--listen', '0.0.0.0:0']);
    expect(await client.ended).toBe(2);
    expect(client.stderr).toContain('this machine only');
  });

  it('serves one client after another', async () => {
    await using server = new Client(['--listen', '127.0.0.1:0']);
    const port = await server
      .until(() => /listens at 127\.0\.0\.1:(\d+)/.exec(server.stderr)?.[1], 'port')
      .catch(async () => {
        throw new Error(server.stderr);
      });
    for (let round = 0; round < 2; round++) {
      const socket = connect(Number(port), '127.0.0.1');
      const answer = new Promise<string>((resolve) => socket.once('data', (bytes) => resolve(bytes.toString())));
      socket.write(encode({ seq: 1, type: 'request', command: 'initialize', arguments: { adapterID: 'x' } }));
      expect(await answer).toContain('"success":true');
      socket.destroy();
      await new Promise((resolve) => socket.on('close', resolve));
    }
  });
});

/** What takes long is given up when the client no longer wants it, although nothing else happens in the adapter meanwhile. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { checkInterrupt } from '../../src/common/interrupt.js';
import { Connection } from '../../src/dap/connection.js';
import { encode } from '../../src/dap/framing.js';
import { compileText } from '../helpers/build.js';
import { Client } from './client.js';

const folder = mkdtempSync(join(tmpdir(), 'deet-giving-up-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

interface Said {
  readonly command: string;
  readonly success: boolean;
  readonly message?: string;
}

/** A request that computes until somebody wants it no more, at most for so many looks; the client has sent something when the second comes. */
const compute = async (arrives: Buffer | undefined, running = false): Promise<Said[]> => {
  const said: Said[] = [];
  let [looks, asked] = [0, 0];
  const connection: Connection = new Connection(
    {
      write: (text) => {
        for (const part of text.split(/Content-Length: \d+\r\n\r\n/)) if (part !== '') said.push(JSON.parse(part) as Said);
      },
      end: () => undefined,
      arrived: () => (looks++ === 1 ? arrives : Buffer.alloc(0)),
    },
    {
      handlers: {
        threads: () => {
          const start = performance.now();
          while (looks < 4 && asked++ < 1e9 && (!running || performance.now() < start + 100)) checkInterrupt();
          return { threads: [] };
        },
        cancel: () => undefined,
        disconnect: () => undefined,
        modules: () => ({ modules: [] }),
      },
      interrupt: () => undefined,
      running,
    },
  );
  connection.received(Buffer.from(encode({ seq: 1, type: 'request', command: 'threads' })));
  connection.received(Buffer.from(encode({ seq: 2, type: 'request', command: 'modules' })));
  while (!said.some(({ command }) => command === 'modules')) await new Promise((resolve) => setImmediate(resolve));
  return said;
};

const request = (command: string, args?: object): Buffer =>
  Buffer.from(encode({ seq: 3, type: 'request', command, ...(args && { arguments: args }) }));

describe('a computation', () => {
  it('ends when it is cancelled, and what came behind is answered', async () => {
    expect((await compute(request('cancel', { requestId: 1 }))).slice(0, 2)).toMatchObject([
      { command: 'threads', success: false, message: 'cancelled' },
      { command: 'modules', success: true },
    ]);
  });

  it('ends when the client leaves, with or without a word', async () => {
    expect((await compute(request('disconnect')))[0]).toMatchObject({ command: 'threads', message: 'cancelled' });
    expect((await compute(undefined))[0]).toMatchObject({ command: 'threads', message: 'cancelled' });
  });

  it('goes on when something else is asked for', async () => {
    expect((await compute(request('cancel', { requestId: 77 })))[0]).toMatchObject({ command: 'threads', success: true });
    expect((await compute(request('pause', { threadId: 1 })))[0]).toMatchObject({ command: 'threads', success: true });
    expect((await compute(request('modules')))[0]).toMatchObject({ command: 'threads', success: true });
  });

  it('that the program does itself is not ended here', async () => {
    expect((await compute(request('cancel', { requestId: 1 }), true))[0]).toMatchObject({ command: 'threads', success: true });
  });
});

const program = compileText('many.c', 'int many[100000000];\nint main(void) {\n  return many[7];\n}\n');

/** A script of the prompt that says on a FIFO when it begins what takes minutes. */
const endless = (name: string): { readonly script: string; begun(): Promise<unknown> } => {
  const [fifo, script] = [join(folder, `${name}.fifo`), join(folder, name)];
  execFileSync('mkfifo', [fifo]);
  writeFileSync(script, `shell echo > ${fifo}\noutput -elements unlimited -repeats unlimited -- many\n`);
  return { script, begun: () => readFile(fifo) };
};

describe('the debug console', () => {
  it('shows what a command of the shell writes, and advises in the words of an editor', async () => {
    await using client = new Client();
    await client.stopAt(program, 'main');
    expect(await client.ask('evaluate', { expression: 'shell echo $((6 * 7))', context: 'repl' })).toMatchObject({ result: '42' });
    expect(await client.refused('evaluate', { expression: 'delete 77', context: 'repl' })).toContain(
      'Type "info breakpoints" in the debug console',
    );
  });

  it('is free again when a long print is cancelled', async () => {
    await using client = new Client();
    await client.stopAt(program, 'main');
    const { script, begun } = endless('cancelled');
    const long = client.send('evaluate', { expression: `source ${script}`, context: 'repl' });
    await begun();
    client.send('cancel', { requestId: long });
    expect(await client.answer(long)).toMatchObject({ success: false, message: 'cancelled' });
    expect(await client.ask('evaluate', { expression: 'many[7]', context: 'watch' })).toMatchObject({ result: '0' });
  });

  it('does not keep anybody who leaves', async () => {
    await using client = new Client();
    await client.stopAt(program, 'main');
    const { script, begun } = endless('left');
    client.send('evaluate', { expression: `source ${script}`, context: 'repl' });
    await begun();
    expect(await client.answer(client.send('disconnect'))).toMatchObject({ success: true });
  });
});

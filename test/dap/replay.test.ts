/**
 * What editors say to an adapter, said again: Emacs 28 with dap-mode 0.7 and Neovim 0.7 with nvim-dap 0.6 were recorded (editors/record.mjs); vscode.jsonl was written by hand in the order in
 * which VS Code asks. A client's line is sent when everything has come that the client had seen before it. What the answers say is for other tests.
 */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sample, sampleSource } from '../helpers/build.js';
import { leakGuard } from '../helpers/leaks.js';
import { Client, type Message } from './client.js';

leakGuard();

const program = sample('function_calls');

interface Line {
  readonly client?: Pick<Message, 'seq' | 'command'>;
  readonly adapter?: Partial<Message> & { readonly reason?: string };
}

const recording = (name: string): Line[] =>
  readFileSync(join(import.meta.dirname, 'editors', `${name}.jsonl`), 'utf8')
    .replaceAll('${program}.c', sampleSource('function_calls'))
    .replaceAll('${program}', program)
    .replaceAll('${folder}', dirname(program))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);

const fits = (message: Message, wanted: NonNullable<Line['adapter']>): boolean =>
  wanted.type === 'event'
    ? message.event === wanted.event && (wanted.reason === undefined || (message.body as { reason?: string }).reason === wanted.reason)
    : message.type === 'response' && message.request_seq === wanted.request_seq;

describe('the traffic of an editor', () => {
  it.each(['emacs', 'neovim', 'vscode'])('%s', async (name) => {
    await using client = new Client([]);
    const taken = new Set<Message>();
    const lines = recording(name);
    for (const { client: said, adapter: heard } of lines) {
      if (said) client.sendText(JSON.stringify(said));
      if (!heard) continue;
      const message = await client.until(
        () => client.messages.find((each) => !taken.has(each) && fits(each, heard)),
        JSON.stringify(heard),
      );
      taken.add(message);
      if (heard.type === 'response') expect(message).toMatchObject({ command: heard.command, success: heard.success });
    }
    client.end();
    expect(await client.ended).toBe(0);
    const answered = client.messages.filter(({ type }) => type === 'response').map(({ request_seq: seq }) => seq);
    expect(answered.sort()).toEqual(lines.flatMap(({ client: said }) => (said ? [said.seq] : [])).sort());
    expect(client.messages.map(({ seq }) => seq)).toEqual(client.messages.map((_, index) => index + 1));
    expect(client.messages.filter(({ message }) => message?.includes('A fault in deet itself'))).toEqual([]);
    expect(client.events('exited')).toMatchObject([{ body: { exitCode: 0 } }]);
    expect(client.garbage + client.stderr).toBe('');
  });
});

/** Debug adapters beside each other: what a client waits for. The other is lldb's, if it is installed. */
import { accessSync } from 'node:fs';
import { join } from 'node:path';
import { Client, type Where } from '../dap/client.js';
import { root, since, variables } from './contenders.js';
import type { Contender, Row } from './measure.js';

const programs = ['lldb-dap', 'lldb-vscode', 'lldb-vscode-14', 'lldb-vscode-15', 'lldb-vscode-16', 'lldb-dap-18', 'lldb-dap-19'];

const onPath = (name: string): string | undefined =>
  (process.env['PATH'] ?? '')
    .split(':')
    .map((folder) => join(folder, name))
    .find((path) => {
      try {
        accessSync(path);
        return true;
      } catch {
        return false;
      }
    });

const lldb = programs.map(onPath).find((path) => path !== undefined);

const adapters: readonly (readonly [name: string, where: Where])[] = [
  ['deet', { command: [process.execPath, join(root, 'src/bin/deet.cjs'), 'dap'] }],
  ...(lldb === undefined ? [] : [["lldb's", { command: [lldb] }] as const]),
];

const stopAtVisit = async (client: Client, initCommands: readonly string[]): Promise<void> => {
  const configure = (): Promise<unknown> => client.ask('setFunctionBreakpoints', { breakpoints: [{ name: 'visit' }] });
  await client.initialize({ linesStartAt1: true, columnsStartAt1: true, pathFormat: 'path' });
  const launch = client.send('launch', { program: variables, initCommands });
  await client.event('initialized');
  await configure();
  await client.ask('configurationDone');
  await client.answer(launch);
  await client.event('stopped');
};

/** What an editor shows at a stop: the stack, and the variables of its innermost frame. */
const look = async (client: Client, threadId: number): Promise<void> => {
  await client.ask('threads');
  const { stackFrames } = (await client.ask('stackTrace', { threadId, startFrame: 0, levels: 20 })) as { stackFrames: { id: number }[] };
  const { scopes } = (await client.ask('scopes', { frameId: stackFrames[0]?.id })) as {
    scopes: { variablesReference: number; expensive: boolean }[];
  };
  for (const { variablesReference, expensive } of scopes) if (!expensive) await client.ask('variables', { variablesReference });
};

const init = (name: string): string[] =>
  name === 'deet' ? ['set debug-file-directory /nonexistent'] : ['settings set symbols.enable-external-lookup false'];

const each = (measure: (client: Client, name: string, start: number) => Promise<number>): Contender[] =>
  adapters.map(([name, where]) => ({
    name,
    measure: async () => {
      const start = performance.now();
      await using client = new Client(where);
      return await measure(client, name, start);
    },
  }));

const steps = 40;

/** @returns the rows, and says aloud when there is nobody to compare with */
export const adapterRows = (): Row[] => {
  if (lldb === undefined) process.stderr.write("No adapter of lldb's is installed (Debian: lldb): deet's own is measured alone.\n");
  return [
    {
      title: 'adapter: started until stopped at a breakpoint with its variables shown',
      unit: 'start',
      rounds: 5,
      contenders: each(async (client, name, start) => {
        await stopAtVisit(client, init(name));
        await look(client, await currentThread(client));
        return since(start);
      }),
      goals: [],
    },
    {
      title: 'adapter: step until stopped with its variables shown',
      unit: 'step',
      rounds: 5,
      contenders: each(async (client, name) => {
        await stopAtVisit(client, init(name));
        const threadId = await currentThread(client);
        await client.ask('setFunctionBreakpoints', { breakpoints: [] });
        await look(client, threadId);
        const start = performance.now();
        for (let count = 0; count < steps; count++) {
          await client.ask('next', { threadId });
          await client.event('stopped');
          await look(client, threadId);
        }
        return since(start) / steps;
      }),
      goals: [],
    },
  ];
};

const currentThread = async (client: Client): Promise<number> =>
  ((await client.ask('threads')) as { threads: { id: number }[] }).threads[0]?.id ?? 1;

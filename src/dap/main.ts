/** `deet dap`: the Debug Adapter Protocol on stdin and stdout, or for one client after another on a port of this machine. */
import { createServer, type Socket } from 'node:net';
import { parseArgs } from 'node:util';
import { speakTo } from '../common/advice.js';
import { DeetError } from '../common/errors.js';
import { Adapter } from './adapter.js';
import { arrivedAt } from './arrived.js';

const usage = 'Usage: deet dap [--listen 127.0.0.1:PORT]';

/** Nobody but this machine: a debug adapter runs whatever it is told to. */
const loopback = new Set(['127.0.0.1', 'localhost', '::1']);

/** @throws DeetError `usage`. */
const listenAddress = (text: string): { host: string; port: number } => {
  const found = /^(?:(.*):)?(\d{1,5})$/.exec(text);
  const host = (found?.[1] || '127.0.0.1').replace(/^\[(.*)\]$/, '$1');
  const port = Number(found?.[2]);
  if (!found || port > 65535) throw new DeetError('usage', `"${text}" is no address to listen at.`, usage);
  if (!loopback.has(host)) throw new DeetError('usage', `deet listens on this machine only, not at ${host}.`, usage);
  return { host: host === 'localhost' ? '127.0.0.1' : host, port };
};

/** Until the client disconnects or closes stdin. */
const serveStdio = (): Promise<number> =>
  new Promise((resolve) => {
    const { stdin, stdout } = process;
    const finish = (): void => {
      adapter.close();
      stdin.destroy();
      resolve(0);
    };
    const adapter = new Adapter({ write: (text) => stdout.write(text), end: finish, arrived: arrivedAt(stdin) }, finish);
    stdout.on('error', finish);
    stdin.on('data', (bytes: Buffer) => {
      adapter.connection.received(bytes);
    });
    stdin.on('end', finish);
    stdin.on('error', finish);
  });

const attend = (socket: Socket): void => {
  const finish = (): void => {
    adapter.close();
    socket.end();
  };
  const adapter = new Adapter({ write: (text) => socket.write(text), end: () => socket.end(), arrived: arrivedAt(socket) }, finish);
  socket.on('data', (bytes) => {
    adapter.connection.received(bytes);
  });
  socket.on('close', finish);
  socket.on('error', () => {
    socket.destroy();
  });
};

const serveSocket = ({ host, port }: { host: string; port: number }): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer(attend);
    server.on('error', (error) => {
      reject(new DeetError('listen', `Cannot listen at ${host}:${port}: ${error.message}.`));
    });
    server.on('close', () => {
      resolve(0);
    });
    server.listen(port, host, () => {
      const address = server.address();
      if (address !== null && typeof address === 'object') process.stderr.write(`deet dap listens at ${host}:${address.port}\n`);
    });
  });

/** @param args behind `deet dap`. Returns the exit status. @throws DeetError `usage` or `listen`. */
const serve = async (args: readonly string[]): Promise<number> => {
  const { values } = parseArgs({ args: [...args], options: { listen: { type: 'string' }, help: { type: 'boolean' } }, strict: true });
  if (values.help) {
    process.stdout.write(`${usage}\n`);
    return 0;
  }
  return values.listen === undefined ? serveStdio() : serveSocket(listenAddress(values.listen));
};

/**
 * What src/bin/deet.cjs runs: an editor waits for the adapter, which need not read the prompt's program.
 * @param words `dap` and what is behind it. Returns the exit status.
 */
export const main = async ([, ...args]: readonly string[]): Promise<number> => {
  speakTo('editor');
  try {
    return await serve(args);
  } catch (error) {
    process.stderr.write(`deet dap: ${error instanceof Error ? error.message : String(error)}\n`);
    return 2;
  }
};

/**
 * Stands between an editor and the adapter and writes down what they say: `node record.mjs FILE PROGRAM ADAPTER [ARG...]`, with the editor's configuration naming this instead of `deet`.
 * That is how the recordings beside this file were made. Everything that belongs to a machine is replaced: the program, its folder, numbers of processes.
 */
import { spawn } from 'node:child_process';
import { appendFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

const [file, program, command, ...args] = process.argv.slice(2);
const adapter = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
writeFileSync(file, '');

const general = (text) => text.replaceAll(program, '${program}').replaceAll(dirname(program), '${folder}');

/** Cuts a stream into messages. */
const messages = (each) => {
  let buffer = Buffer.alloc(0);
  return (bytes) => {
    buffer = Buffer.concat([buffer, bytes]);
    for (;;) {
      const end = buffer.indexOf('\r\n\r\n');
      const length = Number(/Content-Length: (\d+)/i.exec(buffer.toString('latin1', 0, Math.max(0, end)))?.[1]);
      if (end < 0 || buffer.length < end + 4 + length) return;
      each(JSON.parse(buffer.toString('utf8', end + 4, end + 4 + length)));
      buffer = buffer.subarray(end + 4 + length);
    }
  };
};

const note = (line) => appendFileSync(file, `${general(JSON.stringify(line))}\n`);
const fromClient = messages((message) => note({ client: message }));
// Of the adapter's side it matters which answers and stops the client had seen.
const fromAdapter = messages(({ type, command: name, request_seq: to, success, event, body }) => {
  if (type === 'response') note({ adapter: { type, command: name, request_seq: to, success } });
  if (type === 'event' && ['initialized', 'stopped', 'exited', 'terminated'].includes(event))
    note({ adapter: { type, event, ...(body?.reason && { reason: body.reason }) } });
});

process.stdin.on('data', (bytes) => {
  fromClient(bytes);
  adapter.stdin.write(bytes);
});
process.stdin.on('end', () => adapter.stdin.end());
adapter.stdout.on('data', (bytes) => {
  fromAdapter(bytes);
  process.stdout.write(bytes);
});
adapter.on('close', (status) => process.exit(status ?? 1));

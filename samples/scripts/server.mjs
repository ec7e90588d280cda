// Drives samples/servers/processes, which serves each client in a grandchild, and looks into that grandchild while it works.
//   node samples/scripts/server.mjs [WORD]
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { launch } from 'deet';

const server = new URL('../servers/processes', import.meta.url).pathname;
const word = process.argv[2] ?? 'hand';

const session = await launch(process.env.SERVER ?? server, { args: ['0', '1'] });
try {
  // The server runs until it has said where it listens; a client asks; a grandchild answers, and stops in search().
  const events = session.events();
  await session.break('search');
  const { pid } = session.processes[0];
  const stopped = session.continue();
  let port;
  for await (const event of events) {
    port = event.type === 'output' && /127\.0\.0\.1:(\d+)/.exec(event.text)?.[1];
    if (port) break;
  }
  const client = connect(Number(port), '127.0.0.1');
  let answer = '';
  client.on('data', (bytes) => (answer += bytes));
  const answered = new Promise((resolve) => client.on('end', resolve));
  client.write(`${word}\n`);

  const stop = await stopped;
  assert.equal(stop.frame.function, 'search');
  assert.equal(await stop.frame.evaluate('word'), word);
  // Who is this? Not the server, not its child, which has ended: its grandchild.
  assert.equal(stop.process.parent.parent.pid, pid);
  console.log(`process ${stop.process.id} of the family serves the client; it looks for "${await stop.frame.evaluate('word')}"`);

  const end = session.continue();
  await answered;
  console.log(answer.trim());
  await end;
  assert.equal(session.exit?.status, 0);
} finally {
  session.close();
}

/**
 * A process of its own that holds a session, to be killed by a test: `holder HOW PROGRAM [ARGUMENT...]`. It writes one line when the program is as HOW
 * says: `stopped` at main, `running` (it has written something, or has forked), or `stepping` for ever.
 */
import { existsSync, readFileSync } from 'node:fs';
import { Session } from '../../src/session/session.js';

const [how, program, file, ...words] = process.argv.slice(2);
if (how === undefined || program === undefined || file === undefined) throw new Error('usage');

const session = new Session(program, { arguments: words });
session.redirections = [{ fd: 1, path: file, access: 'truncate' }];
const ready = (): void => {
  process.stdout.write(`${session.processes().length}\n`);
};

if (how === 'running') {
  void session.run();
  const look = setInterval(() => {
    if (!existsSync(file) || readFileSync(file, 'utf8') === '') return;
    clearInterval(look);
    ready();
  }, 2);
} else {
  await session.start('main');
  ready();
  while (how === 'stepping') await session.step({ over: false, instruction: true });
  setInterval(() => undefined, 1000);
}

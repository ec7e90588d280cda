import { Session } from '../../src/session/session.js';

/** A session on a core file for as long as `body` runs; without a program it is found through the core file. */
export const openedCore = <T>(core: string, program: string | undefined, body: (session: Session) => T): T => {
  const session = new Session(program);
  try {
    session.settings.set('debug-file-directory', '/nonexistent');
    session.cores.open(core);
    return body(session);
  } finally {
    session.close();
  }
};

/** The core file that a session looks at, if it looks at one. */
import { resolve } from 'node:path';
import { PostMortem } from './post_mortem.js';
import { imageOptions } from './settings.js';
import type { Session } from './session.js';

export class Cores {
  #current: PostMortem | undefined;
  /** The program was found through the core file, and not named by the user. */
  #found: string | undefined;

  constructor(private readonly session: Session) {}

  get current(): PostMortem | undefined {
    return this.#current;
  }

  /** Looks at a dead process instead of a living one, which is killed. @throws DeetError when it is no core file; then nothing has changed. */
  open(path: string): PostMortem {
    const { session } = this;
    const named = session.program === this.#found ? undefined : session.program;
    const core = new PostMortem(resolve(path), {
      ...imageOptions(session.settings),
      program: named,
      sysroot: session.settings.text('sysroot') || undefined,
    });
    session.kill();
    this.#current = core;
    if (named === undefined) session.program = this.#found = core.program;
    const { lastStop } = core;
    if (lastStop) session.selectThread(lastStop.thread);
    if (lastStop?.signal) session.values.ended({ kind: 'killed', signal: lastStop.signal.number, coreDumped: true });
    return core;
  }

  /** The user has named another program. */
  reopen(): void {
    if (this.#current) this.open(this.#current.path);
  }

  /** False: there was none. */
  close(): boolean {
    const core = this.#current;
    this.#current = undefined;
    core?.close();
    return core !== undefined;
  }
}

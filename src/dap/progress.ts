/**
 * Progress of what takes long: reading the symbols of a big file, the first time that it is debugged. Nothing else can be done meanwhile, so it cannot be cancelled; but what is
 * written reaches the client, which does not wonder then.
 */
import { basename } from 'node:path';
import { onLongPass } from '../symbols/passes.js';
import type { Session } from '../session/session.js';
import type { Client } from './client.js';

export class ReadingProgress {
  /** Of the file being read. */
  #id: string | undefined;
  #count = 0;
  readonly close: () => void;

  /** @param listener the client that is told, as long as there is one */
  constructor(session: Session, listener: () => Client | undefined) {
    this.close = onLongPass((path, share) => {
      const client = listener();
      if (!client?.capabilities.supportsProgressReporting) return;
      // Others who are served by this process have files of their own.
      if (share === 0 && session.images().some(({ image }) => image.path === path)) {
        this.#id = `symbols ${++this.#count}`;
        client.event('progressStart', { progressId: this.#id, title: `Reading symbols of ${basename(path)}`, cancellable: false });
      } else if (this.#id !== undefined && share < 1)
        client.event('progressUpdate', { progressId: this.#id, percentage: Math.round(share * 100) });
      else if (this.#id !== undefined) {
        client.event('progressEnd', { progressId: this.#id });
        this.#id = undefined;
      }
      client.flush();
    });
  }
}

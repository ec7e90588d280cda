/** What a session looks at: a living family (run_control.ts), or a dead process (post_mortem.ts). */
import type { Process } from '../inferior/process.js';
import type { Thread } from '../inferior/thread.js';
import type { Stop } from './types.js';

export interface Target {
  readonly state: 'none' | 'stopped' | 'running';
  /** Why everything stands still. */
  readonly lastStop: Stop | undefined;
  processes(): Process[];
  threads(): Thread[];
  /** Refuses what only a living process can do. @throws DeetError `post-mortem` */
  requireLive(): void;
}

/** What the engine asks of a step in progress (session/stepping decides; the engine only carries out). */
import type { Thread } from './thread.js';

/** How the stepping thread goes on: one instruction, freely until one of the plan's sites, or not at all because the step is complete. */
export type PlanMode = 'step' | 'run' | 'done';

export interface StepPlan {
  readonly thread: Thread;
  /** How to go on now. */
  readonly mode: PlanMode;
  /** Only this thread may run until the plan is done (set scheduler-locking step). */
  readonly locksOthers: boolean;
  /** The thread has executed one instruction and stands at a new pc. */
  stepped(): PlanMode;
  /** A handler of the program is about to run on the stepping thread; `stepi` goes into it, the others wait for its return. */
  entersHandler(): PlanMode;
  /** Removes the plan's sites; called once, however the step ends. */
  dispose(): void;
}

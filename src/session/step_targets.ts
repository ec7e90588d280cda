/** The functions that a line calls, so that a user may choose which of them to step into. */
import type { Address } from '../common/addresses.js';
import { disassemble } from '../inferior/disassemble.js';
import type { Thread } from '../inferior/thread.js';
import type { StepWorld } from './stepping.js';

export interface StepTarget {
  /** The function's first instruction. */
  readonly entry: Address;
  readonly name: string;
}

/**
 * In the order of the code, each function once: those that have lines of their own, and are called by the rest of the line where the thread stands. A call whose target is computed is not
 * among them: where it leads is known only when it is made.
 */
export const stepTargets = (world: StepWorld, thread: Thread): StepTarget[] => {
  const here = world.lineAt(thread, thread.pc);
  const bounds = world.functionAt(thread, thread.pc);
  if (!here || !bounds) return [];
  const found = new Map<Address, StepTarget>();
  for (let span: typeof here | undefined = here; span && span.start < bounds.end; span = world.lineAt(thread, span.end)) {
    if (span.line === here.line && span.file === here.file) {
      const start = span.start < thread.pc ? thread.pc : span.start;
      for (const { flow, target } of disassemble(thread.process.space.read(start, Number(span.end - start)), start)) {
        if (flow !== 'call' || target === undefined) continue;
        const entry = world.trampolineTarget(thread, target) ?? target;
        const name = world.functionAt(thread, entry)?.name;
        if (name !== undefined && world.stepInto(thread, entry) !== undefined) found.set(entry, { entry, name });
      }
    }
    if (span.end <= span.start) break;
  }
  return [...found.values()];
};

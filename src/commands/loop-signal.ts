import { DeetError } from '../common/errors.js';

/** `loop_break` and `loop_continue` on their way to the loop. */
export class LoopSignal extends DeetError {
  constructor(readonly kind: 'break' | 'continue') {
    super('usage', `loop_${kind} stands outside of a loop.`);
  }
}

/** A call that deet has made into the program and that has not come back yet, as the stack shows it. */
import type { Address } from '../common/addresses.js';

export interface OwnCall {
  /** Where the function will return to: nobody's code runs there. */
  readonly returnTo: Address;
  /** The stack pointer after that. */
  readonly stackPointer: Address;
  /** The thread's registers before the call. */
  readonly registers: BigUint64Array;
}

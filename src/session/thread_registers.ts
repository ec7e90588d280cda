/** A thread's registers by hardware name, as expressions and `info registers` read and write them. */
import { DeetError } from '../common/errors.js';
import type { Thread } from '../inferior/thread.js';
import type { ThreadRegisters } from '../language/frame-context.js';
import { registerNames, Word, type RegisterName } from '../linux/registers.js';
import type { ExtendedState } from '../linux/xstate.js';
import { forgetStack } from './stacks.js';

const isGeneral = (name: string): name is RegisterName => (registerNames as readonly string[]).includes(name);

const littleEndian = (value: bigint): Uint8Array => {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, value, true);
  return bytes;
};

const fromLittleEndian = (bytes: Uint8Array): bigint => bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);

/** Those from 16 on are the low parts of zmm. */
const vectorOf = (state: ExtendedState, kind: string, number: number): Uint8Array | undefined => {
  if (number > 31) return undefined;
  switch (kind) {
    case 'st':
      return state.st(number);
    case 'k':
      return state.mask(number);
    case 'zmm':
      return state.zmm(number);
    case 'ymm':
      return number < 16 ? state.ymm(number) : state.zmm(number)?.subarray(0, 32);
    default:
      return number < 16 ? state.xmm(number) : state.zmm(number)?.subarray(0, 16);
  }
};

/** False: the processor has no such register. */
const setIn = (state: ExtendedState, name: string, bytes: Uint8Array): boolean => {
  const [, kind, digits] = /^([xyz]mm|st|k)(\d+)$/.exec(name) ?? [];
  const number = Number(digits);
  switch (kind) {
    case undefined:
      return state.setControl(name, Number(fromLittleEndian(bytes.subarray(0, 4))));
    case 'st':
      state.setSt(number, bytes);
      return true;
    case 'k':
      return state.setMask(number, bytes);
    default:
      return state.setVector(number, bytes);
  }
};

export const registersOf = (thread: Thread): ThreadRegisters => ({
  read(name) {
    if (isGeneral(name)) return littleEndian(thread.registers()[Word[name]]);
    const state = thread.extendedState();
    const vector = /^([xyz]mm|st|k)(\d+)$/.exec(name);
    if (!state) return undefined;
    if (vector) return vectorOf(state, vector[1], Number(vector[2]));
    const control = state.control(name);
    return control === undefined ? undefined : littleEndian(BigInt(control)).slice(0, 4);
  },
  write(name, bytes) {
    forgetStack(thread);
    if (isGeneral(name)) {
      thread.setRegister(Word[name], fromLittleEndian(bytes.subarray(0, 8)));
      thread.flush();
      return;
    }
    const state = thread.extendedState();
    if (!state || !setIn(state, name, bytes)) throw new DeetError('registers', `The register $${name} cannot be written.`);
    thread.writeExtendedState(state);
  },
});

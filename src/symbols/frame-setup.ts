/**
 * The instructions with which x86-64 functions set up a frame pointer: an optional `endbr64`, an optional realignment of
 * the stack, then `push %rbp; mov %rsp,%rbp` (System V ABI, 3.2.2).
 */

type Bytes = (offset: number, count: number) => Uint8Array | undefined;

/** Length of the set-up in bytes; 0 when the function makes no frame this way. */
export const frameSetupEnd = (bytes: Bytes): number => {
  let at = stackRealignment(bytes);
  const matches = (offset: number, ...wanted: number[]): boolean => {
    const found = bytes(offset, wanted.length);
    return found !== undefined && wanted.every((byte, i) => found[i] === byte);
  };
  if (matches(at, 0xf3, 0x0f, 0x1e, 0xfa)) at += 4;
  if (!matches(at, 0x55)) return 0;
  return matches(at + 1, 0x48, 0x89, 0xe5) || matches(at + 1, 0x48, 0x8b, 0xec) ? at + 4 : 0;
};

/**
 * A function that needs more than 16-byte alignment begins (old gcc) with
 * `[push %reg;] lea 8|16(%rsp),%reg; and $-N,%rsp; push -8(%reg)`. Its length, or 0.
 */
const stackRealignment = (bytes: Bytes): number => {
  const code = bytes(0, 18);
  if (!code) return 0;
  const byte = (index: number): number => code[index] ?? 0;
  let at = 0;
  let register: number;
  let distance = 8;
  if ((byte(0) & 0xf8) === 0x50) {
    register = byte(0) & 7;
    at = 1;
    distance = 16;
  } else if ((byte(0) & 0xf6) === 0x40 && (byte(1) & 0xf8) === 0x50) {
    register = (byte(1) & 7) + (byte(0) & 1 ? 8 : 0);
    at = 2;
    distance = 16;
  } else register = -1;
  // lea distance(%rsp),%reg: REX.W [REX.R], 8d, mod 01 r/m 100, SIB 24, disp8.
  if ((byte(at) & 0xfb) !== 0x48 || byte(at + 1) !== 0x8d || (byte(at + 2) & 0xc7) !== 0x44) return 0;
  if (byte(at + 3) !== 0x24 || byte(at + 4) !== distance) return 0;
  const loaded = ((byte(at + 2) >> 3) & 7) + (byte(at) === 0x4c ? 8 : 0);
  if (register >= 0 && loaded !== register) return 0;
  if (loaded === 4 || loaded === 5) return 0;
  at += 5;
  // and $imm,%rsp
  if (byte(at) !== 0x48 || byte(at + 2) !== 0xe4 || (byte(at + 1) !== 0x81 && byte(at + 1) !== 0x83)) return 0;
  at += byte(at + 1) === 0x81 ? 7 : 4;
  // push -8(%reg)
  let pushed = 0;
  if (byte(at) === 0xff) at += 1;
  else if ((byte(at) & 0xf6) === 0x40 && byte(at + 1) === 0xff) {
    pushed = byte(at) & 1 ? 8 : 0;
    at += 2;
  } else return 0;
  if (byte(at + 1) !== 0xf8 || (byte(at) & 0xf8) !== 0x70) return 0;
  return pushed + (byte(at) & 7) === loaded ? at + 2 : 0;
};

/** The way out of a function by its instructions, from the middle of it. */
import { expect, it } from 'vitest';
import { wayOut, type WayOut } from '../../src/inferior/unwinder_epilogue.js';

const START = 0x1000;

const follow = (...code: number[]): WayOut | undefined =>
  wayOut(START, (address, most) => (address >= START && address < START + code.length ? Uint8Array.from(code).subarray(address - START).subarray(0, most) : undefined)); // prettier-ignore

const POP_RBX = 0x5b;
const POP_RBP = 0x5d;
const RET = 0xc3;
const LEAVE = 0xc9;
const ADD_RSP_40 = [0x48, 0x83, 0xc4, 0x28];
const SUB_RSP_8 = [0x48, 0x83, 0xec, 0x08];
const MOV_RSP_RBP = [0x48, 0x89, 0xec];
const LEA_RSP_RBP_16 = [0x48, 0x8d, 0x65, 0xf0];
const CALL = [0xe8, 0, 0, 0, 0];
const JMP_1 = [0xeb, 0x01];
const JE_BACK = [0x74, 0xf0];

it.each<[string, number[], WayOut | undefined]>([
  ['ret alone', [RET], { base: 'rsp', returnAt: 0, rbpAt: undefined }],
  ['what was taken is given back', [...ADD_RSP_40, RET], { base: 'rsp', returnAt: 40, rbpAt: undefined }],
  ['registers are popped', [...ADD_RSP_40, POP_RBX, POP_RBP, RET], { base: 'rsp', returnAt: 56, rbpAt: 48 }],
  ['leave', [...SUB_RSP_8, LEAVE, RET], { base: 'rbp', returnAt: 8, rbpAt: 0 }],
  ['mov and pop', [...MOV_RSP_RBP, POP_RBP, RET], { base: 'rbp', returnAt: 8, rbpAt: 0 }],
  ['lea and pops', [...LEA_RSP_RBP_16, POP_RBX, POP_RBX, POP_RBP, RET], { base: 'rbp', returnAt: 8, rbpAt: 0 }],
  ['a call in between', [...SUB_RSP_8, ...CALL, ...ADD_RSP_40, RET], { base: 'rsp', returnAt: 32, rbpAt: undefined }],
  ['a jump over a byte', [...JMP_1, 0x06, RET], { base: 'rsp', returnAt: 0, rbpAt: undefined }],
  ['a branch that is not taken', [...JE_BACK, RET], { base: 'rsp', returnAt: 0, rbpAt: undefined }],
  ['rbp of the caller is no base', [POP_RBP, LEAVE, RET], undefined],
  ['a jump to itself ends', [0xeb, 0xfe], undefined],
  ['an indirect jump', [0xff, 0xe0], undefined],
  ['rsp from elsewhere', [0x48, 0x89, 0xc4, RET], undefined],
  ['no code', [], undefined],
  ['no instruction', [0x06, RET], undefined],
  ['no ret for a long time', [...Array<number>(100).fill(0x90), RET], undefined],
])('%s', (_, code, expected) => {
  expect(follow(...code)).toEqual(expected);
});

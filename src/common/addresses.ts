/**
 * Three kinds of numbers must never be mixed up: an address as the linker wrote it in a file (FileAddress), an address
 * in a running process (Address) and an offset in a section (plain number). The first is a branded number: no file
 * that deet accepts has addresses above 2^53. The second is a bigint: any 64-bit pattern may stand in a register.
 */
declare const fileAddressBrand: unique symbol;

/** A virtual address in a file, before the load bias is added. */
export type FileAddress = number & { readonly [fileAddressBrand]: true };

/** An address in a live (or dead) process, 0 to 2^64-1. */
export type Address = bigint;

/** Marks a number read from a file as one of its addresses. */
export const fileAddress = (value: number): FileAddress => value as FileAddress;

/** `0x` and lower-case digits, the form of every address that deet prints. */
export const hex = (value: bigint | number): string => `0x${value.toString(16)}`;

/** With all sixteen digits, so that columns of addresses stand below each other. */
export const wideHex = (value: bigint | number | string): string => `0x${BigInt(value).toString(16).padStart(16, '0')}`;

/** Wraps to 64 bits, as the machine does. */
export const u64 = (value: bigint): bigint => BigInt.asUintN(64, value);

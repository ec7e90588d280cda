/**
 * The interface between DWARF expressions and a stopped thread, what an expression yields (DWARF 5, 2.5 and 2.6), and what it
 * needs of the file it stands in. Evaluation is in dwarf/machine.ts; nothing here knows a process.
 */
import type { Address, FileAddress } from '../common/addresses.js';
import type { MemoryReader } from '../common/memory.js';

/** What an expression may ask of the frame it is evaluated in. Each answer may be "not known": undefined. */
export interface FrameContext {
  readonly memory: MemoryReader;
  /** By DWARF number (System V ABI, figure 3.36: 0 rax, 1 rdx, 2 rcx, 3 rbx, 4 rsi, 5 rdi, 6 rbp, 7 rsp, 8-15, 16 return address). */
  register(number: number): bigint | undefined;
  /** Registers wider than 64 bits (17-32 xmm, 33-40 st): little-endian bytes. */
  wideRegister(number: number): Uint8Array | undefined;
  /** Added to file addresses (DW_OP_addr, DW_OP_addrx) of the image that the expression comes from. */
  readonly bias: bigint;
  /** The pc that location lists are searched with: for a caller frame the address inside the call, pc - 1. As a file address. */
  readonly listAddress: number;
  /** That is the first instruction of the function. */
  readonly atEntry?: boolean;
  /** DW_OP_fbreg: the value of the function's DW_AT_frame_base. */
  frameBase(): bigint | undefined;
  /** DW_OP_call_frame_cfa. */
  cfa(): bigint | undefined;
  /** DW_OP_form_tls_address: the address of the thread's copy. */
  tlsAddress(offset: bigint): Address | undefined;
  /** DW_OP_entry_value: evaluates the inner expression (or `parameterReference`) in the caller as the call site describes it. */
  entryValue(expression: Uint8Array): bigint | undefined;
  /** DW_OP_push_object_address. */
  readonly objectAddress?: Address;
}

export type Location =
  | { readonly kind: 'memory'; readonly address: Address }
  | { readonly kind: 'register'; readonly register: number }
  /** DW_OP_stack_value: the object has no address; its value is this (low bytes first). */
  | { readonly kind: 'value'; readonly value: bigint }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  /** DW_OP_implicit_pointer: a pointer to an object that was optimized away but whose value is known. */
  | { readonly kind: 'implicit-pointer'; readonly die: number; readonly offset: bigint }
  | { readonly kind: 'pieces'; readonly pieces: readonly Piece[] }
  /** `optimizedOut`: the compiler kept no copy (shown as `<optimized out>`); else what stood in the way, such as unreadable memory. */
  | { readonly kind: 'unavailable'; readonly reason: string; readonly optimizedOut?: boolean };

export interface Piece {
  /** In bits, both. */
  readonly size: number;
  readonly offset: number;
  /** Undefined: this part is optimized out. */
  readonly location: Location | undefined;
}

/** How the bits of a base type are read (DWARF 5, 7.8). */
export type BaseEncoding =
  | 'signed'
  | 'unsigned'
  | 'bool'
  | 'signed-char'
  | 'unsigned-char'
  | 'utf' // char8_t, char16_t, char32_t
  | 'float' // IEEE by size: 2, 4, 8; 16 is x87 long double unless the name says _Float128/__float128
  | 'decimal-float' // by size: 4, 8, 16
  | 'complex-float'
  | 'complex-signed'
  | 'address'
  | 'unspecified';

/** A base type as expressions compute with it (DWARF 5, 5.1 and 2.5.1.6). */
export interface ExpressionType {
  readonly name: string;
  /** In bytes. */
  readonly size: number;
  readonly encoding: BaseEncoding;
}

/** A DWARF expression, a location list, or a constant; still to be evaluated (DWARF 5, 2.6). */
export type LocationDescription =
  | { readonly kind: 'expression'; readonly bytes: Uint8Array; readonly unit: UnitContext }
  | { readonly kind: 'list'; readonly offset: number; readonly unit: UnitContext }
  | { readonly kind: 'constant'; readonly value: bigint | Uint8Array };

/** What evaluating an expression needs of the compilation unit it stands in. */
export interface UnitContext {
  readonly addressSize: number;
  readonly version: number;
  /** 4 or 8: the size of section offsets (32-bit and 64-bit DWARF). */
  readonly offsetSize: number;
  /** Entry of .debug_addr (DW_OP_addrx). */
  addressAt(index: number): FileAddress;
  /** A base type by its DIE's offset in the unit (DW_OP_convert, DW_OP_const_type); undefined for 0, the generic type. */
  baseType(unitOffset: number): ExpressionType | undefined;
  /** The expression of another DIE's DW_AT_location (DW_OP_call2/4/ref). */
  expressionOf(offset: number, relativeToUnit: boolean): Uint8Array | undefined;
  /** Where the object of another DIE is, by its offset in the section (DW_OP_implicit_pointer). */
  objectAt(offset: number): LocationDescription | undefined;
  /** The entries of a location list that covers this address, as ranges of file addresses and expressions. */
  locationList(offset: number): readonly { low: FileAddress; high: FileAddress; expression: Uint8Array; isDefault?: boolean }[];
}

/** .eh_frame and .debug_frame of one file, as bytes with the addresses that pointer encodings need. */
export interface CallFrameSource {
  readonly ehFrame: { readonly bytes: Uint8Array; readonly address: FileAddress } | undefined;
  readonly ehFrameHeader: { readonly bytes: Uint8Array; readonly address: FileAddress } | undefined;
  readonly debugFrame: { readonly bytes: Uint8Array } | undefined;
  /** DW_EH_PE_textrel and datarel bases. */
  readonly textAddress: FileAddress | undefined;
  readonly gotAddress: FileAddress | undefined;
}

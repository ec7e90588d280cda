/**
 * Call-frame instructions (DWARF 5, 6.4.2; GNU additions in binutils' dwarf2.def): the program of a CIE and an FDE builds
 * a table, one row for each range of addresses, that says how to find the caller's registers there.
 */
import { fileAddress, type FileAddress } from '../common/addresses.js';
import { Reader } from '../common/reader.js';
import { readEncoded, type FrameEntry, type Span } from './cfi-entries.js';

/** How the canonical frame address is found. */
export type CfaRule =
  | { readonly kind: 'register'; readonly register: number; readonly offset: number }
  | { readonly kind: 'expression'; readonly expression: Uint8Array };

/** Where the caller's value of a register is (DWARF 5, 6.4.1). Offsets are from the CFA. */
export type RegisterRule =
  | { readonly kind: 'undefined' }
  | { readonly kind: 'same' }
  | { readonly kind: 'offset'; readonly offset: number }
  | { readonly kind: 'value-offset'; readonly offset: number }
  | { readonly kind: 'register'; readonly register: number }
  | { readonly kind: 'expression'; readonly expression: Uint8Array }
  | { readonly kind: 'value-expression'; readonly expression: Uint8Array };

export interface Row {
  /** Holds in [low, high). */
  readonly low: FileAddress;
  readonly high: FileAddress;
  readonly cfa: CfaRule;
  /** A register that is not here has no rule: callee-saved ones keep their value by the ABI. */
  readonly registers: ReadonlyMap<number, RegisterRule>;
  /** The column of the return address. */
  readonly returnAddress: number;
  readonly signal: boolean;
}

/** Deeper nesting of DW_CFA_remember_state is damage. */
const MAX_REMEMBERED = 256;
/** x86-64 has 146 DWARF registers; rules of others are read and forgotten. */
const MAX_REGISTER = 160;
/** More rows than the longest function has; a damaged program must not make a table of millions. */
const MAX_ROWS = 1_000_000;

interface State {
  readonly cfa: CfaRule | undefined;
  readonly registers: ReadonlyMap<number, RegisterRule>;
}

const SAME: RegisterRule = { kind: 'same' };
const UNDEFINED: RegisterRule = { kind: 'undefined' };

class Interpreter {
  private location: number;
  private cfa: CfaRule | undefined;
  private registers = new Map<number, RegisterRule>();
  /** Somebody else holds `registers`. */
  private shared = false;
  private initial: ReadonlyMap<number, RegisterRule> = new Map();
  private readonly remembered: State[] = [];
  private rows = 0;

  constructor(
    private readonly entry: FrameEntry,
    /** Called with each finished row; false ends the run. */
    private readonly emit: (row: Row) => boolean,
  ) {
    this.location = entry.low;
  }

  run(): void {
    this.program(this.entry.common.instructions);
    this.initial = new Map(this.registers);
    if (this.program(this.entry.instructions)) this.finish(this.entry.high);
  }

  /** False: the receiver of rows has what it wants. */
  private program({ start, end }: Span): boolean {
    const reader = new Reader(this.entry.section.bytes, this.entry.section.name, start, end);
    while (!reader.atEnd) if (!this.instruction(reader)) return false;
    return true;
  }

  /** The row that ends before `next`. */
  private finish(next: number): boolean {
    const low = this.location;
    this.location = next;
    if (next <= low || this.cfa === undefined) return true;
    if (++this.rows > MAX_ROWS) return false;
    const { common } = this.entry;
    this.shared = true;
    return this.emit({
      low: fileAddress(low),
      high: fileAddress(next),
      cfa: this.cfa,
      registers: this.registers,
      returnAddress: common.returnAddress,
      signal: common.signal,
    });
  }

  /** Rows and remembered states keep the map they were given, so the first change after that makes a new one. */
  private setRule(register: number, rule: RegisterRule | undefined): void {
    if (register > MAX_REGISTER) return;
    if (this.shared) this.registers = new Map(this.registers);
    this.shared = false;
    if (rule === undefined) this.registers.delete(register);
    else this.registers.set(register, rule);
  }

  private offsetRule(register: number, factored: number): void {
    this.setRule(register, { kind: 'offset', offset: factored * this.entry.common.dataAlignment });
  }

  private advance(reader: Reader, delta: number): boolean {
    const next = this.location + delta * this.entry.common.codeAlignment;
    if (!Number.isSafeInteger(next)) reader.fail('DW_CFA_advance_loc out of the address space');
    return this.finish(next);
  }

  private instruction(reader: Reader): boolean {
    const at = reader.offset;
    const code = reader.u8();
    const low = code & 0x3f;
    switch (code >> 6) {
      case 1: // DW_CFA_advance_loc
        return this.advance(reader, low);
      case 2: // DW_CFA_offset
        this.offsetRule(low, reader.uleb());
        return true;
      case 3: // DW_CFA_restore
        this.setRule(low, this.initial.get(low));
        return true;
      default:
        return this.extended(code, reader, at);
    }
  }

  /** 6.4.2.1, row creation, and what is left; the rest in cfaInstruction and registerInstruction. */
  private extended(code: number, reader: Reader, at: number): boolean {
    switch (code) {
      case 0x00: // DW_CFA_nop
        return true;
      case 0x01: {
        // DW_CFA_set_loc
        const next = readEncoded(reader, this.entry.common.encoding, this.entry.section);
        if (!(next >= this.location && Number.isSafeInteger(next))) reader.fail('DW_CFA_set_loc backwards', at);
        return this.finish(next);
      }
      case 0x02: // DW_CFA_advance_loc1
        return this.advance(reader, reader.u8());
      case 0x03: // DW_CFA_advance_loc2
        return this.advance(reader, reader.u16());
      case 0x04: // DW_CFA_advance_loc4
        return this.advance(reader, reader.u32());
      case 0x1d: // DW_CFA_MIPS_advance_loc8
        return this.advance(reader, reader.u64());
      case 0x0a: // DW_CFA_remember_state
        if (this.remembered.length >= MAX_REMEMBERED) reader.fail(`more than ${MAX_REMEMBERED} states remembered`, at);
        this.remembered.push({ cfa: this.cfa, registers: this.registers });
        this.shared = true;
        return true;
      case 0x0b: {
        // DW_CFA_restore_state
        const state = this.remembered.pop();
        if (state === undefined) return reader.fail('DW_CFA_restore_state without a state', at);
        this.cfa = state.cfa;
        this.registers = new Map(state.registers);
        this.shared = false;
        return true;
      }
      case 0x2d: // DW_CFA_GNU_window_save: no such thing on x86-64
        return true;
      case 0x2e: // DW_CFA_GNU_args_size: for exceptions only
        reader.skipLeb();
        return true;
      default:
        if (!this.cfaInstruction(code, reader) && !this.registerInstruction(code, reader))
          reader.fail(`unknown call-frame instruction 0x${code.toString(16)}`, at);
        return true;
    }
  }

  /** 6.4.2.2. */
  private cfaInstruction(code: number, reader: Reader): boolean {
    const { dataAlignment } = this.entry.common;
    switch (code) {
      case 0x0c: // DW_CFA_def_cfa
        this.cfa = { kind: 'register', register: reader.uleb(), offset: reader.uleb() };
        return true;
      case 0x12: // DW_CFA_def_cfa_sf
        this.cfa = { kind: 'register', register: reader.uleb(), offset: reader.sleb() * dataAlignment };
        return true;
      case 0x0d: // DW_CFA_def_cfa_register
        this.cfa = { kind: 'register', register: reader.uleb(), offset: this.registerCfa(reader).offset };
        return true;
      case 0x0e: // DW_CFA_def_cfa_offset
        this.cfa = { ...this.registerCfa(reader), offset: reader.uleb() };
        return true;
      case 0x13: // DW_CFA_def_cfa_offset_sf
        this.cfa = { ...this.registerCfa(reader), offset: reader.sleb() * dataAlignment };
        return true;
      case 0x0f: // DW_CFA_def_cfa_expression
        this.cfa = { kind: 'expression', expression: reader.slice(reader.uleb()) };
        return true;
      default:
        return false;
    }
  }

  /** 6.4.2.2: valid only when the CFA is a register and an offset. */
  private registerCfa(reader: Reader): Extract<CfaRule, { kind: 'register' }> {
    return this.cfa?.kind === 'register' ? this.cfa : reader.fail('changes a CFA that is no register and offset');
  }

  /** 6.4.2.3. */
  private registerInstruction(code: number, reader: Reader): boolean {
    const { dataAlignment } = this.entry.common;
    switch (code) {
      case 0x05: // DW_CFA_offset_extended
        this.offsetRule(reader.uleb(), reader.uleb());
        return true;
      case 0x06: {
        // DW_CFA_restore_extended
        const register = reader.uleb();
        this.setRule(register, this.initial.get(register));
        return true;
      }
      case 0x07: // DW_CFA_undefined
        this.setRule(reader.uleb(), UNDEFINED);
        return true;
      case 0x08: // DW_CFA_same_value
        this.setRule(reader.uleb(), SAME);
        return true;
      case 0x09: // DW_CFA_register
        this.setRule(reader.uleb(), { kind: 'register', register: reader.uleb() });
        return true;
      case 0x10: // DW_CFA_expression
        this.setRule(reader.uleb(), { kind: 'expression', expression: reader.slice(reader.uleb()) });
        return true;
      case 0x11: // DW_CFA_offset_extended_sf
        this.offsetRule(reader.uleb(), reader.sleb());
        return true;
      case 0x14: // DW_CFA_val_offset
        this.setRule(reader.uleb(), { kind: 'value-offset', offset: reader.uleb() * dataAlignment });
        return true;
      case 0x15: // DW_CFA_val_offset_sf
        this.setRule(reader.uleb(), { kind: 'value-offset', offset: reader.sleb() * dataAlignment });
        return true;
      case 0x16: // DW_CFA_val_expression
        this.setRule(reader.uleb(), { kind: 'value-expression', expression: reader.slice(reader.uleb()) });
        return true;
      case 0x2f: // DW_CFA_GNU_negative_offset_extended
        this.offsetRule(reader.uleb(), -reader.uleb());
        return true;
      default:
        return false;
    }
  }
}

/**
 * The rows of an FDE in address order, up to the first for which `visit` is false.
 * @throws FormatError where the program is damaged; the rows before that were visited
 */
export const visitRows = (entry: FrameEntry, visit: (row: Row) => boolean): void => new Interpreter(entry, visit).run();

/**
 * The row that holds at an address; undefined when the FDE does not cover it.
 * @throws FormatError
 */
export const rowAt = (entry: FrameEntry, address: number): Row | undefined => {
  let found: Row | undefined;
  visitRows(entry, (row) => {
    if (row.low > address) return false;
    if (address < row.high) found = row;
    return found === undefined;
  });
  return found;
};

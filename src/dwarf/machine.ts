/**
 * The DWARF expression machine (DWARF 5, 2.5 and 2.6): a stack of typed values, and a location as the result. Works on
 * expressions of debug information and, without a unit, on those of call-frame information (6.4.2).
 *
 * Nothing thrown leaves this file: what goes wrong (a damaged expression, memory that cannot be read, a register that is
 * not known) becomes a location of kind `unavailable` with the reason. Steps, stack and nesting are bounded, because
 * expressions can loop.
 */
import { DeetError } from '../common/errors.js';
import { Reader } from '../common/reader.js';
import { entryAt } from './lists.js';
import type { FrameContext, Location, LocationDescription, Piece, UnitContext } from './location.js';
import { OperandStack } from './operand-stack.js';
import { Op, operationName, parameterReference } from './operations.js';
import {
  bitsOfBytes,
  convert,
  generic,
  GENERIC,
  numberType,
  reinterpret,
  valueOfBits,
  type NumberType,
  type TypedValue,
} from './typed-value.js';

const MAX_STEPS = 100_000;
const MAX_CALLS = 16;
const MAX_PIECES = 4096;

const OPTIMIZED_OUT: Location = { kind: 'unavailable', reason: 'optimized out', optimizedOut: true };

/** Raised for what the compiler left unknown, as opposed to what is damaged or unreadable. */
const unknown = (what: string): never => {
  let error = unknowns.get(what);
  if (!error) unknowns.set(what, (error = new DeetError('optimized-out', what)));
  throw error;
};

/** One for each reason: in a deep stack they are raised a hundred thousand times, and making an Error costs more than an evaluation. */
const unknowns = new Map<string, DeetError>();

/** The variable is there: the thread has not looked at it yet, as those of libraries are made at the first access. */
const noCopy = (): never => {
  throw new DeetError('memory', 'The thread has no copy of this variable yet, or the C library does not tell where');
};

class Machine {
  private readonly stack: OperandStack;
  private readonly pieces: Piece[] = [];
  /** Set by an operation that describes a location by itself, until a piece takes it or the expression ends. */
  private location: Location | undefined;
  private steps = 0;
  private calls = 0;

  constructor(
    private readonly unit: UnitContext | undefined,
    private readonly context: FrameContext,
    initial: readonly bigint[],
  ) {
    this.stack = new OperandStack(initial);
  }

  /** @throws DeetError */
  result(expression: Uint8Array): Location {
    if (expression.length === 0 && this.stack.isEmpty) return OPTIMIZED_OUT;
    this.run(expression);
    if (this.pieces.length > 0) return { kind: 'pieces', pieces: this.pieces };
    return this.location ?? { kind: 'memory', address: this.stack.popAddress() };
  }

  /** Of an expression that is a value, not the place of an object: what it leaves need be no address. @throws DeetError */
  value(expression: Uint8Array): Location {
    this.run(expression);
    return this.location ?? { kind: 'value', value: this.stack.pop().bits };
  }

  private run(expression: Uint8Array): void {
    const reader = new Reader(expression, 'DWARF expression');
    while (!reader.atEnd) {
      if (++this.steps > MAX_STEPS) reader.fail(`more than ${MAX_STEPS} operations`);
      const at = reader.offset;
      const code = reader.u8();
      if (this.location !== undefined && code !== Op.piece && code !== Op.bit_piece && code !== Op.nop && code !== Op.GNU_uninit)
        reader.fail(`${operationName(code)} behind a complete location`, at);
      this.operation(code, reader, at);
    }
  }

  private operation(code: number, reader: Reader, at: number): void {
    if (code >= Op.reg0 && code <= Op.reg31) {
      this.location = { kind: 'register', register: code - Op.reg0 };
      return;
    }
    const value = this.literal(code, reader) ?? this.fromFrame(code, reader) ?? this.typed(code, reader);
    if (value !== undefined) this.stack.push(typeof value === 'bigint' ? generic(value) : value);
    else if (!this.stack.operate(code, reader) && !this.control(code, reader, at) && !this.describes(code, reader))
      reader.fail(`${operationName(code)} is not supported`, at);
  }

  /** DWARF 5, 2.5.1.1: what is pushed; undefined: the operation is no literal. */
  private literal(code: number, reader: Reader): bigint | undefined {
    if (code >= Op.lit0 && code <= Op.lit31) return BigInt(code - Op.lit0);
    switch (code) {
      case Op.const1u:
        return BigInt(reader.u8());
      case Op.const1s:
        return BigInt(reader.i8());
      case Op.const2u:
        return BigInt(reader.u16());
      case Op.const2s:
        return BigInt(reader.i16());
      case Op.const4u:
        return BigInt(reader.u32());
      case Op.const4s:
        return BigInt(reader.i32());
      case Op.const8u:
      case Op.const8s:
        return reader.u64Big();
      case Op.constu:
        return reader.ulebBig();
      case Op.consts:
        return reader.slebBig();
      case Op.addr: {
        const address = reader.u64Big();
        // Old compilers wrote the offset of a thread-local variable with DW_OP_addr; it is no address and moves with no image.
        const next = reader.atEnd ? 0 : reader.bytes[reader.offset];
        return next === Op.GNU_push_tls_address || next === Op.form_tls_address ? address : address + this.context.bias;
      }
      case Op.addrx:
      case Op.GNU_addr_index:
        return BigInt(this.needUnit().addressAt(reader.uleb())) + this.context.bias;
      case Op.constx:
      case Op.GNU_const_index:
        return BigInt(this.needUnit().addressAt(reader.uleb()));
      default:
        return undefined;
    }
  }

  /** DWARF 5, 2.5.1.2, and of 2.5.1.3 and 2.5.1.7 what reads memory or asks the frame: what is pushed. */
  private fromFrame(code: number, reader: Reader): bigint | TypedValue | undefined {
    const { context, stack } = this;
    if (code >= Op.breg0 && code <= Op.breg31) return this.register(code - Op.breg0) + reader.slebBig();
    switch (code) {
      case Op.bregx:
        return this.register(reader.uleb()) + reader.slebBig();
      case Op.fbreg:
        return (context.frameBase() ?? unknown('the frame base is not known')) + reader.slebBig();
      case Op.call_frame_cfa:
        return context.cfa() ?? unknown('the canonical frame address is not known');
      case Op.deref:
        return bitsOfBytes(context.memory.read(stack.popAddress(), 8));
      case Op.deref_size: {
        const size = reader.u8();
        if (size < 1 || size > 8) reader.fail(`DW_OP_deref_size of ${size} bytes`);
        return bitsOfBytes(context.memory.read(stack.popAddress(), size));
      }
      case Op.push_object_address:
        return context.objectAddress ?? unknown('no object to take the address of');
      case Op.form_tls_address:
      case Op.GNU_push_tls_address:
        return context.tlsAddress(stack.popAddress()) ?? noCopy();
      case Op.entry_value:
      case Op.GNU_entry_value:
        return this.entryValue(reader.slice(reader.uleb()));
      case Op.GNU_parameter_ref:
        return context.entryValue(parameterReference(reader.u32())) ?? unknown('the parameter is not known');
      case Op.GNU_variable_value:
        return this.variableValue(this.sectionOffset(reader));
      default:
        return undefined;
    }
  }

  private entryValue(inner: Uint8Array): bigint | TypedValue {
    const asked = (expression: Uint8Array): bigint =>
      this.context.entryValue(expression) ?? unknown('the value at entry of the function is not known');
    if (inner[0] !== Op.regval_type && inner[0] !== Op.GNU_regval_type) return asked(inner);
    // A register read with a type (floating point in xmm0): call sites name the register alone.
    const reader = new Reader(inner, 'DWARF expression');
    reader.seek(1);
    const register = reader.uleb();
    const type = this.type(reader);
    if (register > 31 || type.size > 8) return unknown('the value at entry of the function is not known');
    return valueOfBits(asked(Uint8Array.of(Op.reg0 + register)), type);
  }

  /** DWARF 5, 2.5.1.5. */
  private control(code: number, reader: Reader, at: number): boolean {
    switch (code) {
      case Op.skip:
      case Op.bra: {
        const target = reader.i16() + reader.offset;
        if (code === Op.skip || this.stack.pop().bits !== 0n) {
          if (target < 0 || target > reader.end) reader.fail('branch out of the expression', at);
          reader.seek(target);
        }
        return true;
      }
      case Op.call2:
        this.call(reader.u16(), true);
        return true;
      case Op.call4:
        this.call(reader.u32(), true);
        return true;
      case Op.call_ref:
        this.call(this.sectionOffset(reader), false);
        return true;
      default:
        return false;
    }
  }

  /** DWARF 5, 2.6.1: what says by itself where (or what) the object is. */
  private describes(code: number, reader: Reader): boolean {
    switch (code) {
      case Op.regx:
        this.location = { kind: 'register', register: reader.uleb() };
        return true;
      case Op.implicit_value:
        this.location = { kind: 'bytes', bytes: reader.slice(reader.uleb()) };
        return true;
      case Op.stack_value:
        this.location = { kind: 'value', value: this.stack.pop().bits };
        return true;
      case Op.implicit_pointer:
      case Op.GNU_implicit_pointer:
        this.location = { kind: 'implicit-pointer', die: this.sectionOffset(reader), offset: reader.slebBig() };
        return true;
      case Op.piece:
        this.piece(reader.uleb() * 8, 0, reader);
        return true;
      case Op.bit_piece:
        this.piece(reader.uleb(), reader.uleb(), reader);
        return true;
      default:
        return false;
    }
  }

  /** Operations with base types, DWARF 5, 2.5.1.1 (const_type), 2.5.1.2 (regval_type), 2.5.1.3 (deref_type), 2.5.1.6: what is pushed. */
  private typed(code: number, reader: Reader): TypedValue | undefined {
    switch (code) {
      case Op.const_type:
      case Op.GNU_const_type: {
        const type = this.type(reader);
        return valueOfBits(bitsOfBytes(reader.slice(reader.u8())), type);
      }
      case Op.regval_type:
      case Op.GNU_regval_type: {
        const register = reader.uleb();
        return valueOfBits(this.wholeRegister(register), this.type(reader));
      }
      case Op.deref_type:
      case Op.GNU_deref_type: {
        const size = reader.u8();
        const type = this.type(reader);
        return valueOfBits(bitsOfBytes(this.context.memory.read(this.stack.popAddress(), size)), type);
      }
      case Op.convert:
      case Op.GNU_convert: {
        const type = this.type(reader);
        return convert(this.stack.pop(), type);
      }
      case Op.reinterpret:
      case Op.GNU_reinterpret: {
        const type = this.type(reader);
        return reinterpret(this.stack.pop(), type);
      }
      default:
        return undefined;
    }
  }

  /** A part of a composite location (DWARF 5, 2.6.1.2); without a location before it the part is optimized out. */
  private piece(size: number, offset: number, reader: Reader): void {
    if (this.pieces.length >= MAX_PIECES) reader.fail(`more than ${MAX_PIECES} pieces`);
    if (!Number.isSafeInteger(size) || !Number.isSafeInteger(offset)) reader.fail('absurdly big piece');
    const location = this.location ?? (!this.stack.isEmpty ? { kind: 'memory' as const, address: this.stack.popAddress() } : undefined);
    this.location = undefined;
    this.pieces.push({ size, offset, location });
  }

  private call(offset: number, relative: boolean): void {
    const expression = this.needUnit().expressionOf(offset, relative);
    if (expression === undefined) return; // an entry without a location: no effect (DWARF 5, 2.5.1.5)
    if (this.calls >= MAX_CALLS) throw new DeetError('location', `DW_OP_call nested deeper than ${MAX_CALLS}`);
    this.calls++;
    this.run(expression);
    this.calls--;
  }

  /** DW_OP_GNU_variable_value: gcc writes it for bounds that it keeps in an artificial variable of the size of a pointer. */
  private variableValue(offset: number): bigint {
    const expression = this.needUnit().expressionOf(offset, false);
    if (expression === undefined || this.calls >= MAX_CALLS) return unknown('the variable has no location');
    const inner = new Machine(this.unit, this.context, []);
    inner.calls = this.calls + 1;
    inner.steps = this.steps;
    const location = inner.result(expression);
    this.steps = inner.steps;
    if (location.kind === 'memory') return bitsOfBytes(this.context.memory.read(location.address, 8));
    return numberAt(location, this.context) ?? unknown('the variable is optimized out');
  }

  private sectionOffset(reader: Reader): number {
    const unit = this.needUnit();
    // In DWARF 2 a reference to another unit has the size of an address (7.5.4 of DWARF 3 notes the change).
    return reader.unsigned(unit.version <= 2 ? unit.addressSize : unit.offsetSize);
  }

  private type(reader: Reader): NumberType {
    const offset = reader.uleb();
    if (offset === 0) return GENERIC;
    const type = this.needUnit().baseType(offset);
    return numberType(type ?? reader.fail('no base type where the expression says'));
  }

  private needUnit(): UnitContext {
    if (this.unit === undefined) throw new DeetError('location', 'an operation that needs a compilation unit, where there is none');
    return this.unit;
  }

  private register(number: number): bigint {
    return this.context.register(number) ?? unknown('a register is not known in this frame');
  }

  private wholeRegister(number: number): bigint {
    const wide = number <= 16 ? undefined : this.context.wideRegister(number);
    return wide === undefined ? this.register(number) : bitsOfBytes(wide);
  }
}

const unavailable = (error: unknown): Location => {
  if (!(error instanceof DeetError)) throw error;
  return error.code === 'optimized-out'
    ? { kind: 'unavailable', reason: error.message, optimizedOut: true }
    : { kind: 'unavailable', reason: error.message };
};

/**
 * Evaluates an expression.
 * @param unit undefined: call-frame information, which may not use operations that need a unit (DWARF 5, 6.4.2)
 * @param initial pushed first, in this order: the CFA for a register rule, the object for a member's location
 */
export const evaluate = (
  expression: Uint8Array,
  unit: UnitContext | undefined,
  context: FrameContext,
  initial: readonly bigint[] = [],
): Location => {
  try {
    return new Machine(unit, context, initial).result(expression);
  } catch (error) {
    return unavailable(error);
  }
};

/**
 * The number that a location stands for where DWARF wants a value or an address and not an object: a register means its
 * contents (DW_AT_frame_base), a memory location its address (a CFA rule, DW_AT_call_value). Undefined: not known.
 */
export const numberAt = (location: Location, context: FrameContext): bigint | undefined => {
  switch (location.kind) {
    case 'memory':
      return location.address;
    case 'register':
      return context.register(location.register);
    case 'value':
      return BigInt.asUintN(64, location.value);
    case 'bytes':
      return BigInt.asUintN(64, bitsOfBytes(location.bytes.subarray(0, 8)));
    default:
      return undefined;
  }
};

/** The value of an expression (DW_AT_call_value), of whatever type, as bits. */
export const evaluateNumber = (expression: Uint8Array, unit: UnitContext | undefined, context: FrameContext): bigint | undefined => {
  try {
    return numberAt(new Machine(unit, context, []).value(expression), context);
  } catch (error) {
    return numberAt(unavailable(error), context);
  }
};

/**
 * Where an object is: chooses the entry of a location list that covers the frame's address (DWARF 5, 2.6.2) and evaluates
 * it. A constant (DW_AT_const_value) is a value.
 * @param description undefined: the object has no location anywhere
 */
export const locate = (description: LocationDescription | undefined, context: FrameContext, initial: readonly bigint[] = []): Location => {
  if (description === undefined) return OPTIMIZED_OUT;
  if (description.kind === 'constant')
    return typeof description.value === 'bigint'
      ? { kind: 'value', value: description.value }
      : { kind: 'bytes', bytes: description.value };
  if (description.kind === 'expression') return evaluate(description.bytes, description.unit, context, initial);
  try {
    const entries = description.unit.locationList(description.offset);
    const entry = entryAt(entries, context.listAddress, context.atEntry ?? false);
    return entry === undefined ? OPTIMIZED_OUT : evaluate(entry.expression, description.unit, context, initial);
  } catch (error) {
    return unavailable(error);
  }
};

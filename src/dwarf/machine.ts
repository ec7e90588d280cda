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
import type { LocationDescription, UnitContext } from '../symbols/model.js';
import type { FrameContext, Location, Piece } from './location.js';
import { Op, operationName } from './operations.js';
import {
  binary,
  bitsOfBytes,
  compare,
  convert,
  generic,
  GENERIC,
  numberType,
  reinterpret,
  unary,
  valueOfBits,
  type BinaryName,
  type ComparisonName,
  type NumberType,
  type TypedValue,
} from './typed-value.js';

const MAX_STEPS = 100_000;
const MAX_STACK = 4096;
const MAX_CALLS = 16;
const MAX_PIECES = 4096;

const OPTIMIZED_OUT: Location = { kind: 'unavailable', reason: 'optimized out', optimizedOut: true };

/** Raised for what the compiler left unknown, as opposed to what is damaged or unreadable. */
const unknown = (what: string): never => {
  throw new DeetError('optimized-out', what);
};

const BINARY: ReadonlyMap<number, BinaryName> = new Map([
  [Op.and, 'and'],
  [Op.div, 'div'],
  [Op.minus, 'minus'],
  [Op.mod, 'mod'],
  [Op.mul, 'mul'],
  [Op.or, 'or'],
  [Op.plus, 'plus'],
  [Op.shl, 'shl'],
  [Op.shr, 'shr'],
  [Op.shra, 'shra'],
  [Op.xor, 'xor'],
]);

const COMPARISONS: ReadonlyMap<number, ComparisonName> = new Map([
  [Op.eq, 'eq'],
  [Op.ge, 'ge'],
  [Op.gt, 'gt'],
  [Op.le, 'le'],
  [Op.lt, 'lt'],
  [Op.ne, 'ne'],
]);

class Machine {
  private readonly stack: TypedValue[];
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
    this.stack = initial.map(generic);
  }

  /** @throws DeetError */
  result(expression: Uint8Array): Location {
    if (expression.length === 0 && this.stack.length === 0) return OPTIMIZED_OUT;
    this.run(expression);
    if (this.pieces.length > 0) return { kind: 'pieces', pieces: this.pieces };
    return this.location ?? { kind: 'memory', address: this.popAddress() };
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
    if (code >= Op.lit0 && code <= Op.lit31) {
      this.push(BigInt(code - Op.lit0));
      return;
    }
    if (code >= Op.reg0 && code <= Op.reg31) {
      this.describe({ kind: 'register', register: code - Op.reg0 });
      return;
    }
    if (code >= Op.breg0 && code <= Op.breg31) {
      this.push(this.register(code - Op.breg0) + reader.slebBig());
      return;
    }
    if (this.constant(code, reader) || this.stackOperation(code, reader) || this.arithmetic(code, reader)) return;
    if (this.addressing(code, reader) || this.control(code, reader, at) || this.describing(code, reader) || this.typed(code, reader))
      return;
    reader.fail(`${operationName(code)} is not supported`, at);
  }

  /** DWARF 5, 2.5.1.1: literals. */
  private constant(code: number, reader: Reader): boolean {
    switch (code) {
      case Op.const1u:
        this.push(BigInt(reader.u8()));
        return true;
      case Op.const1s:
        this.push(BigInt(reader.i8()));
        return true;
      case Op.const2u:
        this.push(BigInt(reader.u16()));
        return true;
      case Op.const2s:
        this.push(BigInt(reader.i16()));
        return true;
      case Op.const4u:
        this.push(BigInt(reader.u32()));
        return true;
      case Op.const4s:
        this.push(BigInt(reader.i32()));
        return true;
      case Op.const8u:
      case Op.const8s:
        this.push(reader.u64Big());
        return true;
      case Op.constu:
        this.push(reader.ulebBig());
        return true;
      case Op.consts:
        this.push(reader.slebBig());
        return true;
      case Op.addr: {
        const address = reader.u64Big();
        // Old compilers wrote the offset of a thread-local variable with DW_OP_addr; it is no address and moves with no image.
        const next = reader.atEnd ? 0 : reader.bytes[reader.offset];
        const offset = next === Op.GNU_push_tls_address || next === Op.form_tls_address;
        this.push(offset ? address : address + this.context.bias);
        return true;
      }
      case Op.addrx:
      case Op.GNU_addr_index:
        this.push(BigInt(this.needUnit().addressAt(reader.uleb())) + this.context.bias);
        return true;
      case Op.constx:
      case Op.GNU_const_index:
        this.push(BigInt(this.needUnit().addressAt(reader.uleb())));
        return true;
      default:
        return false;
    }
  }

  /** DWARF 5, 2.5.1.3. */
  private stackOperation(code: number, reader: Reader): boolean {
    switch (code) {
      case Op.dup:
        this.pushValue(this.peek(0));
        return true;
      case Op.drop:
        this.pop();
        return true;
      case Op.over:
        this.pushValue(this.peek(1));
        return true;
      case Op.pick:
        this.pushValue(this.peek(reader.u8()));
        return true;
      case Op.swap: {
        const [top, second] = [this.pop(), this.pop()];
        this.stack.push(top, second);
        return true;
      }
      case Op.rot: {
        const [top, second, third] = [this.pop(), this.pop(), this.pop()];
        this.stack.push(top, third, second);
        return true;
      }
      case Op.nop:
      case Op.GNU_uninit:
        return true;
      default:
        return false;
    }
  }

  /** DWARF 5, 2.5.1.4 and the comparisons of 2.5.1.5. */
  private arithmetic(code: number, reader: Reader): boolean {
    const name = BINARY.get(code);
    if (name !== undefined) {
      const [b, a] = [this.pop(), this.pop()];
      this.stack.push(binary(name, a, b));
      return true;
    }
    const comparison = COMPARISONS.get(code);
    if (comparison !== undefined) {
      const [b, a] = [this.pop(), this.pop()];
      this.stack.push(compare(comparison, a, b));
      return true;
    }
    switch (code) {
      case Op.abs:
        this.stack.push(unary('abs', this.pop()));
        return true;
      case Op.neg:
        this.stack.push(unary('neg', this.pop()));
        return true;
      case Op.not:
        this.stack.push(unary('not', this.pop()));
        return true;
      case Op.plus_uconst: {
        const a = this.pop();
        this.stack.push(binary('plus', a, valueOfBits(reader.ulebBig(), a.type)));
        return true;
      }
      default:
        return false;
    }
  }

  /** DWARF 5, 2.5.1.2 and the parts of 2.5.1.3 that read memory or ask for an address of the frame. */
  private addressing(code: number, reader: Reader): boolean {
    switch (code) {
      case Op.bregx: {
        const register = reader.uleb();
        this.push(this.register(register) + reader.slebBig());
        return true;
      }
      case Op.fbreg:
        this.push((this.context.frameBase() ?? unknown('the frame base is not known')) + reader.slebBig());
        return true;
      case Op.call_frame_cfa:
        this.push(this.context.cfa() ?? unknown('the canonical frame address is not known'));
        return true;
      case Op.deref:
        this.push(bitsOfBytes(this.context.memory.read(this.popAddress(), 8)));
        return true;
      case Op.deref_size: {
        const size = reader.u8();
        if (size < 1 || size > 8) reader.fail(`DW_OP_deref_size of ${size} bytes`);
        this.push(bitsOfBytes(this.context.memory.read(this.popAddress(), size)));
        return true;
      }
      case Op.push_object_address:
        this.push(this.context.objectAddress ?? unknown('no object to take the address of'));
        return true;
      case Op.form_tls_address:
      case Op.GNU_push_tls_address:
        this.push(this.context.tlsAddress(this.popAddress()) ?? unknown("the address of the thread's copy is not known"));
        return true;
      case Op.entry_value:
      case Op.GNU_entry_value: {
        const inner = reader.slice(reader.uleb());
        this.push(this.context.entryValue(inner) ?? unknown('the value at entry of the function is not known'));
        return true;
      }
      case Op.GNU_parameter_ref:
        reader.skip(4);
        return unknown('the parameter is not known');
      case Op.GNU_variable_value:
        this.push(this.variableValue(this.sectionOffset(reader)));
        return true;
      default:
        return false;
    }
  }

  /** DWARF 5, 2.5.1.5. */
  private control(code: number, reader: Reader, at: number): boolean {
    switch (code) {
      case Op.skip:
      case Op.bra: {
        const target = reader.i16() + reader.offset;
        if (code === Op.skip || this.pop().bits !== 0n) {
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
  private describing(code: number, reader: Reader): boolean {
    switch (code) {
      case Op.regx:
        this.describe({ kind: 'register', register: reader.uleb() });
        return true;
      case Op.implicit_value:
        this.describe({ kind: 'bytes', bytes: reader.slice(reader.uleb()) });
        return true;
      case Op.stack_value:
        this.describe({ kind: 'value', value: this.pop().bits });
        return true;
      case Op.implicit_pointer:
      case Op.GNU_implicit_pointer:
        this.describe({ kind: 'implicit-pointer', die: this.sectionOffset(reader), offset: reader.slebBig() });
        return true;
      case Op.piece:
        this.piece(reader.uleb() * 8, 0, reader);
        return true;
      case Op.bit_piece: {
        const size = reader.uleb();
        this.piece(size, reader.uleb(), reader);
        return true;
      }
      default:
        return false;
    }
  }

  /** Operations with base types: DWARF 5, 2.5.1.1 (const_type), 2.5.1.2 (regval_type), 2.5.1.3 (deref_type), 2.5.1.6. */
  private typed(code: number, reader: Reader): boolean {
    switch (code) {
      case Op.const_type:
      case Op.GNU_const_type: {
        const type = this.type(reader);
        this.pushValue(valueOfBits(bitsOfBytes(reader.slice(reader.u8())), type));
        return true;
      }
      case Op.regval_type:
      case Op.GNU_regval_type: {
        const register = reader.uleb();
        const type = this.type(reader);
        this.pushValue(valueOfBits(this.wholeRegister(register), type));
        return true;
      }
      case Op.deref_type:
      case Op.GNU_deref_type: {
        const size = reader.u8();
        const type = this.type(reader);
        this.pushValue(valueOfBits(bitsOfBytes(this.context.memory.read(this.popAddress(), size)), type));
        return true;
      }
      case Op.convert:
      case Op.GNU_convert: {
        const type = this.type(reader);
        this.stack.push(convert(this.pop(), type));
        return true;
      }
      case Op.reinterpret:
      case Op.GNU_reinterpret: {
        const type = this.type(reader);
        this.stack.push(reinterpret(this.pop(), type));
        return true;
      }
      default:
        return false;
    }
  }

  private describe(location: Location): void {
    this.location = location;
  }

  /** A part of a composite location (DWARF 5, 2.6.1.2); without a location before it the part is optimized out. */
  private piece(size: number, offset: number, reader: Reader): void {
    if (this.pieces.length >= MAX_PIECES) reader.fail(`more than ${MAX_PIECES} pieces`);
    if (!Number.isSafeInteger(size) || !Number.isSafeInteger(offset)) reader.fail('absurdly big piece');
    const location = this.location ?? (this.stack.length > 0 ? { kind: 'memory' as const, address: this.popAddress() } : undefined);
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
    if (type?.kind !== 'base') return reader.fail('no base type where the expression says');
    return numberType(type);
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

  private push(value: bigint): void {
    this.pushValue(generic(value));
  }

  private pushValue(value: TypedValue): void {
    if (this.stack.length >= MAX_STACK) throw new DeetError('location', 'the stack of a DWARF expression overflows');
    this.stack.push(value);
  }

  private pop(): TypedValue {
    const value = this.stack.pop();
    if (value === undefined) throw new DeetError('location', 'the stack of a DWARF expression is empty');
    return value;
  }

  private peek(depth: number): TypedValue {
    const value = this.stack.at(-1 - depth);
    if (value === undefined) throw new DeetError('location', 'the stack of a DWARF expression is empty');
    return value;
  }

  private popAddress(): bigint {
    const { bits, type } = this.pop();
    if (type.form === 'float') throw new DeetError('location', 'a floating-point number where an address must stand');
    return BigInt.asUintN(64, bits);
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

/** `evaluate`, then `numberAt`. */
export const evaluateNumber = (
  expression: Uint8Array,
  unit: UnitContext | undefined,
  context: FrameContext,
  initial: readonly bigint[] = [],
): bigint | undefined => numberAt(evaluate(expression, unit, context, initial), context);

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
    const at = context.listAddress;
    const entries = description.unit.locationList(description.offset);
    const entry =
      entries.find(({ low, high, isDefault }) => isDefault !== true && low <= at && at < high) ?? entries.find((e) => e.isDefault);
    return entry === undefined ? OPTIMIZED_OUT : evaluate(entry.expression, description.unit, context, initial);
  } catch (error) {
    return unavailable(error);
  }
};

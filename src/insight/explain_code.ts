/** Crashes at the program counter itself: calls of null pointers, jumps into data, overwritten return addresses, divisions, illegal instructions. */
import { hex } from '../common/addresses.js';
import { describeInstructions, type InstructionDetail } from '../inferior/disassemble.js';
import type { CrashFrame, Explanation } from './crash.js';
import { libraryCall } from './explain_abort.js';
import { asText, isCanonical, mappingName, type Fault } from './fault_scene.js';
import { muslsOwn } from './futex_musl.js';
import { wholeRegister } from './operand.js';
import { isSystemFile } from './own_code.js';

const code = (text: string): string => `\`${text}\``;

const word = (fault: Fault, address: bigint): bigint | undefined => {
  try {
    const bytes = fault.scene.memory.read(address, 8);
    return new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true);
  } catch {
    return undefined;
  }
};

/** The longest call instruction: ff /2 with SIB, displacement and a prefix. */
const longestCall = 8;

/** The call that ends at a return address; code is read backwards only by trying every length. */
const callBefore = (fault: Fault, address: bigint): InstructionDetail | undefined => {
  for (let length = 2; length <= longestCall; length++) {
    try {
      const start = address - BigInt(length);
      const [call] = describeInstructions(fault.scene.memory.read(start, length), start, 1);
      if (call?.length === length && (call.flow === 'indirect-call' || call.flow === 'call')) return call;
    } catch {
      return undefined;
    }
  }
  return undefined;
};

/** The pointer that an indirect call went through, in the caller's words. */
const calledThrough = (fault: Fault, caller: CrashFrame): string | undefined => {
  const tools = fault.tracing(caller);
  const operand = tools?.trace.instruction?.operands[0];
  const sum = operand && tools.trace.operand(operand, 8);
  return sum && tools.naming.value(sum)?.text;
};

const smashed = (fault: Fault, target: bigint): Explanation => {
  const letters = asText(target);
  const what = letters === undefined ? hex(target) : `${hex(target)}, the text ${JSON.stringify(letters)}`;
  const text = `The return address on the stack was overwritten with ${what}: a local array was written past its end before the function returned.`;
  return fault.explanation('stack-smashed', text, { address: hex(target), access: 'execute' });
};

/** A call of an address that is none faults at the call, and the processor does not say where it was to go. */
const calledNowhere = (fault: Fault): Explanation | undefined => {
  const { instruction, scene } = fault;
  const [frame] = fault.frames;
  const operand = instruction?.operands[0];
  if (!frame || !operand || (instruction.flow !== 'indirect-call' && instruction.flow !== 'indirect-jump')) return undefined;
  const access = instruction.accesses.find(({ writes }) => !writes);
  const target = operand.kind === 'register' ? scene.register(wholeRegister(operand.name)) : access && word(fault, fault.effective(access));
  if (target === undefined || isCanonical(target)) return undefined;
  const pointer = calledThrough(fault, frame);
  const letters = asText(target);
  const hint =
    letters === undefined
      ? ''
      : ` These bytes are the text ${JSON.stringify(letters)}: something has written text over the pointer, or the memory it lies in was freed and used again.`;
  const through = pointer === undefined ? 'through a pointer' : `through ${code(pointer)}`;
  return fault.explanation('wild-pointer', `${fault.subject()} calls ${hex(target)} ${through}, which is no address at all.${hint}`, {
    address: hex(target),
    access: 'execute',
    ...(pointer === undefined ? {} : { expression: pointer }),
  });
};

/** The program counter itself is where no code is. Undefined: it is in code. */
export const explainJump = (fault: Fault): Explanation | undefined => {
  const { pc, scene } = fault;
  const mapping = fault.mapping(pc);
  if (mapping?.executable) {
    // A return to an address that is none faults at the ret, before the jump.
    const target = fault.instruction?.flow === 'return' ? word(fault, scene.register('rsp') ?? 0n) : undefined;
    return target !== undefined && !isCanonical(target) ? smashed(fault, target) : calledNowhere(fault);
  }
  const stack = scene.register('rsp') ?? 0n;
  const back = word(fault, stack);
  const call = back === undefined ? undefined : callBefore(fault, back);
  if (!call && word(fault, stack - 8n) === pc) return smashed(fault, pc);
  // The frames may begin with the place that is no code; the caller is the first frame that is.
  const caller = fault.frames.find((frame) => frame.pc !== pc && fault.mapping(frame.pc)?.executable);
  const pointer = caller && call?.flow === 'indirect-call' ? calledThrough(fault, caller) : undefined;
  const subject = caller ? fault.subject(caller) : 'The program';
  const through = pointer === undefined ? 'through a pointer' : `through ${code(pointer)}`;
  const fields: Partial<Explanation> = { address: hex(pc), access: 'execute', ...(pointer === undefined ? {} : { expression: pointer }) };
  if (pc === 0n) return fault.explanation('null-pointer', `${subject} calls a function ${through}, which is NULL.`, fields);
  if (!mapping) return fault.explanation('execute-data', `${subject} calls ${hex(pc)} ${through}, where nothing is mapped.`, fields);
  const symbol = scene.symbolAt(pc);
  const data = symbol ? `${code(symbol.name)}, in ${mappingName(mapping)}` : mappingName(mapping);
  return fault.explanation(
    'execute-data',
    `${subject} calls ${hex(pc)} ${through}: that is data (${data}), and data may not be executed.`,
    fields,
  );
};

const integerBits: Readonly<Record<number, bigint>> = { 1: 0xffn, 2: 0xffffn, 4: 0xffffffffn, 8: 0xffffffffffffffffn };

const sizeOfOperand = (name: string): number =>
  /^r(?:\d+|[a-z]{2})$/.test(name) ? 8 : /^e|d$/.test(name) ? 4 : /w$|^[a-d]x$|^[sd]i$|^[sb]p$/.test(name) ? 2 : 1;

/** SIGFPE at div or idiv: the divisor is 0, or the quotient does not fit (INT_MIN / -1). */
export const explainDivision = (fault: Fault): Explanation | undefined => {
  const { instruction, scene } = fault;
  const [frame] = fault.frames;
  const operand = instruction?.operands[0];
  if (!instruction || !frame || !operand || !/^i?div$/.test(instruction.mnemonic)) return undefined;
  const size = operand.kind === 'register' ? sizeOfOperand(operand.name) : (instruction.accesses[0]?.size ?? 4);
  const tools = fault.tracing(frame);
  const sum = tools?.trace.operand(operand, size);
  const access = instruction.accesses[0];
  const raw = operand.kind === 'register' ? scene.register(wholeRegister(operand.name)) : access && word(fault, fault.effective(access));
  const divisor = raw === undefined ? undefined : raw & (integerBits[size] ?? 0n);
  const named = sum && tools?.naming.value(sum);
  const checked = sum && tools?.trace.evaluate(sum);
  const known = named && checked !== undefined && (checked & (integerBits[size] ?? 0n)) === divisor ? named.text : undefined;
  if (divisor === undefined) return undefined;
  const expression = known === undefined ? {} : { expression: known };
  if (divisor === 0n) {
    const what = known === undefined ? 'The divisor is 0' : `${code(known)} is 0`;
    return fault.explanation('division', `${fault.subject()} divides an integer by zero: ${what.replace(/^The/, 'the')}.`, expression);
  }
  const by =
    known === undefined ? BigInt.asIntN(size * 8, divisor).toString() : `${code(known)}, which is ${BigInt.asIntN(size * 8, divisor)}`;
  const text = `${fault.subject()} divides by ${by}, and the result does not fit: the smallest negative number divided by -1 is one more than the largest.`;
  return fault.explanation('division', text, expression);
};

export const explainIllegal = (fault: Fault): Explanation => {
  const { instruction } = fault;
  const [first] = fault.frames;
  const caller = fault.frames.find(({ functionName }) => functionName !== undefined);
  const where =
    first?.functionName !== undefined
      ? `in ${fault.subject()}`
      : caller
        ? `where ${fault.subject(caller)} has gone`
        : 'where the program has gone';
  const text =
    instruction?.mnemonic === 'ud2'
      ? `${fault.subject()} has come to a trap that the compiler put there (ud2): __builtin_trap, a check of -fsanitize that failed, or a place that it took for never reached, such as the end of a function that must return a value and does not.`
      : `At ${hex(fault.pc)}, ${where}, there is no instruction that this processor knows.`;
  return fault.explanation('illegal-instruction', text, { address: hex(fault.pc) });
};

/** Instructions that fault outside of the kernel (Intel SDM volume 3, 5.9; in and out by the I/O privilege level). */
const privileged =
  /^(?:hlt|cli|sti|in|out|ins[bwd]|outs[bwd]|lgdt|lidt|lldt|ltr|lmsw|clts|invd|wbinvd|invlpg|rdmsr|wrmsr|rdpmc|swapgs|sysret|sysexit)$/;

/** musl says nothing but where it was: its free() looks at the block that it is given, its malloc() at those that it has. */
const explainMuslCrash = (fault: Fault): Explanation => {
  const { freed, called, where } = libraryCall(fault);
  const found =
    called === 'free' || called === 'realloc'
      ? `${called} was given ${freed.text === undefined ? 'a pointer that' : `\`${freed.text}\`, which`} is no block in use: it was freed before, or malloc did not return it, or a block was written past its end`
      : "malloc's own data is overwritten: some block was written past its end, or freed twice";
  const fields = freed.text === undefined ? {} : { expression: freed.text };
  return fault.explanation('heap-corruption', `The C library (musl) stopped the program${where}: ${found}.`, fields);
};

export const explainPrivileged = (fault: Fault): Explanation | undefined => {
  const mnemonic = fault.instruction?.mnemonic ?? '';
  if (!privileged.test(mnemonic)) return undefined;
  // a_crash() of musl (src/internal/atomic.h) is hlt: nearly all who call it are malloc and free.
  const inLibrary = isSystemFile(fault.frames[0]?.image ?? '') || fault.scene.symbolNamed(muslsOwn) !== undefined;
  if (mnemonic === 'hlt' && inLibrary) return explainMuslCrash(fault);
  return fault.explanation(
    'illegal-instruction',
    `${fault.subject()} executes ${mnemonic}, an instruction that only the kernel may execute.`,
    {
      address: hex(fault.pc),
    },
  );
};

/** SIGSEGV and SIGBUS at an access to memory: null and wild pointers, full stacks, read-only and misaligned memory, files that are too short. */
import { statSync } from 'node:fs';
import type { Address } from '../common/addresses.js';
import { hex } from '../common/addresses.js';
import type { MemoryAccess } from '../inferior/disassemble.js';
import type { Mapping } from '../linux/proc.js';
import type { CrashFrame, Explanation } from './crash.js';
import { accessFields, accessWords, asText, type Fault, isCanonical, mappingName, nullPages } from './fault_scene.js';
import type { Naming } from './naming.js';
import type { Atom, OperandTrace, Sum } from './operand.js';

/** The access in the words of a frame's source. */
interface Told {
  readonly frame: CrashFrame;
  /** `append writes 8 bytes to `p->next``, or what a called function was given. */
  readonly action: string;
  /** The object accessed. */
  readonly expression?: string;
  /** The pointer at fault, as a source expression or a register. */
  readonly pointer?: string;
  readonly value?: bigint;
  readonly sum?: Sum;
  readonly trace?: OperandTrace;
  /** The pointer came from a call. */
  readonly result?: string;
}

const code = (text: string): string => `\`${text}\``;

/** The pointer that an address is made of: its term of factor 1 that is no index. */
const pointerOf = (address: Sum, trace: OperandTrace, naming: Naming): Pick<Told, 'pointer' | 'value' | 'sum' | 'result'> => {
  const candidates = address.terms
    .filter(({ factor }) => factor === 1n)
    .map(({ atom }): Sum => ({ constant: 0n, terms: [{ atom, factor: 1n }] }));
  const named = candidates.map((sum) => ({ sum, named: naming.value(sum) }));
  // Of two summands the pointer is the one whose type says so.
  const best = named.find((each) => each.named?.type?.kind === 'pointer') ?? named.find((each) => each.named) ?? named[0];
  if (!best) return {};
  const value = trace.evaluate(best.sum);
  return {
    sum: best.sum,
    ...(value === undefined ? {} : { value }),
    ...(best.named ? { pointer: best.named.text } : {}),
    ...(best.named?.result === undefined ? {} : { result: best.named.result }),
  };
};

/** The access as the frame's own code makes it. */
const tellOwn = (fault: Fault, frame: CrashFrame, access: MemoryAccess, address: Address): Told => {
  const plain: Told = { frame, action: `${fault.subject(frame)} ${accessWords(access)} address ${hex(address)}` };
  const tools = fault.tracing(frame);
  if (!tools) return plain;
  const { trace, naming } = tools;
  const sum = trace.address(access);
  // The program may have changed what the registers were loaded from: then the trail is cold.
  if (trace.evaluate(sum) !== address) return plain;
  const object = naming.object(sum, access.size);
  const action = object ? `${fault.subject(frame)} ${accessWords(access)} ${code(object.text)} (address ${hex(address)})` : plain.action;
  return { frame, action, trace, ...(object ? { expression: object.text } : {}), ...pointerOf(sum, trace, naming) };
};

/** Where arguments are (System V ABI, 3.2.3). */
const argumentRegisters = ['rdi', 'rsi', 'rdx', 'rcx', 'r8', 'r9'];
/** How far from an argument a library function may have come before it failed. */
const argumentReach = 0x1000n;

/** The access made by code without source, on an argument that the user's code gave it. */
const tellCalled = (fault: Fault, user: CrashFrame, access: MemoryAccess, address: Address): Told => {
  const index = fault.frames.indexOf(user);
  const called = fault.frames
    .slice(0, index)
    .map(({ functionName }) => functionName)
    .findLast((name) => name !== undefined);
  const callee = (called ?? 'a library function').replace(/^_+|_(?:avx|sse|evex|erms|unaligned).*$/g, '').replace(/@.*/, '');
  const plain: Told = {
    frame: user,
    action: `${callee}, called by ${fault.subject(user)}, ${accessWords(access)} address ${hex(address)}`,
  };
  const tools = fault.tracing(user);
  if (!tools) return plain;
  const { trace, naming } = tools;
  const given = argumentRegisters.map((name) => {
    const sum = trace.register(name);
    return { sum, value: trace.evaluate(sum), named: naming.value(sum) };
  });
  const near = (value: bigint | undefined): boolean =>
    value !== undefined &&
    (value === address || (address < nullPages ? value === 0n : address >= value && address < value + argumentReach));
  const culprit = given.find(({ value }) => value === address) ?? given.find(({ value }) => near(value));
  if (!culprit) return plain;
  const { named, value, sum } = culprit;
  const argument = named ? code(named.text) : value === undefined ? 'an argument' : hex(value);
  return {
    frame: user,
    action: `${fault.subject(user)} calls ${callee} with ${argument}`,
    trace,
    sum,
    ...(named ? { pointer: named.text, expression: named.text } : {}),
    ...(value === undefined ? {} : { value }),
    ...(named?.result === undefined ? {} : { result: named.result }),
  };
};

const tell = (fault: Fault, first: CrashFrame, access: MemoryAccess, address: Address): Told => {
  const user = fault.userFrame;
  return user === undefined || fault.isHere(user)
    ? tellOwn(fault, user ?? first, access, address)
    : tellCalled(fault, user, access, address);
};

const nullPointer = (fault: Fault, told: Told, access: MemoryAccess, address: Address): Explanation | undefined => {
  if (address >= nullPages) return undefined;
  const own = told.value === 0n || told.value === undefined;
  if (!own) return undefined;
  const pointer = told.pointer ?? 'the pointer';
  const origin = told.result === undefined ? '' : `: ${told.result} returned NULL`;
  const name =
    told.pointer === undefined
      ? ', which is (nearly) NULL'
      : told.action.endsWith(code(pointer))
        ? ', which is NULL'
        : `, but ${code(pointer)} is NULL`;
  return fault.explanation('null-pointer', `${told.action}${name}${origin}.`, {
    ...accessFields(access, address),
    ...(told.expression === undefined ? {} : { expression: told.expression }),
  });
};

const stackLimitHint = 'Every call needs room on the stack';

/** The mapping that the stack pointer is in, or was in before it left it. */
const stackOf = (fault: Fault): Mapping | undefined => {
  const stack = fault.scene.register('rsp') ?? 0n;
  const bases = [stack, ...fault.frames.slice(0, 8).map(({ cfa }) => cfa)];
  for (const address of bases) {
    const mapping = fault.mapping(address);
    if (mapping?.writable) return mapping;
  }
  return undefined;
};

/** How far outside the stack an access may be and still be one of a function that needs much room. */
const farthest = 64n << 20n;
const largeFrame = 1n << 20n;

const stackOverflow = (fault: Fault, access: MemoryAccess, address: Address): Explanation | undefined => {
  const stack = stackOf(fault);
  const pointer = fault.scene.register('rsp') ?? 0n;
  if (!stack || address >= stack.start + 0x1000n || address + farthest < stack.start) return undefined;
  const local = access.base === 'rsp' || access.base === 'rbp' || (address >= pointer - 0x1000n && address < pointer + largeFrame);
  const inside = fault.mapping(address);
  if (!local || (inside?.writable && inside !== stack)) return undefined;
  const used = stack.end - pointer;
  const [top] = fault.frames;
  const size = (frame: CrashFrame | undefined, inner: bigint): bigint => (frame ? frame.cfa - inner : 0n);
  if (size(top, pointer) > largeFrame)
    return fault.explanation(
      'stack-overflow',
      `The stack is full: the local variables of ${fault.subject()} alone need ${size(top, pointer)} bytes, and the stack has ${stack.end - stack.start}.`,
      accessFields(access, address),
    );
  const names = fault.frames.map(({ functionName }) => functionName ?? '??');
  const recursive = [...new Set(names.filter((name, index) => names.indexOf(name) !== index))];
  const sample = fault.frames.length;
  const span = sample > 1 ? (fault.frames[sample - 1]?.cfa ?? 0n) - (fault.frames[0]?.cfa ?? 0n) : 0n;
  const depth = span > 0n ? (used * BigInt(sample - 1)) / span : BigInt(sample);
  const round = depth > 1000n ? (depth / 100n) * 100n : depth;
  const who =
    recursive.length === 0
      ? fault.subject()
      : recursive.length === 1
        ? `${recursive[0]} calls itself`
        : `${recursive.slice(0, 4).join(' and ')} call each other`;
  const text =
    recursive.length === 0
      ? `The stack is full: ${fault.subject()} needs more room than is left. ${stackLimitHint}.`
      : `The stack is full: ${who}, about ${round.toLocaleString('en-US')} calls deep. Is there a case that ends the recursion?`;
  return fault.explanation('stack-overflow', text, {
    ...accessFields(access, address),
    ...(recursive[0] === undefined ? {} : { expression: recursive[0] }),
  });
};

type LoadAtom = Extract<Atom, { kind: 'load' }>;

/** The System V ABI lets a function that calls no other use 128 bytes below the stack pointer. */
const redZone = 128n;

/** A pointer on the way to the address that points below the stack pointer of its frame: at what a call has left behind. */
const useAfterReturn = (fault: Fault, told: Told, access: MemoryAccess, address: Address): Explanation | undefined => {
  const { trace, frame, sum } = told;
  const bottom = frame.register('rsp');
  if (!trace || !sum || bottom === undefined) return undefined;
  const naming = fault.tracing(frame)?.naming;
  const stack = fault.mapping(bottom);
  for (let current: Sum | undefined = sum, depth = 0; current && depth < 8; depth++) {
    const load: LoadAtom | undefined = current.terms.map(({ atom }) => atom).find((atom): atom is LoadAtom => atom.kind === 'load');
    if (!load) return undefined;
    const at = trace.evaluate(load.address);
    if (
      at !== undefined &&
      load.address.terms.length > 0 &&
      stack &&
      at >= stack.start &&
      at < bottom - (trace.callsOthers ? 0n : redZone)
    ) {
      const pointer = naming && pointerOf(load.address, trace, naming).pointer;
      const named = pointer === undefined ? 'A pointer' : code(pointer);
      const bad =
        told.pointer === undefined
          ? ''
          : ` ${code(told.pointer)} was read there and is ${told.value === undefined ? 'garbage' : hex(told.value)}.`;
      return fault.explanation(
        'use-after-return',
        `${named} points to a local variable of a function that has returned: later calls have overwritten it.${bad}`,
        {
          ...accessFields(access, address),
          ...(pointer === undefined ? {} : { expression: pointer }),
        },
      );
    }
    current = load.address;
  }
  return undefined;
};

const protectedMemory = (fault: Fault, told: Told, access: MemoryAccess, address: Address): Explanation | undefined => {
  const mapping = fault.mapping(address);
  if (!mapping || (access.writes ? mapping.writable : mapping.readable)) return undefined;
  const fields = { ...accessFields(access, address), ...(told.expression === undefined ? {} : { expression: told.expression }) };
  if (!mapping.readable && !mapping.writable)
    return fault.explanation(
      'no-access',
      `${told.action}, in memory that may not be accessed at all (mmap or mprotect with PROT_NONE: a guard page?).`,
      fields,
    );
  const symbol = fault.scene.symbolAt(address);
  const what = symbol
    ? `of ${code(symbol.name)}, which is constant`
    : mapping.executable
      ? `of the program's code (${mappingName(mapping)})`
      : mapping.path.startsWith('/')
        ? `of ${mapping.path.split('/').at(-1)}: a string literal or a constant`
        : 'mapped without the right to write';
  return fault.explanation('read-only', `${told.action}, in read-only memory ${what}.`, fields);
};

const misaligned = (fault: Fault, told: Told, access: MemoryAccess, address: Address): Explanation | undefined => {
  const size = BigInt(access.size);
  if (size < 16n || address % size === 0n || !isCanonical(address) || !fault.instruction) return undefined;
  const { mnemonic } = fault.instruction;
  const stack = access.base === 'rsp' || access.base === 'rbp';
  const hint = stack
    ? ' The stack pointer must be a multiple of 16 at every call: it was moved by hand, or by assembly code.'
    : ' Unaligned data needs movups (_mm_loadu_ps), or an aligned buffer.';
  return fault.explanation(
    'misaligned',
    `${told.action}: the instruction ${mnemonic} wants an address that is a multiple of ${access.size}.${hint}`,
    {
      ...accessFields(access, address),
      ...(told.expression === undefined ? {} : { expression: told.expression }),
    },
  );
};

const wild = (fault: Fault, told: Told, access: MemoryAccess, address: Address): Explanation => {
  const fields = { ...accessFields(access, address), ...(told.expression === undefined ? {} : { expression: told.expression }) };
  const { value, pointer } = told;
  const base = value === undefined ? undefined : fault.mapping(value);
  if (pointer !== undefined && base && value !== undefined && value !== address && !fault.mapping(address)) {
    const text = `${told.action}, where nothing is mapped: ${code(pointer)} points into ${mappingName(base)}, and the access is ${hex(address > value ? address - value : value - address)} bytes ${address > value ? 'behind' : 'before'} it. Is the index out of range?`;
    return fault.explanation('out-of-bounds', text, fields);
  }
  const shown = value !== undefined && pointer !== undefined ? `, and ${code(pointer)} is ${hex(value)}` : '';
  const what = isCanonical(address) ? 'where nothing is mapped' : 'which is no address at all';
  const letters = asText(value ?? address);
  const hint =
    letters === undefined
      ? ''
      : ` These bytes are the text ${JSON.stringify(letters)}: something has written text over the pointer, or the memory it lies in was freed and used again.`;
  return fault.explanation('wild-pointer', `${told.action}, ${what}${shown}.${hint}`, fields);
};

/** SIGBUS: BUS_ADRERR is an access to a mapped file behind its end (mmap(2)). */
const beyondFile = (fault: Fault, told: Told, access: MemoryAccess, address: Address): Explanation | undefined => {
  const mapping = fault.mapping(address);
  if (fault.scene.signal?.codeName !== 'BUS_ADRERR' || !mapping?.path.startsWith('/')) return undefined;
  const offset = Number(address - mapping.start) + mapping.offset;
  let size = '';
  try {
    size = `, and the file has only ${statSync(mapping.path).size} bytes`;
  } catch {
    // Deleted or renamed: its size is not known.
  }
  const text = `${told.action}, which is byte ${offset} of ${mapping.path}${size}. Memory mapped from a file ends with the file.`;
  return fault.explanation('past-end-of-file', text, {
    ...accessFields(access, address),
    ...(told.expression === undefined ? {} : { expression: told.expression }),
  });
};

/** Undefined: the instruction accesses no memory. */
export const explainAccess = (fault: Fault): Explanation | undefined => {
  const found = fault.access;
  const [first] = fault.frames;
  if (!found || !first) return undefined;
  const { access } = found;
  // The kernel names the first byte that failed; the object begins where the operand says.
  const address = found.address;
  const told = tell(fault, first, access, address);
  return (
    stackOverflow(fault, access, address) ??
    nullPointer(fault, told, access, address) ??
    beyondFile(fault, told, access, address) ??
    misaligned(fault, told, access, address) ??
    useAfterReturn(fault, told, access, address) ??
    protectedMemory(fault, told, access, address) ??
    wild(fault, told, access, address)
  );
};

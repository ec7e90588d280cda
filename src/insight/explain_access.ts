/** SIGSEGV and SIGBUS at an access to memory: null and wild pointers, full stacks, read-only and misaligned memory, files that are too short. */
import { statSync } from 'node:fs';
import type { Address } from '../common/addresses.js';
import { hex } from '../common/addresses.js';
import { wordAt } from '../common/memory.js';
import type { MemoryAccess } from '../inferior/disassemble.js';
import { asPointer } from '../language/types.js';
import { calledFrom } from './called.js';
import type { CrashFrame, Explanation } from './crash.js';
import { accessFields, accessWords, asText, type Fault, isCanonical, mappingName, nullPages } from './fault_scene.js';
import { badPointer, damageIn, damageText, markText } from './bad_free.js';
import { stackOverflow } from './explain_stack.js';
import { blockAt, readHeap } from './heap.js';
import type { Naming } from './naming.js';
import type { Atom, OperandTrace, Sum } from './operand.js';
import { isOwnCode } from './own_code.js';

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
  /** The library function that was given it. */
  readonly called?: string;
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
  const given = givenToHeader(fault, frame, address);
  const expression = given === undefined ? naming.object(sum, access.size)?.text : `*${given}`;
  const action =
    expression === undefined
      ? plain.action
      : `${fault.subject(frame)} ${accessWords(access)} ${code(expression)} (address ${hex(address)})`;
  return {
    frame,
    action,
    trace,
    ...(expression !== undefined && { expression }),
    ...pointerOf(sum, trace, naming),
    ...(given !== undefined && { pointer: given }),
  };
};

/** The variable that code of a system header, inlined in a frame, was given an address by: the header's own names (`__P`) say nothing to a user. */
const givenToHeader = ({ frames, scene }: Fault, frame: CrashFrame, address: Address): string | undefined => {
  if (frames.slice(0, frames.indexOf(frame)).every(isOwnCode)) return undefined;
  const pointers = frame
    .variables()
    .filter(({ type, location }) => asPointer(type) && location.kind === 'memory' && wordAt(scene.memory, location.address) === address);
  return pointers.length === 1 ? pointers[0].name : undefined;
};

/** Where arguments are (System V ABI, 3.2.3). */
const argumentRegisters = ['rdi', 'rsi', 'rdx', 'rcx', 'r8', 'r9'];
/** How far from an argument a library function may have come before it failed. */
const argumentReach = 0x1000n;

const freeing = new Set(['free', 'realloc', 'cfree', 'reallocarray']);
const allocating = new Set([...freeing, 'malloc', 'calloc', 'memalign', 'posix_memalign', 'aligned_alloc', 'malloc_consolidate']);

/** The access made by code without source, on an argument that the user's code gave it. */
const tellCalled = (fault: Fault, user: CrashFrame, access: MemoryAccess, address: Address): Told => {
  const callee = calledFrom(fault.scene, fault.frames, user) ?? 'a library function';
  const plain: Told = {
    frame: user,
    action: `${callee}, called by ${fault.subject(user)}, ${accessWords(access)} address ${hex(address)}`,
    called: callee,
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
    (value === address ||
      (address < nullPages ? value < nullPages && address >= value : address >= value && address < value + argumentReach));
  // What free and realloc fail at is how they read the pointer, not the pointer's own address.
  const culprit = freeing.has(callee) ? given[0] : (given.find(({ value }) => value === address) ?? given.find(({ value }) => near(value)));
  if (!culprit) return plain;
  const { named, value, sum } = culprit;
  // `&p->field` is a small number, and no address, because `p` is NULL.
  const base = value !== undefined && value !== 0n && value < nullPages && sum.constant !== 0n ? pointerOf(sum, trace, naming) : {};
  const part = base.value === 0n ? base : {};
  const argument = named ? code(named.text) : value === undefined ? 'an argument' : value === 0n ? 'NULL' : hex(value);
  return {
    frame: user,
    action: `${fault.subject(user)} calls ${callee} with ${argument}`,
    called: callee,
    trace,
    sum,
    ...(named ? { pointer: named.text, expression: named.text } : {}),
    ...(value === undefined ? {} : { value }),
    ...(named?.result === undefined ? {} : { result: named.result }),
    ...part,
  };
};

const tell = (fault: Fault, first: CrashFrame, access: MemoryAccess, address: Address): Told => {
  const user = fault.userFrame;
  // Code without a name that nobody's source has called: whose arguments the registers hold is not known.
  return user === undefined || fault.isHere(user) || !isOwnCode(user)
    ? tellOwn(fault, user !== undefined && isOwnCode(user) ? user : first, access, address)
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
      ? told.called !== undefined && told.value === 0n
        ? ''
        : ', which is (nearly) NULL'
      : told.action.endsWith(code(pointer))
        ? ', which is NULL'
        : `, but ${code(pointer)} is NULL`;
  return fault.explanation('null-pointer', `${told.action}${name}${origin}.`, {
    ...accessFields(access, address),
    ...(told.expression === undefined ? {} : { expression: told.expression }),
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
  const what =
    symbol && !mapping.executable
      ? `of ${code(symbol.name)}, which is constant`
      : mapping.executable
        ? `of the program's code (${symbol ? code(symbol.name) : mappingName(mapping)})`
        : mapping.path.startsWith('/')
          ? `of ${mapping.path.split('/').at(-1)}: a string literal or a constant`
          : 'mapped without the right to write';
  return fault.explanation('read-only', `${told.action}, in read-only memory ${what}.`, fields);
};

const misaligned = (fault: Fault, told: Told, access: MemoryAccess, address: Address): Explanation | undefined => {
  const size = BigInt(access.size);
  // A page that is missing has an address; a general-protection fault has none (Intel SDM volume 3, 6.15).
  const { signal } = fault.scene;
  if (signal?.address !== undefined && signal.codeName !== 'BUS_ADRALN') return undefined;
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
    const heap = base.path === '[heap]' ? readHeap(fault.scene.memory, fault.maps) : undefined;
    const block = heap && blockAt(heap, value);
    const what = block ? `points to a block of ${block.size} bytes` : `points into ${mappingName(base)}`;
    const distance = address > value ? address - value : value - address;
    const text = `${told.action}, where nothing is mapped: ${code(pointer)} ${what}, and the access is ${distance} bytes ${address > value ? 'behind' : 'before'} it. Is the index out of range?`;
    return fault.explanation('out-of-bounds', text, fields);
  }
  // An array at a fixed place, with an index that was computed.
  if (pointer === undefined && /\[\D/.test(told.expression ?? '') && !fault.mapping(address))
    return fault.explanation('out-of-bounds', `${told.action}, where nothing is mapped. Is the index out of range?`, fields);
  const shown = value !== undefined && pointer !== undefined ? `, and ${code(pointer)} is ${hex(value)}` : '';
  const what = isCanonical(address) ? 'where nothing is mapped' : 'which is no address at all';
  const letters = asText(value ?? address);
  const hint =
    letters === undefined
      ? ''
      : ` These bytes are the text ${JSON.stringify(letters)}: something has written text over the pointer, or the memory it lies in was freed and used again.`;
  return fault.explanation('wild-pointer', `${told.action}, ${what}${shown}.${hint}`, fields);
};

/** free of what malloc did not make, noticed only when malloc looked for what it keeps beside its blocks. */
const wrongFree = (fault: Fault, { called, value, action, expression }: Told): Explanation | undefined => {
  if (called === undefined || !freeing.has(called) || value === undefined) return undefined;
  const what = badPointer(fault, value);
  if (what === undefined) return undefined;
  return fault.explanation('bad-free', `${action}, which ${what}.`, {
    address: hex(value),
    ...(expression === undefined ? {} : { expression }),
  });
};

/** printf and its kin, whose %s takes an address. */
const printing = /^(?:v?[fsd]?n?printf|puts|fputs|err|warn)/;

/** A small number was taken for an address. */
const notAnAddress = (fault: Fault, told: Told, access: MemoryAccess, address: Address): Explanation | undefined => {
  const { value, pointer, action, called, expression } = told;
  if (address >= nullPages || value === undefined || value === 0n || value >= nullPages) return undefined;
  const name = pointer === undefined ? 'the pointer' : code(pointer);
  const which = action.endsWith(name) ? 'which' : `and ${name}`;
  const hint = called !== undefined && printing.test(called) ? ' %s wants the address of a string; a number is printed by %d.' : '';
  return fault.explanation('wild-pointer', `${action}, ${which} is ${value}: a number, not the address of anything.${hint}`, {
    ...accessFields(access, address),
    ...(expression === undefined ? {} : { expression }),
  });
};

/** malloc stumbles over what it keeps itself beside the blocks. */
const brokenHeap = (fault: Fault, told: Told, access: MemoryAccess, address: Address): Explanation | undefined => {
  const { called } = told;
  if (called === undefined || !allocating.has(called)) return undefined;
  const damage = damageIn(fault);
  return damage && fault.explanation('heap-corruption', `${told.action}. ${damageText(damage)}`, accessFields(access, address));
};

/** A pointer that has the value of what malloc itself writes into a block when it is freed. */
const freedMark = (
  fault: Fault,
  { action, pointer, value, expression }: Told,
  access: MemoryAccess,
  address: Address,
): Explanation | undefined => {
  if (value === undefined || value === 0n || (isCanonical(value) && fault.mapping(value))) return undefined;
  const mark = markText(fault, value);
  if (mark === undefined) return undefined;
  const name = pointer === undefined ? 'The pointer' : code(pointer);
  return fault.explanation('use-after-free', `${action}. ${name} ${mark}.`, {
    ...accessFields(access, address),
    ...(expression === undefined ? {} : { expression }),
  });
};

/** A pointer on the way to the address was read from a block of the heap that is free. */
const useAfterFree = (fault: Fault, told: Told, access: MemoryAccess, address: Address): Explanation | undefined => {
  const { trace, frame, sum } = told;
  const naming = fault.tracing(frame)?.naming;
  let heap: ReturnType<typeof readHeap>;
  for (let current: Sum | undefined = sum, depth = 0; trace && current && depth < 8; depth++) {
    const load: LoadAtom | undefined = current.terms.map(({ atom }) => atom).find((atom): atom is LoadAtom => atom.kind === 'load');
    if (!load) return undefined;
    const at = trace.evaluate(load.address);
    heap ??= readHeap(fault.scene.memory, fault.maps);
    const block = at === undefined || !heap ? undefined : blockAt(heap, at);
    if (block?.state === 'free') {
      const holder = naming && pointerOf(load.address, trace, naming).pointer;
      const read =
        told.pointer === undefined
          ? ''
          : ` ${code(told.pointer)} was read there and is ${told.value === undefined ? 'garbage' : hex(told.value)}.`;
      const who = holder === undefined ? 'A pointer' : code(holder);
      return fault.explanation(
        'use-after-free',
        `${who} points to memory that was freed (${block.size} bytes at ${hex(block.address)}).${read}`,
        {
          ...accessFields(access, address),
          ...(holder === undefined ? {} : { expression: holder }),
        },
      );
    }
    current = load.address;
  }
  return undefined;
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
    freedMark(fault, told, access, address) ??
    wrongFree(fault, told) ??
    brokenHeap(fault, told, access, address) ??
    useAfterFree(fault, told, access, address) ??
    notAnAddress(fault, told, access, address) ??
    nullPointer(fault, told, access, address) ??
    beyondFile(fault, told, access, address) ??
    misaligned(fault, told, access, address) ??
    useAfterReturn(fault, told, access, address) ??
    protectedMemory(fault, told, access, address) ??
    wild(fault, told, access, address)
  );
};

/**
 * SIGABRT: a program that ends itself because something is wrong. The C library leaves its last words in `__abort_msg`
 * (struct { unsigned int size; char msg[]; }, in libc's symbols as GLIBC_PRIVATE): assertions and what malloc found.
 */
import { hex } from '../common/addresses.js';
import { asArray } from '../language/types.js';
import { badPointer, damageIn, damageText } from './bad_free.js';
import { calledFrom } from './called.js';
import type { Cause, CrashFrame, Explanation } from './crash.js';
import { listed } from './family.js';
import type { Fault } from './fault_scene.js';
import { thrownIn } from './thrown.js';

const longestMessage = 1024;

/** The text that the C library printed before it called abort. */
const abortMessage = (fault: Fault): string | undefined => {
  const { memory } = fault.scene;
  const pointer = fault.scene.symbolNamed('__abort_msg');
  if (pointer === undefined) return undefined;
  try {
    const read = (address: bigint, length: number): DataView => {
      const bytes = memory.read(address, length);
      return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    };
    const structure = read(pointer, 8).getBigUint64(0, true);
    if (structure === 0n) return undefined;
    const size = Math.min(read(structure, 4).getUint32(0, true) - 4, longestMessage);
    const bytes = memory.read(structure + 4n, size);
    const end = bytes.indexOf(0);
    return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end)).trimEnd();
  } catch {
    return undefined;
  }
};

interface Reading {
  readonly pattern: RegExp;
  readonly cause: Cause;
  readonly meaning: string;
}

/** What glibc's messages mean (malloc/malloc.c, debug/). The first that fits. */
const readings: readonly Reading[] = [
  { pattern: /double free detected/, cause: 'bad-free', meaning: 'the same memory was freed twice' },
  {
    pattern: /double free or corruption/,
    cause: 'heap-corruption',
    meaning:
      'the memory was freed twice, or the sizes that malloc keeps beside each block were overwritten: some block was written past its end',
  },
  {
    pattern: /(?:free|munmap_chunk|realloc)\(\): invalid pointer/,
    cause: 'bad-free',
    meaning:
      'free or realloc was given a pointer that malloc did not return (into the middle of a block, or not of the heap), or the size that malloc keeps before it was overwritten',
  },
  {
    pattern: /free\(\): invalid size|free\(\): invalid next size/,
    cause: 'heap-corruption',
    meaning: 'the sizes that malloc keeps beside each block are overwritten: some block was written past its end',
  },
  {
    pattern: /corrupted|malloc\(\)|realloc\(\)|free\(\)|unsorted|smallbin|largebin|sysmalloc|unaligned (?:tcache|fastbin)/,
    cause: 'heap-corruption',
    meaning:
      "malloc's lists are damaged: some block was written past its end, or after it was freed. The damage was done earlier, elsewhere",
  },
  { pattern: /stack smashing detected/, cause: 'stack-smashed', meaning: 'a local array was written past its end' },
  {
    pattern: /buffer overflow detected/,
    cause: 'stack-smashed',
    meaning: 'a library function was about to write past the end of a buffer (_FORTIFY_SOURCE)',
  },
  { pattern: /longjmp causes uninitialized stack frame/, cause: 'use-after-return', meaning: 'longjmp to a function that has returned' },
];

/** `program: file.c:6: square_root: Assertion `n >= 0' failed.` */
const assertion = /Assertion [`'‘](.*)['’] failed/s;

const by = (frame: CrashFrame | undefined): string => (frame?.functionName === undefined ? '' : ` in ${frame.functionName}`);

/** The function of the C library that the user's code called. */
const calledFunction = (fault: Fault): string | undefined => {
  const { userFrame } = fault;
  return userFrame && calledFrom(fault.scene, fault.frames, userFrame);
};

/** What the freeing call was given, in the source's words. */
const freedPointer = (fault: Fault): { text?: string; value?: bigint } => {
  const user = fault.userFrame;
  const tools = user && fault.tracing(user);
  const sum = tools?.trace.register('rdi');
  const [text, value] = [sum && tools?.naming.value(sum)?.text, sum && tools?.trace.evaluate(sum)];
  return { ...(text === undefined ? {} : { text }), ...(value === undefined ? {} : { value }) };
};

/** Where the C library was when it stopped the program: ` in free(p), called by main`. */
export const libraryCall = (fault: Fault): { called: string | undefined; freed: { text?: string; value?: bigint }; where: string } => {
  const called = calledFunction(fault);
  const freed = /^(?:free|realloc)$/.test(called ?? '') ? freedPointer(fault) : {};
  const argument = freed.text === undefined ? '' : `(${freed.text})`;
  const where =
    called === undefined || /stack_chk/.test(called)
      ? by(fault.userFrame)
      : ` in ${called}${argument}, called by ${fault.userFrame?.functionName ?? 'the program'}`;
  return { called, freed, where };
};

/** What the heap itself shows: which block was overwritten, or what a pointer that free did not like points to. */
const evidence = (fault: Fault, reading: Reading, freed: { text?: string; value?: bigint }): { cause: Cause; text: string } | undefined => {
  const certain = /invalid pointer/.test(reading.pattern.source);
  const damage = reading.cause === 'stack-smashed' ? undefined : damageIn(fault);
  if (damage && (!certain || damage.next === freed.value)) return { cause: 'heap-corruption', text: damageText(damage) };
  const what = freed.value === undefined ? undefined : badPointer(fault, freed.value);
  return what === undefined ? undefined : { cause: 'bad-free', text: `\`${freed.text ?? hex(freed.value ?? 0n)}\` ${what}.` };
};

/** Which arrays could have been written past their ends. */
const arraysOf = ({ userFrame }: Fault): string => {
  const names =
    userFrame?.variables().flatMap(({ name, type, location }) => (asArray(type) && location.kind === 'memory' ? [`\`${name}\``] : [])) ??
    [];
  return names.length === 0
    ? ''
    : names.length === 1
      ? `: ${names[0]}, or what a pointer into this frame points to`
      : `: one of ${listed(names)}, or what a pointer into this frame points to`;
};

const fromMessage = (fault: Fault, message: string): Explanation | undefined => {
  const failed = assertion.exec(message)?.[1];
  if (failed !== undefined) {
    const text = `An assertion failed${by(fault.userFrame)}: \`${failed}\` is not true.`;
    return fault.explanation('assertion', text, { expression: failed });
  }
  const reading = readings.find(({ pattern }) => pattern.test(message));
  if (!reading) return undefined;
  const { called, freed, where } = libraryCall(fault);
  const found = evidence(fault, reading, freed);
  const cause = found?.cause ?? reading.cause;
  const closing = called === 'fclose' && cause === 'bad-free';
  const arrays = /stack smashing/.test(message) ? arraysOf(fault) : '';
  const meaning = found ? found.text : `That is, ${closing ? 'the stream was closed twice' : reading.meaning}${arrays}.`;
  const text = `The C library stopped the program${where}: "${message.replace(/^\*\*\* | \*\*\*:.*$/g, '')}". ${meaning}`;
  return fault.explanation(cause, text, freed.text === undefined || cause !== 'bad-free' ? {} : { expression: freed.text });
};

/** Why an exception ended the program: it could have been caught by nobody, or it came to a function that lets none out. */
const uncaught = (fault: Fault, names: readonly string[]): Explanation => {
  const thrown = thrownIn(fault.scene, fault.frames);
  if (thrown?.type === '__gnu_cxx::recursive_init_error')
    return fault.explanation(
      'exception',
      `A static local variable${by(fault.userFrame)} is initialised by code that comes to the same variable again, before it has its value: C++ ends the program then.`,
      { expression: thrown.type },
    );
  const says =
    thrown?.message === undefined
      ? ''
      : ` ${thrown.type === 'int' ? 'Its value is' : 'It says:'} ${thrown.type === 'int' ? thrown.message : JSON.stringify(thrown.message)}.`;
  const what = thrown ? `An exception of type ${thrown.type}` : 'An exception';
  const fields = thrown ? { expression: thrown.type } : {};
  const barred = names.some((name) => name === '__gxx_personality_v0') || names.some((name) => /__cxa_call_terminate/.test(name));
  const text = barred
    ? `${what}, thrown${by(fault.userFrame)}, came to a function that lets none out (a destructor, or one that is noexcept), and C++ ends the program then (std::terminate).${says}`
    : `${what} thrown${by(fault.userFrame)} was caught by nobody, and C++ ends the program then (std::terminate).${says}`;
  return fault.explanation('exception', text, fields);
};

/** C++: std::terminate was called, for an exception that nobody caught or for a pure virtual function. */
const fromTerminate = (fault: Fault): Explanation | undefined => {
  const names = fault.frames.map(({ functionName }) => functionName ?? '');
  if (names.some((name) => /__cxa_pure_virtual/.test(name)))
    return fault.explanation(
      'abort',
      `A pure virtual function was called${by(fault.userFrame)}: of an object that is being made or destroyed.`,
    );
  if (names.some((name) => /^__cxa_(?:re)?throw$|^std::rethrow_exception/.test(name))) return uncaught(fault, names);
  if (!names.some((name) => /^std::terminate|^_ZSt9terminatev|__terminate$/.test(name))) return undefined;
  const text = names.some((name) => /^std::j?thread::(?:~j?thread|operator=)/.test(name))
    ? `A std::thread that was neither joined nor detached was destroyed or assigned to${by(fault.userFrame)}, and C++ ends the program then (std::terminate): call join() or detach() before.`
    : `C++ ended the program${by(fault.userFrame)} (std::terminate).`;
  return fault.explanation('exception', text);
};

export const explainAbort = (fault: Fault): Explanation => {
  const message = abortMessage(fault);
  const explained = (message === undefined ? undefined : fromMessage(fault, message)) ?? fromTerminate(fault);
  if (explained) return explained;
  // musl keeps no message.
  if (fault.frames.some(({ functionName }) => functionName === '__assert_fail'))
    return fault.explanation('assertion', `An assertion failed${by(fault.userFrame)}.`);
  const words = message === undefined ? '' : `, having said "${message}"`;
  return fault.explanation('abort', `The program called abort()${by(fault.userFrame)}${words}.`);
};

/** The stack is full: by recursion, or by local variables that need more room than there is. */
import type { Address } from '../common/addresses.js';
import type { MemoryAccess } from '../inferior/disassemble.js';
import type { Mapping } from '../linux/proc.js';
import type { Explanation } from './crash.js';
import { accessFields, type Fault } from './fault_scene.js';

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

const nameless = '??';

/** Undefined: the stack has room left. */
export const stackOverflow = (fault: Fault, access: MemoryAccess, address: Address): Explanation | undefined => {
  const stack = stackOf(fault);
  const pointer = fault.scene.register('rsp') ?? 0n;
  if (!stack || address >= stack.start + 0x1000n) return undefined;
  const inside = fault.mapping(address);
  if (inside?.writable && inside !== stack) return undefined;
  const near = address >= pointer - 0x1000n && address < pointer + largeFrame;
  // The stack pointer has left the stack, and what is used lies between: an array of a size that was computed, or a very large one.
  const beyond = pointer < stack.start && address >= pointer - 0x1000n;
  const local = access.base === 'rsp' || access.base === 'rbp';
  if (!near && !beyond && !(local && address + farthest >= stack.start)) return undefined;
  const used = stack.end - pointer;
  const [top] = fault.frames;
  const size = top ? top.cfa - pointer : 0n;
  if (size > largeFrame) {
    const limit = stack.path === '[stack]' ? fault.scene.limit?.('Max stack size') : Number(stack.end - stack.start);
    const room = limit === undefined ? '' : `, and the stack may have ${limit}${stack.path === '[stack]' ? ' (ulimit -s)' : ''}`;
    return fault.explanation(
      'stack-overflow',
      `The stack is full: the local variables of ${fault.subject()} alone need ${size} bytes${room}.`,
      accessFields(access, address),
    );
  }
  const names = fault.frames.map(({ functionName }) => functionName ?? nameless);
  const recursive = [...new Set(names.filter((name, index) => names.indexOf(name) !== index))];
  const sample = fault.frames.length;
  const span = sample > 1 ? (fault.frames[sample - 1]?.cfa ?? 0n) - (fault.frames[0]?.cfa ?? 0n) : 0n;
  const depth = span > 0n ? (used * BigInt(sample - 1)) / span : BigInt(sample);
  const round = depth > 1000n ? (depth / 100n) * 100n : depth;
  const who =
    recursive.length === 0
      ? fault.subject()
      : recursive.length === 1
        ? recursive[0] === nameless
          ? 'functions without names call themselves'
          : `${recursive[0]} calls itself`
        : `${recursive.slice(0, 4).join(' and ')} call each other`;
  const text =
    recursive.length === 0
      ? `The stack is full: ${fault.subject()} needs more room than is left. ${stackLimitHint}.`
      : `The stack is full: ${who}, about ${round.toLocaleString('en-US')} calls deep. Is there a case that ends the recursion?`;
  return fault.explanation('stack-overflow', text, {
    ...accessFields(access, address),
    ...(recursive[0] === undefined || recursive[0] === nameless ? {} : { expression: recursive[0] }),
  });
};

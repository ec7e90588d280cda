/** Pointers that free does not like, and blocks of the heap that were written past their end. */
import { hex, type Address } from '../common/addresses.js';
import { wordAt } from '../common/memory.js';
import { asPointer, sizeOf } from '../language/types.js';
import type { CrashFrame } from './crash.js';
import { mappingName, type Fault } from './fault_scene.js';
import { blockAt, markOfFree, readHeap, type HeapBlock } from './heap.js';
import { isOwnCode } from './own_code.js';

/** A local variable of a frame, that points to the beginning of a block. */
const pointerTo = (fault: Fault, frame: CrashFrame, target: Address): string | undefined =>
  frame.variables().find(({ type, location }) => {
    if (!asPointer(type) || location.kind !== 'memory') return false;
    return wordAt(fault.scene.memory, location.address) === target;
  })?.name;

/** How the program calls a block: the innermost variable that points to it. */
const nameOfBlock = (fault: Fault, address: Address): string | undefined => {
  for (const frame of fault.frames) {
    const name = isOwnCode(frame) ? pointerTo(fault, frame, address) : undefined;
    if (name !== undefined) return name;
  }
  return undefined;
};

export interface Damage {
  readonly block: HeapBlock;
  /** The variable that points to it. */
  readonly name?: string;
  /** Where the block behind it begins, and the variable that points there. */
  readonly next: Address;
  readonly nextName?: string;
  /** What lies where malloc's size was, as text if it is. */
  readonly found?: string;
}

/** The first block whose neighbour is overwritten. */
export const damageIn = (fault: Fault): Damage | undefined => {
  const heap = readHeap(fault.scene.memory, fault.maps);
  const block = heap?.damagedAt === undefined ? undefined : heap.blocks.at(-1);
  if (!heap?.damagedAt || !block) return undefined;
  const next = heap.damagedAt + 16n;
  const name = nameOfBlock(fault, block.address);
  const nextName = nameOfBlock(fault, next);
  const size = wordAt(fault.scene.memory, heap.damagedAt + 8n);
  const letters =
    size === undefined ? '' : String.fromCharCode(...Array.from({ length: 8 }, (_, index) => Number((size >> BigInt(index * 8)) & 0xffn)));
  return {
    block,
    next,
    ...(name === undefined ? {} : { name }),
    ...(nextName === undefined ? {} : { nextName }),
    ...(/^[\x20-\x7e]{3,}\0*$/.test(letters) ? { found: letters.replace(/\0+$/, '') } : {}),
  };
};

const pointing = (name: string | undefined): string => (name === undefined ? '' : ` (\`${name}\` points to it)`);

export const damageText = ({ block, name, next, nextName, found }: Damage): string => {
  const which = `the block of ${block.size} bytes at ${hex(block.address)}${pointing(name)}`;
  const behind = `the one behind it, at ${hex(next)}${pointing(nextName)},`;
  const text = found === undefined ? '' : ` There is ${JSON.stringify(found)} now.`;
  return `A size that malloc keeps between two blocks is overwritten: ${which} was written past its end, or ${behind} before its beginning.${text}`;
};

/** The variable on the stack, or the global one, that an address lies in. */
const variableOver = (fault: Fault, address: Address): string | undefined => {
  for (const frame of fault.frames)
    for (const { name, type, location } of isOwnCode(frame) ? frame.variables() : []) {
      const offset = location.kind === 'memory' ? address - location.address : -1n;
      if (offset >= 0n && offset < BigInt(sizeOf(type) ?? 0)) return name;
    }
  return fault.scene.variableAt?.(address)?.name;
};

/** Of a value that malloc itself has written into a block when it was freed. */
export const markText = (fault: Fault, value: bigint): string | undefined => {
  const { memory } = fault.scene;
  const heap = readHeap(memory, fault.maps);
  const key = fault.scene.symbolNamed('tcache_key');
  const mark = (heap && markOfFree(heap, memory, value)) ?? (key !== undefined && wordAt(memory, key) === value ? 'key' : undefined);
  if (mark === undefined) return undefined;
  const which = mark === 'key' ? 'a block that is freed' : `the block of ${mark.size} bytes at ${hex(mark.address)} when it was freed`;
  return `is ${hex(value)}, which malloc itself writes into ${which}: it was read there after free`;
};

/** What a pointer points to that malloc cannot have returned: `points to the variable `x`, ...`. Undefined: it is not known. */
export const badPointer = (fault: Fault, pointer: Address): string | undefined => {
  const heap = readHeap(fault.scene.memory, fault.maps);
  const block = heap && blockAt(heap, pointer);
  if (block) {
    const inside = pointer - block.address;
    return inside === 0n
      ? undefined
      : `points ${inside === 1n ? '1 byte' : `${inside} bytes`} into a block of ${block.size} bytes: only its beginning, ${hex(block.address)}, can be freed`;
  }
  const mapping = fault.mapping(pointer);
  if (!mapping) return markText(fault, pointer) ?? `is ${hex(pointer)}, where nothing is mapped`;
  const variable = variableOver(fault, pointer);
  const stack = fault.scene.register('rsp') ?? 0n;
  const where =
    stack >= mapping.start && stack < mapping.end
      ? 'the stack'
      : mapping.path === '[heap]' || mapping.path === ''
        ? undefined
        : mappingName(mapping);
  if (variable !== undefined) return `points to the variable \`${variable}\`, which malloc did not make`;
  return where === undefined ? undefined : `points into ${where}, which malloc did not give`;
};

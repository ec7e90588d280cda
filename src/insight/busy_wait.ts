/**
 * Busy waiting, found in the code: the loop that a thread stands in changes nothing that its next turn would see, so it ends only when memory that it reads is
 * changed by somebody else. Instructions that are not understood for certain make no loop one.
 */
import type { Address } from '../common/addresses.js';
import { bytesFrom } from '../common/memory.js';
import { describeInstructions, type InstructionDetail, type MemoryAccess } from '../inferior/disassemble.js';
import type { FamilyMember, FamilyThread } from './family.js';
import { wholeRegister } from './operand.js';

/** In bytes: a function of more code before the thread's place is not read, and no loop goes on longer behind it. */
const longestCode = 16384;
const longestLoop = 256;

/** The first operand is only written. */
const copies = /^(mov|movzx|movsx|movsxd|lea|set\w+)$/;
/** Nothing is read or changed but what the operands say, and the flags. */
const plain = /^(and|or|xor|not|neg|add|sub|shl|shr|sar|xchg)$/;
/** These change the flags alone, or nothing. */
const looks = /^(cmp|test|nop|pause|endbr64|jmp|j[a-z]{1,3})$/;

/** The smallest loop around the thread's place. */
const loopAround = (code: readonly InstructionDetail[], pc: Address): readonly InstructionDetail[] | undefined => {
  const jump = code
    .filter(
      ({ flow, address, target }) => (flow === 'jump' || flow === 'conditional') && target !== undefined && target <= pc && address >= pc,
    )
    .sort((a, b) => Number(a.address - (a.target ?? 0n) - (b.address - (b.target ?? 0n))))[0];
  if (jump?.target === undefined) return undefined;
  const head = jump.target;
  const loop = code.filter(({ address }) => address >= head && address <= jump.address);
  return loop[0]?.address === head ? loop : undefined;
};

const onStack = ({ base, index, segment }: MemoryAccess): boolean =>
  (base === 'rbp' || base === 'rsp') && index === undefined && segment === undefined;

const slots = ({ base, displacement, size }: MemoryAccess): string[] =>
  Array.from({ length: size }, (_, at) => `${base}${displacement + BigInt(at)}`);

/** What one instruction takes and leaves: registers by name, bytes of the stack by `rbp-4`. */
const effect = (each: InstructionDetail): { readonly uses: readonly string[]; readonly changes: readonly string[] } | undefined => {
  const copying = copies.test(each.mnemonic);
  if (!copying && !plain.test(each.mnemonic) && !looks.test(each.mnemonic)) return undefined;
  if (each.accesses.some(({ segment, size }) => segment !== undefined || size === 0)) return undefined;
  if (each.accesses.some((access) => access.writes && !onStack(access) && each.mnemonic !== 'xchg')) return undefined;
  const registers = each.operands.map((operand) => (operand.kind === 'register' ? wholeRegister(operand.name) : undefined));
  const clears = each.mnemonic === 'xor' && registers[0] !== undefined && registers[0] === registers[1];
  const read = clears ? [] : registers.filter((name, index) => name !== undefined && !(copying && index === 0));
  const addresses = each.operands.flatMap((operand) => (operand.kind === 'memory' ? [operand.memory.base, operand.memory.index] : []));
  const stack = each.accesses.filter(onStack);
  return {
    uses: [...read, ...addresses, ...stack.filter(({ reads }) => reads).flatMap(slots)].filter((name) => name !== undefined),
    changes: [...each.changes, ...stack.filter(({ writes }) => writes).flatMap(slots)],
  };
};

/** Each turn does the same as the one before: whatever changes has been set anew, in the same turn, before it is used. */
const repeats = (loop: readonly InstructionDetail[]): boolean => {
  const fresh = new Set<string>();
  const old = new Set<string>();
  for (const [index, each] of loop.entries()) {
    const next = loop[index + 1]?.address;
    const inside = each.target !== undefined && each.target !== loop[0]?.address && loop.some(({ address }) => address === each.target);
    // A jump over a part of the loop: what that part sets may be old.
    if (inside && each.target !== next) return false;
    const found = effect(each);
    if (!found) return false;
    for (const name of found.uses) if (!fresh.has(name)) old.add(name);
    for (const name of found.changes) {
      if (old.has(name) || name === 'rsp' || name === 'rbp') return false;
      fresh.add(name);
    }
  }
  return true;
};

const little = (bytes: Uint8Array): bigint => bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);

/** The addresses that a turn reads, apart from what it has put on the stack itself; undefined: one of them cannot be computed. */
const readPlaces = (loop: readonly InstructionDetail[], member: FamilyMember, thread: FamilyThread): readonly Address[] | undefined => {
  const known = new Map<string, bigint | undefined>();
  const own = new Set<string>();
  const register = (name: string | undefined): bigint | undefined =>
    name === undefined ? 0n : known.has(name) ? known.get(name) : thread.register?.(name);
  const stackPlaces: Address[] = [];
  const places: Address[] = [];
  for (const each of loop) {
    const source = each.operands[1];
    let loaded: bigint | undefined;
    if (each.mnemonic === 'lea' && source?.kind === 'memory') {
      const base = register(source.memory.base);
      const index = register(source.memory.index);
      if (base !== undefined && index !== undefined)
        loaded = BigInt.asUintN(64, base + index * BigInt(source.memory.scale) + source.memory.displacement);
    }
    for (const access of each.accesses) {
      const base = register(access.base);
      const index = register(access.index);
      if (base === undefined || index === undefined) return undefined;
      const address = BigInt.asUintN(64, base + index * BigInt(access.scale) + access.displacement);
      if (access.reads && !(onStack(access) && slots(access).every((slot) => own.has(slot)))) {
        (onStack(access) ? stackPlaces : places).push(address);
        const bytes = member.memory?.read(address, access.size);
        if (access.size === 8 && bytes) loaded = little(bytes);
      } else if (access.reads && access.size === 8) {
        loaded = known.get(slots(access)[0] ?? '');
      }
      if (access.writes && onStack(access)) {
        const [first = '', ...others] = slots(access);
        for (const slot of [first, ...others]) {
          own.add(slot);
          known.set(slot, undefined);
        }
        if (each.mnemonic === 'mov' && access.size === 8 && source?.kind === 'register')
          known.set(first, register(wholeRegister(source.name)));
      }
    }
    for (const name of each.changes) known.set(name, each.mnemonic === 'mov' || each.mnemonic === 'lea' ? loaded : undefined);
  }
  return [...new Set(places.length > 0 ? places : stackPlaces)];
};

export interface BusyWait {
  /** Names of the variables, or addresses; empty: it reads no memory. Absent: not known. */
  readonly reads?: readonly string[];
}

/** Undefined: the thread is in no such loop, or that is not certain. */
export const busyWait = (member: FamilyMember, thread: FamilyThread): BusyWait | undefined => {
  const pc = thread.register?.('rip');
  const covering = pc === undefined ? undefined : member.symbolAt?.(pc);
  if (pc === undefined || !covering || !member.memory || covering.offset > longestCode) return undefined;
  try {
    const start = pc - BigInt(covering.offset);
    const code = describeInstructions(bytesFrom(member.memory, start, covering.offset + longestLoop), start);
    const loop = loopAround(code, pc);
    if (!loop || !repeats(loop)) return undefined;
    const places = readPlaces(loop, member, thread);
    if (!places) return {};
    const name = (address: Address): string => {
      const symbol = member.symbolAt?.(address) ?? thread.nameOf?.(address);
      return symbol ? `\`${symbol.name}${symbol.offset > 0 ? `+${symbol.offset}` : ''}\`` : `the memory at 0x${address.toString(16)}`;
    };
    return { reads: [...new Set(places.map(name))] };
  } catch {
    // Memory that cannot be read: then nothing is known.
    return undefined;
  }
};

/** `; the loop changes nothing: it reads `ready` until ...` */
export const busyWaitText = ({ reads }: BusyWait, others: boolean): string => {
  const who = others ? 'another thread or a signal handler' : 'a signal handler or another process (there is no other thread)';
  if (reads?.length === 0)
    return 'the loop changes nothing and reads no memory: no variable will end it (one that it was to look at would have to be volatile or atomic)';
  const what = reads === undefined ? 'memory' : reads.join(' and ');
  return `the loop changes nothing, it reads ${what} until ${who} writes there`;
};

/**
 * A thread that blocks SIGTRAP, and traps. What an instruction raises must be delivered: the kernel takes the signal out of the mask and makes its handler the
 * default one; and where a SIGTRAP waits already, that one is delivered in place of the new one, which is dropped (kernel/signal.c, force_sig_info_to_task and
 * legacy_queue). Without a debugger there would have been no trap, so deet puts this right:
 * - For a step SIGTRAP is taken out of the mask before, and put back after it: nothing is lost. One that waited comes first, and is kept back until the thread
 *   runs freely, or makes a system call.
 * - Behind an int3 what is lost is put back: the signal that waited, its bit in the mask, and the handler if the family's site in sigaction has seen it set.
 * That SIGTRAP was blocked is not seen where none waited, no handler is known, and the mask leaves out other signals, too; SIG_IGN is not put back.
 */
import type { Address } from '../common/addresses.js';
import { DeetError } from '../common/errors.js';
import { Signal, TrapCode } from '../linux/constants.js';
import { Word } from '../linux/registers.js';
import { signalInfoSize } from '../linux/siginfo.js';
import { waitHub } from '../linux/wait.js';
import { native } from '../native.js';
import { decodeInstruction, longestInstruction } from './disassemble.js';
import { failed, injectSyscall } from './inject.js';
import { takesSignal } from './stop_facts.js';
import type { Thread } from './thread.js';

const bit = (signal: number): bigint => 1n << BigInt(signal - 1);
const trapBit = bit(Signal.SIGTRAP);
/** Not to be blocked: by the kernel, and by the C library, which keeps two for itself. */
const neverBlocked = bit(Signal.SIGKILL) | bit(Signal.SIGSTOP) | bit(32) | bit(33);
const everySignal = (1n << 64n) - 1n;

const syscallInstruction = [0x0f, 0x05];
const setHandler = 13n;
const setMask = 14n;
const leaveHandler = 15n;
/** orig_rax where no system call was made. */
const noCall = (1n << 64n) - 1n;
/** First parameter of rt_sigprocmask(2). */
const How = { block: 0n, unblock: 1n } as const;
/** uc_sigmask in ucontext_t, at which the stack pointer stands when a handler is left. */
const savedMask = 296n;
/** What a function may use below its stack pointer (System V ABI, 3.2.2), and struct kernel_sigaction. */
const redZone = 128n;
const actionSize = 32;

const info = new Uint8Array(signalInfoSize);
const infoWords = new Int32Array(info.buffer, 0, 3);
const peeked = new Uint8Array(signalInfoSize);
const peekedWords = new Int32Array(peeked.buffer, 0, 1);

const maskOf = ({ tid }: Thread): bigint => {
  const mask = native.getSignalMask(tid);
  return typeof mask === 'bigint' ? mask : 0n;
};

const blocksTrap = (thread: Thread): boolean => (maskOf(thread) & trapBit) !== 0n;

const readWord = ({ process }: Thread, address: Address): bigint => {
  try {
    return process.space.readNumber(address, 8);
  } catch (error) {
    if (error instanceof DeetError) return 0n;
    throw error;
  }
};

/** Whether SIGTRAP is blocked after a system call of that number, with the parameters in the registers. */
const leavesBlocked = (thread: Thread, number: bigint, before: boolean): boolean => {
  const registers = thread.registers();
  if (number === leaveHandler) return (readWord(thread, registers[Word.rsp] + savedMask) & trapBit) !== 0n;
  if (number !== setMask || registers[Word.rsi] === 0n) return before;
  const named = (readWord(thread, registers[Word.rsi]) & trapBit) !== 0n;
  if (registers[Word.rdi] === How.block) return before || named;
  return registers[Word.rdi] === How.unblock ? before && !named : named;
};

/** The thread is about to make a step, with `signal`; returns the signal to resume it with. System calls see the mask, and what waits, as they are. */
export const beginStep = (thread: Thread, signal: number): number => {
  const registers = thread.registers();
  const isLookedAt = !thread.mayBlockTrap && registers[Word.orig_rax] === noCall;
  // Nothing but handlers that begin and system calls changes the mask; that of a handler's end leaves no trace behind it.
  thread.mayBlockTrap = signal !== 0 || registers[Word.rax] === leaveHandler;
  const mask = isLookedAt ? 0n : maskOf(thread);
  if ((mask & trapBit) === 0n) return signal;
  thread.mayBlockTrap = true;
  thread.process.blocksTraps = true;
  const bytes = thread.process.space.readAvailable(thread.pc, syscallInstruction.length);
  const calls = syscallInstruction.every((byte, index) => bytes[index] === byte);
  thread.blocksTrap = !calls || leavesBlocked(thread, registers[Word.rax], true);
  if (calls) return returnTrap(thread, signal);
  // A handler that begins saves the mask.
  if (signal === 0) native.setSignalMask(thread.tid, mask & ~trapBit);
  return signal;
};

/** The thread has stopped, with its step or before it. */
export const endStep = (thread: Thread): void => {
  thread.blocksTrap = false;
  const mask = maskOf(thread);
  if ((mask & trapBit) === 0n) native.setSignalMask(thread.tid, mask | trapBit);
};

/** SA_RESETHAND: the handler is the default one again when it has begun. */
const onlyOnce = 0x8000_0000n;
/** sa_flags in struct sigaction of the C libraries. */
const actionFlags = 136n;

/** A thread of the process calls sigaction(2) for SIGTRAP. */
export const noteTrapHandler = (thread: Thread): void => {
  const action = thread.registers()[Word.rsi];
  if (action === 0n) return;
  const handler = readWord(thread, action);
  // SIG_DFL and SIG_IGN are 0 and 1.
  const stays = handler > 1n && (readWord(thread, action + actionFlags) & onlyOnce) === 0n;
  thread.process.trapHandler = stays ? handler : undefined;
};

/** What the handler is reset to stays in the kernel but for the handler itself. */
const putHandlerBack = (thread: Thread, handler: Address): boolean => {
  const { space } = thread.process;
  const place = thread.stackPointer - redZone - BigInt(actionSize);
  const call = (action: Address, old: Address): boolean => {
    const done = injectSyscall(thread, Number(setHandler), [BigInt(Signal.SIGTRAP), action, old, 8n], 'syscall');
    if (done === 'refused') return false;
    if ('ended' in done) waitHub.putBack(done.ended);
    return 'result' in done && !failed(done.result);
  };
  try {
    const before = space.readRaw(place, actionSize);
    if (!call(0n, place)) return false;
    space.writeRaw(place, new Uint8Array(BigUint64Array.of(handler).buffer));
    const done = call(place, 0n);
    space.writeRaw(place, before);
    return done;
  } catch (error) {
    if (error instanceof DeetError) return false;
    throw error;
  }
};

/** A SIGTRAP for the whole process waits: who blocks none would have taken it. */
const trapWaits = ({ tid }: Thread): boolean => {
  for (let index = 0; native.peekSignalInfo(tid, index, 1, peeked) > 0; index++) if (peekedWords[0] === Signal.SIGTRAP) return true;
  return false;
};

/** The step that has ended was a system call, and SIGTRAP was blocked behind it. */
const steppedBlocked = (thread: Thread): boolean => {
  if (!thread.stepStart) return false;
  const number = thread.registers()[Word.orig_rax];
  return number !== noCall && (blocksTrap(thread) || (number === setMask && leavesBlocked(thread, number, false)));
};

/** @param known it is known that SIGTRAP was blocked */
const mend = (thread: Thread, known: boolean): void => {
  const mask = maskOf(thread);
  const { process } = thread;
  const { trapHandler } = process;
  const isFull = (mask | trapBit | neverBlocked) === everySignal;
  const wasBlocked = known || trapWaits(thread);
  if (!wasBlocked && !isFull && trapHandler === undefined) return;
  process.blocksTraps = true;
  const lost = !process.catches(Signal.SIGTRAP);
  if (wasBlocked || (lost && (isFull || trapHandler !== undefined))) native.setSignalMask(thread.tid, mask | trapBit);
  if (lost && trapHandler !== undefined && !putHandlerBack(thread, trapHandler)) process.trapHandler = undefined;
};

/** It was resumed, and stands behind a site now where nothing leads but the int3. */
const cameByInt3 = (thread: Thread): boolean => {
  const { process, pc } = thread;
  const address = pc - 1n;
  if (thread.stepStart || thread.resumedAt === pc || !isSite(thread, address)) return false;
  const length = decodeInstruction(process.space.readAvailable(address, longestInstruction), address)?.length ?? 1;
  return length > 1 || !(process.catches(Signal.SIGTRAP) || process.ignores(Signal.SIGTRAP));
};

const isSite = ({ process }: Thread, address: Address): boolean => {
  const site = process.space.sites.at(address);
  return site?.inserted === true && !site.armed;
};

/**
 * It stands behind the first byte of a longer instruction, where nothing leads but the int3; the length is known where there is a slot, because many have passed.
 * No more is asked then, unless SIGTRAP means something to the program.
 */
const hasMetHotSite = (thread: Thread): boolean => {
  const { space, trapHandler, blocksTraps } = thread.process;
  if (thread.stepStart || space.slots.isEmpty || trapHandler !== undefined || blocksTraps) return false;
  const address = thread.pc - 1n;
  const slot = isSite(thread, address) ? space.slots.of(address) : undefined;
  return slot !== undefined && slot !== 'impossible' && slot.length > 1;
};

/**
 * si_code of the SIGTRAP that a thread is stopped with, had none waited before. `waits`: the program blocks it; it has come because of a step, and will come again.
 * Undefined: a group-stop, or the thread is gone.
 */
export const trapCode = (thread: Thread): number | 'waits' | undefined => {
  if (hasMetHotSite(thread)) return TrapCode.kernel;
  if (native.getSignalInfo(thread.tid, info) < 0) return undefined;
  const code = infoWords[2];
  if (code > 0) {
    if (code === TrapCode.kernel ? isSite(thread, thread.pc - 1n) : steppedBlocked(thread)) mend(thread, code !== TrapCode.kernel);
    return code;
  }
  const sent = info.slice();
  if (cameByInt3(thread)) {
    thread.heldTrap ??= sent;
    mend(thread, true);
    return TrapCode.kernel;
  }
  if (!blocksTrap(thread)) return code;
  thread.heldTrap ??= sent;
  if (!thread.stepStart || thread.stepStart.pc === thread.pc) return 'waits';
  // A system call was made, and it waited meanwhile.
  mend(thread, true);
  return TrapCode.trace;
};

/** The thread is about to run freely, with `signal`: what was kept back waits in the kernel again. Returns the signal to resume it with. */
export const returnTrap = (thread: Thread, signal: number): number => {
  const { heldTrap, tid, process } = thread;
  if (!heldTrap) return signal;
  thread.heldTrap = undefined;
  // The kernel queues a signal that it is given, and that is blocked, with all that is known of it (kernel/signal.c, ptrace_signal).
  if (signal === 0 && blocksTrap(thread) && takesSignal(thread) && native.setSignalInfo(tid, heldTrap) === 0) return Signal.SIGTRAP;
  native.killThread(process.pid, tid, Signal.SIGTRAP);
  return signal;
};

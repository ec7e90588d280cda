/** System calls that a stopped thread makes for deet. */
import type { Address } from '../common/addresses.js';
import { PtraceEvent, Signal } from '../linux/constants.js';
import { procText } from '../linux/proc.js';
import { Word } from '../linux/registers.js';
import { decodeStatus, type WaitEvent } from '../linux/status.js';
import { native } from '../native.js';
import { hasQueuedFault } from './queued.js';
import type { Thread } from './thread.js';

const parameters = [Word.rdi, Word.rsi, Word.rdx, Word.r10, Word.r8, Word.r9];
const everySignal = 0xffff_ffff_ffff_ffffn;
/** All but SIGTRAP: the step ends with one, and the kernel takes the handler of a blocked signal away when it must send it. */
const otherSignals = 0xffff_ffff_ffff_ffefn;
const noCall = 0xffff_ffff_ffff_ffffn;
/** Stops of another kind that may come first: one for each way to ask a thread to stop, and some. */
const mostInterruptions = 16;
const lowestError = -4095n;

/**
 * The address of a `syscall` instruction: the vDSO has some for its slow ways, and it is mapped everywhere. Using one that is there spares writing
 * over code that other threads may be running.
 */
const syscallInstruction = ({ process }: Thread): Address | undefined => {
  const vdso = process.images.all().find(({ image }) => image.path === '[vdso]');
  if (!vdso) return undefined;
  const bytes = Buffer.from(process.space.readAvailable(vdso.low, Number(vdso.high - vdso.low)));
  const at = bytes.indexOf(Uint8Array.of(0x0f, 0x05));
  return at < 0 ? undefined : vdso.low + BigInt(at);
};

const isFiltered = ({ tid }: Thread): boolean => !/^Seccomp:\s*0$/m.test(procText(`${tid}/status`) ?? '');

const status = new Int32Array(2);

const nextEvent = (tid: number): WaitEvent | undefined =>
  native.wait(tid, 0, status) > 0 ? decodeStatus(status[0], status[1]) : undefined;

/** How an attempt ended: with the result; refused before anything was done; or the thread has died, of which the event tells. */
export type Injected = { readonly result: bigint } | 'refused' | { readonly ended: WaitEvent };

/** One step, behind which an interrupted system call of the program's is restarted as ever; or up to the end of the call, which raises no SIGTRAP. */
export type Way = 'step' | 'syscall';

/**
 * Makes a stopped thread execute a system call that does not sleep. Its registers and signal mask are afterwards as they were; signals that arrive
 * meanwhile wait. A thread that filters its system calls (seccomp(2)) might be killed for it: it is not asked to.
 */
export const injectSyscall = (thread: Thread, number: number, values: readonly bigint[], way: Way = 'step'): Injected => {
  const { tid, process } = thread;
  const instruction = syscallInstruction(thread);
  const mask = native.getSignalMask(tid);
  if (instruction === undefined || typeof mask === 'number' || isFiltered(thread) || hasQueuedFault(tid)) return 'refused';
  const saved = thread.saveRegisters();
  const registers = saved.slice();
  registers[Word.rip] = instruction;
  registers[Word.rax] = BigInt(number);
  registers[Word.orig_rax] = noCall; // none to restart
  values.forEach((value, index) => {
    registers[parameters[index]] = BigInt.asUintN(64, value);
  });
  native.setSignalMask(tid, way === 'step' ? otherSignals : everySignal);
  native.setRegisters(tid, registers);
  let stopped = false;
  let begun = false;
  for (let attempt = 0; attempt < mostInterruptions; attempt++) {
    (way === 'step' ? native.step : native.syscall)(tid, 0);
    const event = nextEvent(tid);
    if (!event || event.kind === 'exited' || event.kind === 'killed') return { ended: event ?? { tid, kind: 'exited', code: 0 } };
    if (way === 'step' && event.kind === 'signal' && event.signal === Signal.SIGTRAP) break;
    // It begins, and ends.
    if (event.kind === 'syscall' && begun) break;
    begun ||= event.kind === 'syscall';
    // SIGSTOP cannot be blocked: it comes again afterwards. Other stops answer an earlier PTRACE_INTERRUPT.
    stopped ||= event.kind === 'signal' || (event.kind === 'event' && event.event === PtraceEvent.stop && event.signal !== Signal.SIGTRAP);
  }
  native.getRegisters(tid, registers);
  native.setRegisters(tid, saved);
  native.setSignalMask(tid, mask);
  if (stopped) native.killThread(process.pid, tid, Signal.SIGSTOP);
  const result = BigInt.asIntN(64, registers[Word.rax]);
  return registers[Word.rip] === instruction + 2n ? { result } : 'refused';
};

export const failed = (result: bigint): boolean => result < 0n && result >= lowestError;

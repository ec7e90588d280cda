/** What deet and gdb see in a core file, in one form. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeVariables, scopesOf } from '../../src/commands/frames.js';
import { describeValue } from '../../src/commands/values.js';
import { hex } from '../../src/common/addresses.js';
import { DeetError } from '../../src/common/errors.js';
import type { Thread } from '../../src/inferior/thread.js';
import { Word, type RegisterName } from '../../src/linux/registers.js';
import type { Session } from '../../src/session/session.js';
import { built } from '../helpers/build.js';
import { gdb } from '../helpers/gdb.js';

export interface ThreadView {
  readonly tid: number;
  readonly id: number;
  readonly frames: readonly {
    readonly name: string;
    readonly pc: string;
    readonly line: number;
    readonly locals: Readonly<Record<string, string>>;
  }[];
  /** Vector registers by eightbytes. */
  readonly registers: Record<string, string | string[] | undefined>;
}

export interface CoreView {
  readonly threads: readonly ThreadView[];
  readonly values: Readonly<Record<string, string>>;
}

const script = readFileSync(join(import.meta.dirname, 'gdb_core.py'), 'utf8');
let count = 0;

/** Without separate debug information: libc has lines for neither. */
export const gdbView = (core: string, program: string | undefined, expressions: readonly string[] = []): CoreView => {
  const path = join(built, `core-view.${process.pid}.${++count}.py`);
  writeFileSync(path, `expressions = ${JSON.stringify(expressions)}\n${script}`);
  try {
    const file = program === undefined ? [] : [`file "${program}"`];
    const said = gdb(['set debug-file-directory /nonexistent', ...file, `core-file ${core}`, `source ${path}`]);
    return JSON.parse(said.slice(said.lastIndexOf('@@') + 2)) as CoreView;
  } finally {
    rmSync(path);
  }
};

/** Errors are worded alike, but gdb's arrive as exceptions. */
const settled = (value: string): string => (value.startsWith('<error') ? 'error' : value);

const little = (bytes: Uint8Array): bigint => bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);

const registersOf = (thread: Thread): ThreadView['registers'] => {
  const names: RegisterName[] = [
    'rax', 'rbx', 'rcx', 'rdx', 'rsi', 'rdi', 'rbp', 'rsp', 'r8', 'r9', 'r10', 'r11', 'r12', 'r13', 'r14', 'r15', 'rip', 'eflags', 'fs_base',
  ]; // prettier-ignore
  const found: ThreadView['registers'] = {};
  for (const name of names) found[name] = hex(thread.registers()[Word[name]]);
  const state = thread.extendedState();
  for (let i = 0; state && i < 16; i++) {
    const halves = (bytes: Uint8Array | undefined): string[] | undefined =>
      bytes && Array.from({ length: bytes.length / 8 }, (_, at) => hex(little(bytes.subarray(at * 8, at * 8 + 8))));
    found[`xmm${i}`] = halves(state.xmm(i));
    found[`ymm${i}`] = halves(state.ymm(i));
  }
  return found;
};

export const deetView = (session: Session, expressions: readonly string[] = []): CoreView => {
  const threads = session.threads().map((thread): ThreadView => {
    session.selectThread(thread);
    const frames: ThreadView['frames'][number][] = [];
    for (const frame of session.stack(thread)) {
      if (frames.length >= 60) break;
      const locals: Record<string, string> = {};
      if (frame.kind !== 'signal')
        for (const scope of scopesOf(frame))
          for (const { name, value } of describeVariables(scope.variables(), frame, session)) locals[name] ??= settled(value);
      const name = frame.kind === 'signal' ? '<signal handler called>' : (frame.functionName ?? '??');
      frames.push({ name, pc: hex(frame.pc), line: frame.position?.line ?? 0, locals });
      if (session.endsAtMain(frame)) break;
    }
    return { tid: thread.tid, id: thread.id, frames, registers: registersOf(thread) };
  });
  const values: Record<string, string> = {};
  const [first] = session.threads();
  if (first) session.selectThread(first);
  for (const expression of expressions) {
    try {
      const { value } = describeValue(expression, session.values.now(expression), session.context());
      values[expression] = settled(value);
    } catch (error) {
      if (!(error instanceof DeetError)) throw error;
      values[expression] = 'error';
    }
  }
  return { threads, values };
};

/**
 * A view without the upper halves of vector registers where gdb's has none: gdb 13 knows one layout of the extended state, Intel's, and shows nothing of a core
 * file whose state is smaller (as of AMD's processors with AVX-512, where the parts lie closer together).
 */
export const asFarAsKnown = (view: CoreView, gdb: CoreView): CoreView => ({
  ...view,
  threads: view.threads.map((thread, at) => {
    const known = gdb.threads[at]?.registers ?? {};
    const registers = Object.entries(thread.registers).filter(([name]) => !name.startsWith('ymm') || name in known);
    return { ...thread, registers: Object.fromEntries(registers) };
  }),
});

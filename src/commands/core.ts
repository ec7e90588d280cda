/** Core files: looking at one, and writing one. */
import { resolve } from 'node:path';
import { hex } from '../common/addresses.js';
import { DeetError } from '../common/errors.js';
import { writeCore } from '../inferior/core_dump.js';
import type { Session } from '../session/session.js';
import type { Command } from './command.js';
import { describeFrame } from './frames.js';
import { message, type CoreResult, type Result } from './results.js';
import { endFamily, noCore } from './run.js';
import { oneFile } from './shell-words.js';

/** What has been opened, with what the user should know of it first. */
export const describeCore = (session: Session): Result[] => {
  const core = session.cores.current;
  if (!core) return [message('No core file now.')];
  const { lastStop, process, path, program, commandLine, warnings } = core;
  const frame = lastStop && session.stack(lastStop.thread).frame(0);
  const address = lastStop?.signal?.info?.address;
  const result: CoreResult = {
    type: 'core',
    file: path,
    ...(program !== undefined && { program }),
    pid: process.pid,
    ...(lastStop && { tid: lastStop.thread.tid, thread: lastStop.thread.id }),
    ...(commandLine !== undefined && { command: commandLine }),
    ...(lastStop?.signal && { signal: lastStop.signal.name, description: lastStop.signal.description }),
    ...(address !== undefined && { address: hex(address) }),
    threads: core.threads().length,
    ...(frame && { frame: describeFrame(frame, session) }),
  };
  // Of a program that the user has named and that is another one the warnings tell already.
  const isNameless = program === undefined && session.program === undefined;
  const noSymbols = isNameless ? [message('The program\'s file was not found: name it with "file PROGRAM".', 'warning')] : [];
  return [...warnings.map((text) => message(text, 'warning')), ...noSymbols, result];
};

const coreFile: Command = {
  name: 'core-file',
  aliases: ['core'],
  group: 'run',
  usage: '[FILE]',
  about: 'Look at a core file, the picture of a dead process; without FILE, at none any more.',
  details: 'Everything can be looked at as if the program had just stopped; nothing can run or be changed. "run" starts the program anew.',
  completes: ['file'],
  run: (context): Result | Result[] => {
    const { session, frontEnd } = context;
    const path = oneFile(context.text);
    if (path === undefined) {
      if (session.cores.current) return noCore(session);
      throw new DeetError('usage', 'Which core file?', 'core-file ./core');
    }
    if (session.control.alive && !frontEnd.confirm('A program is being debugged already. Kill it?')) return [];
    endFamily(context);
    session.cores.open(path);
    context.sources.forget();
    return describeCore(session);
  },
};

const generate: Command = {
  name: 'generate-core-file',
  aliases: ['gcore'],
  group: 'run',
  usage: '[FILE]',
  about: 'Write a core file of the selected process, which lives on; by default core.PID.',
  details: 'What of its memory is written follows /proc/PID/coredump_filter and madvise(MADV_DONTDUMP), as when the kernel does it.',
  completes: ['file'],
  run: async ({ session, text }): Promise<Result[]> => {
    const { process, thread } = session.liveSelection();
    const path = oneFile(text) ?? `core.${process.pid}`;
    const stop = session.lastStop;
    // The thread that stopped comes first, unless the user looks at another process.
    const first = stop?.process === process && stop.thread.stopped ? stop.thread : thread;
    const { size, left } = await writeCore(process, resolve(path), first, (stop?.thread === first && stop.signal?.number) || 0);
    const threads = left.length === 0 ? [] : [message(`Thread ${left.join(', ')} does not stand still and is not in it.`, 'warning')];
    return [...threads, message(`Saved corefile ${path} (${size} bytes)`)];
  },
};

export const coreCommands: readonly Command[] = [coreFile, generate];

/** Core files: looking at one. */
import { hex } from '../common/addresses.js';
import { DeetError } from '../common/errors.js';
import type { Session } from '../session/session.js';
import type { Command } from './command.js';
import { describeFrame } from './frames.js';
import { message, type CoreResult, type Result } from './results.js';
import { endFamily, noCore } from './run.js';
import { programWords } from './shell-words.js';

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
  const noSymbols = program === undefined ? [message('The program\'s file was not found: name it with "file PROGRAM".', 'warning')] : [];
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
    const [path] = programWords(context.text).arguments;
    if (path === undefined) {
      if (context.session.cores.current) return noCore(context.session);
      throw new DeetError('usage', 'Which core file?', 'core-file ./core');
    }
    endFamily(context);
    context.session.cores.open(path);
    context.sources.forget();
    return describeCore(context.session);
  },
};

export const coreCommands: readonly Command[] = [coreFile];

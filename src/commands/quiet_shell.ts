/** `shell COMMAND` where nobody has a terminal: in an editor's debug console and in scripts. */
import { childProcess } from '../common/lazy_modules.js';

/** Bytes of a command's output that are kept. */
const most = 16 * 1024 * 1024;

/** Runs a command that finds nothing to read; what it writes is handed on at its end. Returns its exit status. */
export const quietShell = (command: string, say: (output: string) => void, input?: string): number => {
  const path = process.env['SHELL'] ?? '/bin/sh';
  const { status, stdout, stderr } = childProcess().spawnSync(path, command === '' ? [] : ['-c', command], {
    stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    ...(input !== undefined && { input }),
    encoding: 'utf8',
    maxBuffer: most,
  });
  for (const output of [stdout, stderr]) if (output) say(output);
  return status ?? 1;
};

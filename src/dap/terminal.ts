/**
 * A terminal of the client's for programs that read one: the client is asked (`runInTerminal`) to run a small shell script there, which tells the terminal's name and then keeps
 * it open. The script is a file: VS Code types what it shall run at the prompt of a shell, where few characters are safe. The program gets the terminal as stdin, stdout and
 * stderr. It is not its controlling terminal, that is the shell's: so the script passes Ctrl-C on.
 */
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, watch, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DeetError } from '../common/errors.js';
import type { Client } from './client.js';

/**
 * Beside it: `tty` receives the terminal's name, and its end is the script's; `tty.group` is the number of the program's process group. Ctrl-C may come as soon as the name is there, before
 * `mv` is over: it must not end the script.
 */
const script = `f=\${0%/*}/tty
trap 'kill -INT -$(cat "$f.group" 2>/dev/null) 2>/dev/null' INT
tty > "$f.new"
mv "$f.new" "$f"
while [ -e "$f" ]; do sleep 0.2; done
`;

/** Milliseconds within which a client has opened its terminal. */
const patience = 20_000;

export class ClientTerminal {
  private constructor(
    readonly path: string,
    private readonly folder: string,
  ) {}

  /** @throws DeetError `terminal` or `client`. */
  static async open(client: Client, kind: 'integrated' | 'external', title: string, cwd: string): Promise<ClientTerminal> {
    if (!client.capabilities.supportsRunInTerminalRequest)
      throw new DeetError(
        'terminal',
        'This editor cannot open a terminal for the program.',
        'Use "console": "internalConsole", or "stdio".',
      );
    const folder = mkdtempSync(join(tmpdir(), 'deet-terminal-'));
    const file = join(folder, 'tty');
    const open = join(folder, 'open');
    try {
      writeFileSync(open, script);
      const appeared = until(folder, () => existsSync(file));
      const asked = client.request('runInTerminal', { kind, title, cwd, args: ['/bin/sh', open] });
      await Promise.race([appeared, asked.then(() => appeared)]);
      const path = readFileSync(file, 'utf8').trim();
      if (!path.startsWith('/dev/')) throw new DeetError('terminal', `What the editor opened is no terminal: ${path}.`);
      return new ClientTerminal(path, folder);
    } catch (error) {
      rmSync(folder, { recursive: true, force: true });
      throw error;
    }
  }

  /** Ctrl-C goes to this process group from now on. */
  belongsTo(group: number): void {
    const file = join(this.folder, 'tty.group');
    // Whole or not at all: the script may be reading the one before.
    writeFileSync(`${file}.new`, String(group));
    renameSync(`${file}.new`, file);
  }

  /** The script ends, and the client's terminal is free. */
  close(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Resolves when something is true of a folder's files. @throws DeetError `terminal` when that takes too long. */
const until = (folder: string, isTrue: () => boolean): Promise<void> =>
  new Promise((resolve, reject) => {
    const watcher = watch(folder, () => {
      if (!isTrue()) return;
      finish();
      resolve();
    });
    const timer = setTimeout(() => {
      finish();
      reject(new DeetError('terminal', 'The editor has not opened a terminal.'));
    }, patience);
    const finish = (): void => {
      clearTimeout(timer);
      watcher.close();
    };
  });

/** What the program is given as stdin, stdout and stderr, and what becomes of its output. The same for all its runs. */
import { StringDecoder } from 'node:string_decoder';
import { OutputPipe } from '../session/output_pipe.js';
import type { Session } from '../session/session.js';
import type { Client } from './client.js';
import { ClientTerminal } from './terminal.js';

type ProgramRedirection = Session['redirections'][number];

export class ProgramStreams {
  /** What every run is given; the interpreter has the same list. */
  readonly redirections: ProgramRedirection[] = [];
  readonly #pipes = new Map<'stdout' | 'stderr', OutputPipe>();
  #terminal: ClientTerminal | undefined;

  constructor(private readonly written: (category: 'stdout' | 'stderr', text: string) => void) {}

  /** The files named, else a terminal, else nothing to read and pipes that deet reads. */
  choose(stdio: readonly (string | undefined)[], terminal: string | undefined): Session['redirections'] {
    const streams = ([0, 1, 2] as const).map((fd): ProgramRedirection => {
      const path = stdio[fd] ?? terminal ?? (fd === 0 ? '/dev/null' : undefined);
      if (path === undefined) return { fd, from: this.#pipe(fd === 1 ? 'stdout' : 'stderr').writing };
      return { fd, path, access: fd === 0 ? 'read' : path === terminal ? 'append' : 'truncate' };
    });
    this.redirections.splice(0, Infinity, ...streams);
    return streams;
  }

  /** A pipe whose contents are handed on; the same for all runs. */
  #pipe(category: 'stdout' | 'stderr'): OutputPipe {
    const known = this.#pipes.get(category);
    if (known) return known;
    const decoder = new StringDecoder('utf8');
    const pipe = new OutputPipe((bytes) => {
      const text = decoder.write(Buffer.from(bytes));
      if (text !== '') this.written(category, text);
    });
    this.#pipes.set(category, pipe);
    return pipe;
  }

  /** A client's terminal; opened once, for all runs. @throws DeetError `terminal` or `client`. */
  async terminal(client: Client, kind: 'integrated' | 'external', title: string, cwd: string): Promise<string> {
    this.#terminal ??= await ClientTerminal.open(client, kind, title, cwd);
    return this.#terminal.path;
  }

  /** Ctrl-C in the terminal goes to this process group. */
  belongsTo(group: number): void {
    this.#terminal?.belongsTo(group);
  }

  /** Hands on everything that has been written so far. */
  drain(): void {
    for (const pipe of this.#pipes.values()) pipe.drain();
  }

  close(): void {
    for (const pipe of this.#pipes.values()) pipe.close();
    this.#terminal?.close();
  }
}

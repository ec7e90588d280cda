/** The program's stdin, stdout and stderr as a script wants them. */
import { StringDecoder } from 'node:string_decoder';
import { InputPipe } from '../session/input_pipe.js';
import { OutputPipe } from '../session/output_pipe.js';
import type { Session as Engine } from '../session/session.js';
import type { LaunchOptions } from './options.js';

type Redirection = Engine['redirections'][number];

/** The program's input. */
export interface Input {
  /** Resolves when the pipe has taken it. @throws DeetError `closed` */
  write(data: string | Uint8Array): Promise<void>;
  /** The program reads the end of its input. */
  end(): Promise<void>;
}

export class Streams {
  readonly input: InputPipe | undefined;
  readonly #outputs = new Map<'stdout' | 'stderr', OutputPipe>();
  readonly texts = { stdout: '', stderr: '' };
  readonly redirections: Redirection[];

  constructor(options: LaunchOptions, written: (stream: 'stdout' | 'stderr', text: string) => void) {
    const { stdin = 'ignore', stdout = 'pipe', stderr = 'pipe' } = options;
    this.input = stdin === 'pipe' ? new InputPipe() : undefined;
    const read: Redirection = this.input
      ? { fd: 0, from: this.input.reading }
      : { fd: 0, path: typeof stdin === 'object' ? stdin.file : '/dev/null', access: 'read' };
    const write = (fd: 1 | 2, stream: 'stdout' | 'stderr', wanted: NonNullable<LaunchOptions['stdout']>): Redirection[] => {
      if (wanted === 'inherit') return [];
      if (wanted !== 'pipe') return [{ fd, path: wanted === 'ignore' ? '/dev/null' : wanted.file, access: 'truncate' }];
      const decoder = new StringDecoder('utf8');
      const pipe = new OutputPipe((bytes) => {
        const text = decoder.write(Buffer.from(bytes));
        if (text === '') return;
        this.texts[stream] += text;
        written(stream, text);
      });
      this.#outputs.set(stream, pipe);
      return [{ fd, from: pipe.writing }];
    };
    this.redirections = [read, ...write(1, 'stdout', stdout), ...write(2, 'stderr', stderr)];
  }

  /** Takes in all that has been written so far. */
  drain(): void {
    for (const pipe of this.#outputs.values()) pipe.drain();
  }

  close(): void {
    this.input?.close();
    for (const pipe of this.#outputs.values()) pipe.close();
  }
}

/** deet on a real terminal: a pseudo-terminal by node-pty, what it shows by xterm's own emulator. */
import { createRequire } from 'node:module';
import type * as Headless from '@xterm/headless';
import { spawn } from 'node-pty';
import { deet } from './cli.js';

// The emulator is CommonJS whose exports Node cannot see from outside.
const { Terminal: Emulator } = createRequire(import.meta.url)('@xterm/headless') as typeof Headless;

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

export class Terminal {
  readonly #emulator;
  readonly #pty;
  #written: Promise<void> = Promise.resolve();
  #looks: (() => void)[] = [];
  /** Everything received, escape sequences included. */
  raw = '';
  readonly exited: Promise<{ readonly exitCode: number; readonly signal?: number | undefined }>;

  constructor(
    words: readonly string[],
    environment: Readonly<Record<string, string>>,
    { columns, rows }: Size = { columns: 120, rows: 60 },
    [file = '', ...first]: readonly string[] = [process.execPath, deet(), '-nx'],
  ) {
    this.#emulator = new Emulator({ cols: columns, rows, scrollback: 5000, allowProposedApi: true });
    const { NO_COLOR: _, ...inherited } = process.env;
    this.#pty = spawn(file, [...first, ...words], {
      cols: columns,
      rows,
      name: 'xterm-256color',
      env: { ...inherited, ...environment },
    });
    // What came last is on the screen by then.
    this.exited = new Promise((resolve) => this.#pty.onExit((end) => void this.#written.then(() => resolve(end))));
    this.#pty.onData((text) => {
      this.raw += text;
      this.#written = new Promise((done) => this.#emulator.write(text, done));
      void this.#written.then(() => {
        for (const look of this.#looks.splice(0)) look();
      });
    });
  }

  get pid(): number {
    return this.#pty.pid;
  }

  /** As if typed. Tab and control characters are writes of their own. */
  type(text: string): void {
    this.#pty.write(text);
  }

  /** Hangs up. */
  close(): void {
    this.#pty.kill('SIGHUP');
  }

  /** What the screen and all that scrolled off it show, without trailing blanks. */
  screen(): string {
    const { active } = this.#emulator.buffer;
    const lines: string[] = [];
    for (let row = 0; row < active.length; row++) lines.push(active.getLine(row)?.translateToString(true) ?? '');
    return lines.join('\n').trimEnd();
  }

  /** Waits until the screen matches; the test's own time limit ends it. */
  async shows(pattern: RegExp): Promise<void> {
    while (!pattern.test(this.screen())) await new Promise<void>((resolve) => this.#looks.push(resolve));
  }

  /** Types a command and waits for the next prompt behind its results, which are returned. */
  async command(line: string): Promise<string> {
    const before = this.screen().length;
    const answer = (): string => this.screen().slice(before + 1);
    this.type(`${line}\r`);
    while (!/\n\(deet\)$/.test(answer())) await new Promise<void>((resolve) => this.#looks.push(resolve));
    return answer()
      .slice(line.length)
      .replace(/\n\(deet\)$/, '')
      .trim();
  }
}

/** The prompt on a terminal: Node's line editor with history and Tab, which lets go of the terminal whenever a command runs. */
import { createInterface, type Interface } from 'node:readline';
import { complete } from '../commands/completion.js';
import type { Interpreter } from '../commands/interpreter.js';
import { historySize, type History } from './history.js';

/** Shows the prompt until `quit` or Ctrl-D. `prepare` is awaited before the first command runs. */
export const prompt = async (interpreter: Interpreter, history: History, prepare: Promise<void>): Promise<void> => {
  const editor = createInterface({
    input: process.stdin,
    output: process.stdout,
    terminal: true,
    history: [...history.lines].reverse(),
    historySize,
    removeHistoryDuplicates: true,
    completer: (line: string) => {
      const { candidates, word } = complete(line, interpreter.registry, interpreter.session);
      // One candidate is complete: a blank behind it, so that typing can go on; not behind a folder.
      return [candidates.length === 1 && !candidates[0].endsWith('/') ? [`${candidates[0]} `] : [...candidates], word];
    },
  });
  try {
    await new Conversation(editor, interpreter, history, prepare).ended;
  } finally {
    editor.close();
  }
};

class Conversation {
  /** Resolved when nothing more will be asked. */
  readonly ended: Promise<void>;
  /** Lines that came in one piece (pasted), still to be run. */
  readonly #waiting: string[] = [];
  #busy = false;
  #closed = false;
  #finish: () => void = () => undefined;

  constructor(
    private readonly editor: Interface,
    private readonly interpreter: Interpreter,
    private readonly history: History,
    private readonly prepare: Promise<void>,
  ) {
    this.ended = new Promise((resolve) => (this.#finish = resolve));
    editor.on('line', (line) => {
      this.#waiting.push(line);
      if (!this.#busy) void this.#work();
    });
    editor.on('SIGINT', () => {
      // Typed so close behind the line that both came in one piece: it means the command that begins.
      if (this.#busy) {
        process.kill(process.pid, 'SIGINT');
        return;
      }
      // At the prompt: the line is dropped, nothing ends.
      process.stdout.write('\nType "quit" to exit\n');
      this.#clearLine();
      this.#ask();
    });
    // Ctrl-Z: the whole job stops, as it would without line editing; the editor itself would stop this process only, and npx waits for it.
    editor.on('SIGTSTP', () => {
      process.stdin.setRawMode(false);
      process.once('SIGCONT', () => {
        process.stdin.setRawMode(true);
        editor.prompt(true);
      });
      process.kill(0, 'SIGTSTP');
    });
    // Ctrl-D, or the terminal is gone.
    editor.on('close', () => {
      this.#closed = true;
      if (!this.#busy) void this.#endOfInput();
    });
    this.#ask();
  }

  #clearLine(): void {
    // Ctrl-U and Ctrl-K: the editor offers no other way to drop its line.
    this.editor.write(null, { ctrl: true, name: 'e' });
    this.editor.write(null, { ctrl: true, name: 'u' });
  }

  #ask(): void {
    this.editor.setPrompt(this.interpreter.prompt);
    this.editor.prompt();
  }

  async #work(): Promise<void> {
    this.#busy = true;
    for (let line = this.#waiting.shift(); line !== undefined && !this.interpreter.left; line = this.#waiting.shift()) {
      if (!this.interpreter.insideBlock) this.history.add(line);
      this.#release();
      try {
        await this.prepare;
        await this.interpreter.execute(line, { typed: true });
      } finally {
        this.#regain();
      }
    }
    this.#busy = false;
    if (this.interpreter.left) this.#finish();
    else if (this.#closed) await this.#endOfInput();
    else this.#ask();
  }

  /** The program, a shell or a question gets the terminal as it was. */
  #release(): void {
    if (this.#closed) return;
    this.editor.pause();
    process.stdin.setRawMode(false);
  }

  #regain(): void {
    if (this.#closed) return;
    process.stdin.setRawMode(true);
    this.editor.resume();
  }

  async #endOfInput(): Promise<void> {
    this.#busy = true;
    process.stdout.write('\n');
    this.interpreter.endOfInput();
    if (!this.interpreter.left) await this.interpreter.execute('quit');
    this.#finish();
  }
}

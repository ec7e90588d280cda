/** One use of `deet` from start-up to exit: init files, -ex and -x, then the prompt or standard input; and an exit status. */
import { readlinkSync } from 'node:fs';
import { constants } from 'node:os';
import { DeetError } from '../common/errors.js';
import { childProcess } from '../common/lazy_modules.js';
import { describeCore } from '../commands/core.js';
import { errorResult, Interpreter } from '../commands/interpreter.js';
import { message, type ExitResult, type Result } from '../commands/results.js';
import { Sources } from '../commands/sources.js';
import { readScript } from '../commands/scripting.js';
import { writeAll } from '../render/output.js';
import { toText } from '../render/text.js';
import { canShowBoxes, type Surface } from '../render/pen.js';
import { colourful, plain, wantsColour, type Style } from '../render/style.js';
import { onEndingSignal, onTimeLimit } from '../session/endings.js';
import { onInterrupt } from '../session/interrupts.js';
import { Session } from '../session/session.js';
import type { Stop } from '../session/types.js';
import type { History } from './history.js';
import type { Options } from './options.js';
import { Logging } from './logging.js';
import { jsonPrinter, textPrinter, type Printer } from './printer.js';

/** Exit statuses of INTERFACE.md, section 1. */
const status = { success: 0, commandFailed: 1, unusable: 2, timeout: 124 } as const;

/** Terminals are /dev/pts/N, /dev/ttyN or /dev/console (tty(4), pts(4)); loading node:tty, to be sure, costs 5 ms. */
const isTerminal = async (descriptor: number): Promise<boolean> => {
  try {
    if (!/^\/dev\/(?:pts\/|tty|console|hvc)/.test(readlinkSync(`/proc/self/fd/${descriptor}`))) return false;
  } catch {
    return false;
  }
  return (await import('node:tty')).isatty(descriptor);
};

class Run {
  #session: Session | undefined;
  #logging: Logging | undefined;
  #printer: Printer = () => undefined;
  #failed = false;
  #childEnd: ExitResult | undefined;
  #ended = false;

  constructor(private readonly options: Options) {}

  /** Does everything. The session is closed when this resolves. */
  async complete(): Promise<number> {
    const { options } = this;
    const [input, output] = [await isTerminal(0), await isTerminal(1)];
    const style: Style = options.colour && !options.json && wantsColour(output, process.env) ? await colourful() : plain;
    const interactive = input && output && !options.batch && !options.json;
    const sources = new Sources();
    this.#printer = options.json
      ? jsonPrinter(() => this.abandon(0))
      : textPrinter(
          style,
          sources,
          () => this.#surface(output),
          (text) => this.#logging?.take(text) ?? false,
          () => this.abandon(0),
        );
    try {
      this.#session = this.#open(options);
    } catch (error) {
      if (!(error instanceof DeetError)) throw error;
      this.#printer(errorResult(error, ''));
      return status.unusable;
    }
    this.#logging = new Logging(this.#session.settings);
    this.#watchSignals(this.#session);
    const history = interactive ? new (await import('./history.js')).History() : undefined;
    const ask = interactive ? (await import('./ask.js')).askYesNo : undefined;
    const interpreter = new Interpreter(this.#session, {
      sources,
      listener: (result) => this.#hear(result),
      frontEnd: {
        confirm: (question, otherwise = true) => (ask && this.#session?.settings.flag('confirm') ? ask(question) : otherwise),
        redirections: options.json ? [{ fd: 1, from: 2 }] : [],
        history: () => history?.lines ?? [],
        shell: (command, _, text) => shell(command, options.json, text),
        asText: (result) => toText(result, { style: plain, sources, surface: () => this.#surface(false) }),
      },
    });
    try {
      if (!this.#openCore(this.#session)) return status.unusable;
      if (style.colour) await this.#startUpWithColours(interpreter, interactive);
      else await this.#startUp(interpreter);
      if (!interpreter.left && !options.batch) {
        if (interactive && history) await this.#prompt(interpreter, history, style);
        else await this.#readInput(interpreter);
      }
      if (!interpreter.left && options.batch) await this.#letEnd(interpreter, this.#session);
      if (!interpreter.left) await interpreter.execute('quit');
    } finally {
      interpreter.close();
      this.#session.close();
      this.#logging.close();
    }
    return this.#exitStatus(interpreter);
  }

  /** `set width` or the terminal says how wide a drawing may be. */
  #surface(terminal: boolean): Surface {
    const width = Number(this.#session?.settings.text('width'));
    const columns = Number.isInteger(width) && width > 0 ? width : terminal ? process.stdout.columns : 0;
    return { boxes: canShowBoxes(terminal, process.env), columns: columns > 0 ? columns : 100 };
  }

  #open({ program, arguments: words, cwd, environment, tty, batch }: Options): Session {
    return new Session(program, {
      arguments: words,
      environment,
      batch,
      terminal: true,
      ...(cwd !== undefined && { cwd }),
      ...(tty !== undefined && { tty }),
    });
  }

  /** False: it is none. */
  #openCore(session: Session): boolean {
    if (this.options.core === undefined) return true;
    try {
      session.cores.open(this.options.core);
      for (const result of describeCore(session)) this.#hear(result);
      return true;
    } catch (error) {
      if (!(error instanceof DeetError)) throw error;
      this.#printer(errorResult(error, ''));
      return false;
    }
  }

  #hear(result: Result): void {
    if (result.type === 'error') this.#failed = true;
    if (result.type === 'exit' && !result.child) this.#childEnd = result;
    this.#printer(result);
  }

  async #startUpWithColours(interpreter: Interpreter, interactive: boolean): Promise<void> {
    // At a prompt the highlighter is loaded while the user reads; commands that run before must wait for it.
    if (!interactive || this.options.startup.length > 0) await (await import('../render/highlight.js')).loadHighlighter();
    await this.#startUp(interpreter);
  }

  async #startUp(interpreter: Interpreter): Promise<void> {
    const { options } = this;
    if (options.initFiles) await this.#initFiles(interpreter);
    if (options.pid !== undefined) await interpreter.execute(`attach ${options.pid}`);
    for (const step of options.startup) {
      if (interpreter.left) return;
      if (step.kind === 'command') await interpreter.execute(step.line);
      else
        await interpreter.source(
          readable(step.path, (error) => this.#hear(errorResult(error, `source ${step.path}`))),
          step.path,
        );
    }
    interpreter.endOfInput();
  }

  async #initFiles(interpreter: Interpreter): Promise<void> {
    const { initFiles } = await import('./init-files.js');
    const { paths, notes } = initFiles();
    for (const note of notes) this.#hear(message(note, 'warning'));
    for (const path of paths)
      await interpreter.source(
        readable(path, (error) => this.#hear(errorResult(error, path))),
        path,
      );
  }

  async #prompt(interpreter: Interpreter, history: History, style: Style): Promise<void> {
    const { prompt } = await import('./prompt.js');
    const ready = style.colour ? import('../render/highlight.js').then(({ loadHighlighter }) => loadHighlighter()) : Promise.resolve();
    await prompt(interpreter, history, ready);
  }

  async #readInput(interpreter: Interpreter): Promise<void> {
    const { standardInput } = await import('./input.js');
    const input = await standardInput();
    try {
      for (let line = await input.next(); line !== undefined && !interpreter.left; line = await input.next())
        await interpreter.execute(line);
      interpreter.endOfInput();
    } finally {
      input.close();
    }
  }

  /**
   * At the end of a batch, a program that stands before a signal which kills it is let die of it, as it would alone: its end is the truth. So is that of the next one: several threads
   * or processes may have crashed at the same moment, and a parent goes on when it has learned how its child died.
   */
  async #letEnd(interpreter: Interpreter, session: Session): Promise<void> {
    const dying = new Set<Stop['thread']>();
    for (;;) {
      const stop = session.control.alive && session.state === 'stopped' ? session.lastStop : undefined; // a core file's is long dead
      if (stop?.reason !== 'signal' || !stop.signal || stop.process.catches(stop.signal.number) || dying.has(stop.thread)) return;
      dying.add(stop.thread);
      // A SIGINT is a user's Ctrl-C unless the program sent it to itself.
      const { info, name } = stop.signal;
      if (name === 'SIGINT' && !session.processes().some(({ pid }) => info?.fromKernel === false && info.pid === pid)) return;
      await interpreter.execute(`signal ${stop.signal.name}`);
    }
  }

  #exitStatus(interpreter: Interpreter): number {
    if (interpreter.left?.status !== undefined) return interpreter.left.status & 0xff;
    if (this.options.returnChildResult && this.#childEnd) return childStatus(this.#childEnd);
    return this.options.batch && this.#failed ? status.commandFailed : status.success;
  }

  /** Ends now: nothing of the family is left. */
  abandon(code: number): never {
    if (!this.#ended) {
      this.#ended = true;
      this.#session?.close();
    }
    process.exit(code);
  }

  #watchSignals(session: Session): void {
    onEndingSignal((signal) => this.abandon(128 + signal));
    // Without a terminal of its own the program does not get Ctrl-C; deet does, and stops it.
    onInterrupt(session, () => {
      if (this.options.batch) this.abandon(130);
    });
    const { timeout } = this.options;
    if (timeout !== undefined)
      onTimeLimit(timeout, status.timeout, () => {
        this.#printer(errorResult(new DeetError('timeout', `The time limit of ${timeout / 1000} s has passed; everything is killed.`), ''));
        this.abandon(status.timeout);
      });
  }
}

const readable = (path: string, complain: (error: DeetError) => void): string[] => {
  try {
    return readScript(path);
  } catch (error) {
    if (!(error instanceof DeetError)) throw error;
    complain(error);
    return [];
  }
};

const childStatus = ({ status: code, signal }: ExitResult): number => (signal === undefined ? (code ?? 0) : 128 + signalNumber(signal));

const signalNumber = (name: string): number => {
  const digits = /^SIG(\d+)$/.exec(name)?.[1];
  return digits === undefined ? (constants.signals as Readonly<Record<string, number>>)[name] : Number(digits);
};

/** `shell COMMAND`: the user's shell with deet's terminal. With --json its output must not mix with results. */
const shell = (command: string, json: boolean, text: string | undefined): number => {
  const path = process.env['SHELL'] ?? '/bin/sh';
  const output = json ? 2 : 'inherit';
  const input = text === undefined ? 'inherit' : 'pipe';
  const options = text === undefined ? {} : { input: text };
  return (
    childProcess().spawnSync(path, command === '' ? [] : ['-c', command], { stdio: [input, output, 'inherit'], ...options }).status ?? 1
  );
};

/** Runs deet on a program. @returns the exit status; whatever happens, nothing of the family is left */
export const debug = async (options: Options): Promise<number> => {
  const run = new Run(options);
  process.on('uncaughtException', (error) => {
    writeAll(2, toText(errorResult(error, ''), { style: plain, sources: new Sources() }));
    run.abandon(status.commandFailed);
  });
  return run.complete();
};

/**
 * Runs command lines: finds the command, hands it what it needs, passes on its results, and turns what it throws into an error result. Blocks
 * (`commands`, `define`, `if`, `while` ... `end`) are gathered line by line, so that it is all the same whether lines come from a prompt, a
 * file, a pipe or an editor.
 */
import { DeetError } from '../common/errors.js';
import { Interrupted } from '../common/interrupt.js';
import { ExpressionError } from '../language/errors.js';
import { Chronicle } from '../insight/chronicle.js';
import { DescriptorHistory } from '../insight/descriptor_history.js';
import { CallStopped } from '../session/calls.js';
import { forgetInterrupt } from '../session/interrupts.js';
import type { Session } from '../session/session.js';
import type { Breakpoint } from '../session/breakpoint.js';
import type { Outcome, SessionEvent, Stop } from '../session/types.js';
import type { SymbolImage } from '../symbols/model.js';
import { Blocks, type Block } from './blocks.js';
import type { CommandContext, CommandResult, FrontEnd, Memory } from './command.js';
import { showDisplay } from './data.js';
import { Displays } from './displays.js';
import { describeEvent } from './events.js';
import { allCommands } from './index.js';
import { LoopSignal } from './loop-signal.js';
import { Registry, type Found } from './registry.js';
import { message, type ErrorResult, type Result } from './results.js';
import { Sources } from './sources.js';
import { StaleSources } from './stale_sources.js';
import { describeStop, sightOf } from './stops.js';
import { quietShell } from './quiet_shell.js';

/** Nested scripts, definitions that call themselves: deeper is a mistake. */
const deepestNesting = 100;

/** Defined by the user: runs at every stop. */
const stopHook = 'hook-stop';

/** So many missing files of one image are told one by one. */
const mostMissing = 2;

/** A failed line of a script: carries where it was. */
class ScriptError extends DeetError {
  constructor(
    cause: DeetError,
    readonly command: string,
    readonly origin: string | undefined,
  ) {
    super(cause.code, cause.message, cause.hint);
    this.inExpression = cause instanceof ExpressionError ? cause : undefined;
  }

  readonly inExpression: ExpressionError | undefined;
}

export interface InterpreterOptions {
  readonly frontEnd?: Partial<FrontEnd>;
  /** Every result, as soon as it is there. */
  readonly listener?: (result: Result) => void;
  /** Shared with whoever shows source lines. */
  readonly sources?: Sources;
}

const silentFrontEnd: FrontEnd = {
  confirm: (_, otherwise = true) => otherwise,
  redirections: [],
  history: () => [],
  shell: quietShell,
  asText: JSON.stringify,
};

export class Interpreter {
  readonly registry = new Registry(allCommands);
  readonly sources: Sources;
  readonly #stale: StaleSources;
  readonly displays = new Displays();
  readonly chronicle: Chronicle;
  readonly #descriptors: DescriptorHistory;
  /** `alias NAME = TEXT`. */
  readonly aliases = new Map<string, string>();
  readonly #memory: Memory = {};
  readonly #frontEnd: FrontEnd;
  readonly #blocks: Blocks;
  readonly #unsubscribe: () => void;
  #collected: Result[] = [];
  #repeat: string | undefined;
  /** Commands of the breakpoints that were hit last, still to be run. */
  #hitCommands: readonly string[] = [];
  #abandoned = false;
  #depth = 0;
  #killing = false;
  #scripts = 0;
  /** Set by `quit`. */
  left: { readonly status: number | undefined } | undefined;

  constructor(
    readonly session: Session,
    private readonly options: InterpreterOptions = {},
  ) {
    this.sources = options.sources ?? new Sources();
    this.#stale = new StaleSources(session, this.sources);
    this.#frontEnd = { ...silentFrontEnd, ...options.frontEnd };
    this.#blocks = new Blocks(this.#opensBlock);
    session.redirections = this.#frontEnd.redirections;
    // Before us: what it knows is wanted when we hear of the last process's end.
    this.chronicle = new Chronicle(session);
    this.#descriptors = new DescriptorHistory(session);
    this.#unsubscribe = session.subscribe((event) => this.#heard(event));
  }

  close(): void {
    this.#unsubscribe();
    this.chronicle.dispose();
    this.#descriptors.dispose();
  }

  /** What to ask with: ">" while a block is open. */
  get prompt(): string {
    return this.#blocks.open ? '>'.padStart(this.#blocks.depth) : '(deet) ';
  }

  get insideBlock(): boolean {
    return this.#blocks.open;
  }

  /** Kills and reaps the family; the ends of its processes are marked as ours. */
  kill(): number[] {
    this.#killing = true;
    try {
      this.chronicle.killing();
      return this.session.kill();
    } finally {
      this.#killing = false;
    }
  }

  /** Input has ended: an open block will never be closed. */
  endOfInput(): void {
    this.#blocks.abandon();
  }

  /**
   * Runs one line and returns its results, if no listener has heard them. Nothing is thrown: an error is a result. `typed`: by a person, so a blank line repeats
   * the last command.
   */
  async execute(line: string, { typed = false }: { readonly typed?: boolean } = {}): Promise<Result[]> {
    this.#collected = [];
    const text = line.trim();
    forgetInterrupt();
    try {
      if (this.#blocks.open) await this.#blocks.feed(line);
      else if (text !== '') await this.#top(text, typed);
      else if (typed && this.#repeat !== undefined) await this.#dispatch(this.#repeat);
      await this.#runHitCommands();
    } catch (error) {
      this.#emit(errorResult(error, text));
      this.#hitCommands = [];
    }
    this.#tellMissing();
    const results = this.#collected;
    this.#collected = [];
    return results;
  }

  /**
   * A front end has let the program run by itself, by a button rather than a command: what belongs to every stop is done (displays, the commands of the breakpoints that were hit).
   * Nothing is thrown. Afterwards the program may stand elsewhere, or have ended.
   */
  async stopped(stop: Stop): Promise<void> {
    this.#collected = [];
    try {
      this.#attend(stop);
      await this.#runHitCommands();
    } catch (error) {
      this.#emit(errorResult(error, ''));
      this.#hitCommands = [];
    }
    this.#tellMissing();
    this.#collected = [];
  }

  /** The commands of breakpoints that are being run end with the next stop. */
  abandonCommands(): void {
    this.#abandoned = true;
  }

  /** Runs lines as `source` does. Nothing is thrown. Returns false when a line failed. */
  async source(lines: readonly string[], origin: string): Promise<boolean> {
    try {
      await this.#script(lines, origin);
      return true;
    } catch (error) {
      this.#emit(errorResult(error, origin));
      return false;
    }
  }

  async #top(text: string, typed: boolean): Promise<void> {
    if (text.startsWith('#')) return;
    if (typed) this.#repeat = undefined;
    const found = await this.#dispatch(text);
    if (!typed || !found) return;
    const { command, path } = found;
    this.#repeat = command.repeats === 'line' ? text : command.repeats === 'bare' ? path.join(' ') : undefined;
  }

  async #dispatch(line: string): Promise<Found | undefined> {
    const text = this.#expand(line.trim());
    if (text === '' || text.startsWith('#')) return undefined;
    if (this.#depth >= deepestNesting) throw new DeetError('nesting', 'Commands are nested too deeply.', 'Does a definition call itself?');
    this.#depth++;
    try {
      const found = this.registry.find(text);
      if (!found.command.run) throw new DeetError('usage', `${found.path.join(' ')} what?`, `Type "help ${found.path.join(' ')}".`);
      await this.#hook(`hook-${found.path.join('-')}`);
      const results = await this.#carryOut(found, text);
      for (const result of results === undefined ? [] : Array.isArray(results) ? (results as Result[]) : [results as Result])
        this.#emit(result);
      await this.#hook(`hookpost-${found.path.join('-')}`);
      return found;
    } finally {
      this.#depth--;
    }
  }

  readonly #hooksRunning = new Set<string>();

  /** A command that the user has defined to run before or behind another one; what is in it runs without it. */
  async #hook(name: string): Promise<void> {
    const hook = this.registry.defined(name);
    if (!hook || this.#hooksRunning.has(name)) return;
    this.#hooksRunning.add(name);
    try {
      await this.#script(hook);
    } finally {
      this.#hooksRunning.delete(name);
    }
  }

  async #carryOut(found: Found, text: string): Promise<CommandResult> {
    try {
      return await found.command.run?.(this.#context(found, text));
    } catch (error) {
      if (error instanceof CallStopped) this.#conclude(error.outcome);
      throw error;
    }
  }

  #expand(line: string): string {
    const word = /^[\w-]+/.exec(line)?.[0];
    const meant = word === undefined ? undefined : this.aliases.get(word);
    return word === undefined || meant === undefined ? line : meant + line.slice(word.length);
  }

  #context(found: Found, line: string): CommandContext {
    return {
      session: this.session,
      text: found.text,
      line,
      interpreter: this,
      frontEnd: this.#scripts > 0 ? { ...this.#frontEnd, confirm: silentFrontEnd.confirm } : this.#frontEnd,
      sources: this.sources,
      displays: this.displays,
      chronicle: this.chronicle,
      descriptorHistory: this.#descriptors,
      memory: this.#memory,
      scripted: this.#scripts > 0,
      emit: (result) => this.#emit(result),
      heading: (result, waiting = false) => {
        this.#headings = result && waiting ? [...this.#headings, result] : this.#headings.slice(0, result ? undefined : -1);
        if (result && !waiting) this.#emit(result);
      },
      execute: async (text) => {
        await this.#dispatch(text);
      },
      captured: (text) => this.#capture(text),
      script: (lines, origin) => this.#script(lines, origin),
      conclude: (outcome) => this.#conclude(outcome),
      collect: (done) => this.#current.collect(done, found.command.block),
      kill: () => this.kill(),
      leave: (status) => void (this.left = { status }),
    };
  }

  #captured: Result[] | undefined;

  async #capture(line: string): Promise<readonly Result[]> {
    const [results, outer] = [[] as Result[], this.#captured];
    this.#captured = results;
    try {
      await this.#dispatch(line);
    } finally {
      this.#captured = outer;
    }
    return results;
  }

  /** The blocks of whatever feeds lines now: the main input or a script. */
  #scriptBlocks: Blocks[] = [];
  get #current(): Blocks {
    return this.#scriptBlocks.at(-1) ?? this.#blocks;
  }

  async #script(lines: readonly string[], origin?: string): Promise<void> {
    if (this.#scriptBlocks.length >= deepestNesting)
      throw new DeetError('nesting', 'Scripts are nested too deeply.', 'Does one call itself?');
    const blocks = new Blocks(this.#opensBlock);
    this.#scriptBlocks.push(blocks);
    this.#scripts++;
    let number = 0;
    try {
      for (const line of lines) {
        number++;
        try {
          if (blocks.open) await blocks.feed(line);
          else await this.#dispatch(line);
          if (this.#scriptBlocks.length === 1) await this.#runHitCommands();
        } catch (error) {
          if (!(error instanceof DeetError) || error instanceof ScriptError || error instanceof LoopSignal) throw error;
          throw new ScriptError(error, line.trim(), origin === undefined ? undefined : `${origin}:${number}`);
        }
        if (this.left) return;
      }
      if (blocks.open) throw new DeetError('usage', `${origin ?? 'The script'} ends inside a block.`, 'An "end" is missing.');
    } finally {
      this.#scripts--;
      this.#scriptBlocks.pop();
    }
  }

  /** A list ends early when one of its commands lets the program run: then the commands of the next stop come (as in gdb). */
  async #runHitCommands(): Promise<void> {
    this.#abandoned = false;
    while (this.#hitCommands.length > 0 && !this.left) {
      // A breakpoint whose commands go on may be hit at once, for ever: whoever wants to stop that must be heard.
      await new Promise((resolve) => setImmediate(resolve));
      if (this.#abandoned) break;
      const lines = this.#hitCommands;
      this.#hitCommands = [];
      const before = this.session.lastStop;
      for (const block of Blocks.split(lines, this.#opensBlock)) {
        await this.#script(block);
        if (this.session.lastStop !== before || this.#hitCommands.length > 0) break;
      }
    }
  }

  #conclude(outcome: Outcome): void {
    this.#memory.listed = undefined;
    if (outcome.kind !== 'stopped') return;
    this.#attend(outcome.stop, () => this.#emit(describeStop(outcome.stop, this.session)));
  }

  #attend(stop: Stop, describe: () => void = () => undefined): void {
    const lists = stop.breakpoints.map(commandsOf).filter((list) => list.length > 0);
    const silent = lists.some(([first]) => first === 'silent');
    if (!silent) {
      describe();
      for (const result of [...sightOf(stop, this.chronicle, this.session), ...this.displays.results(this.session, showDisplay)])
        this.#emit(result);
    }
    const hook = this.registry.defined(stopHook) ? [stopHook] : [];
    this.#hitCommands = [...hook, ...lists.flatMap((list) => (list[0] === 'silent' ? list.slice(1) : list))];
  }

  #heard(event: SessionEvent): void {
    if (event.type === 'executed' || event.type === 'started') this.sources.forget();
    for (const result of describeEvent(event)) this.#emit(this.#killing && result.type === 'exit' ? { ...result, killed: true } : result);
    if (event.type === 'exited' && event.last && !this.#killing && this.session.settings.flag('report')) {
      const report = this.chronicle.report();
      if (report.problems.length > 0) this.#emit(report);
    }
  }

  /** How many of the sentences of each image have been told. */
  readonly #told = new WeakMap<SymbolImage, number>();

  /** Debug information is looked for when it is first needed: what is missing comes up with any command. */
  #tellMissing(): void {
    for (const { image } of this.session.images()) {
      const told = this.#told.get(image) ?? 0;
      for (const text of image.missing.slice(told, mostMissing)) this.#emit(message(text, 'warning'));
      if (told <= mostMissing && image.missing.length > mostMissing)
        this.#emit(message(`More of ${image.path} is missing: see "info sharedlibrary".`, 'warning'));
      this.#told.set(image, image.missing.length);
    }
  }

  #headings: readonly Result[] = [];

  #emit(result: Result): void {
    const headings = this.#headings;
    this.#headings = [];
    for (const heading of headings) this.#emit(heading);
    // `list` begins around the frame that was shown last.
    if (result.type === 'frame') this.#memory.listed = undefined;
    for (const warning of this.#stale.warnings(result)) this.#emit(warning);
    // A backtrace of 100,000 frames comes in pieces, so that nobody needs to hold all of them.
    if (this.#captured) this.#captured.push(result);
    else if (this.options.listener) this.options.listener(result);
    else this.#collected.push(result);
  }

  readonly #opensBlock = (line: string): Block | undefined => {
    const word = /^[A-Za-z]\w*/.exec(line.trim())?.[0];
    if (word === undefined) return undefined;
    try {
      const { block, blockWhenAlone } = this.registry.find(word).command;
      return blockWhenAlone && line.trim() !== word ? undefined : block;
    } catch {
      return undefined;
    }
  };
}

const commandsOf = (breakpoint: Breakpoint): string[] => breakpoint.commands.map((line) => line.trim()).filter((line) => line !== '');

/** What went wrong, as a result. A bug in deet has no words for users: it says that it is one. */
export const errorResult = (error: unknown, line: string): ErrorResult => {
  if (error instanceof DeetError) {
    const script = error instanceof ScriptError ? error : undefined;
    const place = script ? script.inExpression : error instanceof ExpressionError ? error : undefined;
    return {
      type: 'error',
      command: script?.command ?? line,
      message: error.message,
      code: error.code,
      ...(error.hint !== undefined && { hint: error.hint }),
      ...(script?.origin !== undefined && { origin: script.origin }),
      ...(place?.expression !== undefined && { expression: place.expression, offset: place.offset }),
    };
  }
  if (error instanceof Interrupted) return { type: 'error', command: line, message: error.message, code: 'interrupted' };
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  const place = error instanceof Error ? /\n\s+at ([^\n]+)/.exec(error.stack ?? '')?.[1] : undefined;
  return {
    type: 'error',
    command: line,
    message: `A fault in deet itself: ${text}${place === undefined ? '' : ` (${place})`}`,
    code: 'internal',
    hint: 'Please report it with what you typed. The session goes on.',
  };
};

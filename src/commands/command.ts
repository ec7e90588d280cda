/** What a command is, and what it may use. A command yields results; it never prints. */
import type { Address } from '../common/addresses.js';
import type { ExamineDefaults } from '../language/examine.js';
import type { ProgramRedirection } from '../linux/launch.js';
import type { Outcome } from '../session/types.js';
import type { Chronicle } from '../insight/chronicle.js';
import type { DescriptorHistory } from '../insight/descriptor_history.js';
import type { Session } from '../session/session.js';
import type { Block } from './blocks.js';
import type { Displays } from './displays.js';
import type { Registry } from './registry.js';
import type { Result } from './results.js';
import type { Sources } from './sources.js';

/** What can stand as an argument, for Tab. A list: these words. */
export type CompletionKind =
  | 'location'
  | 'expression'
  | 'type'
  | 'file'
  | 'function'
  | 'command'
  | 'signal'
  | 'breakpoint'
  | 'thread'
  | 'setting'
  | 'register'
  | 'none'
  | readonly string[];

export type Group = 'run' | 'stop' | 'step' | 'look' | 'processes' | 'understand' | 'shell';

/** The questions that only a front end can answer. */
export interface FrontEnd {
  /** A yes/no question; without a person to ask (batch, a pipe, an editor) the answer is `otherwise`, which is yes unless said. */
  confirm(question: string, otherwise?: boolean): boolean;
  /** What applies to every run before the redirections that the user gives: with --json the program's output goes to stderr. */
  readonly redirections: readonly ProgramRedirection[];
  /** Lines typed so far, oldest first. */
  history(): readonly string[];
  /** A program of the user's (`shell`) gets the terminal, or `input` to read; where there is none, `say` is told what it wrote. Returns its exit status. */
  shell(command: string, say: (output: string) => void, input?: string): number;
  /** What a person would see of a result, with its newline. */
  asText(result: Result): string;
}

/** Where `x` goes on, and how. */
export interface ExamineState {
  readonly next: Address;
  readonly defaults: ExamineDefaults;
  /** How many units were shown last, which a bare `x` shows again. */
  readonly count?: number;
}

/** Where the interpreter keeps what commands remember between two lines. */
export interface Memory {
  /** Where `list` goes on, if it has listed since the last stop. */
  listed?: { readonly file: string; readonly first: number; readonly last: number } | undefined;
  /** Where `x` goes on. */
  examined?: ExamineState | undefined;
  searched?: string | undefined;
  /** The last value that `show values` has shown. */
  valuesShown?: number;
}

/** The part of the interpreter that commands about commands use (`help`, `define`, `alias`). */
export interface Language {
  readonly registry: Registry;
  readonly aliases: Map<string, string>;
}

export interface CommandContext {
  readonly session: Session;
  readonly interpreter: Language;
  /** Everything behind the command's name, trimmed at its front. */
  readonly text: string;
  /** The whole line as typed. */
  readonly line: string;
  readonly frontEnd: FrontEnd;
  readonly sources: Sources;
  readonly displays: Displays;
  readonly chronicle: Chronicle;
  readonly descriptorHistory: DescriptorHistory;
  readonly memory: Memory;
  /** Shows a result at once; a command that returns results need not call it. */
  emit(result: Result): void;
  /** Shown now, or (`waiting`) before the next result, if there is one; without a result the one that waits is dropped. */
  heading(result: Result | undefined, waiting?: boolean): void;
  /** Runs another line, as if typed. Errors are thrown, not shown. */
  execute(line: string): Promise<void>;
  /** Runs another line, and returns its results instead of showing them. Errors are thrown. */
  captured(line: string): Promise<readonly Result[]>;
  /** Runs lines as `source` does: `origin` names them in errors, the first failing one ends them (thrown). */
  script(lines: readonly string[], origin?: string): Promise<void>;
  /** Reports the stop or the end of a run command; breakpoints' own commands run after it. */
  conclude(outcome: Outcome): void;
  /** The lines that follow, up to the matching `end`, are the body of this command (which has `block`). */
  collect(done: (lines: readonly string[]) => void | Promise<void>): void;
  /** True while the lines come from a script, a breakpoint's list or a batch: nobody is asked. */
  readonly scripted: boolean;
  /** Kills and reaps the family on the user's behalf. Returns the pids. */
  kill(): number[];
  leave(status?: number): void;
}

export type CommandResult = void | Result | readonly Result[];

export interface Command {
  readonly name: string;
  readonly aliases?: readonly string[];
  readonly group: Group;
  /** One line: the arguments, as in `break [LOCATION] [if CONDITION]`. Absent: no arguments. */
  readonly usage?: string;
  /** One line. */
  readonly about: string;
  /** More lines for `help NAME`. */
  readonly details?: string;
  /** Of each argument; the last one also for all that follow. */
  readonly completes?: readonly CompletionKind[];
  /** What a blank line does after it: the same line again, or the bare name (which goes on where it left off). */
  readonly repeats?: 'line' | 'bare';
  /** Not in lists, nor found by an abbreviation. */
  readonly isHidden?: true;
  readonly subcommands?: readonly Command[];
  /** A body follows, up to `end`. */
  readonly block?: Block;
  /** Only where nothing stands behind its name. */
  readonly blockWhenAlone?: true;
  /** Made with `define`: its lines. */
  readonly definition?: readonly string[];
  run?(context: CommandContext): CommandResult | Promise<CommandResult>;
}

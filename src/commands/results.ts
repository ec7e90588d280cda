/**
 * What a command yields: plain data, which render/ shows as text or as one JSON line. The shapes are those of `--json`, so a result may be
 * given to JSON.stringify as it is: addresses are hex strings, what is unknown is absent, fields are added but never changed.
 */

import type { Explanation } from '../insight/crash.js';
import type { DescriptorChanges, DescriptorTable } from '../insight/descriptors.js';
import type { Report } from '../insight/report.js';
import type { StackPicture } from '../insight/stack_picture.js';
import type { ProcessNode } from '../insight/tree.js';
import type { WhyReport } from '../insight/waits.js';
import type { Drawing } from '../language/diagram.js';

/** A variable, a member, an element, an argument or a returned value. */
export interface VariableResult {
  readonly name: string;
  readonly type: string;
  readonly value: string;
  readonly address?: string;
  readonly children?: readonly VariableResult[];
  readonly optimizedOut?: true;
  /** A parameter of a frame: what it was when the function was entered, where the caller tells. */
  readonly entry?: string;
  /** As the line of a frame shows it, where the value is more than that: `...`. */
  readonly brief?: string;
}

export interface FrameResult {
  readonly level: number;
  readonly function?: string;
  readonly file?: string;
  readonly line?: number;
  readonly address: string;
  readonly args: readonly VariableResult[];
  /** Text shows only whether there are arguments (set print frame-arguments presence). */
  readonly presenceOnly?: true;
  readonly inlined: boolean;
  /** File name of the library it lies in; absent for the program itself. */
  readonly image?: string;
  /** The pc stands inside a line, not at its beginning: text shows the address too. */
  readonly middle?: true;
  /** `<signal handler called>`: the kernel's frame between a handler and what it interrupted. */
  readonly signalHandler?: true;
  /** `<function called from deet>`: between a function that an expression called and the place where the program stood. */
  readonly ownCall?: true;
}

export interface LocationResult {
  readonly address: string;
  readonly function?: string;
  /** C++: the function with its parameters. */
  readonly signature?: string;
  readonly file?: string;
  readonly line?: number;
  readonly enabled?: false;
  /** Where a condition or an ignore count is checked while the program runs. */
  readonly checked?: 'in the program' | 'at each stop';
  /** Why not in the program. */
  readonly because?: string;
}

export interface WatchResult {
  readonly expression: string;
  readonly old?: string;
  readonly new?: string;
  readonly scopeEnded?: true;
  /** The watchpoint's number. */
  readonly id: number;
  /** The line whose code has just touched it. */
  readonly file?: string;
  readonly line?: number;
}

export interface SyscallResult {
  readonly name: string;
  readonly phase: 'entry' | 'exit';
  readonly number: number;
  readonly arguments?: readonly string[];
  readonly result?: string;
  readonly text: string;
}

export interface StopResult {
  readonly type: 'stop';
  readonly reason: string;
  readonly pid: number;
  readonly tid: number;
  /** The first breakpoint that was hit, and how often it has been. */
  readonly breakpoint?: number;
  readonly hits?: number;
  /** All of them, when more than one was hit at once. */
  readonly breakpoints?: readonly number[];
  readonly temporary?: true;
  readonly signal?: string;
  readonly description?: string;
  /** The address that the faulting instruction accessed. */
  readonly address?: string;
  readonly watch?: WatchResult;
  /** All watchpoints that triggered, when more than one did. */
  readonly watches?: readonly WatchResult[];
  readonly child?: number;
  readonly program?: string;
  /** The family has as many live processes as it may (set process-limit). */
  readonly limit?: number;
  /** A pause that nobody asked for; a message before it says why. */
  readonly unasked?: true;
  readonly syscall?: SyscallResult;
  readonly exception?: { readonly kind: 'throw' | 'rethrow' | 'catch'; readonly type?: string };
  /** catch load, catch unload: the files. */
  readonly loaded?: readonly string[];
  readonly unloaded?: readonly string[];
  readonly returned?: VariableResult;
  /** The number of the returned value in the value history. */
  readonly returnedNumber?: number;
  /** The returned value as `print` shows it: a pointer with its type. */
  readonly returnedText?: string;
  readonly frame?: FrameResult;
  /** For a stop outside of the program's own code (in a library, or where there are no lines): the innermost frame that is in it. */
  readonly calledFrom?: FrameResult;
  /** The thread's number in deet, and its name, present when there is more than one thread or process. */
  readonly thread?: {
    readonly id: number;
    readonly name?: string;
    readonly process: number;
    readonly processes: number;
    readonly threads: number;
  };
  readonly notes?: readonly string[];
  /** The stop is in the same function activation as the one before: text leaves out what has not changed. */
  readonly sameFrame?: true;
}

export interface ExitResult {
  readonly type: 'exit';
  readonly pid: number;
  readonly status?: number;
  readonly signal?: string;
  readonly coreDumped?: boolean;
  /** Not the first process of the family, but one that it made. */
  readonly child?: true;
  /** deet killed it because the user said so (kill, run, quit): text says that once, not for each process. */
  readonly killed?: true;
}

/** The fields of a breakpoint; also a result of its own. */
export interface BreakpointData {
  readonly id: number;
  readonly enabled: boolean;
  readonly locations: readonly LocationResult[];
  readonly condition?: string;
  readonly hits: number;
  readonly pending: boolean;
  /** `breakpoint`, `hw watchpoint`, `catchpoint`, ... as gdb names them. */
  readonly kind: string;
  /** As the user wrote it. */
  readonly spec: string;
  readonly temporary?: true;
  readonly ignore?: number;
  readonly thread?: number;
  /** What happens to it after a hit, when it is not kept as it is. */
  readonly disposition?: 'disable' | 'delete';
  readonly commands?: readonly string[];
  readonly format?: string;
}

export interface BreakpointResult extends BreakpointData {
  readonly type: 'breakpoint';
  readonly change: 'set' | 'changed';
  /** `Breakpoint 0 is here already`, `line 7 has no code`: sentences for the user. */
  readonly notes?: readonly string[];
}

export interface ThreadResult {
  readonly id: number;
  readonly pid: number;
  readonly tid: number;
  readonly name?: string;
  readonly state: 'stopped' | 'running';
  readonly current: boolean;
  readonly frame?: FrameResult;
}

/** `info inferiors` gives `id`; `info tree` the rest (insight/tree.ts). */
export interface ProcessResult extends Partial<Omit<ProcessNode, 'children'>> {
  readonly pid: number;
  readonly state: ProcessNode['state'];
  readonly program: string;
  /** deet's number of it, as `inferior N` takes. */
  readonly id?: number;
  readonly children?: readonly ProcessResult[];
}

export interface InstructionResult {
  readonly address: string;
  readonly bytes: string;
  readonly text: string;
  readonly line?: number;
  readonly file?: string;
  /** `<main+4>`. */
  readonly symbol?: string;
  /** The next to be executed. */
  readonly current?: true;
  /** `/s`, `/m`: the source lines that stand before it. */
  readonly lead?: readonly SourceLead[];
}

/** Source lines above instructions: from `first` to `last`. */
export interface SourceLead {
  readonly file: string;
  readonly first: number;
  readonly last: number;
  /** Of another file than the lines before. */
  readonly newFile?: true;
}

/** A core file was opened: what `stop` says of a living process. */
export interface CoreResult {
  readonly type: 'core';
  readonly file: string;
  /** Absent: no file of it was found. */
  readonly program?: string;
  readonly pid: number;
  readonly tid?: number;
  /** The program's words, as far as the kernel keeps them. */
  readonly command?: string;
  readonly signal?: string;
  readonly description?: string;
  readonly address?: string;
  readonly threads: number;
  /** Number of the current thread. */
  readonly thread?: number;
  readonly frame?: FrameResult;
}

export type Result =
  | StopResult
  | ExitResult
  | BreakpointResult
  | { readonly type: 'breakpoints'; readonly breakpoints: readonly BreakpointData[] }
  /** `more` frames were not shown; `end`: why the stack ends where it does, if not at its natural end. `continued`: the frames that follow are in another result. */
  | {
      readonly type: 'backtrace';
      readonly pid: number;
      readonly tid: number;
      readonly frames: readonly FrameResult[];
      readonly locals?: readonly (readonly VariableResult[])[];
      readonly continued?: true;
      readonly more?: number | true;
      readonly end?: string;
      readonly style?: 'handout';
      /** `thread apply` says whose it is. */
      readonly thread?: { readonly id: number; readonly name?: string };
    }
  /** `lineOnly`: text shows no source. */
  | { readonly type: 'frame'; readonly frame: FrameResult; readonly lineOnly?: true }
  | { readonly type: 'variables'; readonly scope: string; readonly variables: readonly VariableResult[] }
  | {
      readonly type: 'value';
      readonly expression: string;
      readonly value: string;
      readonly valueType: string;
      readonly children?: readonly VariableResult[];
      readonly address?: string;
      /** In the value history. */
      readonly number?: number;
      /** `display`: its number. */
      readonly display?: number;
    }
  /** `print -diagram`: what the value's pointers lead to. */
  | {
      readonly type: 'diagram';
      readonly expression: string;
      readonly valueType: string;
      readonly drawing: Drawing;
      /** How many structures are in it. */
      readonly nodes: number;
      readonly number?: number;
    }
  | { readonly type: 'threads'; readonly threads: readonly ThreadResult[] }
  /** `most`: as text, no more rows than these. */
  | { readonly type: 'processes'; readonly processes: readonly ProcessResult[]; readonly most?: number }
  | { readonly type: 'registers'; readonly registers: Readonly<Record<string, string>>; readonly natural: Readonly<Record<string, string>> }
  | { readonly type: 'memory'; readonly address: string; readonly bytes: string; readonly text: string }
  | { readonly type: 'source'; readonly file: string; readonly first: number; readonly lines: readonly string[]; readonly current?: number }
  | {
      readonly type: 'disassembly';
      readonly instructions: readonly InstructionResult[];
      readonly function?: string;
      /** What was asked for: the function's parts, its entry first. Absent: so many instructions (`x/i`). */
      readonly ranges?: readonly { readonly start: string; readonly end: string }[];
      /** Where memory cannot be read, before the end of what was asked for; an error follows. */
      readonly unreadable?: string;
      readonly mode?: string;
    }
  | CoreResult
  | StackPicture
  | DescriptorTable
  | DescriptorChanges
  | WhyReport
  | Explanation
  | Report
  | { readonly type: 'message'; readonly text: string; readonly level?: 'note' | 'warning' | 'log' | 'raw' }
  | ErrorResult;

export interface ErrorResult {
  readonly type: 'error';
  readonly command: string;
  readonly message: string;
  readonly code: string;
  readonly hint?: string;
  /** File and line of the script it came from. */
  readonly origin?: string;
  /** The expression that it is about, and the offending token's index in it. */
  readonly expression?: string;
  readonly offset?: number;
}

/** A sentence for the user. */
export const message = (text: string, level?: 'note' | 'warning' | 'log' | 'raw'): Result =>
  level === undefined ? { type: 'message', text } : { type: 'message', text, level };

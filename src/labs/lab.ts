/** What the checks of a lab say: `checks.json` as it is written, or what `checks.ts` and `checks.js` export by default. */
import type { Session } from '../api/session.js';

/** What a program may use in one check. Past it everything is killed and the check has failed. */
export interface Limits {
  /** Seconds from its start to the end of its last process. Default 10. */
  readonly seconds: number;
  /** Processes that live at the same time. Default 32. */
  readonly processes: number;
  /** MiB of writable memory of each process (RLIMIT_DATA). Default 1024. */
  readonly memory: number;
  /** MiB that it writes to its standard output and error together, and to any one file (RLIMIT_FSIZE). Default 8. */
  readonly output: number;
}

/** The whole text, but for white space at the ends of lines and at its end; or what it has to contain; or a regular expression. */
export type ExpectedText = string | { readonly contains: string | readonly string[] } | { readonly matches: string } | RegExp;

/** How a program is to end, and what it leaves. A program that a signal kills has failed unless `signal` says so. */
export interface Expectation {
  readonly stdout?: ExpectedText;
  readonly stderr?: ExpectedText;
  /** Of the first process. */
  readonly status?: number;
  /** `SIGSEGV`: what kills the first process. */
  readonly signal?: string;
  /** Kinds of problems that `info report` is to tell of, in any order: `["zombie"]`. `[]`: none. */
  readonly problems?: readonly string[];
  /** What deet answers to `commands`. */
  readonly transcript?: ExpectedText;
}

export interface Check {
  readonly name: string;
  /** Points. Default 1. */
  readonly weight?: number;
  /** Which of the lab's programs, by its name; needed if there are several. */
  readonly program?: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Its standard input. Default: empty. */
  readonly stdin?: string;
  /** Instead: a pipe, which `run` writes (`session.stdin`). */
  readonly interactive?: boolean;
  readonly limits?: Partial<Limits>;
  /** Commands of the prompt, before it runs to its end. It stands before its first instruction. */
  readonly commands?: readonly string[];
  readonly expect?: Expectation;
  /** In checks.ts and checks.js: drives the program, which stands before its first instruction. What it throws is why the check fails. */
  readonly run?: (session: Session) => unknown;
  /** For who fails it. */
  readonly hint?: string;
}

export interface LabDefinition {
  readonly checks: readonly Check[];
  /** For the compiler, behind deet's own: `["-lm"]`. */
  readonly flags?: readonly string[];
  /** Files of the lab that a submission does not replace. */
  readonly fixed?: readonly string[];
  /** Of all checks. */
  readonly limits?: Partial<Limits>;
}

/** A lab that was read: everything checked, everything said. */
export interface Lab {
  readonly folder: string;
  /** The first heading of lab.md; else the folder's name. */
  readonly title: string;
  readonly flags: readonly string[];
  readonly fixed: readonly string[];
  readonly checks: readonly ReadyCheck[];
}

export type ReadyCheck = Omit<Check, 'limits' | 'weight'> & { readonly limits: Limits; readonly weight: number };

export interface CheckGrade {
  readonly name: string;
  readonly weight: number;
  readonly passed: boolean;
  readonly seconds: number;
  /** Why not; each may have several lines. */
  readonly messages: readonly string[];
}

export interface ProgramGrade {
  readonly type: 'grade';
  readonly lab: string;
  /** As it was named. */
  readonly program: string;
  readonly points: number;
  readonly of: number;
  readonly checks: readonly CheckGrade[];
}

import { inWords, type Advice } from './advice.js';

/** What a user may be told when something they asked for cannot be done. */
export interface Complaint {
  /** Stable, kebab-case, for scripts: `no-symbol`, `memory`, `bad-elf`, ... */
  readonly code: string;
  /** One sentence in the user's words, with a place where there is one. */
  readonly message: string;
  /** What to do next, when deet knows. */
  readonly hint?: string | undefined;
}

/**
 * The one error that deet raises on purpose. It carries a code, the user's words and a hint; every front end shows it as
 * one line. Any other exception is a bug in deet.
 */
export class DeetError extends Error implements Complaint {
  override readonly name = 'DeetError';
  /** In the words of who drives deet. */
  readonly hint: string | undefined;
  constructor(
    readonly code: string,
    message: string,
    advice?: Advice,
  ) {
    super(message);
    this.hint = advice === undefined ? undefined : inWords(advice);
  }
}

/** Damaged or unsupported input: names the file's section and the offset in it, so that a reader can look there. */
export class FormatError extends DeetError {
  constructor(
    readonly section: string,
    readonly offset: number,
    what: string,
  ) {
    super('bad-format', `${section}+0x${offset.toString(16)}: ${what}`);
  }
}

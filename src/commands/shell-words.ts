/**
 * The arguments of `run` and `set args`: words as a shell splits them (quotes, backslashes, `$NAME`, `~`, `*` patterns) and redirections, without
 * a shell: the program is started directly, so that what is debugged is the program and not `sh`. (POSIX, Shell Command Language, 2.2 to 2.7.)
 */
import { readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { DeetError } from '../common/errors.js';
import type { ProgramRedirection } from '../linux/launch.js';

export interface ProgramWords {
  readonly arguments: readonly string[];
  readonly redirections: readonly ProgramRedirection[];
}

/** A word under construction: `pattern` is the same text with quoted special characters escaped, for file name patterns. */
interface Word {
  text: string;
  pattern: string;
  hasPattern: boolean;
}

const operators = /^(\d*)(>>|>&|<&|>\||>|<)/;

/**
 * @param variables the program's environment, for `$NAME`
 * @param directory in which patterns such as `*.c` are looked up
 * @throws DeetError `usage` in the user's words: an open quote, a pipe, a redirection without a file
 */
export const programWords = (
  text: string,
  variables: Readonly<Record<string, string | undefined>> = process.env,
  directory = process.cwd(),
): ProgramWords => {
  const scanner = new Scanner(text, variables);
  const words: string[] = [];
  const redirections: ProgramRedirection[] = [];
  for (;;) {
    scanner.skipBlanks();
    if (scanner.atEnd) return { arguments: words, redirections };
    const operator = scanner.operator();
    if (operator) {
      scanner.skipBlanks();
      const target = scanner.atEnd ? undefined : scanner.word();
      if (target === undefined || target.text === '')
        throw new DeetError('usage', `"${operator.sign}" needs a file behind it.`, 'As in: run < input.txt');
      redirections.push(...redirection(operator.sign, operator.fd, target.text));
    } else words.push(...expand(scanner.word(), directory));
  }
};

/** The one file that a command is about: quoted, a pattern, or, as gdb takes it, just as it stands with all its blanks. */
export const oneFile = (text: string): string | undefined => {
  const given = text.trim();
  return /^["']|^\S*$|\\\s/.test(given) ? programWords(given).arguments[0] : given.replace(/^~(?=\/)/, homedir());
};

const redirection = (sign: string, fd: number | undefined, target: string): ProgramRedirection[] => {
  if (sign === '>&' || sign === '<&') {
    if (/^\d+$/.test(target)) return [{ fd: fd ?? (sign === '>&' ? 1 : 0), from: Number(target) }];
    // `>& file`: both streams, as bash has it.
    return [
      { fd: 1, path: target, access: 'truncate' },
      { fd: 2, from: 1 },
    ];
  }
  const access = sign === '<' ? 'read' : sign === '>>' ? 'append' : 'truncate';
  return [{ fd: fd ?? (sign === '<' ? 0 : 1), path: target, access }];
};

class Scanner {
  #at = 0;

  constructor(
    private readonly text: string,
    private readonly variables: Readonly<Record<string, string | undefined>>,
  ) {}

  get atEnd(): boolean {
    return this.#at >= this.text.length;
  }

  skipBlanks(): void {
    while (/\s/.test(this.text.charAt(this.#at))) this.#at++;
  }

  /** A redirection operator with its descriptor, at the current place. */
  operator(): { readonly sign: string; readonly fd: number | undefined } | undefined {
    const rest = this.text.slice(this.#at);
    const both = /^&>>?/.exec(rest);
    if (both) {
      this.#at += both[0].length;
      return { sign: '>&', fd: undefined };
    }
    const match = operators.exec(rest);
    if (match) {
      this.#at += match[0].length;
      return { sign: match[2] === '>|' ? '>' : match[2], fd: match[1] === '' ? undefined : Number(match[1]) };
    }
    const foreign = /^[|;&()]/.exec(rest)?.[0];
    if (foreign !== undefined)
      throw new DeetError(
        'usage',
        `"${foreign}" is for a shell; deet starts the program itself.`,
        `Quote it ('${foreign}') to hand it to the program. Redirections (< > >> 2>&1) work.`,
      );
    return undefined;
  }

  word(): Word {
    const word: Word = { text: '', pattern: '', hasPattern: false };
    if (this.text.startsWith('~', this.#at) && /^~(?:\/|\s|$)/.test(this.text.slice(this.#at))) {
      this.#literal(word, this.variables['HOME'] ?? homedir());
      this.#at++;
    }
    while (!this.atEnd && !/[\s<>|;&()]/.test(this.text.charAt(this.#at))) this.#part(word);
    return word;
  }

  #part(word: Word): void {
    const each = this.text.charAt(this.#at);
    if (each === "'") {
      const end = this.text.indexOf("'", this.#at + 1);
      if (end < 0) throw new DeetError('usage', "A ' is not closed.");
      this.#literal(word, this.text.slice(this.#at + 1, end));
      this.#at = end + 1;
    } else if (each === '"') this.#doubleQuoted(word);
    else if (each === '\\') {
      this.#literal(word, this.text.charAt(this.#at + 1));
      this.#at += 2;
    } else if (each === '$') this.#literal(word, this.#variable());
    else {
      word.text += each;
      word.pattern += each;
      word.hasPattern ||= '*?['.includes(each);
      this.#at++;
    }
  }

  #doubleQuoted(word: Word): void {
    this.#at++;
    for (;;) {
      const each = this.text.charAt(this.#at);
      if (each === '') throw new DeetError('usage', 'A " is not closed.');
      if (each === '"') break;
      if (each === '$') {
        this.#literal(word, this.#variable());
        continue;
      }
      // Between double quotes a backslash is one unless it makes $ ` " \ ordinary (2.2.3).
      const next = this.text.charAt(this.#at + 1);
      const escapes = each === '\\' && next !== '' && '$`"\\'.includes(next);
      this.#literal(word, escapes ? next : each);
      this.#at += escapes ? 2 : 1;
    }
    this.#at++;
  }

  /** The value of the variable whose `$` is here; `$` alone is a dollar. */
  #variable(): string {
    const match = /^\$(?:([A-Za-z_]\w*)|\{([A-Za-z_]\w*)\})/.exec(this.text.slice(this.#at));
    this.#at += match?.[0].length ?? 1;
    return match ? (this.variables[match[1] ?? match[2] ?? ''] ?? '') : '$';
  }

  #literal(word: Word, text: string): void {
    word.text += text;
    word.pattern += text.replace(/[\\*?[\]]/g, '\\$&');
  }
}

/** Most names that one pattern may become. */
const mostMatches = 10_000;

/** File names for a pattern, sorted; the word itself when nothing matches, as in a shell. */
const expand = (word: Word, directory: string): string[] => {
  if (!word.hasPattern) return [word.text];
  const absolute = word.pattern.startsWith('/');
  const parts = word.pattern.split('/').filter((part) => part !== '');
  let found = [absolute ? '/' : ''];
  for (const [index, part] of parts.entries()) {
    const last = index === parts.length - 1;
    found = found
      .flatMap((base) => entriesMatching(base, part, directory).map((name) => `${base}${name}${last ? '' : '/'}`))
      .slice(0, mostMatches);
  }
  return found.length > 0 ? found : [word.text];
};

const entriesMatching = (base: string, part: string, directory: string): string[] => {
  const plain = part.replace(/\\([\s\S])/g, '$1');
  if (!/(?<!\\)[*?[]/.test(part)) return [plain];
  const expression = patternExpression(part);
  try {
    return readdirSync(base === '' ? directory : base.startsWith('/') ? base : `${directory}/${base}`)
      .filter((name) => (part.startsWith('.') || !name.startsWith('.')) && expression.test(name))
      .sort();
  } catch {
    return [];
  }
};

const patternExpression = (part: string): RegExp => {
  const source = part.replace(
    /\\([\s\S])|\*+|\?|\[(!?)([^\]/]+)\]|[.+^${}()|[\]\\]/g,
    (whole, escaped?: string, not?: string, set?: string) => {
      if (escaped !== undefined) return escaped.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
      if (whole.startsWith('*')) return '[^]*';
      if (whole === '?') return '[^]';
      if (set !== undefined) return `[${not === '!' ? '^' : ''}${set.replace(/[\\\]^]/g, '\\$&')}]`;
      return `\\${whole}`;
    },
  );
  try {
    return new RegExp(`^${source}$`);
  } catch {
    return /^(?!)/; // [z-a]: matches nothing
  }
};

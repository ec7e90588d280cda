/** What a launch or attach configuration says (INTERFACE.md, section 7), checked before anything is done with it. */
import { DeetError } from '../common/errors.js';

export interface CommonAttributes {
  readonly followFork: 'both' | 'parent' | 'child';
  readonly childSessions: boolean;
  /** Commands of the prompt, before the program starts. */
  readonly initCommands: readonly string[];
  /** Beginnings of paths as the compiler recorded them -> where the files are here. */
  readonly sourceMap: ReadonlyMap<string, string>;
}

export interface LaunchAttributes extends CommonAttributes {
  readonly program: string;
  /** A list of words, or one string to be split as a shell does, redirections included. */
  readonly args: readonly string[] | string;
  readonly cwd: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stopOnEntry: boolean;
  readonly console: 'internalConsole' | 'integratedTerminal' | 'externalTerminal';
  /** Files for stdin, stdout and stderr; undefined: as `console` says. */
  readonly stdio: readonly (string | undefined)[];
  readonly disableASLR: boolean;
  readonly noDebug: boolean;
}

export interface AttachAttributes extends CommonAttributes {
  readonly pid: number | undefined;
  /** The processes too that descend from it. */
  readonly family: boolean;
  readonly core: string | undefined;
  readonly program: string | undefined;
  /** A socket: the session of a process that another adapter traces (children.ts). */
  readonly childSession: string | undefined;
}

/** One attribute after another, each with its type; what is null counts as absent, as editors' templates leave it. */
class Attributes {
  constructor(private readonly values: Readonly<Record<string, unknown>>) {}

  #wrong(name: string, wanted: string): DeetError {
    return new DeetError('launch', `The attribute "${name}" of the debug configuration must be ${wanted}.`);
  }

  #value(name: string): unknown {
    return this.values[name] ?? undefined;
  }

  text(name: string): string | undefined {
    const value = this.#value(name);
    if (value !== undefined && typeof value !== 'string') throw this.#wrong(name, 'a string');
    return value;
  }

  flag(name: string, otherwise: boolean): boolean {
    const value = this.#value(name) ?? otherwise;
    if (typeof value !== 'boolean') throw this.#wrong(name, 'true or false');
    return value;
  }

  choice<T extends string>(name: string, choices: readonly [T, ...T[]]): T {
    const value = this.#value(name) ?? choices[0];
    const found = choices.find((each) => each === value);
    if (found === undefined) throw this.#wrong(name, `one of ${choices.join(', ')}`);
    return found;
  }

  texts(name: string): string[] {
    const value = this.#value(name) ?? [];
    if (!Array.isArray(value) || !value.every((each) => typeof each === 'string')) throw this.#wrong(name, 'a list of strings');
    return value;
  }

  /** An object whose values are strings, or null. Also a list of `NAME=value`. */
  table(name: string): Record<string, string | undefined> {
    const value = this.#value(name) ?? {};
    if (typeof value !== 'object') throw this.#wrong(name, 'an object');
    if (Array.isArray(value))
      return Object.fromEntries(
        this.texts(name).map((entry): [string, string] => [entry.split('=', 1)[0] ?? '', entry.replace(/^[^=]*=?/, '')]),
      );
    return Object.fromEntries(
      Object.entries(value).map(([key, each]: [string, unknown]) => {
        if (each !== null && typeof each !== 'string' && typeof each !== 'number') throw this.#wrong(name, 'an object of strings');
        return [key, each === null ? undefined : String(each)];
      }),
    );
  }

  number(name: string): number | undefined {
    const value = this.#value(name);
    // Editors' process pickers yield strings.
    const number = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value;
    if (number !== undefined && (typeof number !== 'number' || !Number.isSafeInteger(number))) throw this.#wrong(name, 'a number');
    return number;
  }

  paths(name: string): (string | undefined)[] {
    const value = this.#value(name) ?? [];
    const list: readonly unknown[] = Array.isArray(value) ? value : [value];
    if (list.length > 3 || !list.every((each) => each === null || typeof each === 'string'))
      throw this.#wrong(name, 'a list of up to three paths or null: stdin, stdout, stderr');
    return list.map((each) => (typeof each === 'string' ? each : undefined));
  }

  words(name: string): readonly string[] | string {
    const value = this.#value(name);
    if (typeof value === 'string') return value;
    if (value !== undefined && (!Array.isArray(value) || !value.every((each) => typeof each === 'string' || typeof each === 'number')))
      throw this.#wrong(name, 'a list of strings, or one string');
    return (value ?? []).map(String);
  }

  common(): CommonAttributes {
    const map = Object.entries(this.table('sourceMap')).filter((entry): entry is [string, string] => entry[1] !== undefined);
    return {
      followFork: this.choice('followFork', ['both', 'parent', 'child']),
      childSessions: this.flag('childSessions', false),
      initCommands: this.texts('initCommands'),
      sourceMap: new Map(map),
    };
  }
}

/** @throws DeetError `launch`. */
export const launchAttributes = (values: object): LaunchAttributes => {
  const from = new Attributes(values as Record<string, unknown>);
  const program = from.text('program');
  if (program === undefined || program === '')
    throw new DeetError('launch', 'The debug configuration names no program.', 'Add "program": the path of what is to be debugged.');
  return {
    ...from.common(),
    program,
    args: from.words('args'),
    cwd: from.text('cwd') || undefined,
    env: from.table('env'),
    stopOnEntry: from.flag('stopOnEntry', false),
    console: from.choice('console', ['internalConsole', 'integratedTerminal', 'externalTerminal']),
    stdio: from.paths('stdio'),
    disableASLR: from.flag('disableASLR', true),
    noDebug: from.flag('noDebug', false),
  };
};

/** @throws DeetError `launch`. */
export const attachAttributes = (values: object): AttachAttributes => {
  const from = new Attributes(values as Record<string, unknown>);
  const found = {
    ...from.common(),
    pid: from.number('pid'),
    family: from.flag('family', false),
    core: from.text('core'),
    program: from.text('program'),
    childSession: from.text('childSession'),
  };
  if (found.pid === undefined && found.core === undefined)
    throw new DeetError(
      'launch',
      'The debug configuration says neither "pid" nor "core".',
      'Add the number of a process, or the path of a core file.',
    );
  return found;
};

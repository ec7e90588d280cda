/** `set NAME VALUE` and `show NAME`: typed options with gdb's names, one table. */
import { typing } from '../common/advice.js';
import { DeetError } from '../common/errors.js';
import { takenSettings } from './taken_settings.js';
import type { OpenOptions } from '../symbols/open.js';
import { DEFAULT_SETTINGS, type PrintSettings } from '../language/settings.js';

type Kind =
  | { readonly type: 'boolean' }
  /** `unlimited` and 0 mean no limit where `unlimited` is given. */
  | { readonly type: 'number'; readonly minimum: number; readonly unlimited?: number }
  | { readonly type: 'choice'; readonly choices: readonly string[] }
  | { readonly type: 'text' };

export interface Option {
  readonly name: string;
  readonly kind: Kind;
  /** One line for `help set` and `show`. */
  readonly about: string;
  readonly initial: boolean | number | string;
  /** gdb's: taken so that scripts run, and changes nothing. */
  readonly isTaken?: boolean;
  /** Of such a text: other values than the initial one that ask for what deet does. */
  readonly fits?: RegExp;
}

const flag = (name: string, initial: boolean, about: string): Option => ({ name, kind: { type: 'boolean' }, initial, about });
const count = (name: string, initial: number, about: string, unlimited?: number): Option => ({
  name,
  kind: { type: 'number', minimum: unlimited === undefined ? 0 : Math.min(0, unlimited), ...(unlimited !== undefined && { unlimited }) },
  initial,
  about,
});
const choice = (name: string, choices: readonly string[], about: string): Option => ({
  name,
  kind: { type: 'choice', choices },
  initial: choices[0],
  about,
});

export const options: readonly Option[] = [
  choice(
    'language',
    ['auto', 'c', 'c++'],
    "Expressions are read and values shown as in this language; auto: the program's at the place of the stop.",
  ),
  choice('follow-fork-mode', ['both', 'parent', 'child'], 'Which processes of a fork are debugged.'),
  flag(
    'detach-on-fork',
    true,
    'With follow-fork-mode parent or child: the other process runs on undisturbed; off: it stands still until "release".',
  ),
  choice(
    'follow-exec-mode',
    ['new', 'same'],
    'After the first process has executed another program, "run" starts: the one that was named, or that one (same).',
  ),
  flag('schedule-multiple', true, 'Continuing lets all processes of the family run.'),
  choice('scheduler-locking', ['off', 'on', 'step', 'replay'], 'Which threads run while one is stepped or continued.'),
  choice(
    'displaced-stepping',
    ['auto', 'on', 'off'],
    'Breakpoints are passed by a copy of their instruction: when it pays, always, never.',
  ),
  choice(
    'breakpoint condition-evaluation',
    ['auto', 'host', 'target'],
    'Simple conditions and ignore counts are checked: in the program (target), by deet at a stop (host), in the program when it pays.',
  ),
  count('can-use-hw-watchpoints', 1, 'Watchpoints use debug registers; 0: they are done by stepping, which is slow.', 0),
  flag('step-mode', false, 'step stops in functions that have no line information.'),
  flag('stop-at-landing', true, 'A step or finish over a call that longjmp or a C++ exception leaves ends where that lands.'),
  flag('disable-randomization', true, 'Addresses are the same in every run.'),
  count('process-limit', 256, 'Live processes of the family at which it is stopped (fork bombs).', 0),
  choice('breakpoint pending', ['auto', 'on', 'off'], 'A breakpoint on an unknown name waits for a library that has it.'),
  choice('backtrace style', ['gdb', 'handout'], 'How backtrace lines look.'),
  flag('unwindonsignal', false, 'A call into the program that a signal stops is given up; else it stays on the stack, to be looked at.'),
  flag('backtrace past-main', false, 'Backtraces go on beyond main.'),
  count('backtrace limit', 0, 'Most frames that a backtrace computes.', 0),
  choice('disassembly-flavor', ['att', 'intel'], 'Assembly syntax.'),
  choice(
    'disassemble-next-line',
    ['off', 'on', 'auto'],
    'A stop shows the next instruction: always (on), or where there is no source (auto).',
  ),
  {
    name: 'debug-file-directory',
    kind: { type: 'text' },
    initial: '/usr/lib/debug',
    about: 'Where separate debug information is looked for.',
  },
  flag(
    'index-cache',
    true,
    "The indexes of a big program's names and source files are kept in $XDG_CACHE_HOME/deet (else ~/.cache/deet) for the next run.",
  ),
  { name: 'sysroot', kind: { type: 'text' }, initial: '', about: "Where a core file's programs and libraries are, if not here." },
  count('listsize', 10, 'Source lines that list shows; 0: the whole file.', 0),
  count('hang-after', 0, 'Seconds without any progress of the family after which it is stopped; 0: off.', 0),
  flag('confirm', true, 'Ask before doing what cannot be undone.'),
  flag('pagination', false, 'Long output is shown page by page.'),
  flag('report', true, 'At the end of a run, say what was left undone (zombies, orphans, leaked descriptors).'),
  flag('logging enabled', false, 'What deet shows goes into the log file, too.'),
  { name: 'logging file', kind: { type: 'text' }, initial: 'deet.txt', about: 'The log file of the next "set logging enabled on".' },
  flag('logging overwrite', false, 'A log begins anew instead of behind what the file has.'),
  flag('logging redirect', false, 'What goes into the log file is not shown.'),
  { name: 'height', kind: { type: 'text' }, initial: 'unlimited', about: 'Lines of a page.' },
  { name: 'width', kind: { type: 'text' }, initial: 'unlimited', about: 'Columns of the terminal.' },
  { name: 'args', kind: { type: 'text' }, initial: '', about: 'Arguments and redirections of the next run.' },
  {
    name: 'inferior-tty',
    kind: { type: 'text' },
    initial: '',
    about: "The program's terminal at the next run, such as /dev/pts/3; none: deet's own.",
  },
  { name: 'cwd', kind: { type: 'text' }, initial: '', about: 'Working directory of the next run.' },
  count('print elements', DEFAULT_SETTINGS.elements, 'Most elements of an array or characters of a string.', 0),
  count('print repeats', DEFAULT_SETTINGS.repeats, 'Repeated elements are shown once from this number on.', 0),
  count('print max-depth', DEFAULT_SETTINGS.depth, 'Nesting of structures shown.', -1),
  flag('print null-stop', DEFAULT_SETTINGS.nullStop, 'Character arrays end at their first NUL.'),
  flag('print pretty', DEFAULT_SETTINGS.pretty, 'One member a line.'),
  flag('print union', DEFAULT_SETTINGS.union, 'Unions inside structures are shown.'),
  flag('print address', DEFAULT_SETTINGS.address, 'Addresses are shown.'),
  flag('print symbol', DEFAULT_SETTINGS.symbol, 'Symbols behind pointers are shown.'),
  flag('print array', DEFAULT_SETTINGS.array, 'Arrays on several lines.'),
  flag('print array-indexes', DEFAULT_SETTINGS.arrayIndexes, 'Indexes of elements are shown.'),
  flag('print static-members', DEFAULT_SETTINGS.staticMembers, 'C++ static members are shown.'),
  count(
    'print max-symbolic-offset',
    DEFAULT_SETTINGS.symbolicOffset,
    'Addresses further behind a symbol are shown without it; 0: however far.',
    0,
  ),
  choice('output-radix', ['10', '16', '8'], 'Integers and characters are shown in decimal, in hexadecimal, in octal.'),
  flag('print object', DEFAULT_SETTINGS.object, 'C++ objects show as what their virtual tables say they are.'),
  choice(
    'print frame-arguments',
    ['scalars', 'all', 'none', 'presence'],
    'The line of a frame shows structures and arrays as "..." (scalars), or whole; every value as "..." (none); only that there are arguments (presence).',
  ),
  flag('print type methods', true, 'ptype shows the methods of classes.'),
  flag('print type typedefs', true, 'ptype shows the names that classes have for types.'),
  flag('print type hex', false, 'ptype/o shows offsets and sizes in hexadecimal.'),
  choice('print entry-values', ['default', 'no'], 'The line of a frame shows what parameters were at its entry, where the caller tells.'),
];

/** Scripts set variables in loops, and each time a setting might be meant. */
const all = [...options, ...takenSettings];
const byName = new Map(all.map((option) => [option.name, option]));
const named = (among: readonly Option[]): readonly { readonly option: Option; readonly words: readonly string[] }[] =>
  among.map((option) => ({ option, words: option.name.split(' ') }));
/** An abbreviation means one of deet's own settings before one that is only taken. */
const byPreference = [named(options), named(takenSettings)];

const truths = new Map([
  ['on', true], ['1', true], ['yes', true], ['enable', true], ['', true],
  ['off', false], ['0', false], ['no', false], ['disable', false],
]); // prettier-ignore

const parse = ({ name, kind }: Option, text: string): boolean | number | string => {
  switch (kind.type) {
    case 'boolean': {
      const value = truths.get(text);
      if (value === undefined) throw new DeetError('bad-value', `"on" or "off" expected for ${name}, not "${text}".`);
      return value;
    }
    case 'number': {
      if (kind.unlimited !== undefined && /^(unlimited|off)$/.test(text)) return kind.unlimited;
      const value = Number(text);
      if (text === '' || !Number.isInteger(value) || value < kind.minimum)
        throw new DeetError(
          'bad-value',
          `A whole number${kind.unlimited === undefined ? '' : ' or "unlimited"'} is expected for ${name}, not "${text}".`,
        );
      return value;
    }
    case 'choice': {
      const matches = kind.choices.filter((each) => each.startsWith(text));
      const value = kind.choices.includes(text) ? text : matches.length === 1 && text !== '' ? matches[0] : undefined;
      if (value === undefined) throw new DeetError('bad-value', `${name} is one of ${kind.choices.join(', ')}; not "${text}".`);
      return value;
    }
    case 'text':
      return text;
  }
};

/** How symbols are opened under these settings. */
export const imageOptions = (settings: Settings): OpenOptions => ({
  debugDirectories: settings.text('debug-file-directory').split(':'),
  indexCache: settings.flag('index-cache'),
});

export class Settings {
  readonly #values = new Map<string, boolean | number | string>(all.map(({ name, initial }) => [name, initial]));
  readonly #chosen = new Set<string>();
  readonly #listeners = new Set<(name: string) => void>();

  /** Options whose name begins with these words; words may be abbreviated as long as they stay unambiguous. */
  find(words: string): Option | undefined {
    const exact = byName.get(words);
    if (exact) return exact;
    const parts = words.split(/\s+/);
    for (const settings of byPreference) {
      const fits = settings.filter(
        ({ words: own }) => own.length === parts.length && own.every((word, index) => word.startsWith(parts[index])),
      );
      if (fits.length > 0) return fits.length === 1 ? fits[0].option : undefined;
    }
    return undefined;
  }

  /** Returns it. @throws DeetError `bad-value` in the user's words. */
  set(name: string, text: string): Option {
    const option = this.find(name);
    if (!option) throw new DeetError('no-setting', `There is no setting "${name}".`, typing('help set', 'for the list'));
    this.#values.set(option.name, parse(option, text.trim()));
    this.#chosen.add(option.name);
    for (const listener of this.#listeners) listener(option.name);
    return option;
  }

  /** As text, in the form that `set` takes. */
  show(name: string): string {
    const value = this.#values.get(name);
    return typeof value === 'boolean' ? (value ? 'on' : 'off') : String(value);
  }

  onChange(listener: (name: string) => void): void {
    this.#listeners.add(listener);
  }

  /** By its name or an abbreviation; undefined: there is no such setting. */
  value(name: string): boolean | number | string | undefined {
    const option = this.find(name);
    return option && this.#values.get(option.name);
  }

  flag(name: string): boolean {
    return this.#values.get(name) === true;
  }

  /** On, and not only because it is so from the beginning. */
  isAsked(name: string): boolean {
    return this.flag(name) && this.#chosen.has(name);
  }

  number(name: string): number {
    return Number(this.#values.get(name));
  }

  text(name: string): string {
    return String(this.#values.get(name));
  }

  /** What expressions are written in, whatever the program is; undefined: as the program is. */
  get language(): 'c' | 'c++' | undefined {
    const language = this.text('language');
    return language === 'c' || language === 'c++' ? language : undefined;
  }

  get print(): PrintSettings {
    return {
      elements: this.number('print elements'),
      repeats: this.number('print repeats'),
      depth: this.number('print max-depth'),
      nullStop: this.flag('print null-stop'),
      pretty: this.flag('print pretty'),
      union: this.flag('print union'),
      address: this.flag('print address'),
      symbol: this.flag('print symbol'),
      array: this.flag('print array'),
      arrayIndexes: this.flag('print array-indexes'),
      staticMembers: this.flag('print static-members'),
      object: this.flag('print object'),
      symbolicOffset: this.number('print max-symbolic-offset'),
      radix: this.text('output-radix') === '16' ? 16 : this.text('output-radix') === '8' ? 8 : 10,
    };
  }
}

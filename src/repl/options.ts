/** The command line of `deet`: what INTERFACE.md section 1 lists. Everything behind PROGRAM belongs to the program. */

/** One thing to do after start-up, in the order given. */
export type Startup = { readonly kind: 'command'; readonly line: string } | { readonly kind: 'file'; readonly path: string };

export interface Options {
  readonly mode: 'debug' | 'help' | 'version';
  readonly program: string | undefined;
  readonly arguments: readonly string[];
  readonly startup: readonly Startup[];
  readonly batch: boolean;
  readonly json: boolean;
  readonly returnChildResult: boolean;
  /** Milliseconds. */
  readonly timeout: number | undefined;
  readonly initFiles: boolean;
  readonly colour: boolean;
  readonly cwd: string | undefined;
  readonly environment: Readonly<Record<string, string>>;
  readonly tty: string | undefined;
  readonly pid: number | undefined;
  readonly core: string | undefined;
}

/** The command line makes no sense; the message says what is wrong with it. */
export class UsageError extends Error {}

export const usage = 'Usage: deet [options] PROGRAM [ARG...]';

export const helpText = `${usage}
       deet [options] --args PROGRAM [ARG...]    ARGs may begin with '-'
       deet [options] -p PID                     attach to a running process
       deet [options] --core FILE [PROGRAM]      look at a core file
       deet dap [--listen 127.0.0.1:PORT]        Debug Adapter Protocol
       deet grade LAB [PROGRAM...]               run a lab's checks (deet grade --help)

  -ex, --eval-command CMD    run CMD after start-up (repeatable, in order)
  -x, --command FILE         run the commands of FILE
  --batch                    no prompt: exit after the -ex and -x commands
  --json                     results and events as JSON lines on stdout
  --return-child-result      exit with the program's own exit code (128+N if signal N killed it)
  --timeout SECONDS          for the whole run; past it every process is killed, exit 124
  -nx                        read no init file (~/.deetinit, ./.deetinit)
  -q                         accepted and ignored: there is no banner
  --cd DIR                   working directory of the program
  --env NAME=VALUE           a variable of the program's environment (repeatable)
  --tty DEVICE               a terminal of the program's own
  --no-color                 no colours (nor with NO_COLOR, or when stdout is no terminal)
  --version, --help

Exit status in batch: 0 all commands succeeded, 1 one failed, 2 wrong usage or PROGRAM cannot be loaded, 124 timeout.
`;

/** Options that take a value, by every spelling (one dash or two, as gdb allows). */
const valued: Readonly<Record<string, string>> = {
  ex: 'ex',
  'eval-command': 'ex',
  x: 'x',
  command: 'x',
  timeout: 'timeout',
  cd: 'cd',
  env: 'env',
  tty: 'tty',
  p: 'pid',
  pid: 'pid',
  core: 'core',
  c: 'core',
};

const flags: Readonly<Record<string, string>> = {
  batch: 'batch',
  json: 'json',
  'return-child-result': 'result',
  nx: 'nx',
  n: 'nx',
  q: 'quiet',
  quiet: 'quiet',
  silent: 'quiet',
  'no-color': 'plain',
  'no-colour': 'plain',
  args: 'args',
  help: 'help',
  h: 'help',
  version: 'version',
  v: 'version',
};

/** @throws UsageError */
export const parseOptions = (words: readonly string[]): Options => {
  const given = new Set<string>();
  const values = new Map<string, string>();
  const environment: Record<string, string> = {};
  const startup: Startup[] = [];
  let at = 0;
  for (; at < words.length; at++) {
    const word = words[at];
    if (word === '--') {
      at++;
      break;
    }
    if (!word.startsWith('-') || word === '-') break;
    const match = /^--?([^=]+)(?:=([\s\S]*))?$/.exec(word);
    const name = match?.[1] ?? '';
    if (Object.hasOwn(flags, name) && match?.[2] === undefined) {
      given.add(flags[name]);
      continue;
    }
    if (!Object.hasOwn(valued, name)) throw new UsageError(`There is no option ${word}.`);
    const value = match?.[2] ?? words.at(++at);
    if (value === undefined) throw new UsageError(`${word} needs something behind it.`);
    const kind = valued[name];
    if (kind === 'ex') startup.push({ kind: 'command', line: value });
    else if (kind === 'x') startup.push({ kind: 'file', path: value });
    else if (kind === 'env') Object.assign(environment, variable(value));
    else values.set(kind, value);
  }
  const rest = words.slice(at);
  return {
    mode: given.has('help') ? 'help' : given.has('version') ? 'version' : 'debug',
    program: rest[0],
    arguments: rest.slice(1),
    startup,
    batch: given.has('batch'),
    json: given.has('json'),
    returnChildResult: given.has('result'),
    timeout: milliseconds(values.get('timeout')),
    initFiles: !given.has('nx'),
    colour: !given.has('plain'),
    cwd: values.get('cd'),
    environment,
    tty: values.get('tty'),
    pid: processNumber(values.get('pid')),
    core: values.get('core'),
  };
};

const variable = (text: string): Record<string, string> => {
  const at = text.indexOf('=');
  if (at <= 0) throw new UsageError(`--env needs NAME=VALUE, not "${text}".`);
  return { [text.slice(0, at)]: text.slice(at + 1) };
};

/** setTimeout's longest wait, about 24 days. */
const longest = 2 ** 31 - 1;

const milliseconds = (text: string | undefined): number | undefined => {
  if (text === undefined) return undefined;
  const seconds = Number(text);
  if (text.trim() === '' || !(seconds > 0)) throw new UsageError(`--timeout needs a number of seconds, not "${text}".`);
  return Math.min(longest, seconds * 1000);
};

const processNumber = (text: string | undefined): number | undefined => {
  if (text === undefined) return undefined;
  if (!/^[1-9]\d*$/.test(text)) throw new UsageError(`-p needs the number of a process, not "${text}".`);
  return Number(text);
};

/** The shapes of `--json`, as the interface gives them. A checker returns what is wrong, in words; fields beyond the shape are allowed. */

type Check = (value: unknown) => string | undefined;

const described = (value: unknown): string => JSON.stringify(value) ?? String(value);

const string: Check = (value) => (typeof value === 'string' ? undefined : `${described(value)} is no string`);
const number: Check = (value) => (typeof value === 'number' && Number.isFinite(value) ? undefined : `${described(value)} is no number`);
const boolean: Check = (value) => (typeof value === 'boolean' ? undefined : `${described(value)} is no boolean`);
const address: Check = (value) =>
  typeof value === 'string' && /^0x[0-9a-f]+$/.test(value) ? undefined : `${described(value)} is no address`;
const matching =
  (pattern: RegExp): Check =>
  (value) =>
    typeof value === 'string' && pattern.test(value) ? undefined : `${described(value)} does not match ${String(pattern)}`;
const list =
  (each: Check): Check =>
  (value) =>
    Array.isArray(value)
      ? value.map((item, index) => prefix(`[${index}]`, each(item))).find((wrong) => wrong !== undefined)
      : `${described(value)} is no list`;
const optional =
  (check: Check): Check =>
  (value) =>
    value === undefined ? undefined : check(value);
const prefix = (place: string, wrong: string | undefined): string | undefined => wrong && `${place}: ${wrong}`;

const object =
  (fields: Readonly<Record<string, Check>>): Check =>
  (value) => {
    if (typeof value !== 'object' || value === null) return `${described(value)} is no object`;
    const record = value as Record<string, unknown>;
    const nulls = Object.keys(record).filter((key) => record[key] === null);
    if (nulls.length > 0) return `${nulls.join(', ')}: null; what is unknown is absent`;
    return Object.entries(fields)
      .map(([name, check]) => prefix(name, check(record[name])))
      .find((wrong) => wrong !== undefined);
  };

const variable: Check = (value) =>
  object({
    name: string,
    type: string,
    value: string,
    address: optional(address),
    children: optional(list(variable)),
    optimizedOut: optional(boolean),
  })(value);
const frame = object({
  level: number,
  function: optional(string),
  file: optional(string),
  line: optional(number),
  address,
  args: list(variable),
  inlined: boolean,
  image: optional(string),
});
const location = object({ address, function: optional(string), file: optional(string), line: optional(number) });
const breakpoint = object({
  id: number,
  enabled: boolean,
  locations: list(location),
  condition: optional(string),
  hits: number,
  pending: boolean,
});
const truth: Check = (value) => (value === true ? undefined : `${described(value)} is not true; what is not is absent`);
const pids = list(number);
const held = list(object({ pid: number, fd: number }));
const watch = object({ expression: string, old: optional(string), new: optional(string), scopeEnded: optional(truth) });
const signal = matching(/^SIG[A-Z]+[0-9+-]*$/);
const reasons = /^(entry|breakpoint|step|watchpoint|signal|fork|vfork|exec|syscall|exception|pause|hang|location)$/;
const processNode: Check = (value) =>
  object({
    pid: number,
    ppid: optional(number),
    state: matching(/^(running|stopped|blocked|zombie|exited|signaled|reaped)$/),
    program: string,
    forkedAt: optional(object({ file: string, line: number, function: optional(string) })),
    status: optional(number),
    signal: optional(signal),
    orphaned: optional(truth),
    reapedBy: optional(number),
    children: optional(list(processNode)),
  })(value);

const shapes: Readonly<Record<string, Check>> = {
  stop: object({
    reason: matching(reasons),
    breakpoint: optional(number),
    hits: optional(number),
    pid: number,
    tid: number,
    signal: optional(signal),
    address: optional(address),
    watch: optional(watch),
    child: optional(number),
    syscall: optional(object({ name: string, phase: matching(/^(?:entry|exit)$/) })),
    frame: optional(frame),
    returned: optional(variable),
  }),
  exit: object({ pid: number, status: optional(number), signal: optional(signal), coreDumped: optional(boolean) }),
  breakpoint,
  breakpoints: object({ breakpoints: list(breakpoint) }),
  backtrace: object({ pid: number, tid: number, frames: list(frame) }),
  frame: object({ frame }),
  variables: object({ scope: string, variables: list(variable) }),
  value: object({ expression: string, value: string, valueType: string, children: optional(list(variable)) }),
  threads: object({
    threads: list(
      object({ id: number, pid: number, tid: number, name: optional(string), state: string, current: boolean, frame: optional(frame) }),
    ),
  }),
  processes: object({ processes: list(processNode) }),
  descriptors: object({
    pid: number,
    descriptors: list(
      object({
        fd: number,
        kind: string,
        target: string,
        closeOnExec: boolean,
        end: optional(matching(/^(?:read|write)$/)),
        sharedWith: optional(held),
      }),
    ),
  }),
  why: object({
    waits: list(
      object({
        pid: number,
        tid: number,
        call: optional(string),
        on: object({ kind: string, fd: optional(number), holders: optional(held), symbol: optional(string), address: optional(address) }),
        text: string,
      }),
    ),
    deadlocks: list(pids),
  }),
  explanation: object({ cause: string, expression: optional(string), address: optional(address), text: string }),
  report: object({ problems: list(object({ kind: string, pid: number, text: string })) }),
  registers: object({ registers: (value) => list(address)(Object.values(value as object)) }),
  memory: object({ address, bytes: matching(/^(?:[0-9a-f]{2})*$/) }),
  source: object({ file: string, first: number, lines: list(string) }),
  disassembly: object({ instructions: list(object({ address, bytes: string, text: string, line: optional(number) })) }),
  message: object({ text: string }),
  error: object({ command: string, message: string, code: string }),
};

/** The paths of all fields that an object has, lists left out: `stop.frame.args.name`. */
export const fieldsOf = (value: unknown, path: string): string[] => {
  if (Array.isArray(value)) return value.flatMap((each) => fieldsOf(each, path));
  if (typeof value !== 'object' || value === null) return [path];
  return [path, ...Object.entries(value).flatMap(([name, each]) => fieldsOf(each, `${path}.${name}`))];
};

/** Places of null, however deep: what is not known is absent. */
const nullIn = (value: unknown, path: string): string | undefined => {
  if (value === null) return path;
  if (typeof value !== 'object') return undefined;
  return Object.entries(value)
    .map(([name, each]) => nullIn(each, `${path}.${name}`))
    .find((found) => found !== undefined);
};

/** What is wrong with a line of output; undefined when it is as it should be. */
export const wrongWith = (line: string): string | undefined => {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return `not JSON: ${line}`;
  }
  const type = (value as { type?: unknown }).type;
  const shape = typeof type === 'string' ? shapes[type] : undefined;
  const unknown = nullIn(value, String(type));
  if (unknown !== undefined) return `${unknown}: null; what is unknown is absent`;
  return shape ? prefix(String(type), shape(value)) : `unknown type in ${line}`;
};

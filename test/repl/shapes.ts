/** The shapes of `--json`, as the interface gives them. A checker returns what is wrong, in words; fields beyond the shape are allowed. */

type Check = (value: unknown) => string | undefined;

const described = (value: unknown): string => JSON.stringify(value) ?? String(value);

export const string: Check = (value) => (typeof value === 'string' ? undefined : `${described(value)} is no string`);
export const number: Check = (value) =>
  typeof value === 'number' && Number.isFinite(value) ? undefined : `${described(value)} is no number`;
export const boolean: Check = (value) => (typeof value === 'boolean' ? undefined : `${described(value)} is no boolean`);
export const address: Check = (value) =>
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
const reasons = /^(entry|breakpoint|step|watchpoint|signal|fork|vfork|exec|syscall|exception|pause|hang|location)$/;
const processNode: Check = (value) =>
  object({
    pid: number,
    ppid: optional(number),
    state: matching(/^(running|stopped|blocked|zombie|exited|signaled|reaped)$/),
    program: string,
    forkedAt: optional(object({ file: string, line: number })),
    status: optional(number),
    signal: optional(string),
    children: optional(list(processNode)),
  })(value);

const shapes: Readonly<Record<string, Check>> = {
  stop: object({
    reason: matching(reasons),
    breakpoint: optional(number),
    hits: optional(number),
    pid: number,
    tid: number,
    signal: optional(matching(/^SIG/)),
    address: optional(address),
    frame: optional(frame),
    returned: optional(variable),
  }),
  exit: object({ pid: number, status: optional(number), signal: optional(matching(/^SIG/)), coreDumped: optional(boolean) }),
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
        sharedWith: optional(list(object({ pid: number, fd: number }))),
      }),
    ),
  }),
  why: object({
    waits: list(object({ pid: number, tid: number, on: object({ kind: string }), text: string })),
    deadlocks: list(list(number)),
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
  return shape ? prefix(String(type), shape(value)) : `unknown type in ${line}`;
};

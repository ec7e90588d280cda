/** Processes, descriptors, waits and explanations as text. */
import { basename } from 'node:path';
import type { ProcessResult, Result } from '../commands/results.js';
import { listed } from '../insight/family.js';
import { line, lines } from './escape.js';
import type { Style } from './style.js';

type Of<T extends Result['type']> = Extract<Result, { type: T }>;
type Place = { readonly file?: string; readonly line?: number; readonly function?: string; readonly call?: string };

const placeOf = ({ file, line: number, function: name }: Place): string =>
  `${name === undefined ? '' : `${line(name)} `}${file === undefined ? '' : `${line(basename(file))}:${number ?? 0}`}`.trim();

const forkedBy = ({ call }: Place): string => (call === undefined ? 'forked at' : `forked by ${line(call)} at`);

/** `info inferiors` numbers them; `info tree` has no numbers, but the dead and who made whom. */
export const renderProcesses = ({ processes, most = Infinity }: Of<'processes'>, style: Style): string => {
  if (processes.some(({ id }) => id !== undefined)) return table(processes, style);
  const rows = processes.flatMap((each) => branch(each, '', '', style));
  const left = rows.length - most;
  const untraced = processes.some(hasUntraced) ? ['Those that are not traced: "attach -family" takes them, too.'] : [];
  return [...rows.slice(0, most), ...(left > 0 ? [`... and ${left} more: "info tree" shows all`] : []), ...untraced].join('\n');
};

const hasUntraced = ({ untraced, children = [] }: ProcessResult): boolean => untraced === true || children.some(hasUntraced);

const table = (processes: readonly ProcessResult[], style: Style): string => {
  const rows = processes.map(
    ({ id, pid, ppid, state, program, current }) =>
      `${current ? style.mark('*') : ' '} ${String(id ?? '').padEnd(4)} process ${pid}${ppid === undefined ? '' : ` (child of ${ppid})`}  ${state}  ${line(program)}`,
  );
  return ['  Num  Description  State  Executable', ...rows].join('\n');
};

/** So many children in a row that came and went alike are one row: who is still there shall not be lost among them. */
const manyAlike = 8;

/** Children in the order of birth; those that are alike and gone together. */
const groupsOf = (children: readonly ProcessResult[]): ProcessResult[][] => {
  const groups: ProcessResult[][] = [];
  let last = '';
  for (const child of children) {
    const isPast = child.state === 'reaped' && (child.children ?? []).length === 0;
    const text = isPast ? `${child.program} ${factsOf(child)}` : '';
    if (text !== '' && text === last) groups.at(-1)?.push(child);
    else groups.push([child]);
    last = text;
  }
  return groups.flatMap((group) => (group.length >= manyAlike ? [group] : group.map((each) => [each])));
};

const branch = (node: ProcessResult, head: string, indent: string, style: Style): string[] => {
  const groups = groupsOf(node.children ?? []);
  const rows = groups.flatMap(([child, ...others], index) => {
    const last = index === groups.length - 1;
    const own = `${indent}${last ? '└─ ' : '├─ '}`;
    const end = others.at(-1);
    if (!child) return [];
    if (!end) return branch(child, own, `${indent}${last ? '   ' : '│  '}`, style);
    const name = `${others.length + 1} processes, ${child.pid} to ${end.pid},`;
    return [`${style.dim(own)}${style.bold(name)} ${line(basename(child.program))}: ${factsOf(child)}`];
  });
  return [`${style.dim(head)}${nodeText(node, style)}`, ...rows];
};

const nodeText = (node: ProcessResult, style: Style): string =>
  `${node.current ? `${style.mark('*')} ` : ''}${style.bold(String(node.pid))} ${line(nameOf(node))}: ${factsOf(node)}`;

/** Most titles begin with the program's name. */
const nameOf = ({ program, title }: ProcessResult): string => {
  const name = basename(program);
  return title === undefined ? name : title.startsWith(name) ? title : `${name} (${title})`;
};

const factsOf = (node: ProcessResult): string => {
  const facts = [
    stateText(node),
    ...(node.untraced ? ['not traced'] : []),
    ...(node.threads === undefined ? [] : [`${node.threads} threads`]),
    ...(node.place ? [`at ${placeOf(node.place)}`] : []),
    ...(node.forkedAt ? [`${forkedBy(node.forkedAt)} ${placeOf(node.forkedAt)}`] : []),
    ...(node.toldAt ? [`SIGCHLD came at ${placeOf(node.toldAt)}`] : []),
    ...(node.failedExec ? [failure(node.failedExec)] : []),
    ...(node.orphaned ? [`orphaned${node.adoptedBy === undefined ? '' : `, adopted by ${node.adoptedBy}`}`] : []),
  ];
  return facts.join('; ');
};

const failure = ({ program, error, place }: NonNullable<ProcessResult['failedExec']>): string =>
  `exec of ${line(program)} failed (${error})${place ? ` at ${placeOf(place)}` : ''}`;

/** The time of day: a zombie lies about from then on. */
const clock = (milliseconds: number): string => new Date(milliseconds).toTimeString().slice(0, 8);

const stateText = ({ state, status, signal, reapedBy, call, zombieSince, released, stopSignal }: ProcessResult): string => {
  if (released) return state === 'exited' ? 'let go, and has ended' : 'let go: runs without deet';
  const end = signal !== undefined ? `killed by ${signal}` : status !== undefined ? `exited (status ${status})` : state;
  if (state === 'zombie') return `zombie${zombieSince === undefined ? '' : ` since ${clock(zombieSince)}`}, ${end}`;
  if (state === 'reaped')
    return `${end}${reapedBy === undefined ? '' : reapedBy === 0 ? ', reaped by the kernel (its parent ignores SIGCHLD)' : `, reaped by ${reapedBy}`}`;
  if (stopSignal !== undefined) return `stopped by ${stopSignal}`;
  if (call === undefined || (state !== 'blocked' && state !== 'stopped')) return end;
  return state === 'blocked' ? `blocked in ${line(call)}` : `stopped in ${line(call)}`;
};

type View = Of<'descriptors'>['descriptors'][number];

const facts = (each: View): string =>
  [
    each.end ?? (each.access === 'read' || each.access === 'write' ? each.access : 'read and write'),
    ...(each.closeOnExec ? ['close-on-exec'] : []),
    ...(each.append ? ['append'] : []),
    ...(each.nonBlocking ? ['non-blocking'] : []),
    ...(each.offset === undefined ? [] : [`at ${each.offset}`]),
  ].join(', ');

export const renderDescriptors = ({ pid, untraced, descriptors }: Of<'descriptors'>, style: Style): string => {
  const rows = descriptors.map((each) => {
    const others = (list: readonly { readonly pid: number; readonly fd: number }[]): string =>
      list.map((one) => `${one.pid}:${one.fd}`).join(' ');
    const shared = each.sharedWith ? `  same as ${others(each.sharedWith)}` : '';
    const peers = each.peers ? (each.peers.length === 0 ? '  nobody at the other end' : `  other end ${others(each.peers)}`) : '';
    const name = each.socket ? socketText(each.socket) : line(each.target);
    return `  ${String(each.fd).padStart(3)}  ${each.kind.padEnd(8)} ${name}  ${style.dim(`(${facts(each)})${shared}${peers}`)}`;
  });
  const title = style.bold(`Process ${pid}${untraced ? ' (not traced)' : ''}:`);
  return [title, ...(rows.length === 0 ? ['  no open descriptors'] : rows)].join('\n');
};

const socketText = ({ protocol, local, remote, state }: NonNullable<View['socket']>): string =>
  [protocol, line(local), ...(remote === undefined ? [] : [`to ${line(remote)}`]), state.toLowerCase().replaceAll('_', '-')]
    .filter((word) => word !== '')
    .join(' ');

export const renderDescriptorChanges = ({ changes }: Of<'descriptorChanges'>, style: Style): string => {
  const pids = [...new Set(changes.map(({ pid }) => pid))];
  const text = ({ kind, target, ...rest }: View): string => `${kind} ${line(target)} (${facts({ kind, target, ...rest })})`;
  const row = ({ fd, change, before, after }: (typeof changes)[number]): string => {
    const number = `  ${String(fd).padStart(3)}  ${change.padEnd(8)} `;
    const only = before ?? after;
    if (!before || !after) return number + (only ? text(only) : '');
    return change === 'replaced'
      ? `${number} ${text(after)}; before: ${text(before)}`
      : `${number} ${text(after)}; before: (${facts(before)})`;
  };
  return (
    pids.flatMap((pid) => [style.bold(`Process ${pid}:`), ...changes.filter((each) => each.pid === pid).map(row)]).join('\n') ||
    'No descriptor has changed since the last stop.'
  );
};

export const renderWhy = ({ waits, busy = [], deadlockTexts }: Of<'why'>, style: Style): string => {
  const rows = [...waits, ...busy].map(
    ({ pid, tid, thread, text }) =>
      `${style.bold(thread === undefined && tid === pid ? `Process ${pid}` : `Thread ${thread ?? tid} of process ${pid}`)} ${lines(text)}`,
  );
  return [...rows, ...deadlockTexts.map((text) => style.error(lines(text)))].join('\n') || 'Nobody is blocked.';
};

export const renderExplanation = ({ text }: Of<'explanation'>): string => lines(text);

/** So many processes of which the same is to be said are told of in one sentence. */
const sameOf = 3;
const mostNamed = 4;

/** `Each of 72, 73 and 74 (server), forked at ...`: a problem that several processes have. */
const together = (problems: Of<'report'>['problems']): string[] => {
  const groups = new Map<string, number[]>();
  for (const { pid, text } of problems) {
    const rest = text.startsWith(`Process ${pid} `) ? text.slice(`Process ${pid} `.length) : undefined;
    const key = rest ?? `\0${text}`;
    groups.set(key, [...(groups.get(key) ?? []), pid]);
  }
  return [...groups].flatMap(([key, pids]) => {
    if (key.startsWith('\0')) return [key.slice(1)];
    if (pids.length < sameOf) return pids.map((pid) => `Process ${pid} ${key}`);
    const named = pids.length > mostNamed + 1 ? [...pids.slice(0, mostNamed), `${pids.length - mostNamed} more`] : pids;
    return [`Each of ${listed(named)} ${key}`];
  });
};

export const renderReport = ({ problems }: Of<'report'>, style: Style): string =>
  problems.length === 0
    ? 'Nothing was left undone.'
    : together(problems)
        .map((text) => style.warning(`Note: ${lines(text)}`))
        .join('\n');

/**
 * The report at the end of a run: what went wrong between processes and is easily overlooked. It is drawn from events that the session
 * noted as they happened; events that a session cannot see are simply missing, and with them what they would have told.
 */
import { basename } from 'node:path';
import type { Address } from '../common/addresses.js';
import type { DescriptorView } from './descriptors.js';
import { listed, type SourcePlace } from './family.js';
import type { UsedUp } from './last_look.js';
import type { WayOut } from './past.js';

type Inherited = Pick<DescriptorView, 'fd' | 'target' | 'end'>;

/** Found when it is asked for: unwinding takes its time, and most runs end without problems. */
type WhenAsked<T> = () => T | undefined;

export type FamilyEvent =
  | { readonly kind: 'start'; readonly pid: number; readonly program: string }
  | {
      readonly kind: 'fork';
      readonly pid: number;
      readonly child: number;
      readonly place?: WhenAsked<SourcePlace>;
      /** Behind the call, in the program's own code. */
      readonly instruction?: WhenAsked<Address>;
    }
  /** `descriptors`: what the new program starts with. */
  | { readonly kind: 'exec'; readonly pid: number; readonly program: string; readonly descriptors?: readonly Inherited[] }
  | {
      readonly kind: 'exec-failed';
      readonly pid: number;
      readonly program: string;
      readonly error: string;
      readonly place?: WhenAsked<SourcePlace>;
    }
  /** dup2(from, to), while `from` was not open; `lost`: what `to` was, when a standard descriptor took its place. */
  | {
      readonly kind: 'odd-dup';
      readonly lost?: string;
      readonly pid: number;
      readonly from: number;
      readonly to: number;
      readonly place?: WhenAsked<SourcePlace>;
    }
  /** read, write or close failed with EBADF; `open`: what the descriptor is, that is not open for that. */
  | {
      readonly kind: 'bad-descriptor';
      readonly pid: number;
      readonly call: string;
      readonly fd: number;
      readonly open?: string;
      readonly place?: WhenAsked<SourcePlace>;
    }
  /** SIGCHLD interrupted the call, and it was not made again; `writer`: who had the pipe's write end then, when the process ended. */
  | {
      readonly kind: 'interrupted';
      readonly pid: number;
      readonly call: string;
      readonly fd: number;
      readonly writer?: number;
      readonly place?: WhenAsked<SourcePlace>;
    }
  /** The process ended with as many descriptors open as it may have (last_look.ts). */
  | ({ readonly kind: 'used-up'; readonly pid: number } & UsedUp)
  /** SIGCHLD was delivered to a handler when these children were dead. */
  | { readonly kind: 'told'; readonly pid: number; readonly children: readonly number[]; readonly place?: WhenAsked<SourcePlace> }
  /** At a fork, `bytes` were in stdout's buffer (pendingOutput), beginning with `text`. */
  | {
      readonly kind: 'unflushed';
      readonly pid: number;
      readonly child: number;
      readonly bytes: number;
      readonly text: string;
    }
  /** At a fork, exit(3) was to run these functions (exitHandlers). */
  | { readonly kind: 'handlers'; readonly pid: number; readonly child: number; readonly names: readonly string[] }
  /** `way`: not of those that a signal killed. `outlivedParent`: whose own exit is told later all the same. */
  | {
      readonly kind: 'exit';
      readonly pid: number;
      readonly status?: number;
      readonly signal?: string;
      readonly way?: WhenAsked<WayOut>;
      readonly outlivedParent?: boolean;
    }
  /** It is dead, its parent goes, and has not waited for it. Its own exit may be told later. */
  | { readonly kind: 'unwaited'; readonly pid: number }
  /** `by` 0: the kernel did, because the parent ignores SIGCHLD. */
  | { readonly kind: 'reaped'; readonly pid: number; readonly by: number }
  /** deet itself ended it, on quit or kill: what then remains undone is not the program's fault. */
  | { readonly kind: 'killed'; readonly pid: number };

export interface Problem {
  readonly kind:
    | 'zombie'
    | 'orphan'
    | 'leaked-fd'
    | 'ran-on'
    | 'nested-fork'
    | 'double-flush'
    | 'handler-twice'
    | 'failed-dup'
    | 'bad-descriptor'
    | 'swapped-dup'
    | 'interrupted'
    | 'used-up';
  readonly pid: number;
  readonly text: string;
}

/** The JSON object `report`. */
export interface Report {
  readonly type: 'report';
  readonly problems: readonly Problem[];
}

interface Life {
  readonly pid: number;
  readonly parent: Life | undefined;
  readonly bornAt: WhenAsked<SourcePlace>;
  program: string;
  execs: number;
  forks: { readonly place: WhenAsked<SourcePlace>; readonly instruction?: WhenAsked<Address> }[];
  failedExec?: Extract<FamilyEvent, { kind: 'exec-failed' }>;
  /** Output of its parent that it was born with. */
  inherited?: Extract<FamilyEvent, { kind: 'unflushed' }>;
  /** Exit handlers of its parent that it was born with. */
  handlers?: readonly string[];
  end?: Extract<FamilyEvent, { kind: 'exit' }>;
  reapedBy?: number;
  killed?: boolean;
  unwaited?: boolean;
  outlivedParent?: boolean;
  /** The SIGCHLD that came of its death, if it came of others' too. */
  told?: Extract<FamilyEvent, { kind: 'told' }>;
  readonly children: Life[];
  readonly oddDups: Extract<FamilyEvent, { kind: 'odd-dup' }>[];
  readonly misused: Extract<FamilyEvent, { kind: 'bad-descriptor' }>[];
  interrupted?: Extract<FamilyEvent, { kind: 'interrupted' }>;
  usedUp?: UsedUp;
  leaked: { program: string; descriptors: Inherited[] }[];
}

const at = (place: SourcePlace | undefined): string => (place ? ` at ${basename(place.file)}:${place.line}` : '');
/** `forked at a.c:7`, `forked by popen at a.c:7`. */
const forked = ({ bornAt }: Life): string => {
  const place = bornAt();
  return `forked${place?.call === undefined ? '' : ` by ${place.call}`}${at(place)}`;
};
const endOf = ({ end }: Life): string =>
  end?.signal !== undefined ? `killed by ${end.signal}` : end?.status !== undefined ? `status ${end.status}` : 'ended';

/** Standard input, output and error are meant to be inherited. */
const firstOwnDescriptor = 3;

const biographies = (events: readonly FamilyEvent[]): Life[] => {
  const lives: Life[] = [];
  const living = new Map<number, Life>();
  const born = (pid: number, program: string, parent?: Life, bornAt: WhenAsked<SourcePlace> = () => undefined): void => {
    const life: Life = { pid, parent, bornAt, program, execs: 0, forks: [], children: [], oddDups: [], misused: [], leaked: [] };
    lives.push(life);
    parent?.children.push(life);
    living.set(pid, life);
  };
  for (const event of events) {
    const life = living.get(event.pid);
    switch (event.kind) {
      case 'start':
        born(event.pid, event.program);
        break;
      case 'fork':
        if (event.place) life?.forks.push({ ...event, place: event.place });
        born(event.child, life?.program ?? '', life, event.place);
        break;
      case 'exec': {
        if (!life) break;
        life.program = event.program;
        life.execs++;
        const descriptors = (event.descriptors ?? []).filter(({ fd }) => fd >= firstOwnDescriptor);
        if (descriptors.length > 0 && life.parent) life.leaked.push({ program: event.program, descriptors });
        break;
      }
      case 'exec-failed':
        if (life) life.failedExec = event;
        break;
      case 'odd-dup':
        life?.oddDups.push(event);
        break;
      case 'bad-descriptor':
        life?.misused.push(event);
        break;
      case 'interrupted':
        if (life) life.interrupted = event;
        break;
      case 'used-up':
        if (life) life.usedUp = event;
        break;
      case 'told':
        for (const pid of event.children) {
          const child = living.get(pid);
          if (child && event.children.length > 1) child.told = event;
        }
        break;
      case 'unflushed': {
        const child = living.get(event.child);
        if (child) child.inherited = event;
        break;
      }
      case 'handlers': {
        const child = living.get(event.child);
        if (child) child.handlers = event.names;
        break;
      }
      case 'exit':
        if (!life) break;
        life.end = event;
        if (event.outlivedParent) life.outlivedParent = true;
        for (const child of life.children) if (!child.end && !child.killed && !child.unwaited && !life.killed) child.outlivedParent = true;
        break;
      case 'unwaited':
        if (life) life.unwaited = true;
        break;
      case 'reaped':
        if (life) life.reapedBy = event.by;
        break;
      case 'killed':
        if (life) life.killed = true;
        break;
    }
  }
  return lives;
};

const name = ({ pid, program }: Life): string => (program === '' ? `Process ${pid}` : `Process ${pid} (${basename(program)})`);

/** What would have waited for the child of a popen. */
const unclosed = ({ bornAt }: Life): string => (bornAt()?.call === 'popen' ? ' (pclose does)' : '');

/** Who was killed could not wait for its children. */
const wasKilled = ({ killed, end }: Life): boolean => killed === true || end?.signal !== undefined;

/** A handler that waits for one child each time loses the others. */
const coalesced = ({ told }: Life): string =>
  told
    ? ` One SIGCHLD came for ${told.children.length} children${at(told.place?.())}: signals of one kind are not counted, so the handler calls waitpid until nobody is left.`
    : '';

const zombies = (lives: readonly Life[]): Problem[] =>
  lives.flatMap((life) => {
    const parent = life.parent;
    if (!life.end || life.reapedBy !== undefined || life.killed || life.outlivedParent || !parent || wasKilled(parent)) return [];
    const text = `${name(life)}, ${forked(life)}, ended (${endOf(life)}) and was never waited for by its parent ${parent.pid}${unclosed(life)}: a zombie.${coalesced(life)}`;
    return [{ kind: 'zombie', pid: life.pid, text }];
  });

const orphans = (lives: readonly Life[]): Problem[] =>
  lives.flatMap((life) => {
    if (!life.outlivedParent || !life.parent || wasKilled(life.parent)) return [];
    // One of the family has inherited it, and waited for it (PR_SET_CHILD_SUBREAPER).
    if (lives.some(({ pid }) => pid === life.reapedBy)) return [];
    const text = `${name(life)}, ${forked(life)}, outlived its parent ${life.parent.pid} (${endOf(life.parent)}), which did not wait for it${unclosed(life)}.`;
    return [{ kind: 'orphan', pid: life.pid, text }];
  });

const leaks = (lives: readonly Life[]): Problem[] =>
  lives.flatMap((life) =>
    life.leaked.map(({ program, descriptors }): Problem => {
      const names = descriptors.map(({ fd, target, end }) => `fd ${fd} (${target}${end ? `, ${end} end` : ''})`);
      const blocking = descriptors.some(({ end }) => end === 'write')
        ? ' A pipe whose write end stays open never reports end of file.'
        : '';
      const text = `Process ${life.pid} started ${basename(program)} with descriptors of its parent still open: ${listed(names)}.${blocking}`;
      return { kind: 'leaked-fd', pid: life.pid, text };
    }),
  );

/** A child that came back from the function that forked it, and went on to the end of main as if it were the parent. */
const returnedToMain = (life: Life): Problem[] => {
  if (!life.parent || life.end?.way?.()?.fromMain !== true) return [];
  const forker = life.bornAt()?.function;
  if (forker === undefined || forker === 'main') return [];
  const text = `${name(life)}, forked${at(life.bornAt())}, returned from ${forker} and ran on in its parent's code to the end of main. A child ends with _exit, or runs exec.`;
  return [{ kind: 'ran-on', pid: life.pid, text }];
};

/** After a failed exec the only right thing is to end, and to say so: whoever forks, or comes to an end that means success, is on in the parent's code. */
const ranOn = (lives: readonly Life[]): Problem[] =>
  lives.flatMap((life) => {
    const failed = life.failedExec;
    if (life.execs > 0) return [];
    if (!failed) return returnedToMain(life);
    if (life.forks.length === 0 && (life.end?.status !== 0 || life.end.way?.()?.byExit === false)) return returnedToMain(life);
    const forked = life.forks[0] ? ` It even forked${at(life.forks[0].place())}.` : '';
    const text = `${name(life)}: exec of ${failed.program}${at(failed.place?.())} failed (${failed.error}), and the child went on in its parent's code. Call _exit after a failed exec.${forked}`;
    return [{ kind: 'ran-on', pid: life.pid, text }];
  });

/** A child that runs the very fork its ancestors run: a loop without exit, or two forks in a row where one process was meant to run both. */
const nestedForks = (lives: readonly Life[]): Problem[] => {
  const found = new Map<string, { place: SourcePlace; by: Life[] }>();
  for (const life of lives) {
    if (!life.parent || life.execs > 0 || life.forks.length === 0) continue;
    const above = placesOf(life.parent);
    for (const [line, place] of placesOf(life)) {
      if (!above.has(line)) continue;
      const entry = found.get(line) ?? { place, by: [] };
      entry.by.push(life);
      found.set(line, entry);
    }
  }
  return [...found.values()].flatMap(({ place, by }) => {
    const [first] = by;
    if (!first) return [];
    const shown = by.slice(0, 5).map(({ pid }) => pid);
    const more = by.length > shown.length ? ` and ${by.length - shown.length} more` : '';
    const text = `The fork${at(place)} was run by children too (${listed(shown)}${more}): a child that does not exit or exec runs on in its parent's code.`;
    return [{ kind: 'nested-fork', pid: first.pid, text }];
  });
};

/**
 * The places that a process forked at: of a function of the program's own that forks, each call is another, and so is each call of one line, for which a line table
 * that tells blocks apart (gcc 13 and newer) need not have a column.
 */
const placesOf = ({ forks }: Life): Map<string, SourcePlace> =>
  new Map(
    forks.flatMap((fork) => {
      const place = fork.place();
      return place ? [[JSON.stringify([place.file, place.line, fork.instruction?.()?.toString(), place.caller]), place]] : [];
    }),
  );

const doubleFlushes = (lives: readonly Life[]): Problem[] =>
  lives.flatMap((life) => {
    const buffer = life.inherited;
    if (!buffer || life.execs > 0 || life.end?.way?.()?.byExit !== true) return [];
    const text = `${name(life)} was forked${at(life.bornAt())} while ${buffer.bytes} bytes of output (${JSON.stringify(buffer.text)}) were still in stdout's buffer: parent and child each write them. Call fflush(stdout) before fork.`;
    return [{ kind: 'double-flush', pid: life.pid, text }];
  });

const handlersTwice = (lives: readonly Life[]): Problem[] =>
  lives.flatMap((life) => {
    if (!life.handlers || life.execs > 0 || life.end?.way?.()?.byExit !== true) return [];
    const names = listed(life.handlers.map((each) => `\`${each}\``));
    const what = life.handlers.length === 1 ? 'the exit handler' : 'the exit handlers';
    const text = `${name(life)}, ${forked(life)}, ran ${what} ${names}, registered before the fork (atexit): every process that calls exit or returns from main runs what it was born with. A child that is not meant to ends with _exit.`;
    return [{ kind: 'handler-twice', pid: life.pid, text }];
  });

const oddDups = (lives: readonly Life[]): Problem[] =>
  lives.flatMap((life) =>
    life.oddDups.flatMap(({ from, to, lost, place }): Problem[] => {
      if (lost !== undefined) {
        // Without sources it may be a shell, that does what its script says: exec 5>&1
        if (!place?.()) return [];
        const text = `${name(life)}: dup2(${from}, ${to})${at(place?.())} made fd ${to} (${lost}) a copy of fd ${from}, which stayed what it was. The old descriptor comes first: dup2(${to}, ${from}).`;
        return [{ kind: 'swapped-dup', pid: life.pid, text }];
      }
      const text = `${name(life)}: dup2(${from}, ${to})${at(place?.())} failed (EBADF), because fd ${from} was not open there; fd ${to} stayed what it was. dup2 comes before close.`;
      return [{ kind: 'failed-dup', pid: life.pid, text }];
    }),
  );

/** So many descriptors that one line closes in vain: it closes whatever may be open. */
const closesAll = 3;

const badDescriptors = (lives: readonly Life[]): Problem[] =>
  lives.flatMap((life) => {
    const uses = life.misused.flatMap((use) => {
      // A library, or a shell, may try what it does not know.
      const place = use.place?.();
      return place ? [{ ...use, where: at(place) }] : [];
    });
    const closes = (where: string): number =>
      new Set(uses.flatMap((use) => (use.call === 'close' && use.where === where ? use.fd : []))).size;
    return uses.flatMap(({ call, fd, open, where }): Problem[] => {
      if (call === 'close' && closes(where) >= closesAll) return [];
      const why =
        open !== undefined
          ? `fd ${fd} (${open}) is not open for ${call === 'read' ? 'reading' : 'writing'}`
          : fd < 0
            ? 'the call that was to open it had failed'
            : `fd ${fd} was not open there: it had been closed before, or never opened`;
      return [{ kind: 'bad-descriptor', pid: life.pid, text: `${name(life)}: ${call}(${fd})${where} failed (EBADF), because ${why}.` }];
    });
  });

const succeeded = ({ end }: Life): boolean => end?.status === 0;

/** Who ends on purpose when a child does, with nothing left to read, is right. */
const interruptions = (lives: readonly Life[]): Problem[] =>
  lives.flatMap((life) => {
    const { interrupted, killed } = life;
    const place = interrupted?.place?.();
    if (!interrupted || !place || killed || (succeeded(life) && interrupted.writer === undefined)) return [];
    const { call, fd, writer } = interrupted;
    const open = writer === undefined ? '' : `, although process ${writer} could still write to it`;
    const text = `${name(life)}: ${call}(${fd})${at(place)} was interrupted by SIGCHLD (EINTR) and not called again${open}. ${call === 'read' ? 'EINTR is neither the end of the file nor an error' : 'EINTR is no failure'}: call it again, or give sigaction SA_RESTART.`;
    return [{ kind: 'interrupted', pid: life.pid, text }];
  });

const exhausted = (lives: readonly Life[]): Problem[] =>
  lives.flatMap((life) => {
    const { usedUp, killed } = life;
    if (!usedUp || killed || succeeded(life)) return [];
    const text = `${name(life)} ended (${endOf(life)}) with ${usedUp.open} descriptors open, ${usedUp.count} of them ${usedUp.most}, and may have ${usedUp.limit}: what is opened beyond that fails (EMFILE, Too many open files). What is no longer needed is to be closed.`;
    return [{ kind: 'used-up', pid: life.pid, text }];
  });

/** All problems, the graver kinds first, each kind in the order of birth. */
export const report = (events: readonly FamilyEvent[]): Report => {
  const lives = biographies(events);
  return {
    type: 'report',
    problems: [
      ranOn,
      oddDups,
      badDescriptors,
      interruptions,
      exhausted,
      nestedForks,
      doubleFlushes,
      handlersTwice,
      leaks,
      zombies,
      orphans,
    ].flatMap((find) => find(lives)),
  };
};

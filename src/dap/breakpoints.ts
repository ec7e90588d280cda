/**
 * The breakpoint requests. Each sets the whole of its kind: what is asked for again keeps its number and its hits, what is new is made, the rest goes.
 * Breakpoints need no stop: an int3 is one byte, and a running thread either meets it or does not.
 */
import type { DebugProtocol as P } from '@vscode/debugprotocol';
import { hex } from '../common/addresses.js';
import { asSentence } from '../common/advice.js';
import { DeetError } from '../common/errors.js';
import type { Breakpoint } from '../session/breakpoint.js';
import type { BreakOptions } from '../session/breakpoints.js';
import { clientId } from './breakpoint_ids.js';
import { fromClientLine, toClientLine } from './client.js';
import type { Debuggee } from './debuggee.js';
import { hitCondition, logMessage } from './hits.js';
import { addressOf, isReference } from './memory.js';
import type { Handlers } from './protocol.js';

type Group = string;

interface Wanted {
  readonly spec: string;
  readonly condition?: string | undefined;
  readonly hitCondition?: string | undefined;
  readonly logMessage?: string | undefined;
  /** Makes what is no breakpoint on a place. */
  readonly make?: () => Breakpoint;
}

const keyOf = ({ spec, condition, hitCondition: hits, logMessage: log }: Wanted): string => JSON.stringify([spec, condition, hits, log]);

/** Breakpoints that the client has asked for, by kind (and source file), then by what was asked. */
export class ClientBreakpoints {
  readonly #groups = new Map<Group, Map<string, number>>();
  /** Changes that come of the client's own request are its answer, not news. */
  #busy = false;
  /** noDebug: nothing stops. */
  disabled = false;

  get busy(): boolean {
    return this.#busy;
  }

  owns(id: number): boolean {
    return [...this.#groups.values()].some((group) => [...group.values()].includes(id));
  }

  set(group: Group, wanted: readonly Wanted[], debuggee: Debuggee): P.Breakpoint[] {
    if (this.disabled) return wanted.map(() => ({ verified: false, message: 'The program runs without debugging.' }));
    const before = this.#groups.get(group) ?? new Map<string, number>();
    const after = new Map<string, number>();
    this.#busy = true;
    try {
      const { breakpoints } = debuggee.session;
      const isThere = (id: number): boolean => breakpoints.all().some((each) => each.id === id);
      const keys = new Set(wanted.map(keyOf));
      for (const [key, id] of before) if (!keys.has(key) && isThere(id)) breakpoints.delete(id);
      const answers = wanted.map((each) => {
        const key = keyOf(each);
        const id = after.get(key) ?? before.get(key);
        if (id !== undefined && isThere(id)) {
          after.set(key, id);
          return described(breakpoints.get(id), debuggee);
        }
        return this.#make(each, debuggee, (made) => after.set(key, made.id));
      });
      this.#groups.set(group, after);
      return answers;
    } finally {
      this.#busy = false;
    }
  }

  #make(wanted: Wanted, debuggee: Debuggee, made: (breakpoint: Breakpoint) => void): P.Breakpoint {
    try {
      const breakpoint = wanted.make ? wanted.make() : debuggee.session.break(wanted.spec, optionsOf(wanted, debuggee));
      // With sessions of their own, processes have breakpoints of their own.
      if (debuggee.attributes.childSessions) breakpoint.accepts = (thread) => debuggee.owns(thread.process);
      made(breakpoint);
      return described(breakpoint, debuggee);
    } catch (error) {
      if (!(error instanceof DeetError)) throw error;
      return {
        verified: false,
        reason: 'failed',
        message: error.hint === undefined ? error.message : `${error.message} ${asSentence(error.hint)}`,
      };
    }
  }
}

/** Of a breakpoint that can be nowhere: its answer says so, and the others of the request are set. @throws DeetError `no-place` */
const refuse = (why: string): never => {
  throw new DeetError('no-place', why);
};

export const optionsOf = (wanted: Omit<Wanted, 'spec'>, debuggee: Debuggee): BreakOptions => {
  const counts = wanted.hitCondition?.trim() ? hitCondition(wanted.hitCondition) : undefined;
  const log = wanted.logMessage ? logMessage(wanted.logMessage, debuggee) : undefined;
  return {
    pending: true,
    ...(wanted.condition?.trim() && { condition: wanted.condition }),
    ...((counts || log) && {
      onHit: (thread, hits) => {
        if (counts && !counts(hits)) return 'pass';
        if (!log) return 'stop';
        log(thread);
        return 'pass';
      },
    }),
  };
};

/** In the words of the prompt, which would refuse it. */
const whyPending = ({ spec }: Breakpoint, { session }: Debuggee): string => {
  try {
    session.resolvePlaces(spec);
  } catch (error) {
    if (error instanceof DeetError) return error.message;
    throw error;
  }
  return `Nothing of the name ${spec} is loaded yet.`;
};

/** A breakpoint in the protocol's words. */
const described = (breakpoint: Breakpoint, debuggee: Debuggee): P.Breakpoint => {
  const { client, paths } = debuggee;
  const [first] = breakpoint.locations;
  if (!first && /watch$/.test(breakpoint.kind))
    return {
      id: clientId(breakpoint.id),
      verified: true,
      ...(breakpoint.software !== undefined && {
        message: `${breakpoint.software} So the program is stepped and compared, which is slow.`,
      }),
    };
  if (!first)
    return {
      id: clientId(breakpoint.id),
      verified: false,
      reason: 'pending',
      message: whyPending(breakpoint, debuggee),
    };
  const source = first.position && paths.source(first.position.file.path);
  return {
    id: clientId(breakpoint.id),
    verified: true,
    ...(source && { source }),
    ...(first.position && first.position.line > 0 && { line: toClientLine(first.position.line, client.capabilities) }),
    instructionReference: hex(first.address),
  };
};

/** A breakpoint that has changed for another reason than a request; undefined: nothing to tell. */
export const changedBreakpoint = (breakpoint: Breakpoint, debuggee: Debuggee): P.Breakpoint | undefined =>
  debuggee.breakpoints.busy || !debuggee.breakpoints.owns(breakpoint.id) ? undefined : described(breakpoint, debuggee);

export const breakpointHandlers = (target: () => Debuggee): Handlers => ({
  setBreakpoints: (args) => {
    const debuggee = target();
    const { path } = args.source;
    if (path === undefined) throw new DeetError('protocol', 'Breakpoints can only be set in files.');
    const file = debuggee.paths.toProgram(path);
    const asked = args.breakpoints ?? (args.lines ?? []).map((line): P.SourceBreakpoint => ({ line }));
    const wanted = asked.map(({ line, ...rest }): Wanted => {
      const number = fromClientLine(line, debuggee.client.capabilities);
      return { spec: `${file}:${number}`, ...rest, ...(number < 1 && { make: () => refuse(`There is no line ${line}.`) }) };
    });
    return { breakpoints: debuggee.breakpoints.set(`file ${file}`, wanted, debuggee) };
  },

  setFunctionBreakpoints: (args) => {
    const debuggee = target();
    const wanted = args.breakpoints.map(({ name, ...rest }) => ({ spec: name, ...rest }));
    return { breakpoints: debuggee.breakpoints.set('functions', wanted, debuggee) };
  },

  setInstructionBreakpoints: (args) => {
    const debuggee = target();
    const wanted = args.breakpoints.map(({ instructionReference, offset, ...rest }): Wanted => {
      const address = isReference(instructionReference) ? addressOf(instructionReference, offset) : undefined;
      if (address !== undefined) return { spec: `*${hex(address)}`, ...rest };
      return { spec: instructionReference, make: () => refuse(`"${instructionReference}" is no memory reference.`) };
    });
    return { breakpoints: debuggee.breakpoints.set('instructions', wanted, debuggee) };
  },
});

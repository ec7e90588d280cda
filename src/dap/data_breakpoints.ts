/** Data breakpoints: watchpoints on variables that the client shows, and on expressions. */
import type { DebugProtocol as P } from '@vscode/debugprotocol';
import { hex } from '../common/addresses.js';
import { DeetError } from '../common/errors.js';
import { debugRegistersTrap } from '../inferior/debug_registers.js';
import { whileStopped } from '../session/quiet_stop.js';
import type { Breakpoint } from '../session/breakpoint.js';
import { containerOf, rowNamed } from './inspection.js';
import { optionsOf } from './breakpoints.js';
import type { Debuggee } from './debuggee.js';
import { addressOf } from './memory.js';
import type { Handlers } from './protocol.js';

/** Nothing but the debug registers can tell of reads. */
const accessTypes = (): P.DataBreakpointAccessType[] => (debugRegistersTrap() ? ['read', 'write', 'readWrite'] : ['write']);

/** What a `dataId` stands for. It is handed out by `dataBreakpointInfo` and good for this session. */
interface Watched {
  readonly expression: string;
  readonly frameId: number | undefined;
  /** A variable of the frame is watched until that ends; else the object is, wherever the program goes. */
  readonly local: boolean;
}

const kinds = { read: 'rwatch', write: 'watch', readWrite: 'awatch' } as const;

export const dataBreakpointHandlers = (target: () => Debuggee): Handlers => {
  const offered = new Map<string, Watched>();

  const offer = (watched: Watched): string => {
    const id = JSON.stringify([watched.expression, watched.frameId ?? null]);
    offered.set(id, watched);
    return id;
  };

  const create = ({ dataId, accessType, condition, hitCondition }: P.DataBreakpoint, debuggee: Debuggee): Breakpoint => {
    const watched = offered.get(dataId);
    if (!watched) throw new DeetError('no-data', 'This is no data that deet knows: ask for it again.');
    const kind = Object.entries(kinds).find(([name]) => name === accessType)?.[1] ?? 'watch';
    return whileStopped(debuggee.session, () => {
      if (watched.frameId !== undefined) {
        const { thread, frame } = debuggee.frame(watched.frameId);
        debuggee.select(thread, frame);
      } else debuggee.focus();
      return debuggee.session.watchpoints.create(kind, watched.expression, {
        location: !watched.local,
        ...optionsOf({ condition, hitCondition }, debuggee),
      });
    });
  };

  const atAddress = (name: string, bytes: number): P.DataBreakpointInfoResponse['body'] => {
    const address = addressOf(name);
    const type = [1, 2, 4, 8].includes(bytes)
      ? `unsigned ${{ 1: 'char', 2: 'short', 4: 'int', 8: 'long' }[bytes] ?? ''} *`
      : `char (*)[${bytes}]`;
    const expression = `*(${type}) ${hex(address)}`;
    return {
      dataId: offer({ expression, frameId: undefined, local: false }),
      description: `${bytes} byte${bytes === 1 ? '' : 's'} at ${hex(address)}`,
      accessTypes: accessTypes(),
      canPersist: false,
    };
  };

  return {
    dataBreakpointInfo: (args) => {
      const debuggee = target();
      if (args.asAddress) return atAddress(args.name, args.bytes ?? 8);
      const container = args.variablesReference ? containerOf(args.variablesReference, debuggee) : undefined;
      const expression = container ? rowNamed(container, args.name)?.expression : args.name;
      const frameId = container ? container.frameId : args.frameId;
      if (expression === undefined) return { dataId: null, description: `${args.name} cannot be watched: it has no expression.` };
      const { session } = debuggee;
      if (frameId === undefined) debuggee.focus();
      const frame = frameId === undefined ? undefined : debuggee.frame(frameId).frame;
      const register = expression.startsWith('$');
      try {
        const value = session.values.now(expression, frame);
        if (value.address === undefined || register) return { dataId: null, description: `${expression} does not lie in memory.` };
      } catch (error) {
        if (!(error instanceof DeetError)) throw error;
        return { dataId: null, description: error.message };
      }
      const local = /^[A-Za-z_]\w*$/.test(expression) && session.context(frame).names.local(expression) !== undefined;
      return {
        dataId: offer({ expression, frameId, local }),
        description: expression,
        accessTypes: accessTypes(),
        canPersist: false,
      };
    },

    setDataBreakpoints: (args) => {
      const debuggee = target();
      const wanted = args.breakpoints.map((each) => ({
        spec: `${each.accessType ?? 'write'} ${each.dataId}`,
        condition: each.condition,
        hitCondition: each.hitCondition,
        make: () => create(each, debuggee),
      }));
      return { breakpoints: debuggee.breakpoints.set('data', wanted, debuggee) };
    },
  };
};

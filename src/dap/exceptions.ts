/**
 * Exceptions are signals, and what C++ throws. Which signals stop is the prompt's table (`handle`); the client adds to it or takes from it with the names in a
 * filter's condition, so that a client which sets no filter has gdb's own behaviour.
 */
import type { DebugProtocol as P } from '@vscode/debugprotocol';
import { hex } from '../common/addresses.js';
import { DeetError } from '../common/errors.js';
import { explanationOf } from '../commands/understanding.js';
import { thrownAt } from '../session/thrown.js';
import type { Stop } from '../session/types.js';
import type { Debuggee } from './debuggee.js';
import type { Handlers } from './protocol.js';

/** What the filters have changed so far, to be undone when they change again. */
class Choice {
  #words: readonly string[] = [];
  #before = new Map<string, 'stop print' | 'nostop print' | 'nostop noprint'>();

  set(text: string, { session }: Debuggee): void {
    for (const [name, words] of this.#before) session.signals.handle(`${name} ${words}`);
    this.#before = new Map();
    this.#words = text.split(/[\s,]+/).filter((word) => word !== '');
    for (const word of this.#words) {
      const name = word.replace(/^[-+]/, '');
      const named = session.signals.handle(name);
      for (const signal of named) {
        const { stop, print } = session.signals.treatment(signal.number);
        this.#before.set(signal.name, stop ? 'stop print' : print ? 'nostop print' : 'nostop noprint');
        session.signals.handle(`${signal.name} ${word.startsWith('-') ? 'nostop' : 'stop print'}`);
      }
    }
  }
}

export const exceptionHandlers = (target: () => Debuggee): Handlers => {
  const choice = new Choice();
  return {
    setExceptionBreakpoints: (args) => {
      const debuggee = target();
      const chosen = args.filterOptions?.find(({ filterId }) => filterId === 'signals');
      try {
        choice.set(chosen?.condition ?? '', debuggee);
      } catch (error) {
        if (!(error instanceof DeetError)) throw error;
        return { breakpoints: [{ verified: false, message: error.message }] };
      }
      const asked = [...args.filters, ...(args.filterOptions ?? []).map(({ filterId }) => filterId)];
      const thrown = asked.filter((filter) => filter === 'throw' || filter === 'catch');
      const made = debuggee.breakpoints.set(
        'exceptions',
        thrown.map((what) => ({ spec: what, make: () => debuggee.session.catchpoints.create(what) })),
        debuggee,
      );
      return { breakpoints: asked.map((filter) => made[thrown.indexOf(filter as 'throw')] ?? answerTo(filter)) };
    },

    exceptionInfo: (args) => {
      const debuggee = target();
      const stop = debuggee.stop?.thread.id === args.threadId ? debuggee.stop : undefined;
      const info = stop && (signalInfo(stop, debuggee) ?? thrownInfo(stop));
      if (!info) throw new DeetError('no-exception', 'This thread was stopped neither by a signal nor by a C++ exception.');
      return info;
    },
  };
};

const answerTo = (filter: string): P.Breakpoint =>
  filter === 'signals' ? { verified: true } : { verified: false, reason: 'failed', message: `deet has no filter "${filter}".` };

type Info = P.ExceptionInfoResponse['body'];

/** What happened, and below it why, as the prompt's `explain` has it. */
const signalInfo = (stop: Stop, { session }: Debuggee): Info | undefined => {
  const { signal } = stop;
  if (!signal) return undefined;
  const at = signal.info?.address;
  return {
    exceptionId: signal.name,
    description: explanationOf(session, stop.thread).text,
    breakMode: 'always',
    details: { typeName: signal.name, message: at === undefined ? signal.description : `${signal.description} (address ${hex(at)})` },
  };
};

const thrownInfo = (stop: Stop): Info | undefined => {
  const caught = stop.breakpoints.find((each) => each.catch)?.catch?.what;
  if (caught !== 'throw' && caught !== 'catch') return undefined;
  const thrown = thrownAt(stop);
  return {
    exceptionId: thrown?.type ?? 'C++ exception',
    description: thrownText(stop),
    breakMode: 'always',
    ...(thrown && { details: { typeName: thrown.type, ...(thrown.message !== undefined && { message: thrown.message }) } }),
  };
};

/** `std::runtime_error thrown: no such file` */
export const thrownText = (stop: Stop): string => {
  const verb = stop.breakpoints.find((each) => each.catch)?.catch?.what === 'catch' ? 'caught' : 'thrown';
  const thrown = thrownAt(stop);
  return `${thrown?.type ?? 'C++ exception'} ${verb}${thrown?.message === undefined ? '' : `: ${thrown.message}`}`;
};

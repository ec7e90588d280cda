/** Sources: which there are, what they say, where code is in them, and where one may go on. */
import { DeetError } from '../common/errors.js';
import type { Address } from '../common/addresses.js';
import { forgetStack } from '../session/stacks.js';
import { fromClientLine, toClientLine } from './client.js';
import type { Debuggee } from './debuggee.js';
import type { Handlers } from './protocol.js';

/** Lines looked at for one `breakpointLocations`. */
const mostLines = 2000;

export const sourceHandlers = (target: () => Debuggee): Handlers => {
  /** Places of `gotoTargets`, by the number that `goto` names. */
  const places = new Map<number, Address>();
  return {
    source: (args) => {
      const debuggee = target();
      const path = args.source?.path;
      if (path === undefined) throw new DeetError('no-file', 'deet has no sources of its own: only files can be shown.');
      const source = debuggee.interpreter.sources.require(debuggee.paths.toClient(debuggee.paths.toProgram(path)));
      return { content: `${source.lines().join('\n')}\n`, mimeType: 'text/x-c' };
    },

    loadedSources: () => {
      const { session, paths } = target();
      const files = session.images().flatMap(({ image }) => image.sourceFiles());
      const sources = [...new Set(files.map(({ path }) => path))].map((path) => paths.source(path));
      return { sources: sources.filter((source) => source !== undefined) };
    },

    breakpointLocations: (args) => {
      const { session, paths, client } = target();
      const { path } = args.source;
      if (path === undefined) return { breakpoints: [] };
      const first = fromClientLine(args.line, client.capabilities);
      const last = Math.min(fromClientLine(args.endLine ?? args.line, client.capabilities), first + mostLines);
      const lines = new Set<number>();
      for (const { image } of session.images())
        for (const file of image.filesMatching(paths.toProgram(path)))
          for (let line = first; line <= last; line++)
            for (const { position } of image.locationsOf(file, line))
              if (position && position.line >= first && position.line <= last) lines.add(position.line);
      return { breakpoints: [...lines].sort((a, b) => a - b).map((line) => ({ line: toClientLine(line, client.capabilities) })) };
    },

    gotoTargets: (args) => {
      const debuggee = target();
      const { session, paths, client } = debuggee;
      const { path } = args.source;
      if (path === undefined) return { targets: [] };
      debuggee.focus();
      const line = fromClientLine(args.line, client.capabilities);
      // To go elsewhere is safe within a function only: the one that the thread is in, whichever frame was looked at last.
      const here = session.stack(session.selection().thread).frame(0)?.function?.qualifiedName;
      const found = session.resolvePlaces(`${paths.toProgram(path)}:${line}`).filter((place) => place.function === here);
      return {
        targets: found.map(({ address, position, function: name }) => {
          const id = places.size + 1;
          places.set(id, address);
          return {
            id,
            label: `${name ?? ''}:${position?.line ?? line}`,
            line: toClientLine(position?.line ?? line, client.capabilities),
            instructionPointerReference: `0x${address.toString(16)}`,
          };
        }),
      };
    },

    goto: (args) => {
      const debuggee = target();
      debuggee.session.requireLive();
      const thread = debuggee.stoppedThread(args.threadId);
      const address = places.get(args.targetId);
      if (address === undefined) throw new DeetError('no-target', 'This place is not known: ask for it again.');
      thread.pc = address;
      // It stands there as after a stop: a breakpoint at this place is not hit once more.
      thread.passed = address;
      thread.flush();
      forgetStack(thread);
      debuggee.forget();
      debuggee.select(thread);
      debuggee.client.afterwards(() => {
        debuggee.client.event('stopped', { reason: 'goto', threadId: thread.id, allThreadsStopped: true });
      });
      return undefined;
    },
  };
};

/** Modules: the files that a process has mapped, with what deet knows of their symbols. */
import { basename } from 'node:path';
import type { DebugProtocol as P } from '@vscode/debugprotocol';
import { hex } from '../common/addresses.js';
import type { Process } from '../inferior/process.js';
import type { Debuggee } from './debuggee.js';
import type { Handlers } from './protocol.js';

export const moduleOf = (path: string, debuggee: Debuggee, process?: Process): P.Module => {
  const owners = process ? [process] : debuggee.processes();
  const mapped = owners.flatMap((each) => each.images.all()).find(({ image }) => image.path === path);
  const described = mapped?.image.hasDebugInfo ?? false;
  return {
    id: path,
    name: basename(path),
    ...(path.startsWith('/') && { path }),
    isUserCode: owners.some((each) => each.program === path),
    symbolStatus: described ? 'Symbols loaded' : 'No debug information',
    ...(mapped && { addressRange: hex(mapped.low) }),
    ...(described && { symbolFilePath: path }),
  };
};

export const moduleHandlers = (target: () => Debuggee): Handlers => ({
  modules: (args) => {
    const debuggee = target();
    const paths = [...new Set(debuggee.processes().flatMap((process) => process.images.all().map(({ image }) => image.path)))];
    const start = args.startModule ?? 0;
    const chosen = paths.slice(start, args.moduleCount ? start + args.moduleCount : undefined);
    return { modules: chosen.map((path) => moduleOf(path, debuggee)), totalModules: paths.length };
  },
});

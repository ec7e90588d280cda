/** The session of one process that the program has made (children.ts). It begins with `attach`, whatever made the process, and ends with the process. */
import type { DebugProtocol as P } from '@vscode/debugprotocol';
import { DeetError } from '../common/errors.js';
import type { Process } from '../inferior/process.js';
import type { Host, SessionLifecycle } from './adapter_parts.js';
import { capabilities } from './capabilities.js';
import type { ChildSessions } from './children.js';
import type { Client } from './client.js';
import { Debuggee } from './debuggee.js';
import { tellProcess } from './family_events.js';
import { attachAttributes } from './launch_attributes.js';
import type { Program } from './program.js';
import { Later, type Handlers } from './protocol.js';

export class ChildLifecycle implements SessionLifecycle {
  arguments: P.InitializeRequestArguments | undefined;
  debuggee: Debuggee | undefined;
  /** Until the session is configured. */
  #begin: { readonly process: Process; readonly answer: () => void } | undefined;

  constructor(
    private readonly client: Client,
    private readonly host: Host,
    private readonly program: Program,
    private readonly children: ChildSessions,
  ) {}

  readonly target = (): Debuggee => {
    if (!this.debuggee) throw new DeetError('no-process', 'Nothing is being debugged yet: attach first.');
    return this.debuggee;
  };

  readonly handlers: Handlers = {
    initialize: (args) => {
      if (this.arguments) throw new DeetError('protocol', 'initialize was sent twice.');
      this.arguments = args;
      return { ...capabilities, supportsRestartRequest: false };
    },

    attach: (args) => {
      if (this.debuggee) throw new DeetError('protocol', 'A process is being debugged already.');
      const process = this.children.take(attachAttributes(args).pid);
      const { first } = this.program;
      const debuggee = new Debuggee(this.program, this.client, {
        ...attachAttributes(args),
        childSessions: true,
        sourceMap: first?.attributes.sourceMap ?? new Map(),
      });
      this.debuggee = debuggee;
      this.program.give(process, debuggee);
      return new Later(
        new Promise<undefined>((answer) => {
          this.#begin = {
            process,
            answer: () => {
              answer(undefined);
            },
          };
          this.client.afterwards(() => {
            this.client.event('initialized');
          });
        }),
      );
    },

    configurationDone: () => {
      const begin = this.#begin;
      if (!begin) throw new DeetError('protocol', 'There is nothing to begin: attach first.');
      this.#begin = undefined;
      this.client.afterwards(() => {
        begin.answer();
        tellProcess(begin.process, this.program);
        this.children.release(begin.process);
        const { session } = this.program;
        if (session.state === 'stopped' && session.lastStop) this.debuggee?.stopped(session.lastStop);
      });
      return undefined;
    },

    terminate: () => {
      const debuggee = this.target();
      this.client.afterwards(() => {
        kill(debuggee);
      });
      return undefined;
    },

    disconnect: async (args) => {
      const { debuggee } = this;
      this.debuggee = undefined;
      if (debuggee) {
        if (args.terminateDebuggee) kill(debuggee);
        else await this.program.detach(debuggee.processes());
        this.program.remove(debuggee);
      }
      this.client.afterwards(() => {
        this.host.leave();
      });
      return undefined;
    },
  };

  /** Nobody looks at these processes any more: as everywhere in deet they do not outlive their client. */
  close(): void {
    const { debuggee } = this;
    if (!debuggee) return;
    this.debuggee = undefined;
    kill(debuggee);
    this.program.remove(debuggee);
  }
}

/** Ends the processes of one session, while the rest of the family lives on. */
const kill = (debuggee: Debuggee): void => {
  const processes = debuggee.processes();
  for (const { pid, alive } of processes) if (alive) process.kill(pid, 'SIGKILL');
  // A family that stands still hears of it when it goes on.
  if (debuggee.session.state !== 'running') debuggee.end(137);
};

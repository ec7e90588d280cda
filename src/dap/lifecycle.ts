/** From `initialize` to `disconnect`: how a debug session begins and ends. */
import { basename } from 'node:path';
import type { DebugProtocol as P } from '@vscode/debugprotocol';
import { DeetError } from '../common/errors.js';
import { describeCore } from '../commands/core.js';
import { programWords } from '../commands/shell-words.js';
import { Session } from '../session/session.js';
import type { Outcome } from '../session/types.js';
import { capabilities } from './capabilities.js';
import type { Client } from './client.js';
import type { Host, SessionLifecycle } from './adapter_parts.js';
import { ChildSessions } from './children.js';
import { Debuggee } from './debuggee.js';
import {
  attachAttributes,
  launchAttributes,
  type AttachAttributes,
  type CommonAttributes,
  type LaunchAttributes,
} from './launch_attributes.js';
import { Program } from './program.js';
import { Later, type Handlers } from './protocol.js';

export class Lifecycle implements SessionLifecycle {
  #initialized: P.InitializeRequestArguments | undefined;
  #debuggee: Debuggee | undefined;
  /** Begins to run what has been prepared; its failure is the answer to launch or attach. */
  #begin: { readonly start: () => Promise<void>; readonly settle: (error: Error | undefined) => void } | undefined;
  #launched: LaunchAttributes | undefined;
  /** Those in the configuration's `args`. */
  #redirections: Session['redirections'] = [];
  #detach = false;

  constructor(
    private readonly client: Client,
    private readonly host: Host,
  ) {}

  get arguments(): P.InitializeRequestArguments | undefined {
    return this.#initialized;
  }

  get debuggee(): Debuggee | undefined {
    return this.#debuggee;
  }

  /** @throws DeetError `no-process`. */
  readonly target = (): Debuggee => {
    if (!this.#debuggee) throw new DeetError('no-process', 'Nothing is being debugged yet: launch or attach first.');
    return this.#debuggee;
  };

  readonly handlers: Handlers = {
    initialize: (args) => {
      if (this.#initialized) throw new DeetError('protocol', 'initialize was sent twice.');
      this.#initialized = args;
      return capabilities;
    },
    launch: (args) => this.#prepare(launchAttributes(args), (attributes, debuggee) => this.#launch(attributes, debuggee)),
    attach: (args) => this.#prepare(attachAttributes(args), (attributes, debuggee) => this.#attach(attributes, debuggee)),
    configurationDone: () => {
      const begin = this.#begin;
      if (!begin) throw new DeetError('protocol', 'There is nothing to begin: launch or attach first.');
      this.#begin = undefined;
      this.client.afterwards(() => {
        begin.start().then(
          () => {
            begin.settle(undefined);
          },
          (error: unknown) => {
            begin.settle(error instanceof Error ? error : new Error(String(error)));
            this.client.event('terminated');
          },
        );
      });
      return undefined;
    },
    restart: (args) => this.#restart(args.arguments),
    terminate: async () => {
      await this.target().program.terminate();
      return undefined;
    },
    disconnect: async (args) => {
      const terminate = args.terminateDebuggee ?? !this.#detach;
      const program = this.#debuggee?.program;
      this.#begin?.settle(new DeetError('ended', 'The session was ended before it was configured.'));
      this.#begin = undefined;
      if (program) {
        program.silence();
        // What was attached to would be let go by `close`.
        if (terminate) program.kill();
        else await program.detach(program.session.processes());
      }
      this.close();
      this.client.afterwards(() => {
        this.host.leave();
      });
      return undefined;
    },
  };

  close(): void {
    this.#debuggee?.program.close();
  }

  /** What launch and attach have in common: the session is made, the client configures it, and then it begins. */
  #prepare<A extends CommonAttributes>(
    attributes: A,
    make: (attributes: A, debuggee: Debuggee) => () => Promise<void>,
  ): Promise<Later> | Later {
    if (!this.#initialized) throw new DeetError('protocol', 'initialize must come first.');
    if (this.#debuggee) throw new DeetError('protocol', 'A program is being debugged already.');
    const session = new Session(undefined, { batch: false });
    const program = new Program(session);
    const debuggee = new Debuggee(program, this.client, attributes);
    if (attributes.childSessions) program.children = new ChildSessions(program, this.host.serve);
    const ready = async (): Promise<Later> => {
      try {
        session.settings.set('follow-fork-mode', attributes.followFork);
        for (const command of attributes.initCommands)
          for (const result of await debuggee.command(command))
            debuggee.output(result.type === 'error' ? 'stderr' : 'console', debuggee.text(result));
        const start = make(attributes, debuggee);
        this.#debuggee = debuggee;
        return new Later(
          new Promise<undefined>((resolve, reject) => {
            this.#begin = {
              start,
              settle: (error) => {
                if (error === undefined) resolve(undefined);
                else reject(error);
              },
            };
            this.client.afterwards(() => {
              this.client.event('initialized');
            });
          }),
        );
      } catch (error) {
        program.close();
        throw error;
      }
    };
    return ready();
  }

  #launch(attributes: LaunchAttributes, debuggee: Debuggee): () => Promise<void> {
    this.#configure(attributes, debuggee);
    return () => this.#start(attributes, debuggee);
  }

  #configure(attributes: LaunchAttributes, debuggee: Debuggee): void {
    const { session } = debuggee;
    const { args, env, cwd } = attributes;
    Object.assign(session.environment, env);
    session.settings.set('disable-randomization', attributes.disableASLR ? 'on' : 'off');
    if (cwd !== undefined) session.settings.set('cwd', cwd);
    session.setProgram(attributes.program);
    const words = typeof args === 'string' ? programWords(args, session.environment, cwd) : { arguments: args, redirections: [] };
    session.programArguments = [...words.arguments];
    this.#redirections = words.redirections;
    if (attributes.noDebug) session.signals.handle('all nostop noprint pass');
    debuggee.breakpoints.disabled = attributes.noDebug;
    this.#launched = attributes;
  }

  async #start(attributes: LaunchAttributes, debuggee: Debuggee): Promise<void> {
    const { session } = debuggee;
    session.redirections = [
      ...debuggee.program.streams.choose(attributes.stdio, await terminalFor(attributes, debuggee)),
      ...this.#redirections,
    ];
    const outcome = attributes.stopOnEntry && !attributes.noDebug ? atEntry(session.start('main')) : session.run();
    // When it did not even start, that is the answer to `launch`.
    if (session.state === 'none') await outcome;
    // The answer to `launch` goes out before the first stop is reported.
    setImmediate(() => {
      debuggee.program.run(() => outcome);
    });
  }

  #attach(attributes: AttachAttributes, debuggee: Debuggee): () => Promise<void> {
    const { session } = debuggee;
    const { pid, family, core, program } = attributes;
    if (program !== undefined) session.setProgram(program);
    if (core !== undefined)
      return () =>
        new Promise((resolve) => {
          openCore(core, debuggee);
          resolve();
        });
    if (pid === undefined) throw new DeetError('launch', 'attach needs "pid".');
    this.#detach = true;
    return async () => {
      const outcome = await session.attach(pid, family);
      setImmediate(() => {
        debuggee.program.run(() => Promise.resolve(outcome));
      });
    };
  }

  /** @param changed the configuration as it is now; the client may have read it again */
  async #restart(changed: object | undefined): Promise<undefined> {
    const debuggee = this.target();
    if (!this.#launched) throw new DeetError('unsupported', 'Only a program that was launched can be started again.');
    const attributes = changed && 'program' in changed ? launchAttributes(changed) : this.#launched;
    this.#configure(attributes, debuggee);
    const { program } = debuggee;
    program.silence();
    program.kill();
    await program.settled;
    program.restarted();
    this.client.afterwards(() => {
      this.#start(attributes, debuggee).catch((error: unknown) => {
        debuggee.output('stderr', `${error instanceof Error ? error.message : String(error)}\n`);
        this.client.event('terminated');
      });
    });
    return undefined;
  }
}

const terminalFor = async ({ console: where, program, cwd }: LaunchAttributes, debuggee: Debuggee): Promise<string | undefined> => {
  if (where === 'internalConsole') return undefined;
  return debuggee.program.streams.terminal(
    debuggee.client,
    where === 'externalTerminal' ? 'external' : 'integrated',
    basename(program),
    cwd ?? process.cwd(),
  );
};

/** Stopping at main is what "on entry" means to somebody who debugs a program, not its loader. */
const atEntry = async (outcome: Promise<Outcome>): Promise<Outcome> => {
  const reached = await outcome;
  return reached.kind === 'stopped' && reached.stop.reason === 'breakpoint'
    ? { kind: 'stopped', stop: { ...reached.stop, reason: 'entry' } }
    : reached;
};

/** @throws DeetError when it is none */
const openCore = (core: string, debuggee: Debuggee): void => {
  const { lastStop } = debuggee.session.cores.open(core);
  for (const result of describeCore(debuggee.session)) debuggee.output('console', debuggee.text(result));
  if (!lastStop) throw new DeetError('no-thread', `${core} shows no thread.`);
  setImmediate(() => {
    debuggee.program.run(() => Promise.resolve({ kind: 'stopped', stop: lastStop }));
  });
};

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
import { Debuggee } from './debuggee.js';
import {
  attachAttributes,
  launchAttributes,
  type AttachAttributes,
  type CommonAttributes,
  type LaunchAttributes,
} from './launch_attributes.js';
import { Later, type Handlers } from './protocol.js';

/** What the adapter needs to end itself. */
export interface Ending {
  /** After the answer to `disconnect`. */
  leave(): void;
}

export class Lifecycle {
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
    private readonly ending: Ending,
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
    restart: () => this.#restart(),
    terminate: async () => {
      const debuggee = this.target();
      const dead = debuggee.session.cores.current !== undefined;
      debuggee.session.kill();
      await debuggee.settled;
      debuggee.end(dead ? undefined : 137);
      return undefined;
    },
    disconnect: (args) => {
      const terminate = args.terminateDebuggee ?? !this.#detach;
      const session = this.#debuggee?.session;
      if (!terminate && session && session.state !== 'none') letGo(session);
      this.#debuggee?.close();
      this.client.afterwards(() => {
        this.ending.leave();
      });
      return undefined;
    },
  };

  /** What launch and attach have in common: the session is made, the client configures it, and then it begins. */
  #prepare<A extends CommonAttributes>(
    attributes: A,
    make: (attributes: A, debuggee: Debuggee) => () => Promise<void>,
  ): Promise<Later> | Later {
    if (!this.#initialized) throw new DeetError('protocol', 'initialize must come first.');
    if (this.#debuggee) throw new DeetError('protocol', 'A program is being debugged already.');
    if (attributes.childSessions)
      throw new DeetError('unsupported', 'childSessions is not supported: children are threads of this session.');
    const session = new Session(undefined, { batch: false });
    const debuggee = new Debuggee(session, this.client, attributes);
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
        debuggee.close();
        throw error;
      }
    };
    return ready();
  }

  #launch(attributes: LaunchAttributes, debuggee: Debuggee): () => Promise<void> {
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
    return () => this.#start(attributes, debuggee);
  }

  async #start(attributes: LaunchAttributes, debuggee: Debuggee): Promise<void> {
    const { session } = debuggee;
    session.redirections = [...debuggee.streams(attributes.stdio, await terminalFor(attributes, debuggee)), ...this.#redirections];
    const outcome = attributes.stopOnEntry && !attributes.noDebug ? atEntry(session.start('main')) : session.run();
    // When it did not even start, that is the answer to `launch`.
    if (session.state === 'none') await outcome;
    // The answer to `launch` goes out before the first stop is reported.
    setImmediate(() => {
      debuggee.run(() => outcome);
    });
  }

  #attach(attributes: AttachAttributes, debuggee: Debuggee): () => Promise<void> {
    const { session } = debuggee;
    const { pid, core, program } = attributes;
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
      const outcome = await session.attach(pid);
      setImmediate(() => {
        debuggee.report(outcome);
      });
    };
  }

  async #restart(): Promise<undefined> {
    const debuggee = this.target();
    const attributes = this.#launched;
    if (!attributes) throw new DeetError('unsupported', 'Only a program that was launched can be started again.');
    debuggee.silence();
    debuggee.session.kill();
    await debuggee.settled;
    debuggee.restarted();
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
  return debuggee.terminal(where === 'externalTerminal' ? 'external' : 'integrated', basename(program), cwd ?? process.cwd());
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
    debuggee.report({ kind: 'stopped', stop: lastStop });
  });
};

/** The program goes on without deet. */
const letGo = (session: Session): void => {
  if (session.state === 'running') return; // close() lets go of what was attached
  for (const process of session.processes()) session.detach(process);
};

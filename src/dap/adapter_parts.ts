/** The parts of an adapter, as they know each other. */
import type { DebugProtocol as P } from '@vscode/debugprotocol';
import type { Client } from './client.js';
import type { Connection, Wire } from './connection.js';
import type { Debuggee } from './debuggee.js';
import type { Handlers } from './protocol.js';

/** From `initialize` to `disconnect`: how a session of one client begins and ends. */
export interface SessionLifecycle {
  readonly handlers: Handlers;
  /** What `initialize` said. */
  readonly arguments: P.InitializeRequestArguments | undefined;
  readonly debuggee: Debuggee | undefined;
  /** @throws DeetError `no-process`. */
  readonly target: () => Debuggee;
  /** The client has gone. */
  close(): void;
}

/** What a lifecycle needs of its adapter. */
export interface Host {
  /** The client has said goodbye, and been answered. */
  leave(): void;
  readonly serve: Serve;
}

export type MakeLifecycle = (client: Client, host: Host) => SessionLifecycle;

/** Makes an adapter for another client. */
export type Serve = (wire: Wire, leave: () => void, make: MakeLifecycle) => { readonly connection: Connection; close(): void };

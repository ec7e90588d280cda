/** The adapter of one client: joins the connection with the handlers. */
import { Connection, type Answerer, type Wire } from './connection.js';
import type { Client } from './client.js';
import { breakpointHandlers } from './breakpoints.js';
import { consoleHandlers } from './console.js';
import { controlHandlers } from './control.js';
import { dataBreakpointHandlers } from './data_breakpoints.js';
import { exceptionHandlers } from './exceptions.js';
import { inspectionHandlers } from './inspection.js';
import type { MakeLifecycle, SessionLifecycle } from './adapter_parts.js';
import { Lifecycle } from './lifecycle.js';
import { memoryHandlers } from './memory.js';
import { moduleHandlers } from './modules.js';
import type { Handlers } from './protocol.js';
import { sourceHandlers } from './sources.js';

export class Adapter implements Answerer {
  readonly connection: Connection;
  readonly handlers: Handlers;
  readonly #lifecycle: SessionLifecycle;

  /** @param leave the client has disconnected */
  constructor(wire: Wire, leave: () => void, make?: MakeLifecycle) {
    const connection = new Connection(wire, this, make === undefined);
    const client: Client = {
      get capabilities() {
        return lifecycle.arguments ?? { adapterID: 'deet' };
      },
      event: (event, body) => {
        connection.event(event, body);
      },
      flush: () => {
        connection.flush();
      },
      get interrupted() {
        return connection.interrupted;
      },
      request: (command, args) => connection.request(command, args),
      afterwards: (action) => {
        connection.afterwards(action);
      },
    };
    const host = { leave, serve: (...parts: ConstructorParameters<typeof Adapter>) => new Adapter(...parts) };
    const lifecycle = make ? make(client, host) : new Lifecycle(client, host);
    const { target } = lifecycle;
    this.connection = connection;
    this.#lifecycle = lifecycle;
    this.handlers = {
      ...lifecycle.handlers,
      ...breakpointHandlers(target),
      ...dataBreakpointHandlers(target),
      ...exceptionHandlers(target),
      ...controlHandlers(target),
      ...inspectionHandlers(target),
      ...consoleHandlers(target),
      ...memoryHandlers(target),
      ...sourceHandlers(target),
      ...moduleHandlers(target),
      cancel: () => undefined,
    };
  }

  get running(): boolean {
    return this.#lifecycle.debuggee?.session.state === 'running';
  }

  interrupt(): void {
    this.#lifecycle.debuggee?.interrupt();
  }

  /** The client has gone, with or without a word. */
  close(): void {
    this.#lifecycle.close();
    this.connection.close();
  }
}

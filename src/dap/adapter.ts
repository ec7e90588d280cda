/** The adapter of one client: joins the connection with the handlers. */
import { Connection, type Answerer, type Wire } from './connection.js';
import type { Client } from './client.js';
import { breakpointHandlers } from './breakpoints.js';
import { consoleHandlers } from './console.js';
import { controlHandlers } from './control.js';
import { dataBreakpointHandlers } from './data_breakpoints.js';
import { exceptionHandlers } from './exceptions.js';
import { inspectionHandlers } from './inspection.js';
import { Lifecycle } from './lifecycle.js';
import { memoryHandlers } from './memory.js';
import { moduleHandlers } from './modules.js';
import type { Handlers } from './protocol.js';
import { sourceHandlers } from './sources.js';

export class Adapter implements Answerer {
  readonly connection: Connection;
  readonly handlers: Handlers;
  readonly #lifecycle: Lifecycle;

  /** @param leave the client has disconnected */
  constructor(wire: Wire, leave: () => void) {
    const connection = new Connection(wire, this);
    const client: Client = {
      get capabilities() {
        return lifecycle.arguments ?? { adapterID: 'deet' };
      },
      event: (event, body) => {
        connection.event(event, body);
      },
      get interrupted() {
        return connection.interrupted;
      },
      request: (command, args) => connection.request(command, args),
      afterwards: (action) => {
        connection.afterwards(action);
      },
    };
    const lifecycle = new Lifecycle(client, { leave });
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

  interrupt(): void {
    this.#lifecycle.debuggee?.interrupt();
  }

  /** The client has gone, with or without a word. */
  close(): void {
    this.#lifecycle.debuggee?.close();
    this.connection.close();
  }
}

/**
 * The adapter of a child session: hands on what its client says to the adapter that traces the process (children.ts), and back what that answers. The client has been answered
 * `initialize` before anybody knew whose session this is: so the other adapter is told it again, and its answer is dropped.
 */
import { connect, type Socket } from 'node:net';
import { DeetError } from '../common/errors.js';
import { Deframer, encode } from './framing.js';

export interface RelayEnds {
  /** To the client. */
  write(text: string): void;
  /** The other adapter has gone. */
  end(): void;
}

export class Relay {
  readonly #deframer = new Deframer();
  #introduced = false;
  #terminated = false;

  private constructor(
    private readonly socket: Socket,
    private readonly ends: RelayEnds,
  ) {
    socket.on('data', (bytes) => {
      this.#received(bytes);
    });
    socket.on('error', () => {
      socket.destroy();
    });
    socket.on('close', () => {
      if (!this.#terminated) this.ends.write(encode({ seq: Number.MAX_SAFE_INTEGER, type: 'event', event: 'terminated' }));
      this.ends.end();
    });
  }

  /** @param introduction the client's `initialize`. @throws DeetError `no-process`: there is nobody. */
  static async open(path: string, introduction: object, ends: RelayEnds): Promise<Relay> {
    const socket = connect(path);
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', (error: NodeJS.ErrnoException) => {
        reject(new DeetError('no-process', `The session that made this process has ended (${error.code ?? error.message}).`));
      });
    });
    const relay = new Relay(socket, ends);
    relay.send(introduction);
    return relay;
  }

  send(message: object): void {
    this.socket.write(encode(message));
  }

  #received(bytes: Buffer): void {
    for (const incoming of this.#deframer.push(bytes)) {
      if (!('json' in incoming)) continue;
      const message = incoming.json as { readonly type?: unknown; readonly event?: unknown };
      if (!this.#introduced && message.type === 'response') this.#introduced = true;
      else {
        if (message.event === 'terminated') this.#terminated = true;
        this.ends.write(encode(message));
      }
    }
  }

  close(): void {
    this.#terminated = true;
    this.socket.end();
  }
}

/**
 * `childSessions`: a session of its own for each process that the program makes. The client is asked (`startDebugging`) for another session, for which it starts another adapter or opens
 * another connection. But a process can be traced by one process only (ptrace(2)), and that is this one: so the new adapter finds a socket here by its configuration, and hands
 * everything on (relay.ts). Until its session is configured the new process stands still, so that its breakpoints miss nothing.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { DeetError } from '../common/errors.js';
import type { Process } from '../inferior/process.js';
import { whileStopped } from '../session/quiet_stop.js';
import type { Serve } from './adapter_parts.js';
import { arrivedAt } from './arrived.js';
import { ChildLifecycle } from './child_lifecycle.js';
import { tellThreads } from './family_events.js';
import type { Program } from './program.js';

/** Milliseconds within which a client has configured the session that it was asked for. */
const patience = 20_000;

interface Listening {
  readonly server: Server;
  readonly folder: string;
  readonly path: string;
  readonly listens: Promise<void>;
}

export class ChildSessions {
  /** Processes that stand still and wait for their session, by number. */
  readonly #waiting = new Map<number, { readonly process: Process; readonly timer: NodeJS.Timeout }>();
  readonly #sockets = new Set<Socket>();
  #server: Listening | undefined;
  #refused = false;

  constructor(
    private readonly program: Program,
    private readonly serve: Serve,
  ) {}

  /** A process was made. Returns false when it stays in its parent's session. */
  born(child: Process): boolean {
    const view = this.program.viewOf(child);
    if (!view || view.ended || child.muted) return false;
    if (!view.client.capabilities.supportsStartDebuggingRequest) {
      if (!this.#refused)
        view.output('console', 'This editor opens no session for a child (startDebugging): children are threads of this one.\n');
      this.#refused = true;
      return false;
    }
    child.held = true;
    const timer = setTimeout(() => {
      this.#abandon(child, 'the editor has not opened it');
    }, patience);
    this.#waiting.set(child.pid, { process: child, timer });
    const { path, listens } = (this.#server ??= this.#listen());
    const configuration = { name: `${basename(child.program)} (process ${child.pid})`, pid: child.pid, childSession: path };
    listens
      .then(() => view.client.request('startDebugging', { request: 'attach', configuration }))
      .catch((error: unknown) => {
        this.#abandon(child, error instanceof Error ? error.message : String(error));
      });
    return true;
  }

  /** For whom a session has come. @throws DeetError `no-process` */
  take(pid: number | undefined): Process {
    const waiting = pid === undefined ? undefined : this.#waiting.get(pid);
    if (!waiting?.process.alive) throw new DeetError('no-process', `No process ${pid ?? ''} waits for a session here.`);
    clearTimeout(waiting.timer);
    this.#waiting.delete(waiting.process.pid);
    this.#stopListening();
    return waiting.process;
  }

  /** Its session is ready. */
  release(child: Process): void {
    whileStopped(this.program.session, () => {
      child.held = false;
    });
  }

  /** It stays in its parent's session. */
  #abandon(child: Process, why: string): void {
    const waiting = this.#waiting.get(child.pid);
    if (waiting?.process !== child) return;
    clearTimeout(waiting.timer);
    this.#waiting.delete(child.pid);
    this.#stopListening();
    if (!child.alive) return;
    this.program.viewOf(child)?.output('console', `Process ${child.pid} has no session of its own: ${why}.\n`);
    tellThreads(child, this.program);
    this.release(child);
  }

  #listen(): Listening {
    // Only this user may look into the folder, and so reach the socket.
    const folder = mkdtempSync(join(tmpdir(), 'deet-children-'));
    const path = join(folder, 'socket');
    const server = createServer((socket) => {
      this.#attend(socket);
    });
    const listens = new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(path, resolve);
    });
    return { server, folder, path, listens };
  }

  #attend(socket: Socket): void {
    this.#sockets.add(socket);
    const finish = (): void => {
      adapter.close();
      socket.end();
    };
    const adapter = this.serve(
      { write: (text) => socket.write(text), end: () => socket.end(), arrived: arrivedAt(socket) },
      finish,
      (client, ending) => new ChildLifecycle(client, ending, this.program, this),
    );
    socket.on('data', (bytes) => {
      adapter.connection.received(bytes);
    });
    socket.on('close', () => {
      this.#sockets.delete(socket);
      finish();
    });
    socket.on('error', () => {
      socket.destroy();
    });
  }

  close(): void {
    for (const { timer } of this.#waiting.values()) clearTimeout(timer);
    this.#waiting.clear();
    for (const socket of this.#sockets) socket.end();
    this.#stopListening();
  }

  /** While nobody waits there is no socket: whoever is killed then leaves no file behind. */
  #stopListening(): void {
    if (!this.#server || this.#waiting.size > 0) return;
    this.#server.server.close();
    rmSync(this.#server.folder, { recursive: true, force: true });
    this.#server = undefined;
  }
}

/** Threads and processes of the program. */
import { DeetError } from '../common/errors.js';
import type { Process as InnerProcess } from '../inferior/process.js';
import type { Thread as InnerThread } from '../inferior/thread.js';
import type { Session as Engine } from '../session/session.js';
import { threadName } from '../session/thread_name.js';
import { Frame } from './frame.js';
import { inspect } from './inspect.js';

export class Process {
  readonly #inner: InnerProcess;
  readonly #engine: Engine;

  /** @internal */
  constructor(inner: InnerProcess, engine: Engine) {
    this.#inner = inner;
    this.#engine = engine;
  }

  get pid(): number {
    return this.#inner.pid;
  }

  /** 1, 2, ... within the session. */
  get id(): number {
    return this.#inner.id;
  }

  /** Path of what it executes. */
  get program(): string {
    return this.#inner.program;
  }

  get alive(): boolean {
    return this.#inner.alive;
  }

  get parent(): Process | undefined {
    return this.#inner.parent && new Process(this.#inner.parent, this.#engine);
  }

  get threads(): Thread[] {
    return [...this.#inner.threads.values()].map((thread) => new Thread(thread, this.#engine));
  }

  /** @internal */
  [inspect](): object {
    const { pid, program, alive } = this;
    return { pid, program, alive };
  }

  /** Paths of the program and its libraries. */
  get images(): string[] {
    return this.#inner.images.all().map(({ image }) => image.path);
  }

  /** @throws DeetError `memory`, naming the first address that cannot be read */
  readMemory(address: bigint, length: number): Uint8Array {
    return this.#inner.space.read(address, length);
  }

  /** @throws DeetError `memory` */
  writeMemory(address: bigint, bytes: Uint8Array): void {
    this.#inner.space.write(address, bytes);
  }
}

export class Thread {
  readonly #inner: InnerThread;
  readonly #engine: Engine;

  /** @internal */
  constructor(inner: InnerThread, engine: Engine) {
    this.#inner = inner;
    this.#engine = engine;
  }

  /** @internal */
  get inner(): InnerThread {
    return this.#inner;
  }

  /** 1, 2, ... within the session. */
  get id(): number {
    return this.#inner.id;
  }

  /** The kernel's number. */
  get tid(): number {
    return this.#inner.tid;
  }

  /** As the user or the program named it; else the program's name. Undefined when it has ended. */
  get name(): string | undefined {
    return threadName(this.#inner);
  }

  get process(): Process {
    return new Process(this.#inner.process, this.#engine);
  }

  get stopped(): boolean {
    return this.#inner.stopped;
  }

  /** @internal */
  [inspect](): object {
    const { id, tid, name, stopped } = this;
    return { id, tid, name, stopped };
  }

  /** The innermost frame. @throws DeetError `running` or `no-frame` */
  get frame(): Frame {
    const frame = this.#engine.stack(this.#inner).frame(0);
    if (!frame) throw new DeetError('no-frame', 'No stack.');
    return new Frame(frame, this.#inner, this.#engine);
  }

  /** The stack, innermost first, as far as main, at most `limit` frames. @throws DeetError `running` */
  frames(limit = 1000): Frame[] {
    const frames: Frame[] = [];
    for (const frame of this.#engine.stack(this.#inner)) {
      if (frames.length >= limit) break;
      frames.push(new Frame(frame, this.#inner, this.#engine));
      if (this.#engine.endsAtMain(frame)) break;
    }
    return frames;
  }
}

/** Breakpoints and watchpoints as a script holds them. */
import type { Breakpoint as InnerBreakpoint } from '../session/breakpoint.js';
import type { Session as Engine } from '../session/session.js';
import { inspect } from './inspect.js';

/** Where a breakpoint stops. */
export interface Location {
  readonly address: bigint;
  readonly function: string | undefined;
  readonly file: string | undefined;
  readonly line: number | undefined;
}

export class Breakpoint {
  readonly #inner: InnerBreakpoint;
  readonly #engine: Engine;

  /** @internal */
  constructor(inner: InnerBreakpoint, engine: Engine) {
    this.#inner = inner;
    this.#engine = engine;
  }

  /** As the prompt numbers it: from 0. */
  get id(): number {
    return this.#inner.id;
  }

  /** As it was asked for: `main`, `list.c:12`, the expression that is watched. */
  get spec(): string {
    return this.#inner.spec;
  }

  /** How often it has been reached with its condition true. */
  get hits(): number {
    return this.#inner.hits;
  }

  /** No place yet: it waits for a library. */
  get pending(): boolean {
    return this.#inner.pending;
  }

  get locations(): Location[] {
    return this.#inner.locations.map(({ address, function: name, position }) => ({
      address,
      function: name,
      file: position?.file.path,
      line: position?.line || undefined,
    }));
  }

  get condition(): string | undefined {
    return this.#inner.condition;
  }

  /** Undefined removes it. @throws DeetError `syntax` */
  set condition(condition: string | undefined) {
    this.#engine.breakpoints.setCondition(this.id, condition);
  }

  get enabled(): boolean {
    return this.#inner.enabled;
  }

  set enabled(enabled: boolean) {
    this.#engine.breakpoints.enable(this.id, enabled);
  }

  /** @internal */
  [inspect](): object {
    const { id, spec, condition, enabled, hits, locations } = this;
    return { id, spec, ...(condition !== undefined && { condition }), enabled, hits, locations };
  }

  delete(): void {
    this.#engine.breakpoints.delete(this.id);
  }
}

/**
 * The blocks whose names a frame sees, innermost first, each with the frame that its variables live in. An inlined call does not see its caller's
 * names; a nested function (GNU C) sees those of the function that it is defined in, in the activation that its static link leads to.
 */
import { locate, numberAt } from '../dwarf/machine.js';
import type { Frame } from '../inferior/frame.js';
import type { Enclosing, Scope } from '../symbols/model.js';

export interface VisibleScope {
  readonly scope: Scope;
  readonly frame: Frame;
}

/** Frames further out than a frame, nearest first. */
export type Outward = (frame: Frame) => Iterable<Frame>;

const MAX_SCOPES = 256;

export function* visibleScopes(innermost: Frame | undefined, outward: Outward | undefined): Generator<VisibleScope> {
  let frame = innermost;
  let enclosing: Enclosing | undefined;
  for (let functions = 0; frame && functions < MAX_SCOPES; functions++) {
    let last: Scope | undefined;
    for (let scope = frame.scope, i = 0; scope && i < MAX_SCOPES; scope = scope.parent, i++) {
      if (scope.kind !== 'block' || !enclosing || enclosing.isInside(scope)) yield { scope, frame };
      last = scope;
      if (scope.kind !== 'block') break;
    }
    enclosing = last?.enclosing?.();
    frame = enclosing && last && outward ? frameOf(enclosing, last, frame, outward) : undefined;
  }
}

/** Does code of a nested function stand here? */
export const isNested = ({ scope }: Frame): boolean => functionScope(scope)?.enclosing?.() !== undefined;

const functionScope = (innermost: Scope | undefined): Scope | undefined => {
  let scope = innermost;
  while (scope?.kind === 'block') scope = scope.parent;
  return scope;
};

/** The frame of the function around a nested one; the nearest where the debug information has no static link. */
const frameOf = (enclosing: Enclosing, nested: Scope, from: Frame, outward: Outward): Frame | undefined => {
  const link = nested.kind === 'function' ? from.function?.staticLink : undefined;
  const base = link && numberAt(locate(link, from.context), from.context);
  let nearest: Frame | undefined;
  for (const frame of outward(from)) {
    const scope = functionScope(frame.scope);
    if (!scope || !enclosing.hasInstance(scope)) continue;
    if (base === undefined || frame.context.frameBase() === base) return frame;
    nearest ??= frame;
  }
  return nearest;
};

/** The names that an expression mentions. */
import type { Expression, ScopedName } from './ast.js';

export interface Mentions {
  readonly names: ReadonlySet<string>;
  /** Those that are called. */
  readonly called: ReadonlySet<string>;
  /** Those with something before `::`, but no file. */
  readonly scoped: readonly ScopedName[];
  /** Behind a `$`: registers and convenience variables. */
  readonly dollars: ReadonlySet<string>;
}

const isExpression = (value: unknown): value is Expression => typeof value === 'object' && value !== null && 'kind' in value;

export const mentionsIn = (expression: unknown): Mentions => {
  const names = new Set<string>();
  const called = new Set<string>();
  const dollars = new Set<string>();
  const scoped: ScopedName[] = [];
  const visit = (node: unknown): void => {
    if (Array.isArray(node)) for (const each of node) visit(each);
    else if (isExpression(node)) {
      if (node.kind === 'name') names.add(node.name);
      if (node.kind === 'call' && node.callee.kind === 'name') called.add(node.callee.name);
      if (node.kind === 'scoped' && node.file === undefined && node.path.length > 0) scoped.push(node);
      if (node.kind === 'dollar') dollars.add(node.name);
      for (const part of Object.values(node)) visit(part);
    }
  };
  visit(expression);
  return { names, called, scoped, dollars };
};

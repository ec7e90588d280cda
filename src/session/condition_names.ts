/** A condition that names what none of its breakpoint's places knows is refused when it is given, not at the first hit. */
import { fileAddress, type Address } from '../common/addresses.js';
import { DeetError } from '../common/errors.js';
import { nearest } from '../common/nearest.js';
import type { LoadedImage } from '../inferior/frame.js';
import type { Expression } from '../language/ast.js';
import type { EvaluationContext } from '../language/context.js';
import { mentionsIn } from '../language/mentions.js';

export interface ConditionPlace {
  readonly loaded: LoadedImage;
  readonly address: Address;
}

/** What the blocks around a place call something. Undefined: C++, and functions in functions, where names have more meanings than these. */
const namesAt = ({ loaded, address }: ConditionPlace): string[] | undefined => {
  const at = fileAddress(Number(address - loaded.bias));
  if (loaded.image.functionAt(at)?.language === 'c++') return undefined;
  const scopes = loaded.image.scopesAt(at);
  if (scopes.some((scope) => scope.enclosing?.())) return undefined;
  return scopes.flatMap((scope) => [...scope.variables(), ...scope.types()].map(({ name }) => name));
};

const isMacroAt = ({ loaded, address }: ConditionPlace, name: string): boolean =>
  loaded.image.macroNamed(name, fileAddress(Number(address - loaded.bias))) !== undefined;

/**
 * @param librariesAreKnown the program runs, and has them; before, a library may bring any function that is called
 * @throws DeetError `unknown-name`
 */
export const refuseUnknownNames = (
  expression: Expression,
  places: readonly ConditionPlace[],
  { names }: EvaluationContext,
  librariesAreKnown: boolean,
): void => {
  const known = places.map(namesAt);
  if (known.length === 0 || known.includes(undefined)) return;
  const mentioned = mentionsIn(expression);
  for (const name of mentioned.names) {
    if (!librariesAreKnown && mentioned.called.has(name)) continue;
    if (known.some((each) => each?.includes(name)) || names.global(name) || places.some((place) => isMacroAt(place, name))) continue;
    const near = nearest(
      name,
      known.flatMap((each) => each ?? []),
    );
    throw new DeetError(
      'unknown-name',
      `No symbol "${name}" in current context.`,
      near === undefined ? undefined : `Did you mean "${near}"?`,
    );
  }
};

/** A condition that names what none of its breakpoint's places knows is refused when it is given, not at the first hit. */
import { fileAddress, type Address } from '../common/addresses.js';
import { DeetError } from '../common/errors.js';
import { nearest } from '../common/nearest.js';
import type { LoadedImage } from '../inferior/frame.js';
import type { Expression, ScopedName } from '../language/ast.js';
import type { EvaluationContext } from '../language/context.js';
import { mentionsIn } from '../language/mentions.js';
import { asPointer, asStruct } from '../language/types.js';
import type { StructType } from '../symbols/types.js';

export interface ConditionPlace {
  readonly loaded: LoadedImage;
  readonly address: Address;
}

/** Bases of bases; deeper than this is damage. */
const MAX_DEPTH = 64;

/** What the blocks around a place call something. Undefined: functions in functions, where names have more meanings than these. */
const namesAt = ({ loaded, address }: ConditionPlace): string[] | undefined => {
  const scopes = loaded.image.scopesAt(fileAddress(Number(address - loaded.bias)));
  if (scopes.some((scope) => scope.enclosing?.())) return undefined;
  return scopes.flatMap((scope) => {
    const { types = [], values = [] } = scope.templateArguments?.() ?? {};
    const variables = scope.variables();
    const self = variables.find(({ name }) => name === 'this');
    const ofClass = self && asStruct(asPointer(self.type)?.target ?? self.type);
    return [...[...variables, ...scope.types(), ...types, ...values].map(({ name }) => name), ...(ofClass ? memberNames(ofClass) : [])];
  });
};

/** C++: what a method calls by bare names, its own members and those of the classes that its own is derived from. */
const memberNames = (type: StructType, depth = 0): string[] => [
  ...type.methods().map(({ name }) => name),
  ...type.members().flatMap((member) => {
    const inner = depth < MAX_DEPTH && (member.isBase || member.name === undefined) ? asStruct(member.type) : undefined;
    return [member.name ?? '', ...(inner ? memberNames(inner, depth + 1) : [])];
  }),
];

/** C++ and Rust: words of the language, and types and enumerators of any scope; whether they can be seen here is found out when they are needed. */
const isKnownToCxx = (name: string, { loaded: { image, bias }, address }: ConditionPlace): boolean => {
  const at = fileAddress(Number(address - bias));
  const language = image.functionAt(at)?.language;
  if (language !== 'c++' && language !== 'rust') return false;
  return (
    /^(?:true|false|nullptr|NULL)$/.test(name) ||
    image.typeNamed(name, undefined, at) !== undefined ||
    image.enumeratorNamed(name, at) !== undefined
  );
};

const isMacroAt = ({ loaded, address }: ConditionPlace, name: string): boolean =>
  loaded.image.macroNamed(name, fileAddress(Number(address - loaded.bias))) !== undefined;

/** What stands before `::` may be seen from the place of the breakpoint alone: it is unknown when nothing there bears the name, and it means nothing here. */
const isKnownScope = ({ path, name }: ScopedName, places: readonly ConditionPlace[], names: EvaluationContext['names']): boolean => {
  const [first = ''] = path;
  if (places.some(({ loaded: { image } }) => image.isKnownName?.(first) !== false)) return true;
  try {
    return names.scoped({ path }, name) !== undefined;
  } catch (error) {
    if (error instanceof DeetError) return false;
    throw error;
  }
};

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
  for (const scoped of mentioned.scoped) {
    const [first = ''] = scoped.path;
    if (known.some((each) => each?.includes(first)) || isKnownScope(scoped, places, names)) continue;
    throw new DeetError('unknown-name', `No symbol "${first}" in current context.`);
  }
  for (const name of mentioned.names) {
    if (!librariesAreKnown && mentioned.called.has(name)) continue;
    if (known.some((each) => each?.includes(name)) || names.global(name)) continue;
    if (places.some((place) => isMacroAt(place, name) || isKnownToCxx(name, place))) continue;
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

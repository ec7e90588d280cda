/**
 * A condition compiled for one address of code: names looked up, types resolved and places found once, so that a hit costs what is left - a few
 * registers, a word of memory and a comparison. The names are found by the same code as in the evaluator; only what a variable yields differs.
 */
import type { Frame, ImageMap } from '../inferior/frame.js';
import type { Variable } from '../symbols/model.js';
import type { Expression } from './ast.js';
import type { EvaluationContext } from './context.js';
import { resolveType } from './dynamic-types.js';
import { FrameNames } from './frame-names.js';
import { lowerCondition, NamedPlace } from './lower.js';
import { compileCode, type Code, type Compiled } from './simple-code.js';
import { simplePlace, type SimplePlace } from './simple-locations.js';
import { Value } from './value.js';
import { isNested } from './visible-scopes.js';

/**
 * @param frame the innermost frame of a thread that stands at the address
 * @param context the world of that frame
 * @returns what is true where the evaluator would say so, of any thread at the same address, and fails where only the evaluator can tell. Undefined: the
 *   condition is not simple.
 */
export const simpleCondition = (expression: Expression, frame: Frame, images: ImageMap, context: EvaluationContext): Code | undefined => {
  const { loaded } = frame;
  // The frame that a nested function's outer names live in is another one at each arrival.
  if (!loaded || frame.level !== 0 || isNested(frame)) return undefined;
  const placeOf = (variable: Variable, owner: Frame | undefined): SimplePlace | undefined => {
    // Sizes that are computed in the frame (variable-length arrays) are another matter.
    const varies = resolveType(variable.type, frame.context, () => undefined) !== variable.type;
    return varies || (owner && owner !== frame) ? undefined : simplePlace(variable, owner, loaded);
  };
  const { language, memory, registers, history, variables, settings } = context;
  const names = new FrameNames({
    images,
    memory,
    frame,
    language,
    variable: (variable, owner) => new Value(variable.type, new NamedPlace(placeOf(variable, owner))),
  });
  return lowerCondition(expression, {
    language,
    memory,
    registers,
    history,
    variables,
    settings,
    names,
    symbolAt: (address) => context.symbolAt(address),
  });
};

/** As `simpleCondition`, as a function. */
export const compileCondition = (...parts: Parameters<typeof simpleCondition>): Compiled | undefined => {
  const code = simpleCondition(...parts);
  return code && compileCode(code);
};

/** Convenience variables where numbers stand: `delete $bpnum`, `ignore $first 3`. */
import { DeetError } from '../common/errors.js';
import { asInteger } from '../language/types.js';
import { toInteger } from '../language/value.js';
import type { Session } from '../session/session.js';

/** Each `$name` replaced by its number. @throws DeetError `usage` */
export const withVariables = (text: string, session: Session): string =>
  text.replace(/\$([A-Za-z_]\w*)/g, (word, name: string) => {
    const value = session.values.variables.get(name);
    if (!value || !asInteger(value.type)) throw new DeetError('usage', `Convenience variable must have integer value: ${word}.`);
    return String(toInteger(value));
  });

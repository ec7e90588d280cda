/**
 * Text that comes from the program or its debug information is data: control characters in it must not reach the terminal, where they would move
 * the cursor, change colours or fake lines (ECMA-48). They are shown as escapes; so are the characters that reorder lines (Unicode bidi controls).
 */
const dangerous = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

const escapeOne = (character: string): string => {
  const code = character.charCodeAt(0);
  if (character === '\n') return '\\n';
  if (character === '\t') return '\\t';
  if (character === '\r') return '\\r';
  return code < 0x100 ? `\\${code.toString(8).padStart(3, '0')}` : `\\u${code.toString(16)}`;
};

/** One line: newlines and tabs are escaped, too. */
export const line = (text: string): string => text.replace(dangerous, escapeOne);

/** Several lines: newlines and tabs stay. */
export const lines = (text: string): string => text.replace(dangerous, (each) => (each === '\n' || each === '\t' ? each : escapeOne(each)));

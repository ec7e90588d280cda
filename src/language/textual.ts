/** Which types hold text: char and its kin, and by name wchar_t, char16_t, char32_t (gdb's rule). */
import type { CType } from '../symbols/types.js';
import { isQualified, strip } from './types.js';

export interface TextKind {
  readonly prefix: '' | 'L' | 'u' | 'U';
  /** Bytes of one unit. */
  readonly unit: number;
}

const WIDE: Readonly<Record<string, TextKind['prefix']>> = { wchar_t: 'L', char16_t: 'u', char32_t: 'U' };

export function textKind(type: CType): TextKind | undefined {
  let current = type;
  for (let i = 0; i < 64; i++) {
    if (current.kind === 'typedef' || current.kind === 'base') {
      const prefix = WIDE[current.name];
      const bare = strip(current);
      if (prefix !== undefined && bare.kind === 'base') return { prefix, unit: bare.size };
    }
    if (current.kind === 'typedef' || isQualified(current)) current = current.target;
    else break;
  }
  if (current.kind !== 'base' || current.size !== 1) return undefined;
  const { encoding } = current;
  // gcc calls char8_t a number.
  const isText = encoding === 'signed-char' || encoding === 'unsigned-char' || encoding === 'utf' || current.name === 'char8_t';
  return isText ? { prefix: '', unit: 1 } : undefined;
}

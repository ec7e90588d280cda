/** C++: `largest<int>` and `std::vector<int, std::allocator<int> >` are names, where the program has them; elsewhere `<` compares. */
import type { Token } from './lexer.js';
import { fullNames } from './library/short-names.js';

/** What may stand between the angle brackets of a name that debug information has. */
const INSIDE = new Set(['::', ',', '*', '&', '&&', '(', ')', '[', ']', '-', '<', '>', '>>']);
const PLAIN: ReadonlySet<Token['kind']> = new Set(['name', 'integer', 'character']);
/** Longer lists of arguments are looked at no further. */
const MAX_TOKENS = 512;

/** The tokens with every known name with template arguments as one. @param isKnown is asked with the whole name, `ns::` included */
export function joinTemplates(text: string, tokens: readonly Token[], isKnown: (name: string) => boolean): readonly Token[] {
  if (!tokens.some((token) => token.kind === 'operator' && token.text === '<')) return tokens;
  const joined: Token[] = [];
  for (let at = 0; at < tokens.length; at++) {
    const token = tokens[at];
    const end = token.kind === 'name' ? closing(tokens, at + 1) : undefined;
    const last = end === undefined ? undefined : tokens[end];
    if (token.kind === 'name' && end !== undefined && last) {
      const scope = scopeBefore(joined);
      const spelled = spellings(text.slice(token.offset, last.end));
      const known = [...spelled, ...spelled.flatMap((each) => withAllArguments(scope, each))].find((each) => isKnown(scope + each));
      const name = known ?? (isNoComparison(last, tokens[end + 1]) ? spelled[0] : undefined);
      if (name !== undefined) {
        joined.push({ kind: 'name', name, offset: token.offset, end: last.end });
        at = end;
        continue;
      }
    }
    joined.push(token);
  }
  return joined;
}

/** `vector<int>` of the C++ library as debug information has it. */
const withAllArguments = (scope: string, name: string): string[] =>
  (['gcc', 'clang'] as const).map((writer) => fullNames(scope + name, writer).slice(scope.length));

/** Nothing compares with nothing, and nobody compares with `::name`: it is a name, which the program has not, and that is to be said. */
const isNoComparison = (last: Token, next: Token | undefined): boolean =>
  next?.kind === 'end' || (next?.kind === 'operator' && (/^[)\],]$/.test(next.text) || (next.text === '::' && next.offset === last.end)));

/** Index of the `>` that closes the `<` here. */
function closing(tokens: readonly Token[], start: number): number | undefined {
  let depth = 0;
  for (let at = start; at < tokens.length && at < start + MAX_TOKENS; at++) {
    const token = tokens[at];
    const operator = token.kind === 'operator' ? token.text : undefined;
    if (operator === undefined ? !PLAIN.has(token.kind) : !INSIDE.has(operator)) return undefined;
    if (operator === '<') depth++;
    if (operator === '>') depth--;
    if (operator === '>>') depth -= 2;
    if (depth <= 0) return depth === 0 && at > start ? at : undefined;
  }
  return undefined;
}

/** As compilers write it: one blank behind a comma; between two closing brackets one (gcc) or none (clang); `long unsigned int` (gcc) or `unsigned long` (clang). */
function spellings(text: string): string[] {
  const dense = text
    .replace(/\s*([<>,*&()[\]]|::)\s*/g, '$1')
    .replace(/\s+/g, ' ')
    .replace(/,/g, ', ')
    .replace(/([^*&(<, ])([*&])/g, '$1 $2');
  const integers = (make: (words: IntegerWords) => string): string =>
    dense.replace(/\b(?:(?:signed|unsigned|short|long|int)\b ?)+(?<! )(?! ?char\b)/g, (text) => {
      const words = text.split(' ');
      const sized = words.filter((word) => word === 'long' || word === 'short');
      return make({ sized, unsigned: words.includes('unsigned') });
    });
  const numbered = [dense, integers(gccInteger), integers(clangInteger)];
  // gcc writes `char*`, clang `char *`.
  const pointed = [...numbered, ...numbered.map((each) => each.replace(/ (?=[*&])/g, ''))];
  return [...new Set(pointed.flatMap((each) => [each.replace(/>(?=>)/g, '> '), each]))];
}

interface IntegerWords {
  readonly sized: readonly string[];
  readonly unsigned: boolean;
}

const gccInteger = ({ sized, unsigned }: IntegerWords): string => [...sized, ...(unsigned ? ['unsigned'] : []), 'int'].join(' ');

const clangInteger = ({ sized, unsigned }: IntegerWords): string =>
  [...(unsigned ? ['unsigned'] : []), ...(sized.length > 0 ? sized : ['int'])].join(' ');

/** `a::b::` in front of the next token. */
function scopeBefore(tokens: readonly Token[]): string {
  let scope = '';
  for (let at = tokens.length - 1; at > 0; at -= 2) {
    const [name, colons] = [tokens[at - 1], tokens[at]];
    if (colons.kind !== 'operator' || colons.text !== '::' || name.kind !== 'name') break;
    scope = `${name.name}::${scope}`;
  }
  return scope;
}

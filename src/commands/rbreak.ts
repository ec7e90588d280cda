/** `rbreak`: a breakpoint on each function whose name matches. */
import { nameProgram } from '../common/advice.js';
import { DeetError } from '../common/errors.js';
import type { Session } from '../session/session.js';
import { meansFile } from '../symbols/source-files.js';
import type { FunctionSymbol, SymbolImage } from '../symbols/model.js';
import { notesOn } from './breakpoint-text.js';
import { breakpointResult } from './breakpoints.js';
import type { Command } from './command.js';
import { regularExpression } from './regular_expression.js';
import { message, type Result } from './results.js';
import { functionText, plainFunctions } from './symbol_lists.js';

/** More functions than this are a mistake in the pattern. */
const mostMatches = 500;

/** Where a breakpoint goes, and the function in words. */
interface Match {
  readonly place: string;
  readonly text: string;
}

/** One for each function, also where two files have one of the same name; last those that only the symbol table knows. */
const matchesIn = (image: SymbolImage, expression: RegExp, file: string | undefined): Match[] => {
  const found = new Map<string, FunctionSymbol>();
  for (const fn of image.functionsWhere((name) => expression.test(name))) {
    if (file !== undefined && !(fn.declared && meansFile(file, fn.declared.file.path))) continue;
    found.set(`${fn.declared?.file.path ?? ''}:${fn.linkageName ?? fn.qualifiedName}`, fn);
  }
  const sorted = [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, fn]) => fn);
  const plain = file === undefined ? plainFunctions(image, expression) : [];
  return [
    ...sorted.map((fn) => {
      const name = fn.linkageName ?? fn.qualifiedName;
      return { place: fn.declared ? `${fn.declared.file.path}:${name}` : name, text: `${functionText(fn)};` };
    }),
    ...plain.map(({ name }) => ({ place: name, text: `<function, no debug info> ${name};` })),
  ];
};

/** Of the program and its libraries; of the program alone where all are too many. @throws DeetError */
const matchesOf = (session: Session, expression: RegExp, file: string | undefined): { matches: Match[]; notes: Result[] } => {
  const [program, ...libraries] = session.images();
  if (!program) throw new DeetError('no-program', 'No program.', nameProgram);
  const own = matchesIn(program.image, expression, file);
  const places = new Set(own.map(({ place }) => place));
  const others = libraries.flatMap(({ image }) => matchesIn(image, expression, file)).filter(({ place }) => !places.has(place));
  const count = own.length + others.length;
  if (count <= mostMatches) return { matches: [...own, ...others], notes: [] };
  if (own.length === 0 || own.length > mostMatches)
    throw new DeetError('usage', `${count} functions match; that is more than ${mostMatches}.`, 'Give a narrower pattern.');
  const text = `${others.length} functions of libraries match, too, which is more than ${mostMatches}: a narrower pattern stops in them.`;
  return { matches: own, notes: [message(text, 'note')] };
};

const rbreak: Command = {
  name: 'rbreak',
  aliases: ['rb'],
  group: 'stop',
  usage: '[FILE:]REGULAR-EXPRESSION',
  about: 'Stop in every function of the program and its libraries whose name matches.',
  completes: ['function'],
  run: ({ session, text }) => {
    const match = /^(?:([^:\s]+):(?!:))?\s*(.*)$/.exec(text.trim());
    const [file, pattern] = [match?.[1], match?.[2] ?? ''];
    const { matches, notes } = matchesOf(session, regularExpression(pattern), file);
    if (matches.length === 0) throw new DeetError('no-symbol', `No function of the program matches "${pattern}".`);
    return [
      ...matches.flatMap(({ place, text: words }) => {
        const breakpoint = session.break(place);
        return [breakpointResult(breakpoint, 'set', notesOn(breakpoint, session)), message(words)];
      }),
      ...notes,
    ];
  },
};

export const rbreakCommands: readonly Command[] = [rbreak];

/** `info functions, variables, types`: names by regular expression, with their types, file by file. */
import { wideHex } from '../common/addresses.js';
import { DeetError } from '../common/errors.js';
import { checkInterrupt } from '../common/interrupt.js';
import { SLOT_SUFFIX } from '../elf/plt.js';
import type { LoadedImage } from '../inferior/frame.js';
import { rustFunction } from '../language/rust-types.js';
import { declaration, typeName } from '../language/type-name.js';
import { strip } from '../language/types.js';
import type { Session } from '../session/session.js';
import { demangledName, signatureOf } from '../symbols/cxx-names.js';
import type { CType } from '../symbols/types.js';
import type { DeclaredType, ElfSymbol, FunctionSymbol, SymbolImage, Variable } from '../symbols/model.js';
import { Words } from './arguments.js';
import type { Command } from './command.js';
import { regularExpression } from './regular_expression.js';
import { message, type Result } from './results.js';

/** Most names that one command lists. */
const mostNames = 20_000;

/** The room that one command has for names. */
class Room {
  #left = mostNames;
  #exceeded = false;

  /** For one more name. False: there is none left. */
  take(): boolean {
    if (this.#left === 0) this.#exceeded = true;
    else this.#left--;
    return !this.#exceeded;
  }

  /** What a user is to know when names were left out. */
  warnings(): Result[] {
    const text = `More than ${mostNames} names match: only so many are listed. A narrower expression lists the others.`;
    return this.#exceeded ? [message(text, 'warning')] : [];
  }
}

/** What a user asks for: `[-q] [-n] [-t TYPE] [NAME]`, the latter regular expressions. */
interface Request {
  readonly pattern: string;
  readonly name: RegExp;
  readonly typePattern: string | undefined;
  readonly type: RegExp;
  /** -q: no heading. */
  readonly quiet: boolean;
  /** -n: nothing of the symbol table. */
  readonly debugOnly: boolean;
}

/** @throws DeetError `usage` */
const requestIn = (text: string): Request => {
  let words = new Words(text);
  let [quiet, debugOnly] = [false, false];
  let typePattern: string | undefined;
  for (;;) {
    if (words.take('-q', 2)) quiet = true;
    else if (words.take('-n', 2)) debugOnly = true;
    else if (words.take('-t', 2)) {
      const [, , quoted, rest] = /^(['"])(.*?)\1\s*(.*)$/.exec(words.rest) ?? [];
      typePattern = quoted ?? words.next();
      if (rest !== undefined) words = new Words(rest);
      if (typePattern === '') throw new DeetError('usage', '"-t" needs a regular expression for types.');
    } else break;
  }
  words.take('--', 2);
  const pattern = words.rest.trim();
  return { pattern, name: regularExpression(pattern), typePattern, type: regularExpression(typePattern ?? ''), quiet, debugOnly };
};

const headingOf = ({ pattern, typePattern, quiet }: Request, what: string): string[] => {
  if (quiet) return [];
  const ofType = typePattern === undefined ? '' : ` with type matching regular expression "${typePattern}"`;
  if (pattern === '') return [`All defined ${what}${ofType === '' ? '' : `${ofType} `}:`];
  return [`All ${what} matching regular expression "${pattern}"${ofType}:`];
};

/** A name of a file. */
interface Entry {
  readonly file: string;
  /** 0: nobody has declared it. */
  readonly line: number;
  readonly name: string;
  readonly text: string;
  /** Of this file alone. */
  readonly isStatic: boolean;
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** File by file; in each first what other files see, too. */
const grouped = (entries: readonly Entry[]): string[] => {
  const sorted = entries.toSorted(
    (a, b) => compare(a.file, b.file) || Number(a.isStatic) - Number(b.isStatic) || compare(a.name, b.name) || a.line - b.line,
  );
  const files = new Map<string, Set<string>>();
  for (const { file, line, text } of sorted) {
    const list = files.get(file) ?? new Set();
    list.add(`${line === 0 ? '' : `${line}:`}\t${text}`);
    files.set(file, list);
  }
  return [...files].flatMap(([file, list]) => ['', `File ${file}:`, ...list]);
};

/** Without a pattern only the program itself is listed: its libraries have thousands of names. */
const imagesFor = (session: Session, { pattern, typePattern }: Request): readonly LoadedImage[] => {
  const images = session.images();
  return pattern === '' && typePattern === undefined ? images.slice(0, 1) : images;
};

/** @throws DeetError when the user has had enough of it */
const suitsName = (name: string, request: Request): boolean => {
  checkInterrupt();
  return request.name.test(name);
};

function* matching(names: Iterable<string>, request: Request, room: Room): Generator<string> {
  for (const name of names) {
    if (!suitsName(name, request)) continue;
    if (!room.take()) return;
    yield name;
  }
}

/** The answer; a part of it that is empty is left out. */
const answer = (request: Request, what: string, entries: readonly Entry[], plain: readonly string[], room: Room): Result[] => {
  const others = plain.length > 0 ? ['', 'Non-debugging symbols:', ...plain] : [];
  return [message([...headingOf(request, what), ...grouped(entries), ...others].join('\n')), ...room.warnings()];
};

const inC = (language: string): 'c' | 'c++' => (language === 'c++' ? 'c++' : 'c');

/** `static int f(int)`; in C++ as its mangled name tells, `int ns::Class::f(int) const`, without what the compiler passes unseen. */
export const functionText = (fn: FunctionSymbol): string => {
  if (fn.language === 'rust') return `${fn.external ? '' : 'static '}${rustFunction(fn.qualifiedName, fn.type)}`;
  const signature = fn.linkageName === undefined ? undefined : signatureOf(fn.linkageName);
  const text =
    signature === undefined ? declaration(fn.type, fn.qualifiedName, inC(fn.language)) : declaration(fn.type.returns, signature, 'c++');
  return `${fn.external ? '' : 'static '}${text}`;
};

const isCode = ({ type }: ElfSymbol): boolean => type === 'function' || type === 'ifunc';

/** Functions that only the symbol table knows, by address. */
export const plainFunctions = (image: SymbolImage, expression: RegExp): readonly ElfSymbol[] =>
  image
    .symbols()
    .filter(
      (symbol) =>
        isCode(symbol) &&
        symbol.address !== 0 &&
        expression.test(shownName(symbol)) &&
        image.functionAt(symbol.address)?.entry !== symbol.address,
    );

/** Variables that only the symbol table knows, by address. */
const plainVariables = (image: SymbolImage, expression: RegExp): readonly ElfSymbol[] =>
  image
    .symbols()
    .filter(
      (symbol) =>
        !isCode(symbol) &&
        symbol.section !== undefined &&
        !symbol.name.endsWith(SLOT_SUFFIX) &&
        expression.test(shownName(symbol)) &&
        image.variablesNamed(shownName(symbol)).length === 0,
    );

const shownName = ({ name }: ElfSymbol): string => demangledName(name) ?? name;

/** What only the symbol tables know; nothing where a type is asked for, which they do not tell. */
const plainRows = (
  images: readonly LoadedImage[],
  request: Request,
  list: (image: SymbolImage, expression: RegExp) => readonly ElfSymbol[],
  room: Room,
): string[] =>
  request.debugOnly || request.typePattern !== undefined
    ? []
    : images.flatMap(({ image, bias }) =>
        list(image, request.name)
          .filter(() => room.take())
          .toSorted((a, b) => a.address - b.address || compare(shownName(a), shownName(b)))
          .map((symbol) => `${wideHex(BigInt(symbol.address) + bias)}  ${shownName(symbol)}`)
          // Versions of one symbol (`dladdr@GLIBC_2.2.5`, `dladdr@@GLIBC_2.34`) often mean one function.
          .filter((row, index, all) => row !== all[index - 1]),
      );

const suitsType = (type: CType, language: 'c' | 'c++', { type: expression }: Request): boolean => expression.test(typeName(type, language));

const usage = '[-q] [-n] [-t TYPE] [REGULAR-EXPRESSION]';
const details = '-q: without a heading. -n: nothing that has no debug information. -t TYPE: only those whose type matches.';

export const infoFunctions: Command = {
  name: 'functions',
  aliases: ['fu'],
  group: 'look',
  usage,
  about: 'Functions whose names match.',
  details,
  completes: ['function'],
  run: ({ session, text }) => {
    const request = requestIn(text);
    const room = new Room();
    const images = imagesFor(session, request);
    const entries = images.flatMap(({ image }) =>
      [...image.functionsWhere((name) => suitsName(name, request))]
        .filter(() => room.take())
        .filter((fn) => suitsType(fn.type, inC(fn.language), request))
        .map((fn) => ({
          file: fn.declared?.file.path ?? image.path,
          line: fn.declared?.line ?? 0,
          name: fn.qualifiedName,
          text: `${functionText(fn)};`,
          isStatic: !fn.external,
        })),
    );
    return answer(request, 'functions', entries, plainRows(images, request, plainFunctions, room), room);
  },
};

const variableEntry = (variable: Variable, image: SymbolImage): Entry => {
  const isStatic = variable.role === 'file-static';
  const name = variable.qualifiedName ?? variable.name;
  return {
    file: variable.declared?.file.path ?? image.path,
    line: variable.declared?.line ?? 0,
    name,
    text: `${isStatic ? 'static ' : ''}${declaration(variable.type, name)};`,
    isStatic,
  };
};

export const infoVariables: Command = {
  name: 'variables',
  aliases: ['va'],
  group: 'look',
  usage,
  about: 'Global variables whose names match.',
  details,
  completes: ['none'],
  run: ({ session, text }) => {
    const request = requestIn(text);
    const room = new Room();
    const images = imagesFor(session, request);
    const entries = images.flatMap(({ image }) =>
      [...matching(image.variableNames(), request, room)]
        .flatMap((name): readonly Variable[] => image.variablesNamed(name))
        .filter((variable) => suitsType(variable.type, 'c', request))
        .map((variable) => variableEntry(variable, image)),
    );
    return answer(request, 'variables', entries, plainRows(images, request, plainVariables, room), room);
  },
};

/** `typedef struct point point_t;`, `struct point;`, `int`. */
const typeText = ({ name, type, language, line }: DeclaredType): string => {
  if (type.kind === 'typedef') return `typedef ${declaration(type.target, name, inC(language))};`;
  return `${typeName(type, inC(language))}${line === 0 && strip(type).kind === 'base' ? '' : ';'}`;
};

/** C++: `struct { ... } inner` in a class has the class's name before it, and none of its own. */
const isNameless = ({ type, language }: DeclaredType): boolean => language === 'c++' && 'name' in type && type.name === undefined;

export const infoTypes: Command = {
  name: 'types',
  aliases: ['ty'],
  group: 'look',
  usage: '[-q] [REGULAR-EXPRESSION]',
  about: 'Types whose names match.',
  completes: ['none'],
  run: ({ session, text }) => {
    const request = requestIn(text);
    const room = new Room();
    const entries: Entry[] = [];
    for (const { image } of imagesFor(session, request))
      for (const each of image.declaredTypes((name) => request.name.test(name))) {
        checkInterrupt();
        if (isNameless(each)) continue;
        if (!room.take()) break;
        const name = each.line === 0 ? typeName(each.type) : each.name;
        entries.push({ file: each.file, line: each.line, name, text: typeText(each), isStatic: true });
      }
    return answer(request, 'types', entries, [], room);
  },
};

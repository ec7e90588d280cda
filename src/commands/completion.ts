/** What Tab offers: words that may stand at the end of a line. */
import { readdirSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename } from 'node:path';
import { DeetError } from '../common/errors.js';
import { childrenOf } from '../language/children.js';
import { registerNames } from '../language/registers.js';
import { asPointer, asStruct } from '../language/types.js';
import { signals } from '../linux/signals.js';
import type { Session } from '../session/session.js';
import { options } from '../session/settings.js';
import type { StructType } from '../symbols/types.js';
import type { Command, CompletionKind } from './command.js';
import { scopesOf, selectedFrame } from './frames.js';
import type { Registry } from './registry.js';

export interface Completions {
  /** Full words that begin with `word`, sorted. */
  readonly candidates: readonly string[];
  /** The part of the line that they replace. */
  readonly word: string;
}

/** More than a person can look through. */
const most = 500;

export const complete = (line: string, registry: Registry, session: Session): Completions => {
  const text = line.trimStart();
  const head = /^[A-Za-z!][\w-]*$/.exec(text);
  if (text === '' || head)
    return among(
      text,
      registry.all().flatMap(({ name, aliases }) => [name, ...(aliases ?? []).filter((each) => each.length > 3 && !name.startsWith(each))]),
    );
  const found = registry.reached(text);
  if (!found) return { candidates: [], word: '' };
  const { command, rest } = found;
  const words = rest.split(/\s+/);
  if (command.subcommands && words.length === 1) {
    const subcommands = among(
      rest,
      command.subcommands.map(({ name }) => name),
    );
    const own = command.run ? ofKind(kindAt(command, 0), rest, session, registry) : { candidates: [], word: rest };
    return own.word === rest
      ? { candidates: [...new Set([...subcommands.candidates, ...own.candidates])].sort(), word: rest }
      : subcommands;
  }
  const kind = kindAt(command, words.length - 1);
  // A command among the arguments (`thread apply all bt`) begins behind those before it.
  const before = kind === 'command' ? (command.completes?.indexOf('command') ?? 0) : 0;
  return ofKind(kind, words.slice(before).join(' '), session, registry);
};

const kindAt = (command: Command, index: number): CompletionKind =>
  command.completes?.at(Math.min(index, command.completes.length - 1)) ?? 'none';

const among = (word: string, candidates: Iterable<string>): Completions => {
  const fits = new Set<string>();
  for (const each of candidates) {
    if (each.startsWith(word)) fits.add(each);
    if (fits.size >= most) break;
  }
  return { candidates: [...fits].sort(), word };
};

const lastWord = (text: string): string => /\S*$/.exec(text)?.[0] ?? '';

const ofKind = (kind: CompletionKind, text: string, session: Session, registry: Registry): Completions => {
  if (typeof kind !== 'string') return among(lastWord(text), kind);
  switch (kind) {
    case 'none':
      return { candidates: [], word: lastWord(text) };
    case 'command':
      return complete(text, registry, session);
    case 'file':
      return files(lastWord(text));
    case 'signal':
      return among(
        lastWord(text),
        signals.map(({ name }) => name),
      );
    case 'breakpoint':
      return among(
        lastWord(text),
        session.breakpoints.all().map(({ id }) => String(id)),
      );
    case 'thread':
      return among(
        lastWord(text),
        session.threads().map(({ id }) => String(id)),
      );
    case 'register':
      return among(lastWord(text).replace(/^\$/, ''), registerNames());
    case 'setting':
      return settings(text);
    case 'function':
      return among(lastWord(text), functions(session));
    case 'location':
      return locations(text, session);
    case 'type':
    case 'expression':
      return expression(text, session, kind === 'type');
  }
};

/** Setting names have several words: the next one is offered; behind the name, its values. */
const settings = (text: string): Completions => {
  const words = text.split(/\s+/);
  const word = words.pop() ?? '';
  const before = words.join(' ');
  const exact = options.find(({ name }) => name === before);
  if (exact) return among(word, exact.kind.type === 'boolean' ? ['on', 'off'] : exact.kind.type === 'choice' ? exact.kind.choices : []);
  const start = before === '' ? '' : `${before} `;
  return among(
    word,
    options.filter(({ name }) => name.startsWith(start)).map(({ name }) => name.slice(start.length).split(' ', 1)[0]),
  );
};

/** The program's own functions; its libraries' only when asked for by a beginning. */
function* functions(session: Session): Generator<string> {
  for (const { image } of session.images()) yield* image.functionNames();
}

const locations = (text: string, session: Session): Completions => {
  if (/(?:^|\s)if\s/.test(text)) return expression(text, session, false);
  const word = lastWord(text);
  const colon = word.lastIndexOf(':');
  if (colon > 0 && word[colon - 1] !== ':') {
    const [file, rest] = [word.slice(0, colon), word.slice(colon + 1)];
    const offers = among(rest, functionsOf(file, session));
    return { candidates: offers.candidates.map((each) => `${file}:${each}`), word };
  }
  if (word.startsWith('*')) return expression(word.slice(1), session, false);
  return among(word, [...functions(session), ...sourceNames(session)]);
};

const sourceNames = (session: Session): string[] =>
  session
    .images()
    .slice(0, 1)
    .flatMap(({ image }) => image.sourceFiles().map(({ path }) => basename(path)));

function* functionsOf(file: string, session: Session): Generator<string> {
  for (const { image } of session.images().slice(0, 1)) {
    const paths = new Set(image.filesMatching(file).map(({ path }) => path));
    for (const name of image.functionNames())
      if (image.functionsNamed(name).some((fn) => paths.has(fn.declared?.file.path ?? ''))) yield name;
  }
}

/** Names in an expression: fields behind `.` and `->`, registers and convenience variables behind `$`, else everything in scope. */
const expression = (text: string, session: Session, types: boolean): Completions => {
  const member = /([\w$)\]]+(?:(?:\.|->)\w+|\[[^\]]*\])*)(?:\.|->)(\w*)$/.exec(text);
  if (member) return among(member[2], fields(member[1], session));
  const register = /\$(\w*)$/.exec(text);
  if (register) return { ...among(register[1], registerNames()), word: register[1] };
  const word = /[A-Za-z_]\w*$/.exec(text)?.[0] ?? '';
  return among(word, names(session, types));
};

const fields = (object: string, session: Session): string[] => {
  try {
    const value = session.values.now(object);
    const struct = asStruct(value.type) ?? pointedStruct(value.type);
    return struct
      ? struct.members().flatMap(({ name }) => name ?? [])
      : childrenOf(value, session.context(selectedFrame(session)), 0, 100).map(({ name }) => name);
  } catch (error) {
    if (error instanceof DeetError) return [];
    throw error;
  }
};

const pointedStruct = (type: Parameters<typeof asStruct>[0]): StructType | undefined => {
  const pointer = asPointer(type);
  return pointer && asStruct(pointer.target);
};

function* names(session: Session, types: boolean): Generator<string> {
  const frame = selectedFrame(session);
  if (frame) for (const scope of scopesOf(frame)) for (const { name } of scope.variables()) yield name;
  for (const { image } of session.images().slice(0, 1)) {
    yield* image.variableNames();
    yield* image.functionNames();
    if (types) yield* image.typeNames();
  }
}

const files = (word: string): Completions => {
  const slash = word.lastIndexOf('/');
  const [folder, start] = [word.slice(0, slash + 1), word.slice(slash + 1)];
  try {
    const entries = readdirSync((folder || '.').replace(/^~(?=\/)/, homedir()), { withFileTypes: true }).filter(
      ({ name }) => start.startsWith('.') || !name.startsWith('.'),
    );
    const offers = entries.map((entry) => {
      const path = `${folder}${entry.name}`;
      return entry.isDirectory() || (entry.isSymbolicLink() && isDirectory(path)) ? `${path}/` : path;
    });
    return among(word, offers);
  } catch {
    return { candidates: [], word };
  }
};

const isDirectory = (path: string): boolean => {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
};

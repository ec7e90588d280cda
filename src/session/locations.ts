/**
 * Places as users write them: `12`, `+3`, `file.c:12`, `function`, `file.c:function`, `ns::f`, `*0x401136`. Parsing knows no program; resolving asks the images one by one,
 * so that a library that is loaded later can be asked alone.
 */
import type { Address, FileAddress } from '../common/addresses.js';
import { fileAddress } from '../common/addresses.js';
import { typing } from '../common/advice.js';
import { DeetError } from '../common/errors.js';
import { nearest } from '../common/nearest.js';
import type { LoadedImage } from '../inferior/frame.js';
import { signatureOf } from '../symbols/cxx-names.js';
import { meansFile } from '../symbols/source-files.js';
import type { LineLocation, ResolvedLocation, SourceFile, SourcePosition, SymbolImage } from '../symbols/model.js';

export type LocationSpec =
  | { readonly kind: 'line'; readonly file: string | undefined; readonly line: number }
  | { readonly kind: 'function'; readonly file: string | undefined; readonly name: string }
  | { readonly kind: 'address'; readonly expression: string };

/** Where relative and bare line numbers count from. */
export interface CurrentPlace {
  readonly file: string | undefined;
  readonly line: number | undefined;
  /** Where the selected frame goes on; undefined: nothing is stopped. */
  readonly address?: Address;
}

/** Before a run places count in the file of main, which most places have no need of: it is looked for when it is asked for. */
export const placeOfMain = (image: SymbolImage | undefined): CurrentPlace => ({
  get file() {
    const main = image?.functionsNamed('main')[0];
    return main?.declared?.file.path ?? image?.lineAt(main?.entry ?? fileAddress(0))?.file.path;
  },
  line: undefined,
});

/** A place in one image. */
export interface FoundPlace {
  /** Undefined: an address outside of every file (code that the program makes itself). */
  readonly loaded: LoadedImage | undefined;
  readonly address: Address;
  readonly function: string | undefined;
  readonly position: SourcePosition | undefined;
  readonly isMoved?: boolean;
  /** Asked for as a line: the one whose code this is, from which it may have moved. */
  readonly line?: number;
}

/** The colon that separates file and rest: not part of `::`, and not inside of brackets (`f[abi:cxx11]`). */
const splitFile = (text: string): [string | undefined, string] => {
  let depth = 0;
  for (let at = text.length - 1; at > 0; at--) {
    if (text[at] === ']') depth++;
    else if (text[at] === '[') depth--;
    if (text[at] !== ':' || depth > 0) continue;
    if (text[at - 1] === ':' || text[at + 1] === ':') {
      at--;
      continue;
    }
    return [text.slice(0, at).trim(), text.slice(at + 1).trim()];
  }
  return [undefined, text.trim()];
};

const unquote = (text: string): string => /^(['"])(.*)\1$/.exec(text)?.[2] ?? text;

const explicitPart = /-(source|function|line|qualified)\b\s*(.*?)\s*(?=\s-(?:source|function|line|qualified)\b|$)/g;

/** gdb's explicit locations: `-source a.c -line 3`, `-function ns::f`, `-qualified f`. */
const withoutOptions = (spec: string): string => {
  const parts = new Map([...spec.matchAll(explicitPart)].map(([, option, value]) => [option, unquote(value)]));
  const name = parts.get('function') || (parts.has('qualified') ? `::${parts.get('qualified')}` : undefined);
  return [...(parts.has('source') ? [parts.get('source')] : []), name ?? parts.get('line') ?? ''].join(':');
};

/** @throws DeetError `bad-location`. */
export const parseLocation = (text: string, current: CurrentPlace): LocationSpec => {
  const given = text.trim();
  const spec = /^-(?:source|function|line|qualified)\b/.test(given) ? withoutOptions(given) : given;
  if (spec.startsWith('*')) {
    if (spec.length === 1) throw new DeetError('bad-location', 'An address is missing behind "*".', 'For example: break *0x401136');
    return { kind: 'address', expression: spec.slice(1).trim() };
  }
  const relative = /^([+-])(\d+)$/.exec(spec);
  if (relative) {
    if (current.line === undefined) throw new DeetError('no-default', 'There is no current line to count from.', 'Say FILE:LINE.');
    return { kind: 'line', file: current.file, line: Math.max(1, current.line + (relative[1] === '+' ? 1 : -1) * Number(relative[2])) };
  }
  const [file, rest] = splitFile(unquote(spec));
  if (rest === '') throw new DeetError('bad-location', `"${spec}" names no place.`, 'Say LINE, FILE:LINE, FUNCTION or *ADDRESS.');
  if (/^\d+$/.test(rest)) return { kind: 'line', file: file === undefined ? current.file : unquote(file), line: Number(rest) };
  return { kind: 'function', file: file === undefined ? undefined : unquote(file), name: unquote(rest) };
};

const placed = (loaded: LoadedImage, location: ResolvedLocation | LineLocation): FoundPlace => ({
  ...location,
  loaded,
  address: BigInt(location.address) + loaded.bias,
});

/** Whether a user's spelling of a file means that of a function, or the one that includes it: a header's functions are in both. */
export const isOfFile = (spelling: string, file: SourceFile | undefined, image: SymbolImage, address: FileAddress): boolean => {
  if (file && meansFile(spelling, file.path)) return true;
  const unit = image.unitAt(address)?.path;
  return unit !== undefined && meansFile(spelling, unit);
};

const functionPlaces = (loaded: LoadedImage, name: string, file: string | undefined): FoundPlace[] => {
  const found = (loaded.image.locationsOfFunction?.(name) ?? []).map((each) => placed(loaded, each));
  if (file === undefined) return found;
  // The places know their files: no line table needs to be searched for the name of one.
  return found.filter(({ position, address }) => isOfFile(file, position?.file, loaded.image, fileAddress(Number(address - loaded.bias))));
};

/** The files that stand before a line number: by their own names, or (as in gdb) by a function in them. */
export const filesMeant = (image: SymbolImage, spelling: string): readonly SourceFile[] => {
  const files = image.filesMatching(spelling);
  if (files.length > 0 || !/^[A-Za-z_]\w*$/.test(spelling)) return files;
  return [...new Set(image.functionsNamed(spelling).flatMap(({ declared }) => declared?.file ?? []))];
};

/** The places that a specification has in one image; none when the image does not know it. */
export const placesIn = (loaded: LoadedImage, spec: LocationSpec): FoundPlace[] => {
  if (spec.kind === 'address') return [];
  if (spec.kind === 'function') return functionPlaces(loaded, spec.name, spec.file);
  if (spec.file === undefined) return [];
  const files = filesMeant(loaded.image, spec.file);
  const all = files.flatMap((file) => loaded.image.locationsOf(file, spec.line).map((each) => placed(loaded, each)));
  // Several files of one name: those with code on the line itself win over those that slide to a later one, and the nearest of these over others.
  const nearestLine = Math.min(...all.map(({ line }) => line ?? Infinity));
  return all.filter(({ line }) => line === nearestLine);
};

/** Why a specification has no place anywhere, with the nearest name. */
export const noSuchPlace = (spec: LocationSpec, images: readonly SymbolImage[]): DeetError => {
  if (spec.kind === 'address') return new DeetError('memory', `There is no code at ${spec.expression}.`);
  if (spec.kind === 'function') {
    if (spec.file !== undefined && !images.some((image) => image.filesMatching(spec.file ?? '').length > 0))
      return noSuchFile(spec.file, images);
    const near = nearest(spec.name, images[0]?.functionNames() ?? []);
    const where = spec.file === undefined ? '' : ` in "${spec.file}"`;
    return new DeetError('no-symbol', `Function "${spec.name}" not defined${where}.`, near && `Did you mean "${near}"?`);
  }
  if (!images.some((image) => image.hasDebugInfo))
    return new DeetError(
      'no-debug-info',
      'No line number information: the program was compiled without -g.',
      'Compile it with: gcc -g -O0, or break on a function or *ADDRESS.',
    );
  if (spec.file === undefined) return new DeetError('no-default', 'There is no current file.', 'Say FILE:LINE.');
  const matching = images.flatMap((image) => filesMeant(image, spec.file ?? ''));
  if (matching.length === 0) return noSuchFile(spec.file, images);
  return new DeetError('no-line', `Line ${spec.line} is past the end of the code of "${spec.file}".`, typing('list', 'to see its lines'));
};

const noSuchFile = (file: string, images: readonly SymbolImage[]): DeetError => {
  const names = images.slice(0, 1).flatMap((image) => image.sourceFiles().map(({ path }) => path.slice(path.lastIndexOf('/') + 1)));
  const near = nearest(file, names);
  return new DeetError('no-file', `No source file named ${file}.`, near && `Did you mean "${near}"?`);
};

/** `*0x1139` before a run of a position-independent program is an address of its file, as objdump shows it. */
export const describeAddress = (loaded: LoadedImage | undefined, address: Address): Pick<FoundPlace, 'function' | 'position'> => {
  if (!loaded) return { function: undefined, position: undefined };
  const inFileAddress = fileAddress(Number(address - loaded.bias));
  const inlined = loaded.image.scopesAt(inFileAddress).find((scope) => scope.inlined)?.inlined;
  const fn = inlined ?? loaded.image.functionAt(inFileAddress);
  return { function: fn?.qualifiedName ?? loaded.image.symbolAt(inFileAddress)?.name, position: loaded.image.lineAt(inFileAddress) };
};

/** C++: the function at a place with its parameters, `ns::area(int)`; undefined in C, and where an inlined call is meant. */
export const signatureAt = ({ loaded, address, function: name }: FoundPlace): string | undefined => {
  const fn = loaded?.image.functionAt(fileAddress(Number(address - loaded.bias)));
  return fn?.linkageName !== undefined && fn.qualifiedName === name ? signatureOf(fn.linkageName) : undefined;
};

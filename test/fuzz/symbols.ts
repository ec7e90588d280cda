/** Asks an image with damaged debug information for everything. Nothing may come out of it but answers, and soon. */
import { DeetError } from '../../src/common/errors.js';
import { fileAddress } from '../../src/common/addresses.js';
import { parseElf } from '../../src/elf/file.js';
import type { Scope, SymbolImage, Variable } from '../../src/symbols/model.js';
import { openImageBytes } from '../../src/symbols/open_bytes.js';
import type { CType } from '../../src/symbols/types.js';
import { processorTime, seededRandom, type Random } from './mutate.js';

/** How much of each kind is looked at: enough to reach every parser, few enough to measure hangs by time. */
const SOME = 40;

const some = <T>(items: Iterable<T>): T[] => {
  const result: T[] = [];
  for (const item of items) {
    if (result.length >= SOME) break;
    result.push(item);
  }
  return result;
};

/** The arguments have been computed: that is all. */
const touch = (...values: readonly unknown[]): number => values.length;

const lookAtType = (type: CType | undefined, depth = 0): void => {
  if (!type || depth > 4) return;
  switch (type.kind) {
    case 'struct':
    case 'union':
    case 'class':
      touch(type.name, type.size, type.declared);
      for (const member of some(type.members())) {
        touch(member.staticVariable?.type);
        lookAtType(member.type, depth + 1);
      }
      some(type.methods());
      break;
    case 'enum':
      touch(type.size, type.signed);
      some(type.enumerators());
      break;
    case 'array':
      lookAtType(type.element, depth + 1);
      break;
    case 'function':
      for (const parameter of some(type.parameters)) lookAtType(parameter.type, depth + 1);
      lookAtType(type.returns, depth + 1);
      break;
    case 'void':
    case 'base':
      break;
    default:
      lookAtType(type.target, depth + 1);
  }
};

const lookAtVariable = (variable: Variable): void => {
  touch(variable.declared, variable.qualifiedName);
  lookAtType(variable.type);
  if (variable.location?.kind === 'list') variable.location.unit.locationList(variable.location.offset);
};

const lookAtScope = (scope: Scope, depth = 0): void => {
  some(scope.variables()).forEach(lookAtVariable);
  some(scope.types()).forEach(({ type }) => lookAtType(type));
  touch(scope.inlined?.type.returns);
  if (depth < 12) some(scope.children()).forEach((child) => lookAtScope(child, depth + 1));
};

export const lookAtEverything = (image: SymbolImage): void => {
  touch(image.hasDebugInfo, image.callFrames, image.span);
  const names = some(image.functionNames());
  for (const name of names) {
    for (const fn of some(image.functionsNamed(name))) {
      touch(fn.declared, fn.external, fn.noReturn, fn.language, fn.producer, fn.frameBase, fn.qualifiedName);
      lookAtType(fn.type);
      lookAtScope(fn.scope());
      some(fn.callSites());
      image.afterPrologue(fn);
      for (const range of fn.ranges) {
        some(image.rowsIn(range));
        for (const at of [range.low, fileAddress((range.low + range.high) >>> 1), fileAddress(range.high - 1)]) {
          image.lineAt(at);
          image.functionAt(at);
          image.scopesAt(at);
          image.symbolAt(at);
        }
      }
    }
    image.inlinedCallsOf(name);
    image.locationsOfFunction?.(name);
  }
  for (const file of some(image.sourceFiles())) {
    image.filesMatching(file.name);
    for (let line = 1; line < 120; line += 17) image.locationsOf(file, line);
  }
  for (const name of some(image.variableNames())) some(image.variablesNamed(name)).forEach(lookAtVariable);
  for (const name of some(image.typeNames())) {
    lookAtType(image.typeNamed(name));
    for (const tag of ['struct', 'union', 'enum'] as const) lookAtType(image.typeNamed(name, tag));
    image.enumeratorNamed(name);
  }
  image.fileScopeVariables(image.entryPoint);
  image.macroNamed('NULL');
  image.macroNamed('NULL', image.entryPoint);
  for (const warning of image.warnings) if (warning.length > 1000) throw new Error(`a warning of ${warning.length} characters`);
};

const pick = <T>(random: Random, from: readonly T[]): T => from[random(from.length)];

/** A copy with damage in one to three of its debug sections. */
const damaged = (file: Uint8Array, random: Random): Uint8Array => {
  const bytes = Uint8Array.from(file);
  const sections = parseElf(file, 'file').sections.filter((section) => section.name.startsWith('.debug_') && section.size > 0);
  for (let count = 1 + random(3); count > 0; count--) {
    const { offset, size } = pick(random, sections);
    const at = (): number => offset + (random(3) === 0 ? random(Math.min(size, 64)) : random(size));
    switch (random(6)) {
      case 0:
        for (let n = 1 + random(30); n > 0; n--) bytes[at()] = random(256);
        break;
      case 1: {
        // A number at its limits.
        const start = at();
        bytes.fill(pick(random, [0, 0x7f, 0x80, 0xff]), start, Math.min(offset + size, start + pick(random, [1, 2, 4, 8, 16])));
        break;
      }
      case 2:
        // Numbers without an end.
        bytes.fill(0x80, at(), offset + size);
        break;
      case 3: {
        // A part of the section in another place of it.
        const length = Math.min(1 + random(200), size);
        const from = offset + random(size - length + 1);
        bytes.copyWithin(offset + random(size - length + 1), from, from + length);
        break;
      }
      case 4:
        bytes[at()] ^= 1 << random(8);
        break;
      default: {
        const start = at();
        bytes.fill(random(256), start, Math.min(offset + size, start + random(300)));
      }
    }
  }
  return bytes;
};

/** Of computing, for everything on a file of a hundred kilobytes. */
const LIMIT_MS = 4000;

/** @throws Error that names the seed */
export const attackSymbols = (file: Uint8Array, seed: number): void => {
  const bytes = damaged(file, seededRandom(seed));
  const start = processorTime();
  try {
    lookAtEverything(openImageBytes(bytes, 'damaged'));
  } catch (error) {
    if (!(error instanceof DeetError && error.code === 'bad-elf'))
      throw new Error(`seed ${seed}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`, { cause: error });
  }
  const spent = processorTime() - start;
  if (spent > LIMIT_MS) throw new Error(`seed ${seed}: took ${Math.round(spent)} ms`);
};

/** The files that a program is made of: `info sharedlibrary, files`. */
import { hex, wideHex } from '../common/addresses.js';
import { DeetError } from '../common/errors.js';
import type { LoadedImage } from '../inferior/frame.js';
import { toLoad } from '../inferior/images.js';
import type { Command } from './command.js';
import { regularExpression } from './regular_expression.js';
import { message } from './results.js';

const columns = (...cells: readonly [string, string, string, string]): string =>
  `${cells[0].padEnd(20)}${cells[1].padEnd(20)}${cells[2].padEnd(12)}${cells[3]}`;

/** Its code, as gdb shows it: other tools want that (`add-symbol-file`). */
const rowOf = (loaded: LoadedImage): string => {
  const { image } = loaded;
  const text = image.sections().find(({ name }) => name === '.text');
  const [low, high] = text ? [text.address, text.address + text.size] : [image.span.low, image.span.high];
  const row = columns(wideHex(toLoad(loaded, low)), wideHex(toLoad(loaded, high)), `Yes${image.hasDebugInfo ? '' : ' (*)'}`, image.path);
  return [row, ...image.warnings.map((each) => `    ${each}`)].join('\n');
};

export const infoSharedLibrary: Command = {
  name: 'sharedlibrary',
  aliases: ['shared', 'dll'],
  group: 'look',
  usage: '[REGULAR-EXPRESSION]',
  about: "The program's libraries: where their code lies, and whether they have debug information.",
  completes: ['none'],
  run: ({ session, text }) => {
    const expression = regularExpression(text.trim());
    const [, ...others] = session.images();
    // [vdso] is no file.
    const images = others.filter(({ image }) => !image.path.startsWith('[') && expression.test(image.path));
    if (images.length === 0)
      return message(text.trim() === '' ? 'No shared libraries loaded at this time.' : 'No shared libraries matched.');
    const note = images.every(({ image }) => image.hasDebugInfo) ? [] : ['(*): Shared library is missing debugging information.'];
    return message([columns('From', 'To', 'Syms Read', 'Shared Object Library'), ...images.map(rowOf), ...note].join('\n'));
  },
};

export const compareSections: Command = {
  name: 'compare-sections',
  group: 'look',
  usage: '[NAME | -r]',
  about: "Compare the program's sections in memory with its file; -r: only those that it cannot write.",
  details: 'Breakpoints do not count. What the program or the dynamic linker has written since does.',
  completes: ['none'],
  run: ({ session, text }) => {
    const { process } = session.selection();
    const [loaded] = session.images();
    const word = text.trim();
    const chosen = (loaded?.image.sections() ?? []).filter(({ name, writable }) =>
      word === '-r' ? !writable : word === '' || name === word,
    );
    const rows = chosen.flatMap(({ name, address, size }) => {
      const file = loaded?.image.bytesAt(address, size);
      if (!loaded || file?.length !== size) return []; // .bss
      const from = toLoad(loaded, address);
      const isSame = Buffer.compare(process.space.read(from, size), file) === 0;
      return [
        { isSame, line: `Section ${name}, range ${hex(from)} -- ${hex(from + BigInt(size))}: ${isSame ? 'matched' : 'MIS-MATCHED!'}` },
      ];
    });
    if (rows.length === 0)
      throw new DeetError('no-section', word === '' ? 'No sections.' : `No loaded section named '${word}'.`, 'Type "info files".');
    const differs = rows.some(({ isSame }) => !isSame);
    return message(
      [...rows.map(({ line }) => line), ...(differs ? ['Where they differ, memory was written since the file was loaded.'] : [])].join(
        '\n',
      ),
    );
  },
};

export const infoFiles: Command = {
  name: 'files',
  aliases: ['target'],
  group: 'look',
  about: 'The program, its entry point, and the sections of all its files in memory.',
  run: ({ session }) => {
    const [first, ...libraries] = session.images();
    if (!first) return message('No program.');
    const { image, bias } = first;
    const sections = (loaded: LoadedImage, of: string): string[] =>
      loaded.image.sections().map(({ name, address, size }) => {
        const [from, to] = [toLoad(loaded, address), toLoad(loaded, address + size)];
        return `\t${wideHex(from)} - ${wideHex(to)} is ${name}${of}`;
      });
    return message(
      [
        `Symbols from "${image.path}".`,
        `Entry point: ${hex(BigInt(image.entryPoint) + bias)}`,
        `Position independent: ${image.relocatable ? 'yes' : 'no'}`,
        ...(image.buildId === undefined ? [] : [`Build id: ${image.buildId}`]),
        `Debug information: ${image.hasDebugInfo ? 'yes' : 'no'}`,
        ...sections(first, ''),
        ...libraries.flatMap((each) => sections(each, ` in ${each.image.path}`)),
      ].join('\n'),
    );
  },
};

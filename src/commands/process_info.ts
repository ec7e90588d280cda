/** What the kernel says of a process: `info proc, auxv`. */
import { hex, type Address } from '../common/addresses.js';
import { DeetError } from '../common/errors.js';
import type { ProcessFact } from '../inferior/source.js';
import type { EvaluationContext } from '../language/context.js';
import { readString } from '../language/strings.js';
import { glyphs, quotedString } from '../language/text-writer.js';
import type { Command } from './command.js';
import { selectedFrame } from './frames.js';
import { message } from './results.js';

/** Of a file's name. */
const longestText = 4096;

export const infoProc: Command = {
  name: 'proc',
  group: 'look',
  usage: '[mappings | status | stat | cmdline | cwd | exe | all]',
  about: 'What the kernel says of the selected process.',
  completes: [['mappings', 'status', 'stat', 'cmdline', 'cwd', 'exe', 'all']],
  run: ({ session, text }) => {
    const { pid, source } = session.selection().process;
    const word = text.trim();
    const fact = (name: ProcessFact): string => {
      const found = source.fact(name);
      if (found === undefined) throw new DeetError('no-fact', `Nothing is known of the ${name} of process ${pid}.`);
      return found;
    };
    const quoted = (name: ProcessFact): string => `${name} = '${fact(name)}'`;
    if (word === '' || word === 'all') {
      const known = (['cmdline', 'cwd', 'exe'] as const).filter((name) => source.fact(name) !== undefined);
      const long = word === '' ? [] : (['maps', 'status', 'stat'] as const).flatMap((name) => source.fact(name)?.trimEnd() ?? []);
      return message([`process ${pid}`, ...known.map(quoted), ...long].join('\n'));
    }
    if ('mappings'.startsWith(word)) return message(fact('maps').trimEnd());
    if (word === 'status' || word === 'stat') return message(fact(word).trimEnd());
    if (word === 'cmdline' || word === 'cwd' || word === 'exe') return message(quoted(word));
    throw new DeetError('usage', `"info proc ${word}" is not known.`, 'One of: mappings, status, stat, cmdline, cwd, exe, all.');
  },
};

type ShownAs = 'hexadecimal' | 'decimal' | 'text';

/** Entries of the auxiliary vector (getauxval(3), elf.h), by number; the words are gdb's. */
const auxiliaryEntries = new Map<number, readonly [name: string, about: string, shown?: ShownAs]>([
  [0, ['AT_NULL', 'End of vector']],
  [2, ['AT_EXECFD', 'File descriptor of program', 'decimal']],
  [3, ['AT_PHDR', 'Program headers for program']],
  [4, ['AT_PHENT', 'Size of program header entry', 'decimal']],
  [5, ['AT_PHNUM', 'Number of program headers', 'decimal']],
  [6, ['AT_PAGESZ', 'System page size', 'decimal']],
  [7, ['AT_BASE', 'Base address of interpreter']],
  [8, ['AT_FLAGS', 'Flags']],
  [9, ['AT_ENTRY', 'Entry point of program']],
  [11, ['AT_UID', 'Real user ID', 'decimal']],
  [12, ['AT_EUID', 'Effective user ID', 'decimal']],
  [13, ['AT_GID', 'Real group ID', 'decimal']],
  [14, ['AT_EGID', 'Effective group ID', 'decimal']],
  [15, ['AT_PLATFORM', 'String identifying platform', 'text']],
  [16, ['AT_HWCAP', 'Machine-dependent CPU capability hints']],
  [17, ['AT_CLKTCK', 'Frequency of times()', 'decimal']],
  [23, ['AT_SECURE', 'Boolean, was exec setuid-like?', 'decimal']],
  [24, ['AT_BASE_PLATFORM', 'String identifying base platform', 'text']],
  [25, ['AT_RANDOM', 'Address of 16 random bytes']],
  [26, ['AT_HWCAP2', 'Extension of AT_HWCAP']],
  [27, ['AT_RSEQ_FEATURE_SIZE', 'Size of rseq that is supported', 'decimal']],
  [28, ['AT_RSEQ_ALIGN', 'Alignment of rseq', 'decimal']],
  [31, ['AT_EXECFN', 'File name of executable', 'text']],
  [33, ['AT_SYSINFO_EHDR', "System-supplied DSO's ELF header"]],
  [51, ['AT_MINSIGSTKSZ', 'Minimum stack size for signal delivery']],
]);

export const infoAuxv: Command = {
  name: 'auxv',
  group: 'look',
  about: 'The auxiliary vector that the kernel gave the program.',
  run: ({ session }) => {
    const vector = session.selection().process.auxiliaryVector();
    const context = session.context(selectedFrame(session));
    const rows = [...vector].map(([type, value]) => {
      const [name, about, shown = 'hexadecimal'] = auxiliaryEntries.get(type) ?? ['???', ''];
      const text = shown === 'text' ? ` ${characters(context, value)}` : '';
      return `${String(type).padEnd(5)}${name.padEnd(20)} ${about.padEnd(30)} ${shown === 'decimal' ? value : hex(value)}${text}`;
    });
    return message(rows.join('\n'));
  },
};

/** As `print` shows a string. */
const characters = (context: EvaluationContext, address: Address): string => {
  const found = readString(context, address, 1, longestText);
  return found.error ?? quotedString(glyphs(found.bytes, 1), { prefix: '', unit: 1 }, context.settings, !found.ended);
};

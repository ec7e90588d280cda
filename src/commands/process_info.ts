/** What the kernel says of a process: `info proc, auxv`. */
import { hex } from '../common/addresses.js';
import { DeetError } from '../common/errors.js';
import type { ProcessFact } from '../inferior/source.js';
import type { Command } from './command.js';
import { message } from './results.js';

export const infoProc: Command = {
  name: 'proc',
  group: 'look',
  usage: '[mappings | status | stat | cmdline | cwd | exe]',
  about: 'What the kernel says of the selected process.',
  completes: [['mappings', 'status', 'stat', 'cmdline', 'cwd', 'exe']],
  run: ({ session, text }) => {
    const { pid, source } = session.selection().process;
    const word = text.trim();
    const fact = (name: ProcessFact): string => {
      const found = source.fact(name);
      if (found === undefined) throw new DeetError('no-fact', `Nothing is known of the ${name} of process ${pid}.`);
      return found;
    };
    const quoted = (name: ProcessFact): string => `${name} = '${fact(name)}'`;
    if (word === '') {
      const known = (['cmdline', 'cwd', 'exe'] as const).filter((name) => source.fact(name) !== undefined);
      return message([`process ${pid}`, ...known.map(quoted)].join('\n'));
    }
    if ('mappings'.startsWith(word)) return message(fact('maps').trimEnd());
    if (word === 'status' || word === 'stat') return message(fact(word).trimEnd());
    if (word === 'cmdline' || word === 'cwd' || word === 'exe') return message(quoted(word));
    throw new DeetError('usage', `"info proc ${word}" is not known.`, 'One of: mappings, status, stat, cmdline, cwd, exe.');
  },
};

/** Entries of the auxiliary vector (getauxval(3), elf.h), by number. */
const auxiliaryNames = new Map([
  [3, 'AT_PHDR'], [4, 'AT_PHENT'], [5, 'AT_PHNUM'], [6, 'AT_PAGESZ'], [7, 'AT_BASE'], [8, 'AT_FLAGS'], [9, 'AT_ENTRY'], [11, 'AT_UID'], [12, 'AT_EUID'],
  [13, 'AT_GID'], [14, 'AT_EGID'], [15, 'AT_PLATFORM'], [16, 'AT_HWCAP'], [17, 'AT_CLKTCK'], [23, 'AT_SECURE'], [25, 'AT_RANDOM'], [26, 'AT_HWCAP2'],
  [31, 'AT_EXECFN'], [33, 'AT_SYSINFO_EHDR'], [51, 'AT_MINSIGSTKSZ'],
]); // prettier-ignore

export const infoAuxv: Command = {
  name: 'auxv',
  group: 'look',
  about: 'The auxiliary vector that the kernel gave the program.',
  run: ({ session }) => {
    const vector = session.selection().process.auxiliaryVector();
    const rows = [...vector]
      .filter(([type]) => type !== 0)
      .map(([type, value]) => `${String(type).padEnd(5)}${(auxiliaryNames.get(type) ?? '?').padEnd(20)}${hex(value)}`);
    return message(rows.join('\n'));
  },
};

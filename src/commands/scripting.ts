/** The group "shell": commands about commands - definitions, scripts, conditions, loops. */
import { readFileSync } from 'node:fs';
import { DeetError } from '../common/errors.js';
import { checkInterrupt } from '../common/interrupt.js';
import { isTrue } from '../language/arithmetic.js';
import { needed } from './arguments.js';
import type { Command, CommandContext } from './command.js';
import { selectedFrame } from './frames.js';
import { LoopSignal } from './loop-signal.js';
import { echoText, parsePrintf, runPrintf } from '../language/printf.js';
import { message } from './results.js';
import { carryOut, evaluated } from './values.js';

/** @throws DeetError `file` */
export const readScript = (path: string): string[] => {
  try {
    return readFileSync(path, 'utf8').split(/\r?\n/);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
    throw new DeetError(
      'file',
      `${path}: ${code === 'ENOENT' ? 'No such file or directory' : code === 'EISDIR' ? 'Is a directory' : `cannot be read (${code})`}.`,
    );
  }
};

const source: Command = {
  name: 'source',
  aliases: ['so', '.'],
  group: 'shell',
  usage: 'FILE',
  about: 'Run the commands of a file; a line that fails ends it.',
  completes: ['file'],
  run: ({ text, script }) => {
    const path = needed(text, 'Which file?', 'source commands.deet').replace(/^-v\s+/, '');
    return script(readScript(path), path);
  },
};

/** Words behind a user's command: quotes keep blanks together. */
const argumentsIn = (text: string): string[] => text.match(/"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|\S+/g) ?? [];

const substitute = (line: string, words: readonly string[]): string =>
  line.replace(/\$arg(\d+|c|\*)/g, (whole, which: string) =>
    which === 'c' ? String(words.length) : which === '*' ? words.join(' ') : (words[Number(which)] ?? whole),
  );

const define: Command = {
  name: 'define',
  aliases: ['def'],
  group: 'shell',
  usage: 'NAME   then lines, then: end',
  about: 'Make a command out of others; $arg0, $arg1... and $argc stand for what is typed behind its name.',
  details: 'hook-NAME runs before the command NAME, hookpost-NAME behind it, hook-stop at every stop.',
  completes: ['none'],
  block: 'commands',
  run: ({ text, collect, interpreter }) => {
    const name = needed(text, 'Which name?', 'define NAME');
    if (!/^[A-Za-z][\w-]*$/.test(name)) throw new DeetError('usage', `"${name}" cannot be the name of a command.`);
    collect((lines) => {
      interpreter.registry.add({
        name,
        group: 'shell',
        about: 'User-defined.',
        completes: ['expression'],
        definition: lines,
        run: ({ text: given, script }: CommandContext) => {
          const words = argumentsIn(given);
          return script(lines.map((line) => substitute(line, words)));
        },
      });
    });
  },
};

export const showUser: Command = {
  name: 'user',
  group: 'shell',
  usage: '[NAME]',
  about: 'The commands that were made with define, as they were typed.',
  completes: ['command'],
  run: ({ text, interpreter }) => {
    const name = text.trim();
    const made = interpreter.registry.all().filter(({ definition }) => definition !== undefined);
    const chosen = name === '' ? made : made.filter((command) => command.name === name);
    if (name !== '' && chosen.length === 0)
      throw new DeetError('usage', `${name} is not user-defined.`, 'Type "show user" for those that are.');
    return chosen.map((command) => message([`User command "${command.name}":`, ...(command.definition ?? [])].join('\n')));
  },
};

const document: Command = {
  name: 'document',
  group: 'shell',
  usage: 'NAME   then lines, then: end',
  about: 'What "help NAME" shows of a command made with define.',
  completes: ['command'],
  block: 'text',
  run: ({ text, collect, interpreter }) => {
    const { command } = interpreter.registry.find(needed(text, 'Which command?', 'document NAME'));
    if (!command.definition) throw new DeetError('usage', `${command.name} is not user-defined.`);
    collect((lines) => interpreter.registry.add({ ...command, about: lines[0]?.trim() ?? '', details: lines.slice(1).join('\n') }));
  },
};

const alias: Command = {
  name: 'alias',
  group: 'shell',
  usage: 'NAME = COMMAND [ARGUMENTS]',
  about: 'Another name for a command, with its first arguments.',
  completes: ['none', 'command'],
  run: ({ text, interpreter }) => {
    const match = /^(?:-a\s+)?(?:--\s+)?([A-Za-z][\w-]*)\s*=\s*(\S.*)$/.exec(text.trim());
    if (!match) throw new DeetError('usage', 'An alias needs a name and a command.', 'alias pp = print -pretty on --');
    interpreter.registry.find(match[2]);
    interpreter.aliases.set(match[1], match[2].trim());
  },
};

const holds = async ({ session }: CommandContext, expression: string): Promise<boolean> => isTrue(await evaluated(session, expression));

const if_: Command = {
  name: 'if',
  group: 'shell',
  usage: 'EXPRESSION   then lines, perhaps "else" and lines, then: end',
  about: 'Run commands if an expression is true.',
  completes: ['expression'],
  block: 'commands',
  run: (context) => {
    const expression = needed(context.text, 'If what?', 'if x > 1');
    context.collect(async (lines) => {
      const middle = elseIn(lines);
      await context.script((await holds(context, expression)) ? lines.slice(0, middle) : lines.slice(middle + 1));
    });
  },
};

/** The line of the `else` that belongs to this `if`; behind the last line when there is none. */
const elseIn = (lines: readonly string[]): number => {
  let depth = 0;
  for (const [index, line] of lines.entries()) {
    const word = /^\s*(\w+)/.exec(line)?.[1];
    if (word === 'if' || word === 'while' || word === 'commands' || word === 'define' || word === 'document') depth++;
    else if (word === 'end') depth--;
    else if (word === 'else' && depth === 0) return index;
  }
  return lines.length;
};

const while_: Command = {
  name: 'while',
  aliases: ['wh'],
  group: 'shell',
  usage: 'EXPRESSION   then lines, then: end',
  about: 'Run commands as long as an expression is true; loop_break and loop_continue leave the loop or its round.',
  completes: ['expression'],
  block: 'commands',
  run: (context) => {
    const expression = needed(context.text, 'While what?', 'while i < 10');
    context.collect(async (lines) => {
      while (await holds(context, expression)) {
        checkInterrupt();
        try {
          await context.script(lines);
        } catch (error) {
          if (!(error instanceof LoopSignal)) throw error;
          if (error.kind === 'break') return;
        }
      }
    });
  },
};

const loop = (kind: 'break' | 'continue'): Command => ({
  name: `loop_${kind}`,
  group: 'shell',
  about: kind === 'break' ? 'Leave the innermost while.' : 'Go on with the next round of the innermost while.',
  run: () => {
    throw new LoopSignal(kind);
  },
});

const echo: Command = {
  name: 'echo',
  group: 'look',
  usage: 'TEXT',
  about: 'Show text; \\n is a new line.',
  completes: ['none'],
  run: ({ text }) => message(echoText(text), 'raw'),
};

const printf: Command = {
  name: 'printf',
  group: 'look',
  usage: '"FORMAT", EXPRESSION...',
  about: "Show values by a format of C's printf.",
  completes: ['expression'],
  run: async ({ session, text }) => {
    const context = session.context(selectedFrame(session));
    return message(await carryOut(runPrintf(parsePrintf(text, context), context), session), 'raw');
  },
};

export const scriptingCommands: readonly Command[] = [
  source,
  define,
  document,
  alias,
  if_,
  while_,
  loop('break'),
  loop('continue'),
  echo,
  printf,
];

/** The group "step": moving the program a little. */
import { hex } from '../common/addresses.js';
import type { FoundPlace } from '../session/locations.js';
import type { Command, CommandResult } from './command.js';
import { showDisplay } from './data.js';
import { requireNone, needed } from './arguments.js';
import { countOf } from './run.js';
import { argumentWords, describeFrame } from './frames.js';

interface Stepper {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly about: string;
  readonly over: boolean;
  readonly instruction: boolean;
}

const steppers: readonly Stepper[] = [
  { name: 'step', aliases: ['s'], about: 'Go to the next source line, into functions that are called.', over: false, instruction: false },
  { name: 'next', aliases: ['n'], about: 'Go to the next source line, over functions that are called.', over: true, instruction: false },
  { name: 'stepi', aliases: ['si'], about: 'Execute one instruction.', over: false, instruction: true },
  { name: 'nexti', aliases: ['ni'], about: 'Execute one instruction, over functions that are called.', over: true, instruction: true },
];

const stepCommands = steppers.map(({ name, aliases, about, over, instruction }): Command => ({
  name,
  aliases,
  group: 'step',
  usage: '[N]',
  about: `${about} N: that many times; 0: show where the program stands.`,
  completes: ['expression'],
  repeats: 'line',
  run: async ({ session, text, displays, conclude }): Promise<CommandResult> => {
    session.chosenThread();
    const count = (await countOf(text, session)) ?? 1;
    if (count > 0) {
      conclude(await session.step({ over, instruction, count }));
      return undefined;
    }
    return [{ type: 'frame', frame: describeFrame(session.selectFrame(0), session) }, ...displays.results(session, showDisplay)];
  },
}));

const finish: Command = {
  name: 'finish',
  aliases: ['fin'],
  group: 'step',
  about: 'Run until the selected function returns; shows the value that it returned.',
  completes: ['none'],
  repeats: 'line',
  run: async ({ session, text, emit, conclude }) => {
    requireNone(text, 'finish');
    const { frame } = session.liveSelection();
    const from = frameWords(describeFrame(frame, session));
    conclude(
      await session.finish(() => {
        emit({ type: 'message', level: 'note', text: `Run till exit from ${from}` });
      }),
    );
  },
};

const frameWords = ({ level, function: name, file, line, address, args }: ReturnType<typeof describeFrame>): string => {
  const given = argumentWords(args).map(([names, value]) => [...names, value].join('='));
  return `#${level}  ${name ?? address} (${given.join(', ')})${file === undefined ? '' : ` at ${file}:${line ?? 0}`}`;
};

const until: Command = {
  name: 'until',
  aliases: ['u'],
  group: 'step',
  usage: '[LOCATION]',
  about: 'As next, but never back in a loop; or run to a location in this function.',
  completes: ['location'],
  repeats: 'line',
  run: async ({ session, text, conclude }) => {
    session.chosenThread();
    conclude(await session.until(text.trim() || undefined));
  },
};

const advance: Command = {
  name: 'advance',
  aliases: ['adv'],
  group: 'step',
  usage: 'LOCATION',
  about: 'Run to a location.',
  completes: ['location'],
  run: async ({ session, text, conclude }) => {
    session.chosenThread();
    conclude(await session.advance(needed(text, 'Where to?', 'advance LINE, FILE:LINE or FUNCTION')));
  },
};

const jump: Command = {
  name: 'jump',
  aliases: ['j'],
  group: 'step',
  usage: 'LOCATION',
  about: 'Continue at another place; what lies between is not executed.',
  completes: ['location'],
  run: async ({ session, text, frontEnd, conclude }) => {
    const { frame } = session.selection();
    const place = needed(text, 'Where to?', 'jump LINE, FILE:LINE or *ADDRESS');
    const asked = (target: FoundPlace): boolean =>
      frontEnd.confirm(
        `${target.position ? `Line ${target.position.line}` : hex(target.address)} is not in \`${frame.functionName ?? '??'}'. Jump anyway?`,
      );
    conclude(await session.jump(place, asked));
  },
};

export const steppingCommands: readonly Command[] = [...stepCommands, finish, until, advance, jump];

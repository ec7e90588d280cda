/** The group "look": the stack and its frames. */
import { DeetError } from '../common/errors.js';
import { PageMemory } from '../common/page_memory.js';
import { checkInterrupt } from '../common/interrupt.js';
import { stackPicture } from '../insight/stack_picture.js';
import type { Frame } from '../inferior/frame.js';
import type { Session } from '../session/session.js';
import { integer, Words } from './arguments.js';
import type { Command, CommandContext } from './command.js';
import { frameApply } from './applying.js';
import { frameChosen } from './frame_choice.js';
import { infoFrame } from './frame_info.js';
import { describeFrame, describeVariables, framesOf, mostWalked, parametersOf, scopesOf, type Through } from './frames.js';
import { message, type FrameResult, type Result, type VariableResult } from './results.js';
import { countOf } from './run.js';

/** A backtrace that nobody limited shows this many frames and says that there are more. */
const shownByDefault = 1000;
interface BacktraceWords {
  readonly count: number | undefined;
  readonly full: boolean;
}

const backtraceWords = async (text: string, session: Session): Promise<BacktraceWords> => {
  const words = new Words(text);
  let full = false;
  for (;;) {
    if (words.take('-full', 2) || words.take('full')) full = true;
    else if (!words.take('-no-filters', 3) && !words.take('-hide', 2)) break;
  }
  const rest = words.rest.replace(/\s+full$/, () => {
    full = true;
    return '';
  });
  return { count: integer(rest) ?? (await countOf(rest, session)), full };
};

/** Options of backtrace that are settings; those with a word behind them take one. */
const optionSettings = [
  [/^-past-m\w*(?:\s+(on|off)(?=\s|$))?/, 'backtrace past-main'],
  [/^-past-e\w*(?:\s+(on|off)(?=\s|$))?/, 'backtrace past-entry'],
  [/^-raw-\S*(?:\s+(on|off)(?=\s|$))?/, 'print raw-frame-arguments'],
  [/^-frame-a\S*\s+(\S+)/, 'print frame-arguments'],
  [/^-frame-i\S*\s+(\S+)/, 'print frame-info'],
  [/^-entry\S*\s+(\S+)/, 'print entry-values'],
] as const;

const settingBefore = (text: string): { readonly words: string; readonly rest: string } | undefined => {
  const given = text.trim();
  for (const [pattern, name] of optionSettings) {
    const found = pattern.exec(given);
    if (found) return { words: `${name} ${found[1] ?? 'on'}`, rest: given.slice(found[0].length) };
  }
  return undefined;
};

/** Frames of one result; a longer backtrace comes in several, so that a stack of a million frames is never held as a whole. */
const inOnePiece = 2_000;

/** The outermost frames, innermost first: the stack is walked once for their number, and they are found again from there. */
function* outermostOf(session: Session, wanted: number): Generator<Frame> {
  let depth = 0;
  for (const { level } of framesOf(session)) depth = level + 1;
  const stack = session.stack();
  for (let level = Math.max(0, depth - wanted); level < depth; level++) {
    checkInterrupt();
    const frame = stack.frame(level);
    if (frame) yield frame;
  }
}

interface Cut {
  readonly frames: Iterable<Frame>;
  /** How many frames are not shown, or that there are some; known when all that are shown have been asked for. */
  more(): number | true | undefined;
}

const cut = (session: Session, count: number | undefined): Cut => {
  if (count !== undefined && count < 0) return { frames: outermostOf(session, -count), more: () => undefined };
  const limit = count ?? shownByDefault;
  let more: number | true | undefined;
  const frames = function* (): Generator<Frame> {
    let hidden = 0;
    for (const frame of framesOf(session)) {
      if (frame.level < limit) yield frame;
      else if (count !== undefined) return void (more = true);
      else more = ++hidden;
    }
  };
  return { frames: frames(), more: () => more };
};

const backtrace: Command = {
  name: 'backtrace',
  aliases: ['bt', 'back', 'where'],
  group: 'look',
  usage: '[-full] [-past-main] [-frame-arguments WHICH] [N | -N] [full]',
  about: 'Show who called whom: all frames, the innermost N or the outermost N; full: with local variables.',
  completes: [['full']],
  run: async (context): Promise<Result | undefined> => {
    const setting = settingBefore(context.text);
    // `bt -past-main`, as in gdb: a setting for this once.
    if (setting) {
      await context.execute(`with ${setting.words} -- backtrace ${setting.rest}`);
      return undefined;
    }
    const { session, text, emit } = context;
    const { process, thread } = session.selection();
    const { count, full } = await backtraceWords(text, session);
    const { frames, more } = cut(session, count);
    const form = session.settings.text('backtrace style') === 'handout' ? { style: 'handout' as const } : {};
    let shown: FrameResult[] = [];
    let locals: VariableResult[][] = [];
    let last: Frame | undefined;
    const piece = (): Extract<Result, { type: 'backtrace' }> => ({
      type: 'backtrace',
      pid: process.pid,
      tid: thread.tid,
      frames: shown,
      ...(full && { locals }),
      ...form,
    });
    const pages = new PageMemory(process.space);
    const through: Through = (real) => ({ read: (address, length) => pages.read(address, length), write: real.write.bind(real) });
    // Each frame is described when its turn comes, and then let go of: describing reads its arguments.
    for (const frame of frames) {
      if (shown.length === inOnePiece) {
        emit({ ...piece(), continued: true });
        [shown, locals] = [[], []];
      }
      shown.push(describeFrame(frame, session, through));
      if (full) locals.push(localsOf(frame, session, through));
      last = frame;
    }
    const hidden = more();
    const atEnd = hidden === undefined && last !== undefined && !session.endsAtMain(last);
    const end = atEnd && (count === undefined || count < 0) ? session.stack().endReason : undefined;
    return { ...piece(), ...(hidden !== undefined && { more: hidden }), ...(end !== undefined && { end }) };
  },
};

const selected = (session: Session): Result => ({ type: 'frame', frame: describeFrame(session.selection().frame, session) });

const frame: Command = {
  name: 'frame',
  aliases: ['f'],
  group: 'look',
  usage: '[N | function NAME | level N | address ADDRESS]',
  about: 'Select a frame of the stack, or show the one that is selected.',
  completes: ['expression'],
  subcommands: [frameApply],
  run: async ({ session, text }) => {
    session.selection();
    const chosen = await frameChosen(text, session);
    if (chosen) session.selectFrame(chosen.level);
    return selected(session);
  },
};

const selectFrame: Command = {
  name: 'select-frame',
  group: 'look',
  usage: '[N | function NAME | level N | address ADDRESS]',
  about: 'Select a frame of the stack without showing it.',
  completes: ['expression'],
  run: async ({ session, text }) => {
    session.selection();
    const chosen = await frameChosen(text, session);
    if (chosen) session.selectFrame(chosen.level);
  },
};

const move = async ({ session, text }: CommandContext, direction: 1 | -1): Promise<Result> => {
  const { frame: from } = session.selection();
  const count = ((await countOf(text, session)) ?? 1) * direction;
  let level = from.level;
  let moved = 0;
  if (count > 0) {
    // Not beyond main, and no further than there are frames.
    while (moved < count && level < mostWalked) {
      const here = session.stack().frame(level);
      if (!here || session.endsAtMain(here) || !session.stack().frame(level + 1)) break;
      level++;
      moved++;
    }
    // Who asks for so many gets as many as there are.
    if (moved === 0 && text.trim() === '') throw new DeetError('no-frame', 'Initial frame selected; you cannot go up.');
  } else {
    if (level === 0 && count < 0 && text.trim() === '')
      throw new DeetError('no-frame', 'Bottom (innermost) frame selected; you cannot go down.');
    level = Math.max(0, level + count);
  }
  session.selectFrame(level);
  return selected(session);
};

const up: Command = {
  name: 'up',
  group: 'look',
  usage: '[N]',
  about: 'Select the caller of the selected frame.',
  completes: ['none'],
  repeats: 'line',
  run: (context) => move(context, 1),
};

const down: Command = {
  name: 'down',
  aliases: ['do', 'dow'],
  group: 'look',
  usage: '[N]',
  about: 'Select the frame that the selected one called.',
  completes: ['none'],
  repeats: 'line',
  run: (context) => move(context, -1),
};

const silently = ({ name, about, run }: Command): Command => ({
  name: `${name}-silently`,
  group: 'look',
  usage: '[N]',
  about: `${about.replace(/\.$/, '')}, without showing it.`,
  completes: ['none'],
  run: async (context) => {
    await run?.(context);
  },
});

/** Locals of all blocks around the pc, innermost first: the order in which a name is looked up. */
const localsOf = (of: Frame, session: Session, through?: Through): VariableResult[] =>
  [...scopesOf(of)].flatMap((scope) =>
    describeVariables(
      scope.variables().filter(({ role }) => role !== 'parameter'),
      of,
      session,
      through,
    ),
  );

const noSymbols = message('No symbol table info available.');

const infoLocals: Command = {
  name: 'locals',
  aliases: ['l', 'lo'],
  group: 'look',
  about: 'Local variables of the selected frame.',
  run: ({ session }) => {
    const { frame: of } = session.selection();
    return of.function ? { type: 'variables', scope: 'locals', variables: localsOf(of, session) } : noSymbols;
  },
};

const infoArgs: Command = {
  name: 'args',
  group: 'look',
  about: 'Arguments of the selected frame.',
  run: ({ session }) => {
    const { frame: of } = session.selection();
    return of.function ? { type: 'variables', scope: 'args', variables: describeVariables(parametersOf(of), of, session) } : noSymbols;
  },
};

const infoStack: Command = {
  name: 'stack',
  group: 'look',
  usage: '[N | function NAME | level N | address ADDRESS]',
  about: 'Draw the memory of a frame: return address, saved registers, canary, locals.',
  details: 'From high addresses to low. The selected frame, or the one that is named. (gdb has "backtrace" under this name, too.)',
  completes: ['expression'],
  run: async ({ session, text }): Promise<Result> => {
    const { frame: here } = session.selection();
    return stackPicture(session, (await frameChosen(text, session)) ?? here);
  },
};

export const stackCommands: readonly Command[] = [backtrace, frame, selectFrame, up, down, silently(up), silently(down)];
export const stackInfo: readonly Command[] = [infoLocals, infoArgs, infoFrame, infoStack];

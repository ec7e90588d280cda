/** Which frame is meant: `3`, `level 3`, `function NAME`, `address CFA`. */
import { DeetError } from '../common/errors.js';
import type { Frame } from '../inferior/frame.js';
import type { Session } from '../session/session.js';
import { Words, needed } from './arguments.js';
import { framesOf } from './frames.js';
import { countOf } from './run.js';

/** C++: `area` is also `geo::area`. */
const bears = (frame: Frame, name: string): boolean => frame.functionName === name || (frame.functionName?.endsWith(`::${name}`) ?? false);

/** @returns undefined when nothing is said. @throws DeetError `no-frame` */
export const frameChosen = async (text: string, session: Session): Promise<Frame | undefined> => {
  const words = new Words(text);
  if (words.take('address', 3)) {
    const wanted = session.values.address(needed(words.rest, 'Which address?', 'frame address 0x7fffffffe000'));
    for (const each of framesOf(session)) if (each.cfa === wanted && each.kind !== 'inlined') return each;
    throw new DeetError('no-frame', `No frame at address ${words.rest}.`, '"info frame" tells the addresses of frames.');
  }
  if (words.take('function', 4)) {
    const name = needed(words.rest, 'Which function?', 'frame function main');
    for (const each of framesOf(session)) if (bears(each, name)) return each;
    throw new DeetError('no-frame', `No frame for function "${name}".`, 'Type "backtrace".');
  }
  words.take('level', 5);
  const level = await countOf(words.rest, session);
  if (level === undefined) return undefined;
  const frame = level < 0 ? undefined : session.stack().frame(level);
  if (!frame) throw new DeetError('no-frame', `There is no frame ${level}.`, 'Type "backtrace".');
  return frame;
};

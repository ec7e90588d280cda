/** Programs whose breakpoints are checked in the program, and the same checked at stops. */
import { hex } from '../../src/common/addresses.js';
import { disassemble } from '../../src/inferior/disassemble.js';
import type { Breakpoint } from '../../src/session/breakpoint.js';
import type { BreakOptions } from '../../src/session/breakpoints.js';
import type { Session } from '../../src/session/session.js';
import type { SessionEvent } from '../../src/session/types.js';
import { endOf, openSession, stopOf } from '../session/drive.js';

export type Mode = 'host' | 'target' | 'auto';

export const open = (program: string, mode: Mode, args: readonly string[] = []): Session => {
  const session = openSession(program, { arguments: args, batch: true });
  session.settings.set('breakpoint condition-evaluation', mode);
  session.redirections = [{ fd: 1, path: '/dev/null', access: 'truncate' }];
  return session;
};

export const endless = 1_000_000_000;

/** Whether each place of a breakpoint is checked in the program. Asked of the session, as `info breakpoints` does. */
export const inProgram = (session: Session, { id }: Breakpoint): boolean[] =>
  session.breakpoints.get(id).locations.map(({ checked }) => checked?.inProgram ?? false);

export const reasonOf = (session: Session, { id }: Breakpoint): string | undefined =>
  session.breakpoints.get(id).locations[0]?.checked?.why;

export interface Report {
  readonly end: string;
  readonly hits: readonly number[];
  /** Sentences for the user: errors in conditions. */
  readonly said: number;
  readonly checked: number;
}

/** Runs to `finished`, with breakpoints that never stop, and on to the end. */
export const countedIn = async (
  program: string,
  mode: Mode,
  places: readonly (readonly [string, BreakOptions])[],
  args: readonly string[] = [],
  last = 'finished',
): Promise<Report> => {
  const session = open(program, mode, args);
  let said = 0;
  session.subscribe((event: SessionEvent) => {
    if (event.type === 'message' && event.level === 'warning') said++;
  });
  try {
    const breakpoints = places.map(([place, options]) => session.break(place, { onHit: () => 'pass', ...options }));
    session.break(last);
    stopOf(await session.run());
    const checked = breakpoints.filter((each) => inProgram(session, each).includes(true)).length;
    const end = endOf(await session.continue());
    return { end, hits: breakpoints.map(({ hits }) => hits), said, checked };
  } finally {
    session.close();
  }
};

/** Addresses of every instruction of a function of the program. */
export const everyInstruction = (program: string, ...functions: string[]): string[] => {
  const session = open(program, 'host');
  try {
    return functions.flatMap((name) => {
      const loaded = session.programImage();
      const symbol = loaded?.image.symbolsNamed(name)[0];
      if (!loaded || !symbol) throw new Error(`no ${name}`);
      const bytes = loaded.image.bytesAt(symbol.address, symbol.size) ?? new Uint8Array(0);
      return disassemble(bytes, BigInt(symbol.address)).map(({ address }) => `*${hex(address)}`);
    });
  } finally {
    session.close();
  }
};

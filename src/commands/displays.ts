/** Expressions that are shown at every stop (`display`). */
import { DeetError } from '../common/errors.js';
import type { Session } from '../session/session.js';
import { selectedFrame } from './frames.js';
import { message, type Result } from './results.js';

export interface Display {
  readonly id: number;
  readonly expression: string;
  /** As typed behind the slash: `x`, `4i`... */
  readonly format: string;
  enabled: boolean;
  /** The function whose locals it uses: shown only there. Undefined: everywhere. */
  readonly function: string | undefined;
}

/** Shows one display; data.ts and memory.ts know how. */
export type Show = (display: Display, session: Session) => Result[];

export class Displays {
  readonly #list: Display[] = [];
  #next = 1;

  all(): readonly Display[] {
    return this.#list;
  }

  /** One that is not in the list yet: it may not be showable. */
  proposed(expression: string, format: string, of: string | undefined): Display {
    return { id: this.#next, expression, format, enabled: true, function: of };
  }

  add(display: Display): void {
    this.#next = display.id + 1;
    this.#list.push(display);
  }

  /** @throws DeetError `no-display` */
  get(id: number): Display {
    const found = this.#list.find((each) => each.id === id);
    if (!found) throw new DeetError('no-display', `There is no display number ${id}.`, 'Type "info display" for the list.');
    return found;
  }

  remove(id: number): void {
    this.#list.splice(this.#list.indexOf(this.get(id)), 1);
  }

  clear(): void {
    this.#list.length = 0;
  }

  /** All that are to be shown now. One that fails is switched off, as in gdb, so that it does not complain at each stop. */
  results(session: Session, show: Show): Result[] {
    const here = selectedFrame(session)?.functionName;
    return this.#list
      .filter((each) => each.enabled && (each.function === undefined || each.function === here))
      .flatMap((each) => {
        try {
          return show(each, session);
        } catch (error) {
          if (!(error instanceof DeetError)) throw error;
          each.enabled = false;
          return [
            message(`Display ${each.id} is switched off to avoid further complaints (${each.expression}): ${error.message}`, 'warning'),
          ];
        }
      });
  }
}

/** How signals are treated: gdb's table, changed by `handle`. */
import { typing } from '../common/advice.js';
import { DeetError } from '../common/errors.js';
import { signalNamed, signals, type Signal, type SignalTreatment } from '../linux/signals.js';

/** What a word of `handle` changes; stopping implies printing, and not printing implies not stopping. */
const words: Readonly<Record<string, Partial<SignalTreatment>>> = {
  stop: { stop: true, print: true },
  nostop: { stop: false },
  print: { print: true },
  noprint: { print: false, stop: false },
  pass: { pass: true },
  noignore: { pass: true },
  nopass: { pass: false },
  ignore: { pass: false },
};

/** gdb's shortest forms. */
const shortest: Readonly<Record<string, number>> = {
  stop: 1,
  ignore: 1,
  print: 2,
  pass: 2,
  nostop: 3,
  noignore: 3,
  noprint: 4,
  nopass: 4,
  all: 1,
};

const flagWord = (word: string): string | undefined =>
  Object.keys(shortest).find((each) => word.length >= shortest[each] && each.startsWith(word));

/** Signals that `handle all` leaves alone: the debugger's own, and Ctrl-C. */
const kept = new Set(['SIGTRAP', 'SIGINT']);

export class SignalTable {
  readonly #treatments = signals.map(({ treatment }) => ({ ...treatment }));
  readonly #chosen = new Set<number>();

  treatment(number: number): Readonly<SignalTreatment> {
    return this.#treatments.at(number - 1) ?? { stop: true, print: true, pass: true };
  }

  /** True once the user has said with `handle` how this signal is to be treated. */
  isChosen(number: number): boolean {
    return this.#chosen.has(number);
  }

  /** `handle SIGUSR1 SIGALRM nostop noprint`, `handle all nostop`, `handle 14-16 nopass`. Returns the signals named. @throws DeetError. */
  handle(text: string): readonly Signal[] {
    const named: Signal[] = [];
    const changes: Partial<SignalTreatment>[] = [];
    for (const word of text.split(/\s+/).filter(Boolean)) {
      const range = /^(\d+)-(\d+)$/.exec(word);
      const flag = flagWord(word);
      if (flag !== undefined && flag !== 'all') changes.push(words[flag]);
      else if (flag === 'all') named.push(...signals.filter(({ name }) => !kept.has(name)));
      else if (range) named.push(...signals.filter(({ number }) => number >= Number(range[1]) && number <= Number(range[2])));
      else {
        const signal = signalNamed(word);
        if (!signal)
          throw new DeetError(
            'no-signal',
            `Unrecognized or ambiguous flag word or signal: "${word}".`,
            typing('info signals', 'for the names'),
          );
        named.push(signal);
      }
    }
    if (named.length === 0) throw new DeetError('usage', 'Which signal?', 'handle SIGUSR1 nostop noprint pass');
    for (const { number } of named) {
      for (const change of changes) Object.assign(this.#treatments[number - 1], change);
      if (changes.length > 0) this.#chosen.add(number);
    }
    return named;
  }
}

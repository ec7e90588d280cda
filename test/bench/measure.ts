/**
 * Measuring beside each other: every way of doing a thing is tried once per round, in turn, so that a machine whose load changes treats
 * them alike. Absolute times mean little; ratios of medians (and of minimums, which know less of other people's load) mean something.
 */

/** One way to do what a row measures. */
export interface Contender {
  readonly name: string;
  /** Does it once. Returns microseconds per unit (a run, a hit, a step, a child). */
  measure(): Promise<number> | number;
}

export interface Row {
  readonly title: string;
  readonly unit: string;
  readonly rounds: number;
  /** How a figure is written, when it is not a time in microseconds. */
  readonly show?: (value: number) => string;
  readonly contenders: readonly Contender[];
  /** What issue 2 and 5 ask for: `a` takes at most `times` what `b` takes. */
  readonly goals: readonly Goal[];
}

export interface Goal {
  readonly a: string;
  readonly b: string;
  readonly times: number;
}

export interface Figures {
  readonly name: string;
  /** Microseconds per unit. */
  readonly median: number;
  readonly minimum: number;
}

export interface Measured {
  readonly row: Row;
  readonly figures: readonly Figures[];
}

const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
};

/** @param rounds how often each way is tried, when not as often as the row itself says */
export const measureRow = async (row: Row, rounds = row.rounds): Promise<Measured> => {
  const results = new Map<string, number[]>(row.contenders.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const { name, measure } of row.contenders) results.get(name)?.push(await measure());
  }
  const figures = [...results].map(([name, values]) => ({ name, median: median(values), minimum: Math.min(...values) }));
  return { row, figures };
};

/** `a` divided by `b`: of medians, and of minimums. Undefined: one of them was not measured. */
export const ratio = ({ figures }: Measured, a: string, b: string): { readonly median: number; readonly minimum: number } | undefined => {
  const [first, second] = [a, b].map((name) => figures.find((each) => each.name === name));
  return first && second && { median: first.median / second.median, minimum: first.minimum / second.minimum };
};

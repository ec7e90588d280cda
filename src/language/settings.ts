/** `set print ...`: what limits and shapes the text of values. Names and defaults are gdb's. */
export interface PrintSettings {
  /** Elements of an array and characters of a string; 0: no limit. */
  readonly elements: number;
  /** Runs longer than this are shown once with `<repeats N times>`; 0: never. */
  readonly repeats: number;
  /** Nesting of aggregates before `{...}`; -1: no limit. */
  readonly depth: number;
  /** Character arrays end at their first NUL. */
  readonly nullStop: boolean;
  /** Members on lines of their own. */
  readonly pretty: boolean;
  /** Unions inside other aggregates; false: `{...}`. */
  readonly union: boolean;
  readonly address: boolean;
  /** `<counter>` behind pointers. */
  readonly symbol: boolean;
  /** Arrays on several lines, `[0] = `. */
  readonly array: boolean;
  readonly arrayIndexes: boolean;
  readonly staticMembers: boolean;
  /** C++: what a pointer or reference leads to shows as the class that its virtual table names. */
  readonly object: boolean;
  /** Symbols further away from an address are not shown with it; 0: however far. */
  readonly symbolicOffset: number;
  /** Of integers and characters that no letter formats. */
  readonly radix: 8 | 10 | 16;
}

export const DEFAULT_SETTINGS: PrintSettings = {
  elements: 200,
  repeats: 10,
  depth: 20,
  nullStop: false,
  pretty: false,
  union: true,
  address: true,
  symbol: true,
  array: false,
  arrayIndexes: false,
  staticMembers: true,
  object: false,
  symbolicOffset: 0,
  radix: 10,
};

/**
 * What a drawing of data consists of: nodes (structures that pointers lead to) and what links them, found by following the pointers of a value.
 * Plain data: render/ draws it, `--json` gives it away as it is. Each node is in it once; what leads to it again is a reference.
 */

/** Where a pointer leads, or what an object looks like. */
export type Drawing =
  | { readonly kind: 'null' }
  /** A node that is somewhere else in the drawing. */
  | { readonly kind: 'reference'; readonly id: number; readonly address?: string }
  | { readonly kind: 'unreadable'; readonly address: string; readonly text: string }
  /** A limit was reached: there is something, but it was not looked at. */
  | { readonly kind: 'more'; readonly address: string }
  | { readonly kind: 'value'; readonly text: string }
  | { readonly kind: 'node'; readonly node: DiagramNode }
  | ListDrawing
  | TableDrawing
  /** An array of scalars. `rest`: elements that are not shown. */
  | { readonly kind: 'cells'; readonly cells: readonly Cell[]; readonly rest?: number }
  /** An array of pointers or of structures with pointers; runs of equal ones are one row. */
  | { readonly kind: 'rows'; readonly rows: readonly { readonly label: string; readonly to: Drawing }[]; readonly rest?: number };

export interface Cell {
  /** `[3]`, or `[3..9]` for a run of equal ones. */
  readonly label: string;
  readonly value: string;
}

/** Nodes one behind the other by one member. */
export interface ListDrawing {
  readonly kind: 'list';
  /** The member that leads on. */
  readonly link: string;
  /** The member that leads back, for doubly linked ones. */
  readonly back?: string;
  readonly nodes: readonly DiagramNode[];
  /** What the last node's link holds. */
  readonly end: Drawing;
}

export interface TableDrawing {
  readonly kind: 'table';
  readonly columns: readonly string[];
  readonly rows: readonly { readonly label: string; readonly cells: readonly string[] }[];
  readonly rest?: number;
}

export interface DiagramNode {
  readonly id: number;
  /** Absent: not in memory (a value of the history, a register). */
  readonly address?: string;
  readonly type: string;
  readonly fields: readonly { readonly name: string; readonly value: string }[];
  readonly links: readonly DiagramLink[];
  /** Something else in the drawing leads here, too. */
  readonly shared?: true;
  /** What does not fit together: a `prev` that is not the node before. */
  readonly notes?: readonly string[];
}

export interface DiagramLink {
  readonly name: string;
  readonly to: Drawing;
  /** It leads to what hangs below this node in a tree. */
  readonly child?: true;
}

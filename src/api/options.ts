/** What a script says when it launches a program or attaches to one. */

/** `pipe`: the script writes or reads it; `ignore`: empty, or thrown away; a path: a file. */
export type Stream = 'pipe' | 'ignore' | { readonly file: string };

export interface CommonOptions {
  /** Which processes of a fork are debugged. Default `both`. */
  readonly follow?: 'both' | 'parent' | 'child';
  /** Settings of the prompt by name (`set NAME VALUE`): `{ 'print elements': '10', 'hang-after': '5' }`. */
  readonly settings?: Readonly<Record<string, string>>;
}

export interface LaunchOptions extends CommonOptions {
  /** Words for the program, without its own name. */
  readonly args?: readonly string[];
  readonly cwd?: string;
  /** Added to the script's own environment; undefined takes a variable away. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Default `ignore`: empty. */
  readonly stdin?: Stream;
  /** Default `pipe`: kept in `session.stdout` and told as `output` events. `inherit`: the script's own. */
  readonly stdout?: Stream | 'inherit';
  readonly stderr?: Stream | 'inherit';
  /** Addresses that differ from run to run. Default false. */
  readonly randomizeAddresses?: boolean;
}

export type AttachOptions = CommonOptions;

export interface CoreOptions extends CommonOptions {
  /** The program's file; by default it is found through the core file. */
  readonly program?: string;
}

export interface BreakOptions {
  /** A C expression; the breakpoint stops when it is true. */
  readonly condition?: string;
  /** Gone after its first stop. */
  readonly temporary?: boolean;
  /** So many hits are passed first. */
  readonly ignore?: number;
  /** Only this thread stops here. */
  readonly thread?: { readonly id: number };
  /** It may name what is not loaded yet; without it that is an error. */
  readonly pending?: boolean;
}

export interface WatchOptions {
  readonly condition?: string;
  /** What it stops at. Default `write`: a change of the value. */
  readonly access?: 'write' | 'read' | 'readWrite';
  /** Watches the object that the expression means now, wherever the program goes. */
  readonly location?: boolean;
}

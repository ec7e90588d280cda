/** The client as handlers see it: what it can do, and how to tell it something. */
import type { DebugProtocol as P } from '@vscode/debugprotocol';

export interface Client {
  /** What `initialize` said. */
  readonly capabilities: P.InitializeRequestArguments;
  event(event: string, body?: object): void;
  /** Sends now what would be sent at the end of this turn. */
  flush(): void;
  request(command: string, args: object): Promise<unknown>;
  afterwards(action: () => void): void;
  /** A request waits that wants an end of what is being done. */
  readonly interrupted: boolean;
}

/** A line number as the client counts. */
export const toClientLine = (line: number, { linesStartAt1 }: P.InitializeRequestArguments): number =>
  linesStartAt1 === false ? line - 1 : line;

export const fromClientLine = (line: number, { linesStartAt1 }: P.InitializeRequestArguments): number =>
  linesStartAt1 === false ? line + 1 : line;

export const toClientColumn = (column: number, { columnsStartAt1 }: P.InitializeRequestArguments): number =>
  columnsStartAt1 === false ? column - 1 : column;

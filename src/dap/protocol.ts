/** The requests that deet answers: their arguments, bodies, and what must be there before a handler looks. */
import type { DebugProtocol as P } from '@vscode/debugprotocol';
import { DeetError } from '../common/errors.js';

/** What a handler returns whose answer comes later, while other requests are handled. */
export class Later {
  constructor(readonly answer: Promise<undefined>) {}
}

/** By command: arguments and body. */
export interface Requests {
  initialize: [P.InitializeRequestArguments, P.Capabilities];
  launch: [P.LaunchRequestArguments, undefined];
  attach: [P.AttachRequestArguments, undefined];
  configurationDone: [object, undefined];
  restart: [P.RestartArguments, undefined];
  disconnect: [P.DisconnectArguments, undefined];
  terminate: [P.TerminateArguments, undefined];
  setBreakpoints: [P.SetBreakpointsArguments, P.SetBreakpointsResponse['body']];
  setFunctionBreakpoints: [P.SetFunctionBreakpointsArguments, P.SetFunctionBreakpointsResponse['body']];
  setInstructionBreakpoints: [P.SetInstructionBreakpointsArguments, P.SetInstructionBreakpointsResponse['body']];
  setDataBreakpoints: [P.SetDataBreakpointsArguments, P.SetDataBreakpointsResponse['body']];
  dataBreakpointInfo: [P.DataBreakpointInfoArguments, P.DataBreakpointInfoResponse['body']];
  setExceptionBreakpoints: [P.SetExceptionBreakpointsArguments, P.SetExceptionBreakpointsResponse['body']];
  breakpointLocations: [P.BreakpointLocationsArguments, P.BreakpointLocationsResponse['body']];
  continue: [P.ContinueArguments, P.ContinueResponse['body']];
  next: [P.NextArguments, undefined];
  stepIn: [P.StepInArguments, undefined];
  stepOut: [P.StepOutArguments, undefined];
  stepInTargets: [P.StepInTargetsArguments, P.StepInTargetsResponse['body']];
  pause: [P.PauseArguments, undefined];
  goto: [P.GotoArguments, undefined];
  gotoTargets: [P.GotoTargetsArguments, P.GotoTargetsResponse['body']];
  threads: [object, P.ThreadsResponse['body']];
  stackTrace: [P.StackTraceArguments, P.StackTraceResponse['body']];
  scopes: [P.ScopesArguments, P.ScopesResponse['body']];
  variables: [P.VariablesArguments, P.VariablesResponse['body']];
  setVariable: [P.SetVariableArguments, P.SetVariableResponse['body']];
  setExpression: [P.SetExpressionArguments, P.SetExpressionResponse['body']];
  evaluate: [P.EvaluateArguments, P.EvaluateResponse['body']];
  completions: [P.CompletionsArguments, P.CompletionsResponse['body']];
  exceptionInfo: [P.ExceptionInfoArguments, P.ExceptionInfoResponse['body']];
  source: [P.SourceArguments, P.SourceResponse['body']];
  loadedSources: [object, P.LoadedSourcesResponse['body']];
  modules: [P.ModulesArguments, P.ModulesResponse['body']];
  readMemory: [P.ReadMemoryArguments, P.ReadMemoryResponse['body']];
  writeMemory: [P.WriteMemoryArguments, P.WriteMemoryResponse['body']];
  disassemble: [P.DisassembleArguments, P.DisassembleResponse['body']];
  cancel: [P.CancelArguments, undefined];
}

export type Command = keyof Requests;

export type Handler<C extends Command> = (args: Requests[C][0]) => Requests[C][1] | Later | Promise<Requests[C][1] | Later>;

export type Handlers = { readonly [C in Command]?: Handler<C> };

type Kind = 'number' | 'string' | 'array' | 'object';

/** Fields without which a request means nothing. */
const required: { readonly [C in Command]?: Readonly<Record<string, Kind>> } = {
  setBreakpoints: { source: 'object' },
  setFunctionBreakpoints: { breakpoints: 'array' },
  setInstructionBreakpoints: { breakpoints: 'array' },
  setDataBreakpoints: { breakpoints: 'array' },
  dataBreakpointInfo: { name: 'string' },
  setExceptionBreakpoints: { filters: 'array' },
  breakpointLocations: { source: 'object', line: 'number' },
  continue: { threadId: 'number' },
  next: { threadId: 'number' },
  stepIn: { threadId: 'number' },
  stepOut: { threadId: 'number' },
  stepInTargets: { frameId: 'number' },
  goto: { threadId: 'number', targetId: 'number' },
  gotoTargets: { source: 'object', line: 'number' },
  stackTrace: { threadId: 'number' },
  scopes: { frameId: 'number' },
  variables: { variablesReference: 'number' },
  setVariable: { variablesReference: 'number', name: 'string', value: 'string' },
  setExpression: { expression: 'string', value: 'string' },
  evaluate: { expression: 'string' },
  completions: { text: 'string', column: 'number' },
  exceptionInfo: { threadId: 'number' },
  readMemory: { memoryReference: 'string', count: 'number' },
  writeMemory: { memoryReference: 'string', data: 'string' },
  disassemble: { memoryReference: 'string', instructionCount: 'number' },
};

/** Fields that may be absent, but not of another kind. */
const optional: { readonly [C in Command]?: Readonly<Record<string, Kind>> } = {
  setBreakpoints: { breakpoints: 'array', lines: 'array' },
  setExceptionBreakpoints: { filterOptions: 'array' },
  stackTrace: { startFrame: 'number', levels: 'number' },
  variables: { start: 'number', count: 'number' },
  evaluate: { frameId: 'number' },
  restart: { arguments: 'object' },
  stepIn: { targetId: 'number' },
  dataBreakpointInfo: { variablesReference: 'number', frameId: 'number', bytes: 'number' },
  modules: { startModule: 'number', moduleCount: 'number' },
  readMemory: { offset: 'number' },
  writeMemory: { offset: 'number' },
  disassemble: { offset: 'number', instructionOffset: 'number' },
};

const kindOf = (value: unknown): string => (Array.isArray(value) ? 'array' : typeof value);

/** @throws DeetError `protocol`: a field is missing or of the wrong kind. */
export const checkArguments = (command: Command, args: Readonly<Record<string, unknown>>): void => {
  for (const [field, kind] of Object.entries(required[command] ?? {}))
    if (kindOf(args[field]) !== kind || args[field] === null)
      throw new DeetError('protocol', `${command}: the argument "${field}" must be of type ${kind}.`);
  for (const [field, kind] of Object.entries(optional[command] ?? {}))
    if (args[field] !== undefined && kindOf(args[field]) !== kind)
      throw new DeetError('protocol', `${command}: the argument "${field}" must be of type ${kind}.`);
};

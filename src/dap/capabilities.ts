/** What deet can do, as `initialize` answers. What is not here is refused. */
import type { DebugProtocol as P } from '@vscode/debugprotocol';

const exceptionFilters: P.ExceptionBreakpointsFilter[] = [
  { filter: 'throw', label: 'C++ exceptions: throw', description: 'Stops where an exception is thrown.' },
  { filter: 'catch', label: 'C++ exceptions: catch', description: 'Stops where an exception is caught.' },
  {
    filter: 'signals',
    label: 'Signals',
    description: 'Stops at more signals than usual, or at fewer.',
    supportsCondition: true,
    conditionDescription: 'Signals to stop at, "-" in front: to pass by. For example: SIGALRM -SIGUSR1',
  },
];

export const capabilities: P.Capabilities = {
  supportsConfigurationDoneRequest: true,
  supportsFunctionBreakpoints: true,
  supportsConditionalBreakpoints: true,
  supportsHitConditionalBreakpoints: true,
  supportsLogPoints: true,
  supportsInstructionBreakpoints: true,
  supportsDataBreakpoints: true,
  supportsDataBreakpointBytes: true,
  supportsBreakpointLocationsRequest: true,
  exceptionBreakpointFilters: exceptionFilters,
  supportsExceptionFilterOptions: true,
  supportsExceptionInfoRequest: true,
  supportsEvaluateForHovers: true,
  supportsClipboardContext: true,
  supportsSetVariable: true,
  supportsSetExpression: true,
  supportsValueFormattingOptions: true,
  supportsDelayedStackTraceLoading: true,
  supportsCompletionsRequest: true,
  completionTriggerCharacters: ['.', '>', '$'],
  supportsSteppingGranularity: true,
  supportsStepInTargetsRequest: true,
  supportsGotoTargetsRequest: true,
  supportsRestartRequest: true,
  supportsTerminateRequest: true,
  supportTerminateDebuggee: true,
  supportsModulesRequest: true,
  supportsLoadedSourcesRequest: true,
  supportsReadMemoryRequest: true,
  supportsWriteMemoryRequest: true,
  supportsDisassembleRequest: true,
  supportsCancelRequest: true,
};

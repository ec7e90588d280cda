/** Expressions (watch, hover), and the debug console, which takes every command of the prompt. */
import { DeetError } from '../common/errors.js';
import { complete } from '../commands/completion.js';
import type { Result } from '../commands/results.js';
import { parseFormat } from '../language/command-format.js';
import { formatValue } from '../language/format.js';
import type { EvaluationContext } from '../language/context.js';
import { presentValue } from './containers.js';
import type { Debuggee } from './debuggee.js';
import type { Handlers, Requests } from './protocol.js';

type Arguments = Requests['evaluate'][0];
type Body = Requests['evaluate'][1];

/** `/x expression`, as `print` takes it. */
const withFormat = (text: string): { readonly expression: string; readonly hex: boolean } => {
  const found = /^\/(\w+)\s+([^]+)$/.exec(text.trim());
  return found ? { expression: found[2] ?? '', hex: parseFormat(found[1] ?? '').letter === 'x' } : { expression: text, hex: false };
};

const evaluateExpression = async (text: string, args: Arguments, debuggee: Debuggee): Promise<Body> => {
  const { session, handles } = debuggee;
  const at = args.frameId === undefined ? undefined : debuggee.frame(args.frameId);
  if (at) debuggee.select(at.thread, at.frame);
  else debuggee.focus();
  const { expression, hex } = withFormat(text);
  const value = await debuggee.interruptible(() => session.evaluate(expression, at?.frame));
  const context = session.context(at?.frame);
  const parent = { context, frameId: args.frameId };
  const name = `evaluate ${args.frameId ?? ''} ${expression}`;
  const format = { hex: hex || (args.format?.hex ?? false) };
  const { value: result, ...rest } = presentValue(value, parent, name, expression, handles, format);
  // What is copied is wanted whole.
  return { result: args.context === 'clipboard' ? formatValue(value, context) : result, ...rest };
};

/** The beginning of an expression on a variable, not a command whose name the variable happens to have: `x = 3`, `list->next`. */
const speaksOfVariable = (text: string, context: EvaluationContext): boolean => {
  const found = /^([A-Za-z_]\w*)\s*(?:->|\.\s*[A-Za-z_]|\[|(?:[-+*/%&|^]|<<|>>)?=|[!=]=)/.exec(text);
  return found?.[1] !== undefined && (context.names.local(found[1]) ?? context.names.global(found[1])) !== undefined;
};

const failedWith = (results: readonly Result[]): Extract<Result, { type: 'error' }> | undefined =>
  results.find((result) => result.type === 'error');

const runCommand = async (args: Arguments, debuggee: Debuggee): Promise<Body> => {
  const { session } = debuggee;
  const text = args.expression.trim();
  if (session.state !== 'running') {
    if (args.frameId !== undefined) {
      const { thread, frame } = debuggee.frame(args.frameId);
      debuggee.select(thread, frame);
    } else debuggee.focus();
    if (!debuggee.interpreter.insideBlock && speaksOfVariable(text, session.context())) return evaluateExpression(text, args, debuggee);
  }
  const results = await debuggee.command(args.expression);
  const failure = failedWith(results);
  if (failure && (failure.code === 'unknown-command' || failure.code === 'ambiguous-command')) {
    try {
      return await evaluateExpression(text, args, debuggee);
    } catch (error) {
      if (!(error instanceof DeetError) || /^\w+$/.test(text) || error.code === 'syntax') throw commandError(failure);
      throw error;
    }
  }
  const said = results
    .filter((result) => result !== failure)
    .map((result) => debuggee.text(result))
    .join('');
  if (failure) {
    debuggee.output('console', said);
    throw commandError(failure);
  }
  return { result: said.replace(/\n$/, ''), variablesReference: 0 };
};

const commandError = ({ code, message, hint }: Extract<Result, { type: 'error' }>): DeetError => new DeetError(code, message, hint);

export const consoleHandlers = (target: () => Debuggee): Handlers => ({
  evaluate: (args) => {
    const debuggee = target();
    return args.context === 'repl' ? runCommand(args, debuggee) : evaluateExpression(args.expression, args, debuggee);
  },

  completions: (args) => {
    const debuggee = target();
    const { session, interpreter } = debuggee;
    if (args.frameId !== undefined && session.state === 'stopped') {
      const { thread, frame } = debuggee.frame(args.frameId);
      debuggee.select(thread, frame);
    }
    const line = args.text.split('\n')[(args.line ?? 1) - 1] ?? args.text;
    const column = args.column - (debuggee.client.capabilities.columnsStartAt1 === false ? 0 : 1);
    const before = line.slice(0, column);
    // What is no command is an expression.
    const asCommand = complete(before, interpreter.registry, session);
    const asExpression = complete(`print ${before}`, interpreter.registry, session);
    const targets = [asCommand, asExpression].flatMap(({ candidates, word }) =>
      candidates.map((label) => ({ label, start: column - word.length, length: word.length })),
    );
    return { targets: [...new Map(targets.map((each) => [each.label, each])).values()] };
  },
});

/** The scopes of a frame: what its function can see, what it returned, and the processor's registers. */
import type { DebugProtocol as P } from '@vscode/debugprotocol';
import { basename } from 'node:path';
import { fileAddress } from '../common/addresses.js';
import { DeetError } from '../common/errors.js';
import { parametersOf, scopesOf } from '../commands/frames.js';
import type { Frame } from '../inferior/frame.js';
import type { EvaluationContext } from '../language/context.js';
import { unreadable } from '../language/format.js';
import { registerNamed, registerValue } from '../language/registers.js';
import { typeName } from '../language/type-name.js';
import type { Variable } from '../symbols/model.js';
import type { Container, Row } from './containers.js';
import type { Debuggee } from './debuggee.js';

/** How registers are grouped; the groups are those of the processor's manual. */
const registerGroups: readonly (readonly [title: string, names: readonly string[]])[] = [
  [
    'General',
    ['rax', 'rbx', 'rcx', 'rdx', 'rsi', 'rdi', 'rbp', 'rsp', 'r8', 'r9', 'r10', 'r11', 'r12', 'r13', 'r14', 'r15', 'rip', 'eflags'],
  ],
  ['Segments', ['cs', 'ss', 'ds', 'es', 'fs', 'gs', 'fs_base', 'gs_base']],
  ['Floating point', [0, 1, 2, 3, 4, 5, 6, 7].map((n) => `st${n}`).concat('fctrl', 'fstat', 'ftag', 'fop')],
  ['Vector', Array.from({ length: 16 }, (_, n) => `ymm${n}`).concat('mxcsr')],
];

/** A variable as a row; what is wrong with it stands in its place. */
const rowOf = (
  variable: Variable,
  name: string,
  expression: string | undefined,
  context: EvaluationContext,
  frame: Frame | undefined,
): Row => {
  try {
    const value = context.variable?.(variable, frame);
    if (value) return { name, value, expression };
  } catch (error) {
    return { name, value: undefined, text: unreadable(error), type: typeName(variable.type, context.language) };
  }
  return { name, value: undefined };
};

interface Named {
  readonly variable: Variable;
  /** `x`, or `x @ file.c:12` for one that another hides. */
  readonly shown: string;
  readonly hidden: boolean;
}

/** Arguments, and the variables of the blocks from the innermost outwards. An inner name hides an outer one. */
const visible = (frame: Frame): { readonly parameters: readonly Named[]; readonly locals: readonly Named[] } => {
  const parameters = parametersOf(frame);
  const scopes = [...scopesOf(frame)];
  const locals = scopes.flatMap((scope) => scope.variables().filter(({ role, isDeclaration }) => role !== 'parameter' && !isDeclaration));
  const seen = new Set<string>();
  const hidden = new Set<Variable>();
  for (const variable of [...locals, ...parameters]) {
    if (variable.name === '') continue;
    if (seen.has(variable.name)) hidden.add(variable);
    seen.add(variable.name);
  }
  const named = (variables: readonly Variable[]): Named[] =>
    variables
      .filter(({ name }) => name !== '')
      .map((variable) => {
        const { declared, name } = variable;
        const place = declared ? `${basename(declared.file.path)}:${declared.line}` : 'outer';
        return { variable, shown: hidden.has(variable) ? `${name} @ ${place}` : name, hidden: hidden.has(variable) };
      });
  return { parameters: named(parameters), locals: named(locals) };
};

const slice = <T>(list: readonly T[], start: number, count: number): readonly T[] => list.slice(start, start + count);

/** Rows made when they are asked for, from a list whose length is known. */
const container = <T>(
  name: string,
  frameId: number | undefined,
  context: EvaluationContext,
  list: readonly T[],
  row: (each: T) => Row,
): Container => ({
  kind: 'container',
  name,
  frameId,
  context,
  indexed: 0,
  count: list.length,
  rows: (start, count) => slice(list, start, count).map(row),
});

const variablesOf = (title: string, variables: readonly Named[], frame: Frame, frameId: number, debuggee: Debuggee): Container => {
  const context = debuggee.session.context(frame);
  return container(`${title} ${frameId}`, frameId, context, variables, ({ variable, shown, hidden }) =>
    rowOf(variable, shown, hidden ? undefined : variable.name, context, frame),
  );
};

/** Variables of the file that the frame's code comes from. */
const globalsOf = (frame: Frame, frameId: number, debuggee: Debuggee): Container | undefined => {
  const { loaded } = frame;
  if (!loaded || !frame.position) return undefined;
  const context = debuggee.session.context(frame);
  const near = fileAddress(Number(BigInt.asIntN(64, frame.lookup - loaded.bias)));
  const list = loaded.image.fileScopeVariables(near).filter((variable) => !variable.isDeclaration && variable.name !== '');
  if (list.length === 0) return undefined;
  return container(`globals ${loaded.image.path} ${frameId}`, frameId, context, list, (variable) => {
    const name = variable.qualifiedName ?? variable.name;
    return rowOf(variable, name, name, context, undefined);
  });
};

const registersOf = (frame: Frame, frameId: number, debuggee: Debuggee): Container => {
  const context = debuggee.session.context(frame);
  const group = (title: string, names: readonly string[]): Container =>
    container(`registers ${frameId}/${title}`, frameId, context, names, (name) => {
      const register = registerNamed(name);
      try {
        if (register) return { name, value: registerValue(register, context.registers), expression: `$${name}` };
      } catch (error) {
        if (!(error instanceof DeetError)) throw error;
      }
      return { name, value: undefined, text: '<not available>' };
    });
  return container(`registers ${frameId}`, frameId, context, registerGroups, ([title, names]) => ({
    name: title,
    value: undefined,
    group: group(title, names),
  }));
};

const returnedOf = (frame: Frame, frameId: number, debuggee: Debuggee): Container | undefined => {
  const { stop, session } = debuggee;
  if (frame.level !== 0 || !stop?.returned) return undefined;
  const { returned } = stop;
  return container(`returned ${frameId}`, frameId, session.context(frame), [returned], ({ value, number }) => ({
    name: `$${number}`,
    value,
    expression: `$${number}`,
    hint: { attributes: ['readOnly'] },
  }));
};

export const scopesFor = (frameId: number, debuggee: Debuggee): P.Scope[] => {
  const { thread, frame } = debuggee.frame(frameId);
  debuggee.select(thread, frame);
  const { handles } = debuggee;
  const scope = (name: string, from: Container, expensive: boolean, presentationHint?: string): P.Scope => ({
    name,
    variablesReference: handles.put(from.name, from),
    expensive,
    ...(from.count !== undefined && { namedVariables: from.count }),
    ...(presentationHint !== undefined && { presentationHint }),
  });
  const returned = returnedOf(frame, frameId, debuggee);
  const globals = globalsOf(frame, frameId, debuggee);
  const { parameters, locals } = visible(frame);
  return [
    ...(returned ? [scope('Return value', returned, false, 'returnValue')] : []),
    scope('Locals', variablesOf('locals', locals, frame, frameId, debuggee), false, 'locals'),
    ...(parameters.length > 0
      ? [scope('Arguments', variablesOf('arguments', parameters, frame, frameId, debuggee), false, 'arguments')]
      : []),
    ...(globals ? [scope('Globals', globals, true)] : []),
    scope('Registers', registersOf(frame, frameId, debuggee), true, 'registers'),
  ];
};

/**
 * Watchpoints: expressions whose place in memory is watched by the debug registers, or, when these do not suffice, by stepping and comparing (which `info breakpoints` says).
 * A watchpoint on a local ends with its frame: a site at the frame's return address tells.
 */
import { DeetError } from '../common/errors.js';
import { DebugRegisters } from '../inferior/debug_registers.js';
import type { Frame } from '../inferior/frame.js';
import type { SiteOwner } from '../inferior/sites.js';
import type { Thread } from '../inferior/thread.js';
import type { Expression } from '../language/ast.js';
import type { EvaluationContext } from '../language/context.js';
import { evaluateNow } from '../language/evaluate.js';
import { formatValue } from '../language/format.js';
import { parseExpression } from '../language/parser.js';
import type { Value } from '../language/value.js';
import type { Breakpoint } from './breakpoint.js';
import type { BreakOptions } from './breakpoints.js';
import type { Session } from './session.js';
import type { WatchReport } from './types.js';

type WatchKind = 'watch' | 'rwatch' | 'awatch';

/** The debug registers watch at most this many bytes in all. */
const mostHardwareBytes = 32;

interface Watch {
  readonly breakpoint: Breakpoint;
  readonly expression: Expression;
  /** Of a local: the frame it lives in, by its CFA, and how to take its end's site away. */
  readonly scope: { readonly cfa: bigint; readonly thread: Thread; readonly unplant: () => void } | undefined;
  readonly hardware: boolean;
  old: { readonly bytes: Uint8Array; readonly text: string } | undefined;
}

export interface WatchOptions extends Pick<BreakOptions, 'condition' | 'onHit'> {
  /** The object that the expression means now, wherever the program goes. */
  readonly location?: boolean;
}

const same = (a: Uint8Array | undefined, b: Uint8Array | undefined): boolean =>
  a !== undefined && b !== undefined && a.length === b.length && a.every((byte, index) => byte === b[index]);

/** Does an expression name a variable of the frame (and so end with it)? */
const usesLocals = (text: string, frame: Frame): boolean => {
  const names = new Set(text.match(/[A-Za-z_]\w*/g) ?? []);
  const { loaded } = frame;
  if (!loaded) return false;
  for (const scope of loaded.image.scopesAt(Number(frame.lookup - loaded.bias) as Parameters<typeof loaded.image.scopesAt>[0])) {
    for (const variable of scope.variables())
      if (names.has(variable.name) && (variable.role === 'local' || variable.role === 'parameter')) return true;
  }
  return /\$(?:sp|fp|rsp|rbp)\b/.test(text);
};

export class Watchpoints {
  readonly #watches = new Map<number, Watch>();
  readonly registers = new DebugRegisters<number>();

  constructor(private readonly session: Session) {}

  /** @param location `-l`: the object that the expression means now, wherever the program goes. @throws DeetError. */
  create(kind: WatchKind, text: string, options: WatchOptions = {}): Breakpoint {
    const { session } = this;
    const { thread, frame } = session.selection();
    const context = session.context();
    let source = text;
    let value = evaluateNow(parseExpression(source, context.names), context);
    if (options.location) {
      if (value.address === undefined) throw new DeetError('not-lvalue', `"${text}" has no address to watch.`);
      source = `*(typeof(${text}) *) 0x${value.address.toString(16)}`;
      value = evaluateNow(parseExpression(source, context.names), context);
    }
    const expression = parseExpression(source, context.names);
    const size = value.address === undefined ? 0 : value.size;
    const id = session.breakpoints.nextId;
    const trap = kind === 'watch' ? 'write' : 'access';
    const hardware =
      value.address !== undefined && size > 0 && size <= mostHardwareBytes && this.registers.add(value.address, size, trap, id);
    if (!hardware && kind !== 'watch')
      throw new DeetError(
        'no-registers',
        `Expression cannot be implemented with read/access watchpoint: ${size > 0 ? 'the debug registers do not suffice' : 'it has no address'}.`,
      );
    if (!hardware && value.address === undefined && /^[\s\d.x]*$/i.test(text))
      throw new DeetError('constant', 'Cannot watch constant value.');
    const local = options.location ? false : usesLocals(text, frame);
    const breakpoint = session.breakpoints.createWithoutPlace(kind, options.location ? `-location ${text}` : text, {
      ...(options.condition !== undefined && { condition: options.condition }),
      ...(options.onHit && { onHit: options.onHit }),
    });
    breakpoint.software = !hardware;
    this.#watches.set(breakpoint.id, {
      breakpoint,
      expression,
      scope: local ? this.#scopeOf(breakpoint, thread, frame) : undefined,
      hardware,
      old: this.#read(value, context),
    });
    return breakpoint;
  }

  #read(value: Value, context: EvaluationContext): Watch['old'] {
    try {
      return { bytes: value.bytes().slice(), text: formatValue(value, context) };
    } catch (error) {
      if (!(error instanceof DeetError)) throw error;
      return undefined;
    }
  }

  /** A site at the caller's next instruction: when the thread gets there with the frame popped, the watchpoint's scope has ended. */
  #scopeOf(breakpoint: Breakpoint, thread: Thread, frame: Frame): Watch['scope'] {
    const stack = this.session.stack(thread);
    let level = frame.level + 1;
    while (stack.frame(level)?.kind === 'inlined') level++;
    const caller = stack.frame(level);
    if (!caller) return undefined;
    const owner: SiteOwner = {
      kind: 'internal',
      arrived: (at) => {
        if (at !== thread || at.stackPointer < frame.cfa) return 'pass';
        this.#ended.push({ breakpoint, expression: breakpoint.spec, scopeEnded: true });
        return 'stop';
      },
    };
    return { cfa: frame.cfa, thread, unplant: this.session.world.plant(thread, caller.pc, owner) };
  }

  readonly #ended: WatchReport[] = [];

  /** Scopes that ended at the arrival that has just stopped the program; their watchpoints are deleted. */
  takeEnded(): WatchReport[] {
    const ended = this.#ended.splice(0);
    for (const { breakpoint } of ended) if (this.#watches.has(breakpoint.id)) this.session.breakpoints.delete(breakpoint.id);
    return ended;
  }

  /** A breakpoint is gone: if it was a watchpoint, its registers are free. */
  removed(id: number): void {
    const watch = this.#watches.get(id);
    if (!watch) return;
    watch.scope?.unplant();
    this.registers.remove(id);
    this.#watches.delete(id);
  }

  /** The program has ended: locals are gone, and with them what watched them. */
  programEnded(): void {
    for (const { breakpoint } of [...this.#watches.values()]) this.session.breakpoints.delete(breakpoint.id);
  }

  /** True while some watchpoint must compare after every instruction. */
  get stepping(): boolean {
    for (const { hardware, breakpoint } of this.#watches.values()) if (!hardware && breakpoint.enabled) return true;
    return false;
  }

  /** A thread has trapped: which watchpoints have something to say? */
  check(thread: Thread): WatchReport[] {
    if (this.#watches.size === 0) return [];
    const touched = new Set(this.registers.triggered(thread));
    const reports: WatchReport[] = [];
    for (const watch of this.#watches.values()) {
      if (!watch.breakpoint.enabled || (watch.hardware && !touched.has(watch.breakpoint.id))) continue;
      const report = this.#compare(watch, thread);
      if (report) reports.push(report);
    }
    return reports;
  }

  #compare(watch: Watch, thread: Thread): WatchReport | undefined {
    const { breakpoint, scope } = watch;
    // Stepping reaches the return before the site behind the call does.
    if (scope?.thread === thread && thread.stackPointer >= scope.cfa) {
      const report = { breakpoint, expression: breakpoint.spec, scopeEnded: true };
      this.#ended.push(report);
      return report;
    }
    const now = this.#now(watch, thread);
    const changed = !same(watch.old?.bytes, now?.bytes) && (watch.old !== undefined || now !== undefined);
    const old = watch.old;
    if (breakpoint.kind === 'watch' && !changed) return undefined;
    // A read watchpoint on x86 traps writes too: a changed value is the sign of one.
    if (breakpoint.kind === 'rwatch' && changed) {
      watch.old = now;
      return undefined;
    }
    watch.old = now;
    if (breakpoint.accepts?.(thread) === false) return undefined;
    if (breakpoint.condition !== undefined && !this.session.values.holds(breakpoint, thread)) return undefined;
    breakpoint.hits++;
    if (breakpoint.ignoreCount > 0) {
      breakpoint.ignoreCount--;
      return undefined;
    }
    if (breakpoint.onHit?.(thread, breakpoint.hits) === 'pass') return undefined;
    return {
      breakpoint,
      expression: breakpoint.spec,
      ...(changed && { old: old?.text ?? '<unreadable>' }),
      ...(now && { new: now.text }),
    };
  }

  #now(watch: Watch, thread: Thread): Watch['old'] {
    const { session } = this;
    const { scope } = watch;
    try {
      // In a callee the local's own frame is further out: found by its CFA.
      const frame = scope
        ? session
            .stack(scope.thread)
            .frames(1000)
            .find((each) => each.cfa === scope.cfa)
        : undefined;
      const context = session.values.context(frame, scope?.thread ?? thread);
      return this.#read(evaluateNow(watch.expression, context), context);
    } catch (error) {
      if (!(error instanceof DeetError)) throw error;
      return undefined;
    }
  }
}

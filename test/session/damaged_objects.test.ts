/** Objects of the C++ library that are none: every way of looking at them ends, and says what cannot be read in its place. */
import { describe, expect, it } from 'vitest';
import { childrenOf, isExpandable } from '../../src/language/children.js';
import { formatMember } from '../../src/language/format.js';
import { toJavaScript } from '../../src/language/javascript.js';
import { diagramOf } from '../../src/language/diagram-builder.js';
import { asStruct } from '../../src/language/types.js';
import type { Value } from '../../src/language/value.js';
import type { EvaluationContext } from '../../src/language/context.js';
import { fixture, lineOf } from '../helpers/build.js';
import { leakGuard } from '../helpers/leaks.js';
import { driven, endOf, stopOf } from './drive.js';

leakGuard();

/** How many values a variables view could unfold, some levels deep. */
const unfold = (value: Value, context: EvaluationContext, depth: number): number => {
  if (depth === 0 || !isExpandable(value, context)) return 1;
  return childrenOf(value, context, 0, 20).reduce((sum, child) => {
    expect(formatMember(child.value, context, { settings: { elements: 20 } })).not.toBe('');
    return sum + unfold(child.value, context, depth - 1);
  }, 1);
};

/** It throws when nothing of the value can be read: the text of a string, say. */
const asJavaScript = (value: Value, context: EvaluationContext): void => {
  try {
    toJavaScript(value, context);
  } catch (error) {
    expect(error).toMatchObject({ code: 'memory' });
  }
};

describe('objects that are not made, or gone', () => {
  it.each(['zeros', 'ones', 'noise', 'itself', 'circle', 'low', 'gone'])('%s', (name) =>
    driven(fixture('damaged'), async (session) => {
      session.break(String(lineOf('damaged.cc', '// damaged')));
      stopOf(await session.run());
      const context = session.context();
      const whole = await session.evaluate(`*${name}`);
      const members = asStruct(whole.type)?.members() ?? [];
      expect(members.length).toBeGreaterThan(30);
      const texts: string[] = [];
      for (const { name: member = '' } of members) {
        const value = await session.evaluate(`${name}->${member}`);
        texts.push(formatMember(value, context, { settings: { elements: 50 } }));
        unfold(value, context, 3);
        asJavaScript(value, context);
        diagramOf(value, context, { nodes: 50 });
      }
      expect(texts.every((text) => text !== '' && !/undefined|Nonsense/.test(text))).toBe(true);
      expect(endOf(await session.continue())).toBe('exited 0');
    }),
  );
});

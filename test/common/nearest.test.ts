import { describe, expect, it } from 'vitest';
import { nearest } from '../../src/common/nearest.js';

describe('nearest', () => {
  it.each([
    ['prnit', ['point', 'print', 'sprint'], 'print'],
    ['lenght', ['length', 'depth'], 'length'],
    ['x', ['y'], 'y'],
    ['break', ['brake', 'breaks'], 'breaks'],
    ['main', ['a', 'unrelated', 'maintenance'], undefined],
    ['insert_node', ['insert_nodes', 'node_insert'], 'insert_nodes'],
  ] as const)('%s among %j', (word, candidates, expected) => {
    expect(nearest(word, candidates)).toBe(expected);
  });

  it('looks only near the diagonal of two long names', () => {
    const letters = { read: 0 };
    const long = (tail: string): string => 'std::pair<int, '.repeat(200) + tail;
    const counted = new Proxy(new String(long('b')), {
      get: (target, key) => {
        if (key === 'toLowerCase') return () => counted;
        if (typeof key === 'string' && /^\d+$/.test(key)) letters.read++;
        const value: unknown = Reflect.get(target, key, target);
        return typeof value === 'function' ? (value as (...given: unknown[]) => unknown).bind(target) : value;
      },
    });
    expect(nearest(long('a'), [counted as unknown as string])).toBe(counted);
    expect(letters.read).toBeLessThan(200 * 15 * 100);
  });
});

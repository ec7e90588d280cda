/** Long passes are told to all who listen, and how far they are, now and then. */
import { expect, it, vi } from 'vitest';
import { onLongPass, Pass } from '../../src/symbols/passes.js';

it('tells the beginning, the way and the end of a long one', () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  const heard: [string, number][] = [];
  const stop = onLongPass((path, share) => heard.push([path, share]));
  try {
    const pass = new Pass('/bin/big', 2 ** 30);
    pass.advance(0.1);
    vi.advanceTimersByTime(120);
    pass.advance(0.2);
    pass.advance(0.3);
    pass.end();
    new Pass('/bin/small', 1000).end();
    expect(heard).toEqual([
      ['/bin/big', 0],
      ['/bin/big', 0.2],
      ['/bin/big', 1],
    ]);
    stop();
    new Pass('/bin/big', 2 ** 30).end();
    expect(heard).toHaveLength(3);
  } finally {
    stop();
    vi.useRealTimers();
  }
});

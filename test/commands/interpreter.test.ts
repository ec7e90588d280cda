/** Where the results of a command go. */
import { describe, expect, it } from 'vitest';
import { Interpreter, type InterpreterOptions } from '../../src/commands/interpreter.js';
import type { Result } from '../../src/commands/results.js';
import { Session } from '../../src/session/session.js';

const resultsOf = async (line: string, options: InterpreterOptions): Promise<readonly Result[]> => {
  const session = new Session();
  const interpreter = new Interpreter(session, options);
  try {
    return await interpreter.execute(line);
  } finally {
    interpreter.close();
    session.close();
  }
};

describe('results of a command', () => {
  it('are returned where nobody listens', async () => {
    expect((await resultsOf('print 6 * 7', {})).map(({ type }) => type)).toEqual(['value']);
    expect((await resultsOf('nonsense', {})).map(({ type }) => type)).toEqual(['error']);
  });

  it('are told to a listener at once, and not kept for the end', async () => {
    const heard: string[] = [];
    expect(await resultsOf('print 6 * 7', { listener: ({ type }) => heard.push(type) })).toEqual([]);
    expect(heard).toEqual(['value']);
  });
});

/** Values in results: their members are read when somebody asks for them. */
import { afterEach, expect, it } from 'vitest';
import { Interpreter } from '../../src/commands/interpreter.js';
import type { Result } from '../../src/commands/results.js';
import { Session } from '../../src/session/session.js';
import { compileText } from '../helpers/build.js';
import { leakGuard } from '../helpers/leaks.js';

leakGuard();

const program = compileText(
  'arguments_of_kinds.c',
  `struct point { int x, y; };
static int look(int number, const char *text, struct point point, _Complex double complex) {
  return number + *text + point.x + (int) __real__ complex;
}
int main(void) { return look(1, "text", (struct point) { 2, 3 }, 4) == 0; }
`,
);

let session: Session;
afterEach(() => {
  session.close();
});

const backtrace = async (...before: string[]): Promise<Extract<Result, { type: 'backtrace' }>> => {
  session = new Session(program);
  const interpreter = new Interpreter(session, {});
  for (const line of ['break look', 'run', ...before]) await interpreter.execute(line);
  const [result] = await interpreter.execute('backtrace');
  interpreter.close();
  if (result.type !== 'backtrace') throw new Error(`not a backtrace: ${result.type}`);
  return result;
};

it.each([[[]], [['set print frame-arguments none']], [['set print frame-arguments all']]])(
  'arguments of a frame have a getter for their parts, if there can be any (%j)',
  async (before) => {
    const { frames } = await backtrace(...before);
    const kinds = frames[0].args.map((argument) => {
      const property = Object.getOwnPropertyDescriptor(argument, 'children');
      return [argument.name, property && (property.get ? 'getter' : 'read')];
    });
    expect(kinds).toEqual([
      ['number', undefined],
      ['text', undefined],
      ['point', 'getter'],
      ['complex', 'getter'],
    ]);
    expect(frames[0].args[2].children?.map(({ name, value }) => `${name}=${value}`)).toEqual(['x=2', 'y=3']);
  },
);

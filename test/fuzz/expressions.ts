/**
 * Expressions with damage in their text, on the data of a real program: parsed, evaluated, printed, drawn, their types shown. Whatever comes of it is
 * an answer or a complaint, soon. The seeds are the tables of the tests against gdb.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DeetError } from '../../src/common/errors.js';
import type { EvaluationContext } from '../../src/language/context.js';
import { diagramOf } from '../../src/language/diagram-builder.js';
import { caretLines, ExpressionError } from '../../src/language/errors.js';
import { evaluateNow } from '../../src/language/evaluate.js';
import { parseExpression } from '../../src/language/parser.js';
import { answer } from '../language/oracle.js';
import { processorTime } from './mutate.js';

const tables = join(import.meta.dirname, '../language/tables');

/** Every command of every table. */
export const seeds = (): string[] =>
  readdirSync(tables).flatMap((name) =>
    readFileSync(join(tables, name), 'utf8')
      .split('\n')
      .filter((line) => line.trim() !== '' && !line.startsWith('#') && !line.startsWith('set print')),
  );

/** A small generator, so that a number is a case (xorshift32). */
export class Random {
  constructor(private state: number) {
    this.state = (state ^ 0x9e3779b9) >>> 0 || 1;
  }

  below(limit: number): number {
    this.state ^= this.state << 13;
    this.state ^= this.state >>> 17;
    this.state ^= this.state << 5;
    return (this.state >>> 0) % limit;
  }

  of<T>(list: readonly T[]): T {
    return list[this.below(list.length)];
  }
}

const pieces =
  '( ) [ ] { } * & + - ++ -- -> . , @ @2000000000 @entry <<1000 (char[10000000000]) :: ? : = == << >> ~ ! " \' \\ $ $$ $1 0 1 -1 9999999999 0x7fffffff 1e400 sizeof (char) (struct node *) {int} zoo zoo.list->next n /x /s /99999999xb /c \u00e9 \u{1f600} \t'.split(
    ' ',
  );

/** The text with some of its pieces taken out, doubled, exchanged with another text's, or replaced. */
export const damaged = (text: string, others: readonly string[], random: Random): string => {
  const [verb = 'print'] = /^(?:set var|\w+)/.exec(text) ?? [];
  let result = text.slice(verb.length);
  for (let count = 1 + random.below(3); count > 0; count--) {
    const at = random.below(result.length + 1);
    const length = random.below(8);
    switch (random.below(5)) {
      case 0:
        result = result.slice(0, at) + result.slice(at + length);
        break;
      case 1:
        result = result.slice(0, at) + result.slice(at, at + length).repeat(2 + random.below(3)) + result.slice(at + length);
        break;
      case 2:
        result = `${result.slice(0, at)}${random.of(pieces)}${result.slice(at)}`;
        break;
      case 3: {
        const other = random.of(others).replace(/^\S+\s/, '');
        result = `${result.slice(0, at)}${other.slice(random.below(other.length + 1))}`;
        break;
      }
      default:
        result = `${result.slice(0, at)}${String.fromCodePoint(32 + random.below(300))}${result.slice(at + 1)}`;
    }
  }
  return `${verb} ${result.slice(0, 400)}`;
};

/** @throws what is no complaint; or if it takes more than `most` milliseconds */
export const attackExpression = (text: string, context: EvaluationContext, most = 5000): void => {
  const start = processorTime();
  answer(text, context);
  const expression = text.replace(/^\S+\s*/, '');
  try {
    diagramOf(evaluateNow(parseExpression(expression, context.names), context), context, { nodes: 100 });
  } catch (error) {
    if (!(error instanceof DeetError)) throw error;
    if (error instanceof ExpressionError) caretLines(expression, error.offset);
  }
  const spent = processorTime() - start;
  if (spent > most) throw new Error(`${spent} ms for ${JSON.stringify(text)}`);
};

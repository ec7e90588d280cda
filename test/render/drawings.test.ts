/**
 * Drawings of what test/fixtures/structures.c has built, kept in golden/drawings.txt: each behind the expression that it is of. Addresses depend on
 * the compiler and are made equal. DEET_UPDATE=1 writes the file anew.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Sources } from '../../src/commands/sources.js';
import type { Result } from '../../src/commands/results.js';
import type { EvaluationContext } from '../../src/language/context.js';
import { diagramOf } from '../../src/language/diagram-builder.js';
import { evaluateNow } from '../../src/language/evaluate.js';
import { parseExpression } from '../../src/language/parser.js';
import { typeName } from '../../src/language/type-name.js';
import { canShowBoxes } from '../../src/render/pen.js';
import { colourful, plain, type Style } from '../../src/render/style.js';
import { toText } from '../../src/render/text.js';
import { shortened, widthOf } from '../../src/render/width.js';
import { fixture, lineOf } from '../helpers/build.js';
import { Stopped } from '../helpers/stopped.js';
import { stoppedContext } from '../language/oracle.js';

const path = join(import.meta.dirname, 'golden/drawings.txt');

interface How {
  readonly boxes?: boolean;
  readonly columns?: number;
  readonly elements?: number;
  readonly style?: Style;
}

let stopped: Stopped;
let context: EvaluationContext;

beforeAll(() => {
  const program = fixture('structures');
  stopped = new Stopped(program);
  const main = stopped.images.all()[0];
  const [file] = main.image.filesMatching('structures.c');
  stopped.runTo(BigInt(main.image.locationsOf(file, lineOf('structures.c', '// look'))[0].address) + main.bias);
  context = stoppedContext(stopped);
});
afterAll(() => stopped[Symbol.dispose]());

const diagram = (expression: string, elements = 200): Extract<Result, { type: 'diagram' }> => {
  const value = evaluateNow(parseExpression(expression, context.names), context);
  const drawn = diagramOf(value, context, { nodes: elements, settings: { elements } });
  return { type: 'diagram', expression, valueType: typeName(value.type), ...drawn };
};

const picture = (expression: string, { boxes = false, columns = 100, elements = 200, style = plain }: How = {}): string =>
  toText(diagram(expression, elements), { style, sources: new Sources(), surface: () => ({ boxes, columns }) });

const stable = (text: string): string => text.replace(/0x4[0-9a-f]{5}\b/g, '0xADDRES').replace(/0x7f[0-9a-f]{10}\b/g, '0xSTACKADDRES');

describe('drawings', () => {
  it('look as they are kept', () => {
    const kept = readFileSync(path, 'utf8');
    // `# EXPRESSION` or `# EXPRESSION | boxes 60 columns 4 elements`
    const parts = kept.split(/^(?=# )/m).map((part) => /^# (.*)\n/.exec(part)?.[1] ?? '');
    const drawn = parts.map((head) => {
      const [expression = '', words = ''] = head.split(' | ');
      const number = (name: string): number | undefined => Number(new RegExp(`(\\d+) ${name}`).exec(words)?.[1] ?? NaN) || undefined;
      const [columns, elements] = [number('columns'), number('elements')];
      const text = picture(expression, { boxes: words.includes('boxes'), ...(columns && { columns }), ...(elements && { elements }) });
      return `# ${head}\n${stable(text)}`;
    });
    const actual = drawn.join('\n');
    if (process.env['DEET_UPDATE'] === '1') writeFileSync(path, actual);
    else expect(actual).toBe(kept);
  });

  it('are as wide as they may be', () => {
    for (const columns of [60, 80, 200]) {
      for (const expression of ['argument', '&n50', 'table', 'people', 'numbers', 'graph']) {
        const text = picture(expression, { columns, boxes: true });
        for (const each of text.split('\n').slice(1)) expect(widthOf(each), each).toBeLessThanOrEqual(columns);
      }
    }
  });

  it('have at most so many nodes', () => {
    expect(diagram('argument', 7).nodes).toBe(7);
    expect(diagram('&n50', 2).nodes).toBe(2);
    expect(diagram('argument', 100_000).nodes).toBe(500);
  });

  it('colour changes nothing but colour', async () => {
    const style = await colourful();
    for (const expression of ['argument', '&n50', 'table', 'people', 'numbers', '&x']) {
      const coloured = picture(expression, { style, boxes: true });
      expect(coloured).toContain('\x1b[');
      expect(coloured.replace(/\x1b\[\d*m/g, '')).toBe(picture(expression, { boxes: true }));
    }
  });

  it('are JSON without anything that JSON cannot hold', () => {
    const result = diagram('table');
    expect(JSON.parse(JSON.stringify(result))).toEqual(result);
  });
});

describe('a frame in memory', () => {
  it('is drawn with what points into it', () => {
    const result: Result = {
      type: 'stack-frame',
      level: 0,
      function: 'fill',
      file: '/a/b.c',
      line: 31,
      cfa: '0x7fffffffe6b0',
      registers: { rsp: '0x7fffffffe680', rbp: '0x7fffffffe6a0' },
      slots: [
        { kind: 'return-address', address: '0x7fffffffe6a8', size: 8, name: 'return address', value: '0x40135c <main+149>' },
        { kind: 'saved-register', address: '0x7fffffffe6a0', size: 8, name: 'saved rbp', value: '0x7fffffffe6f0' },
        {
          kind: 'canary',
          address: '0x7fffffffe698',
          size: 8,
          name: 'canary',
          value: '0x0043434300000000',
          notes: ['overwritten: it was 0x1'],
        },
        { kind: 'local', address: '0x7fffffffe690', size: 8, name: 'buffer', type: 'char [8]', value: '"\x1b[2Jabc"' },
        { kind: 'local', address: '0x7fffffffe68c', size: 4, name: 'i', type: 'int', value: '3', outOfScope: true },
        { kind: 'gap', address: '0x7fffffffe680', size: 12, name: 'padding', value: '00 00 00 00 00 00 00 00 00 00 00 00' },
        { kind: 'local', address: '0x7fffffffe67c', size: 4, name: 'low', type: 'int', value: '1', redZone: true },
      ],
      elsewhere: [{ name: 'n', type: 'int', where: 'rbx', value: '7' }],
      problems: ['The canary is overwritten.'],
    };
    expect(toText(result, { style: plain, sources: new Sources() }).split('\n')).toEqual([
      'Frame 0: fill at b.c:31',
      '                         +-------------------------------------------------------------------+',
      '0x7fffffffe6a8 rbp+0x8   | return address            0x40135c <main+149>                   8 |',
      '0x7fffffffe6a0 rbp+0x0   | saved rbp                 0x7fffffffe6f0                        8 | <-- rbp',
      '                         +-------------------------------------------------------------------+',
      '0x7fffffffe698 rbp-0x8   | canary                    0x0043434300000000                    8 | (overwritten: it was 0x1)',
      '                         +-------------------------------------------------------------------+',
      '0x7fffffffe690 rbp-0x10  | buffer          char [8]  "\\033[2Jabc"                          8 |',
      '0x7fffffffe68c rbp-0x14  | i               int       3                                     4 | (not in scope here)',
      '0x7fffffffe680 rbp-0x20  | padding                   00 00 00 00 00 00 00 00 00 00 00 00  12 | <-- rsp',
      '                         +-------------------------------------------------------------------+',
      '0x7fffffffe67c rbp-0x24  | low             int       1                                     4 |',
      '                         +-------------------------------------------------------------------+',
      'Not in this memory:',
      '  n: rbx = 7',
      'The canary is overwritten.',
      '',
    ]);
  });
});

describe('characters to draw with', () => {
  it('are boxes on a terminal that can show them', () => {
    expect(canShowBoxes(true, {})).toBe(true);
    expect(canShowBoxes(true, { LANG: 'de_DE.UTF-8', NO_COLOR: '1' })).toBe(true);
    expect(canShowBoxes(true, { LC_ALL: 'C', LANG: 'de_DE.UTF-8' })).toBe(false);
    expect(canShowBoxes(true, { TERM: 'dumb' })).toBe(false);
    expect(canShowBoxes(false, { LANG: 'C.UTF-8' })).toBe(false);
  });

  it('have a width', () => {
    expect(widthOf('abc')).toBe(3);
    expect(widthOf('日本')).toBe(4);
    expect(widthOf('e\u0301')).toBe(1);
    expect(shortened('日本語', 5, '..')).toBe('日..');
    expect(shortened('abc', 3, '...')).toBe('abc');
  });
});

import { describe, expect, it } from 'vitest';
import { integer, numberList, splitCommas, Words } from '../../src/commands/arguments.js';
import { Blocks } from '../../src/commands/blocks.js';
import { parseBreakText } from '../../src/commands/breakpoint-text.js';

describe('numbers', () => {
  it('are read in C notation', () => {
    expect(['12', '0x1f', '010', '-3', '+4', '0'].map(integer)).toEqual([12, 31, 8, -3, 4, 0]);
    expect(['', 'x', '1.5', '0x', '12a'].map(integer)).toEqual([undefined, undefined, undefined, undefined, undefined]);
  });

  it('make lists with ranges', () => {
    expect(numberList('1 3-5,7', 'breakpoint')).toEqual([1, 3, 4, 5, 7]);
    expect(() => numberList('1 x', 'breakpoint')).toThrow('"x" is no breakpoint number.');
    expect(() => numberList('5-3', 'breakpoint')).toThrow('backwards');
    expect(() => numberList('1-999999999', 'breakpoint')).toThrow('too long');
  });
});

describe('words', () => {
  it('are taken one by one, abbreviated or not', () => {
    const words = new Words('  -full 3 rest of it ');
    expect(words.take('-full', 2)).toBe(true);
    expect(words.next()).toBe('3');
    expect(words.take('all')).toBe(false);
    expect(words.rest).toBe('rest of it');
  });

  it('are split at commas outside of quotes and brackets', () => {
    expect(splitCommas('f(1, 2), "a,b", \',\', {1, 2}')).toEqual(['f(1, 2)', '"a,b"', "','", '{1, 2}']);
  });
});

describe('what stands behind break', () => {
  it.each([
    ['main', { location: 'main' }],
    ['', { location: '' }],
    ['a.c:5 if x == 3', { location: 'a.c:5', condition: 'x == 3' }],
    ['if x', { location: '', condition: 'x' }],
    ['f thread 2', { location: 'f', thread: 2 }],
    ['f thread 2 if x > 1', { location: 'f', thread: 2, condition: 'x > 1' }],
    ['f if x > 1 thread 2', { location: 'f', thread: 2, condition: 'x > 1' }],
    ['f if strcmp(s, " if ") == 0', { location: 'f', condition: 'strcmp(s, " if ") == 0' }],
    ['ifoo', { location: 'ifoo' }],
    ['a.c:if_ready', { location: 'a.c:if_ready' }],
    ['f if(x)', { location: 'f', condition: '(x)' }],
    ["'odd if name.c':3", { location: "'odd if name.c':3" }],
  ])('%s', (text, expected) => expect(parseBreakText(text)).toEqual({ condition: undefined, thread: undefined, ...expected }));

  it('is refused when something is missing', () => {
    expect(() => parseBreakText('f if')).toThrow('A condition is missing');
    expect(() => parseBreakText('f thread x')).toThrow('number of a thread');
  });
});

describe('blocks', () => {
  const opens = (line: string): 'commands' | undefined => (/^\s*(if|while|commands|define)\b/.test(line) ? 'commands' : undefined);

  it('end with the end that matches', async () => {
    const blocks = new Blocks(opens);
    let body: readonly string[] | undefined;
    blocks.collect((lines) => void (body = lines));
    for (const line of ['print 1', 'if x', '  print 2', 'end', 'print 3']) await blocks.feed(line);
    expect(blocks.open).toBe(true);
    await blocks.feed('  end  ');
    expect(blocks.open).toBe(false);
    expect(body).toEqual(['print 1', 'if x', '  print 2', 'end', 'print 3']);
  });

  it('of text contain no commands', async () => {
    const blocks = new Blocks(opens);
    let body: readonly string[] | undefined;
    blocks.collect((lines) => void (body = lines), 'text');
    for (const line of ['if you like', 'end']) await blocks.feed(line);
    expect(body).toEqual(['if you like']);
  });

  it('are split into commands with their bodies', () => {
    expect(Blocks.split(['a', 'if x', 'b', 'end', 'c'], opens)).toEqual([['a'], ['if x', 'b', 'end'], ['c']]);
  });
});

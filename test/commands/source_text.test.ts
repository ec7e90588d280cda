/** The lines of a source file, by their numbers. */
import { describe, expect, it } from 'vitest';
import { SourceText } from '../../src/commands/source_text.js';

const textOf = (text: string): SourceText => new SourceText(Buffer.from(text, 'utf8'));

describe('the text of a source file', () => {
  it.each<[string, readonly string[]]>([
    ['', []],
    ['\n', ['']],
    ['a', ['a']],
    ['a\n', ['a']],
    ['a\n\n', ['a', '']],
    ['a\r\nb\r\n', ['a', 'b']],
    ['a\rb\r\n\r\nc\r', ['a\rb', '', 'c\r']],
    ['ä\n→ b\n', ['ä', '→ b']],
  ])('%j has its lines, whatever ends them', (text, lines) => {
    const source = textOf(text);
    expect(source.length).toBe(lines.length);
    expect(source.lines()).toEqual(lines);
    expect(lines.map((_, index) => source.line(index + 1))).toEqual(lines);
  });

  it('has no lines before the first and behind the last', () => {
    const source = textOf('a\nb\nc');
    expect([source.line(0), source.line(4)]).toEqual([undefined, undefined]);
    expect(source.lines(2, 9)).toEqual(['b', 'c']);
    expect(source.lines(0, 1)).toEqual(['a']);
    expect(source.lines(4, 9)).toEqual([]);
  });
});

/** The lines of a source file, by their numbers. */
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { SourceText } from '../../src/commands/source_text.js';

const folder = mkdtempSync(join(tmpdir(), 'deet-source-'));
const path = join(folder, 'source.c');

afterAll(() => {
  rmSync(folder, { recursive: true });
});

const textOf = (text: string): SourceText => {
  writeFileSync(path, text);
  return new SourceText(path);
};

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

  it('has long lines, and more of them than one read brings', () => {
    const lines = Array.from({ length: 30_000 }, (_, index) => `${index} ${'ä'.repeat(index % 7)}`);
    lines[20_000] = 'x'.repeat(200_000);
    const source = textOf(lines.join('\n'));
    expect(source.lines()).toEqual(lines);
    expect(source.lines(19_999, 20_002)).toEqual(lines.slice(19_998, 20_002));
  });

  it('is gone through no further than is asked', () => {
    const source = textOf('line\n'.repeat(100_000));
    truncateSync(path, 2 ** 37); // sparse: going through it takes a minute
    expect(source.lastUpTo(7)).toBe(7);
    expect(source.lines(50_000, 50_001)).toEqual(['line', 'line']);
    expect(source.line(99_999)).toBe('line');
  });

  it('is that of now when somebody has changed the file, and none when it has gone', () => {
    const source = textOf('one\ntwo\nthree\n');
    expect(source.line(3)).toBe('three');
    writeFileSync(path, 'a line before\none\ntwo\nthree\n');
    expect(source.lines(3, 9)).toEqual(['two', 'three']);
    rmSync(path);
    expect(source.lines()).toEqual([]);
    expect(source.line(1)).toBeUndefined();
  });
});

/** C source in colours: highlight.js once for a whole file, then cut into lines. Loaded for the first coloured line, not before (55 ms). */
import type { HLJSApi } from 'highlight.js';
import type { SourceText } from '../commands/source_text.js';

/** Class of highlight.js -> SGR code (ECMA-48, 8.3.117). */
const colours: Readonly<Record<string, string>> = {
  keyword: '35',
  type: '36',
  built_in: '36',
  string: '32',
  number: '33',
  comment: '90',
  meta: '34',
  literal: '33',
  title: '33',
};

/** Files beyond this are shown without colours: highlighting them would be felt. */
const largest = 500_000;

let engine: HLJSApi | undefined;
const files = new WeakMap<SourceText, readonly string[]>();

export const loadHighlighter = async (): Promise<void> => {
  if (engine) return;
  const [{ default: core }, { default: c }] = await Promise.all([import('highlight.js/lib/core'), import('highlight.js/lib/languages/c')]);
  core.registerLanguage('c', c);
  engine = core;
};

/** The lines of a file with colours; undefined when the highlighter is not loaded, or the file too large. `clean` makes them safe for a terminal. */
export const highlighted = (source: SourceText, clean: (line: string) => string): readonly string[] | undefined => {
  if (!engine || source.size > largest) return undefined;
  let lines = files.get(source);
  if (!lines) {
    const text = source.lines().map(clean).join('\n');
    lines = toTerminal(engine.highlight(text, { language: 'c', ignoreIllegals: true }).value);
    files.set(source, lines);
  }
  return lines;
};

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', '#x27': "'" };

/** highlight.js yields HTML: spans that nest and may go over several lines. Each line must stand alone. */
const toTerminal = (html: string): string[] => {
  const open: string[] = [];
  const lines: string[] = [];
  let line = '';
  const codeOf = (): string => open.findLast((each) => each !== '') ?? '';
  const start = (): string => (codeOf() === '' ? '' : `\x1b[${codeOf()}m`);
  const stop = (): string => (codeOf() === '' ? '' : '\x1b[0m');
  for (const [token] of html.matchAll(/<span class="[^"]*">|<\/span>|\n|&[#\w]+;|[^<&\n]+|[<&]/g)) {
    if (token === '\n') {
      lines.push(line + stop());
      line = start();
    } else if (token.startsWith('<span')) {
      line += stop();
      open.push(colours[/hljs-([\w]+)/.exec(token)?.[1] ?? ''] ?? codeOf());
      line += start();
    } else if (token === '</span>') {
      line += stop();
      open.pop();
      line += start();
    } else if (token.startsWith('&')) line += entities[token.slice(1, -1)] ?? token;
    else line += token;
  }
  lines.push(line + stop());
  return lines;
};

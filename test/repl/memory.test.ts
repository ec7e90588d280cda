/** Commands that search, save and restore memory, and what remembers values. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compileText } from '../helpers/build.js';
import { leakGuard } from '../helpers/leaks.js';
import { commands, run } from './cli.js';

leakGuard();

const program = compileText(
  'searched.c',
  `unsigned char bytes[16] = {1, 2, 3, 4, 1, 2, 3, 4, 0xde, 0xad, 1, 2};
int words[4] = {7, 8, 9, 7};
int main(void) { return words[0]; }
`,
);

let folder: string;
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), 'deet-memory-'))));
afterAll(() => rmSync(folder, { recursive: true }));

/** What is shown once the program stands in main, and the errors. */
const inMain = async (...typed: string[]): Promise<{ shown: string[]; stderr: string }> => {
  const { stdout, stderr } = await run(['--batch', ...commands('break main', 'run', 'echo @@\\n', ...typed, 'echo @@\\n'), program], {
    cwd: folder,
  });
  return { shown: stdout.split('@@\n')[1]?.trimEnd().split('\n') ?? [], stderr };
};

const names = (lines: readonly string[]): string[] => lines.map((line) => line.replace(/0x[0-9a-f]+ /, ''));

describe('find', () => {
  it('shows every place, counts them and remembers the last', async () => {
    const { shown } = await inMain('find &bytes, +sizeof(bytes), (char)1, (char)2', 'print $numfound', 'print $_ == &bytes[10]');
    expect(names(shown)).toEqual(['<bytes>', '<bytes+4>', '<bytes+10>', '3 patterns found.', '$1 = 3', '$2 = 1']);
  });

  it('takes a size and a limit, and says when there is nothing', async () => {
    const { shown } = await inMain('find /w &words[0], &words[3] + 1, 7', 'find /1 &words, +16, 7', 'find &words, +16, 77');
    expect(names(shown)).toEqual(['<words>', '<words+12>', '2 patterns found.', '<words>', '1 pattern found.', 'Pattern not found.']);
  });
});

describe('dump, append and restore', () => {
  it('write memory and values as they are, and read them back', async () => {
    const file = 'words.bin';
    const { shown, stderr } = await inMain(
      `dump binary memory ${file} &words[0] &words[2]`,
      `append binary value ${file} words[2]`,
      'set var words[0] = 0',
      'set var words[2] = 0',
      `restore ${file} binary &words[0]`,
      'print words',
    );
    expect(stderr).not.toMatch(/error/i);
    expect(shown.at(-1)).toBe('$1 = {7, 8, 9, 7}');
    expect([...new Int32Array(Uint8Array.from(readFileSync(join(folder, file))).buffer)]).toEqual([7, 8, 9]);
  });

  it('say what is wrong with a file', async () => {
    const { stderr } = await inMain('restore missing binary &words[0]');
    expect(stderr).toMatch(/missing/);
  });
});

describe('what is remembered', () => {
  it('is listed by show values, and used by eval', async () => {
    const { shown } = await inMain('print 5', 'print words[1]', 'show values', 'set $n = 3', 'eval "print %d + $2", $n');
    expect(shown).toEqual(['$1 = 5', '$2 = 8', '$1 = 5', '$2 = 8', '$3 = 11']);
  });
});

describe('info address', () => {
  it('says where a symbol lives', async () => {
    const { shown } = await inMain('info address main', 'info address words');
    expect(shown[0]).toMatch(/^Symbol "main" is a function at address 0x[0-9a-f]+\.$/);
    expect(shown[1]).toMatch(/^Symbol "words" is static storage at address 0x[0-9a-f]+\.$/);
  });
});

it('info address says that a variable is thread-local, running or not', async () => {
  const threads = compileText(
    'threadlocal.c',
    '__thread int first = 1;\n__thread int second;\nint main(void) { return first + second; }\n',
  );
  const { stdout } = await run([
    ...commands('info address second', 'break main', 'run', 'info address second', 'info scope main'),
    threads,
  ]);
  const [before, ...others] = stdout.split('\n').filter((line) => line.includes('"second"'));
  expect(before).toBe(`Symbol "second" is a thread-local variable at offset 0x4 in the thread-local storage for \`${threads}'.`);
  expect(others).toEqual([before]);
});

describe('an error in an expression', () => {
  it('has a caret under the place', async () => {
    const { stderr } = await inMain('print words[0] + nowhere * 2');
    expect(stderr).toBe('No symbol "nowhere" in current context.\n  words[0] + nowhere * 2\n             ^\n');
  });
});

describe('where memory ends', () => {
  const edge = compileText(
    'memory_edge.c',
    `#include <string.h>
#include <sys/mman.h>
char *code, *text;
int main(void) {
  char *page = mmap(0, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  munmap(page + 4096, 4096);
  code = page + 4096 - 4;
  memcpy(code, "\\x90\\x90\\x90\\xe8", 4);
  text = page + 64;
  memcpy(text, "one\\0two\\0three", 14);
  return 0;
}
`,
  );
  const there = (...typed: string[]): ReturnType<typeof run> =>
    run([...commands('tbreak 11', 'run', 'echo @@\\n', ...typed, 'echo @@\\n'), edge]);
  const shown = (stdout: string): string[] => (stdout.split('@@\n')[1] ?? '').trimEnd().split('\n');
  const columns = (lines: readonly string[]): string[] => lines.map((line) => line.replace(/^ *0x[0-9a-f]+(?: <[^>]+>)?:\t/, ''));

  it.each([
    ['x/20i code', ['nop', 'nop', 'nop', '.byte 0xe8']],
    ['x/8xb code', ['0x90\t0x90\t0x90\t0xe8']],
    ['x/3xh code', ['0x9090\t0xe890']],
  ])('%s shows what can be read, then fails', async (command, expected) => {
    const { stdout, stderr, status } = await there(command);
    expect(columns(shown(stdout))).toEqual(expected);
    expect(stderr).toMatch(/^Cannot access memory at address 0x[0-9a-f]+000\n$/);
    expect(status).toBe(1);
  });

  it.each(['disassemble code,code+40', 'disassemble code,+40'])(
    '%s does, too, and does not say that the dump is complete',
    async (command) => {
      const { stdout, stderr } = await there(command);
      expect(columns(shown(stdout)).slice(1)).toEqual(['nop', 'nop', 'nop', '.byte 0xe8']);
      expect(stderr).toMatch(/^Cannot access memory at address 0x[0-9a-f]+000\n$/);
      expect(shown((await there('disassemble code,+3')).stdout).at(-1)).toBe('End of assembler dump.');
    },
  );

  it('is told in JSON, as a field and as an error', async () => {
    const { stdout } = await run(['--json', ...commands('tbreak 11', 'run', 'disassemble code,+40'), edge]);
    const objects = stdout
      .trimEnd()
      .split('\n')
      .map((text) => JSON.parse(text) as Record<string, unknown>);
    expect(objects.find(({ type }) => type === 'disassembly')).toMatchObject({ unreadable: expect.stringMatching(/000$/) as string });
    expect(objects.find(({ type }) => type === 'error')).toMatchObject({ code: 'memory', command: 'disassemble code,+40' });
  });

  it('shows instructions and strings before an address, and goes on backwards', async () => {
    const { stdout, stderr } = await there('x/-2s text + 8', 'x/3i &main', 'x/-2i $_', 'x/-1i &main');
    const lines = shown(stdout);
    expect(columns(lines).slice(0, 2)).toEqual(['"one"', '"two"']);
    expect(lines.slice(5)).toEqual(lines.slice(2, 4));
    expect(stderr).toMatch(/^No line number information available for address 0x/);
  });
});

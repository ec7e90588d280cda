/** A real editor: Emacs with dap-mode (Debian: emacs-nox, elpa-dap-mode), set up as the README says, driven by editors/emacs.el; and what it shows. */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { leakGuard } from '../helpers/leaks.js';
import { deet, root } from '../repl/cli.js';

leakGuard();

const readmeBlock = (language: string): string => {
  const found = new RegExp(`\`\`\`${language}\n([^]*?)\n\`\`\``).exec(readFileSync(join(root, 'README.md'), 'utf8'))?.[1];
  if (found === undefined) throw new Error(`the README has no ${language}`);
  return found;
};

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

it('Emacs sets a breakpoint, steps, shows variables and output, and ends', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'deet-emacs-'));
  try {
    mkdirSync(join(folder, 'bin'));
    writeFileSync(join(folder, 'bin/deet'), `#!/bin/sh\nexec ${quoted(process.execPath)} ${quoted(deet())} "$@"\n`, { mode: 0o755 });
    writeFileSync(join(folder, 'setup.el'), readmeBlock('elisp'));
    const emacs = spawn('emacs', ['-q', '--batch', '-l', join(import.meta.dirname, 'editors/emacs.el')], {
      env: {
        ...process.env,
        HOME: folder,
        PATH: `${join(folder, 'bin')}:${process.env['PATH'] ?? ''}`,
        FOLDER: folder,
        SETUP: join(folder, 'setup.el'),
        SOURCE: join(root, 'samples/function_calls.c'),
      },
    });
    let [shown, complaints] = ['', ''];
    emacs.stdout.setEncoding('utf8').on('data', (text: string) => (shown += text));
    emacs.stderr.setEncoding('utf8').on('data', (text: string) => (complaints += text));
    const status = await new Promise((resolve) => emacs.on('close', resolve));
    expect(shown.split('\n'), complaints).toEqual([
      'breakpoint: function_calls.c:11 int sum = func3(a) + func3(b);',
      'a + b is 6',
      'locals: b: 4',
      'next: function_calls.c:12 return sum;',
      'sum is 8',
      'locals: sum: 8',
      'step out: function_calls.c:17 int result = func2(a, a * 2);',
      'output: func1 got 2|func2 got 2 and 4|func3 got 2|func3 got 4|main has 80|',
      'running: nil',
      '',
    ]);
    expect(status).toBe(0);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

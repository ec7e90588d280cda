import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readStat } from '../../src/linux/proc.js';
import { compileText, sample } from '../helpers/build.js';
import { leakGuard } from '../helpers/leaks.js';
import { until } from '../helpers/until.js';
import { asleep } from '../insight/native.js';
import { deet } from './cli.js';
import { Terminal } from './terminal.js';

leakGuard();
deet();

const calls = sample('function_calls');
const waiting = compileText(
  'waiting.c',
  '#include <stdio.h>\n#include <unistd.h>\nint main(void) { puts("ready"); fflush(stdout); for (;;) pause(); }\n',
);
const asking = compileText(
  'asking.c',
  '#include <stdio.h>\nint main(void) { char name[99]; printf("Name? "); fflush(stdout); if (fgets(name, 99, stdin)) printf("Hello %s", name); }\n',
);
/** As a shell does: the child is a job of its own, in the foreground. */
const job = compileText(
  'job.c',
  `#include <stdio.h>
#include <signal.h>
#include <unistd.h>
#include <sys/wait.h>
int main(void) {
  if (fork() == 0) {
    signal(SIGTTOU, SIG_IGN);
    setpgid(0, 0);
    tcsetpgrp(0, getpid());
    char name[99];
    printf("Name? ");
    fflush(stdout);
    if (fgets(name, 99, stdin)) printf("Hello %s", name);
    return 0;
  }
  wait(0);
}
`,
);

let home: string;
beforeAll(() => void (home = mkdtempSync(join(tmpdir(), 'deet-home-'))));
afterAll(() => rmSync(home, { recursive: true }));

/** At its first prompt. */
const open = async (...words: string[]): Promise<Terminal> => {
  const terminal = new Terminal(words, { HOME: home });
  await terminal.shows(/\(deet\)$/);
  return terminal;
};

const quit = async (terminal: Terminal): Promise<number> => {
  terminal.type('quit\r');
  return (await terminal.exited).exitCode;
};

describe('the prompt', () => {
  it('runs commands, in colours, and repeats steps for a blank line', async () => {
    const terminal = await open(calls);
    expect(await terminal.command('break func1')).toMatch(/Set breakpoint 0 at 0x[0-9a-f]+\n/);
    expect(await terminal.command('run')).toContain('Child stopped (signal SIGTRAP)\nStopped at ');
    expect(await terminal.command('next')).toContain('-> 17');
    expect(await terminal.command('')).toContain('-> 18');
    await terminal.command('print 1');
    expect(await terminal.command('')).not.toContain('$');
    expect(terminal.raw).toContain('\x1b[36mint\x1b[0m');
    expect(await quit(terminal)).toBe(0);
    expect(terminal.screen()).toMatch(/Killing running inferior \(pid \d+\)$/);
  });

  it('completes commands, functions, variables and fields with Tab', async () => {
    const terminal = await open(calls);
    const tab = async (text: string, expected: RegExp): Promise<void> => {
      terminal.type(text);
      await terminal.shows(new RegExp(`${text.replace(/[$.*]/g, '\\$&')}$`));
      terminal.type('\t');
      await terminal.shows(expected);
      terminal.type('\x15'); // Ctrl-U
      await terminal.shows(/\(deet\)$/);
    };
    await tab('backtr', /\(deet\) backtrace$/);
    await tab('info reg', /\(deet\) info registers$/);
    await tab('break mai', /\(deet\) break main$/);
    await tab('break function_c', /\(deet\) break function_calls\.c$/);
    await tab('handle SIGSEG', /\(deet\) handle SIGSEGV$/);
    await tab('set backtrace st', /\(deet\) set backtrace style$/);
    await terminal.command('break func2');
    await terminal.command('run');
    await tab('print su', /\(deet\) print sum$/);
    await tab('print $ri', /\(deet\) print \$rip$/);
    await quit(terminal);
  });

  it('says how to leave at Ctrl-C, and leaves at Ctrl-D', async () => {
    const terminal = await open(calls);
    terminal.type('print 12');
    await terminal.shows(/print 12$/);
    terminal.type('\x03');
    await terminal.shows(/Type "quit" to exit\n\(deet\)$/);
    expect(await terminal.command('print 3')).toBe('$1 = 3');
    terminal.type('\x04');
    expect((await terminal.exited).exitCode).toBe(0);
  });

  it('stops at Ctrl-Z with all of its job, and comes back', async () => {
    const terminal = new Terminal(['--norc', '--noprofile', '-i'], { HOME: home, PS1: '$ ' }, undefined, ['bash']);
    await terminal.shows(/\$$/);
    // As npx: a process in between, which waits.
    terminal.type(`sh -c "'${process.execPath}' '${deet()}' -nx '${calls}'; :"\r`);
    await terminal.shows(/\(deet\)$/);
    terminal.type('print 12');
    await terminal.shows(/print 12$/);
    terminal.type('\x1a');
    await terminal.shows(/Stopped [^]*\n\$$/);
    terminal.type('fg\r');
    await terminal.shows(/\(deet\) print 12$/);
    expect(await terminal.command('3')).toMatch(/= 123$/);
    terminal.type('quit\r');
    await terminal.shows(/quit\s+\$$/);
    terminal.type('exit\r');
    expect((await terminal.exited).exitCode).toBe(0);
  });

  it('gives the terminal to the program while it runs', async () => {
    const terminal = await open(asking);
    terminal.type('run\r');
    await terminal.shows(/Name\? $|Name\?$/);
    terminal.type('World\r');
    await terminal.shows(/Hello World\nChild exited \(status 0\)\n\(deet\)$/);
    await quit(terminal);
  });

  it('does not take a program for one in the background because deet has the terminal while it is stopped', async () => {
    const reader = compileText(
      'reader.c',
      '#include <stdio.h>\n#include <unistd.h>\nint main(void) { char c[9]; printf("pid %d\\n", getpid()); fflush(stdout); fgets(c, 9, stdin); }\n',
    );
    const terminal = await open(reader);
    terminal.type('run\r');
    await terminal.shows(/pid \d+$/);
    await asleep(() => [Number(/pid (\d+)$/.exec(terminal.screen())?.[1])], 1);
    terminal.type('\x03');
    await terminal.shows(/Child stopped \(signal SIGINT\)\nStopped at [^]*\n\(deet\)$/);
    expect(await terminal.command('why')).toMatch(/reads the terminal \/dev\/pts\/\d+ \(fd 0\): waits for input$/m);
    await quit(terminal);
  });

  it('lets Ctrl-C reach the program', async () => {
    const terminal = await open(waiting);
    terminal.type('run\r');
    await terminal.shows(/ready$/);
    terminal.type('\x03');
    await terminal.shows(/Child stopped \(signal SIGINT\)\nStopped at [^]*\n\(deet\)$/);
    expect(await terminal.command('backtrace')).toMatch(/main/);
    // As fast as keys can be: the program may not run yet, and the editor has it still.
    terminal.type('continue\r\x03');
    await terminal.shows(/Child stopped[^]*Child stopped \(signal SIGINT\)[^]*\n\(deet\)$/);
    await quit(terminal);
  });

  it('hears Ctrl-C itself when the program has left the terminal to become a daemon', async () => {
    const daemon = compileText(
      'daemon.c',
      '#include <unistd.h>\nint main(void) { if (fork() > 0) return 0; setsid(); if (fork() > 0) return 0; for (;;) pause(); }\n',
    );
    const terminal = await open(daemon);
    terminal.type('run\r');
    await terminal.shows(/made process[^]*made process/);
    await until(() => {
      const stat = readStat(terminal.pid);
      return stat !== undefined && stat.foregroundGroup === stat.group;
    });
    terminal.type('\x03');
    await terminal.shows(/Child stopped \(signal SIGINT\)\nStopped at [^]*\n\(deet\)$/);
    expect(await terminal.command('info tree')).toMatch(/stopped in pause; /);
    await quit(terminal);
  });

  it('gives the terminal back to the job that had it', async () => {
    const terminal = await open(job);
    await terminal.command('break 12');
    expect(await terminal.command('run')).toContain('Breakpoint 0, main');
    terminal.type('continue\r');
    await terminal.shows(/Name\?$/);
    terminal.type('World\r');
    await terminal.shows(/Hello World\n[^]*Child exited \(status 0\)\n\(deet\)$/);
    await quit(terminal);
  });

  it('asks before it deletes everything', async () => {
    const terminal = await open(calls);
    await terminal.command('break main');
    terminal.type('delete\r');
    await terminal.shows(/Delete all breakpoints\? \(y or n\)$/);
    terminal.type('n\r');
    await terminal.shows(/\(y or n\) n\n\(deet\)$/);
    expect(await terminal.command('info breakpoints')).toContain('function_calls.c');
    terminal.type('delete\r');
    await terminal.shows(/\(y or n\)$/);
    terminal.type('y\r');
    await terminal.shows(/\(y or n\) y\n\(deet\)$/);
    expect(await terminal.command('info breakpoints')).toBe('No breakpoints or watchpoints.');
    await quit(terminal);
  });

  it('leaves nothing when the terminal is closed', async () => {
    const terminal = await open(waiting);
    terminal.type('run\r');
    await terminal.shows(/ready$/);
    terminal.close();
    await terminal.exited;
  });
});

describe('history', () => {
  it('is kept over sessions, for its owner alone', async () => {
    const path = join(home, '.deet_history');
    const first = await open(calls);
    await first.command('print 111');
    await first.command('print 222');
    const second = await open(calls);
    second.type('\x1b[A');
    await second.shows(/print 222$/);
    second.type('\x1b[A');
    await second.shows(/print 111$/);
    second.type('\r');
    await second.shows(/\$1 = 111\n\(deet\)$/);
    await quit(first);
    await quit(second);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readFileSync(path, 'utf8')).toContain('print 111\nprint 222\nprint 111\nquit\n');
  });

  it('is bounded', async () => {
    const path = join(home, '.deet_history');
    writeFileSync(path, Array.from({ length: 5000 }, (_, index) => `print ${index}\n`).join(''));
    const terminal = await open(calls);
    await quit(terminal);
    const lines = readFileSync(path, 'utf8').trim().split('\n');
    expect(lines).toHaveLength(1001);
    expect(lines.slice(-2)).toEqual(['print 4999', 'quit']);
  });
});

/** Files, pipes and terminals that the child puts on its descriptors before exec, and the working directory. */
import { execFileSync } from 'node:child_process';
import { constants, mkdtempSync, openSync, closeSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { native, type LaunchPlan } from '../../src/native.js';
import { leakGuard } from '../helpers/leaks.js';
import { descriptorsOf } from '../helpers/processes.js';
import { exited, linkOf, planFor, runToEnd, withStopped } from './support.js';

leakGuard();

const folder = mkdtempSync(join(tmpdir(), 'deet-redirect-'));
const file = (name: string): string => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true }));

const { O_RDONLY, O_WRONLY, O_CREAT, O_TRUNC, O_APPEND, O_NONBLOCK } = constants;
const write = O_WRONLY | O_CREAT | O_TRUNC;
const to = (fd: number, name: string, flags = write): LaunchPlan['redirections'][number] => ({ fd, path: file(name), flags, mode: 0o644 });

const shell = (script: string, redirections: LaunchPlan['redirections'], changes: Partial<LaunchPlan> = {}): number =>
  runToEnd(planFor(['bash', '-c', script], { redirections, ...changes }));

describe('redirections', () => {
  it('read, truncate and append', () => {
    writeFileSync(file('in'), 'from a file');
    writeFileSync(file('out'), 'old and longer than what comes');
    writeFileSync(file('log'), 'before ');
    const redirections = [to(0, 'in', O_RDONLY), to(1, 'out'), to(2, 'log', O_WRONLY | O_CREAT | O_APPEND)];
    expect(shell('cat; echo after >&2', redirections)).toBe(exited(0));
    expect(readFileSync(file('out'), 'utf8')).toBe('from a file');
    expect(readFileSync(file('log'), 'utf8')).toBe('before after\n');
  });

  it('copy descriptors in the order given: "> both 2>&1" against "2>&1 > one"', () => {
    shell('echo out; echo error >&2', [to(1, 'both'), { fd: 2, from: 1 }]);
    expect(readFileSync(file('both'), 'utf8')).toBe('out\nerror\n');
    shell('echo out; echo error >&2', [to(1, 'first'), { fd: 2, from: 1 }, to(1, 'one')]);
    expect(readFileSync(file('first'), 'utf8')).toBe('error\n');
    expect(readFileSync(file('one'), 'utf8')).toBe('out\n');
  });

  it("copy a descriptor of deet's own, also onto its own number", () => {
    const own = openSync(file('own'), 'w');
    try {
      shell(`echo one; echo two >&${own}`, [
        { fd: 1, from: own },
        { fd: own, from: own },
      ]);
    } finally {
      closeSync(own);
    }
    expect(readFileSync(file('own'), 'utf8')).toBe('one\ntwo\n');
  });

  it('find the standard descriptors blocking, although Node made them not so', () => {
    execFileSync('mkfifo', [file('shared')]);
    const pipe = openSync(file('shared'), constants.O_RDWR | O_NONBLOCK);
    try {
      withStopped(planFor(['true'], { redirections: [{ fd: 1, from: pipe }] }), (pid) => {
        const flags = /^flags:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/fdinfo/1`, 'utf8'))?.[1] ?? '';
        expect(Number.parseInt(flags, 8) & O_NONBLOCK).toBe(0);
      });
    } finally {
      closeSync(pipe);
    }
  });

  it('reach any descriptor, whatever deet uses it for, and only those named', () => {
    const redirections = Array.from({ length: 60 }, (_, index) => to(index + 3, 'many'));
    withStopped(planFor(['true'], { redirections }), (pid) => {
      const descriptors = descriptorsOf(pid);
      expect(descriptors.size).toBe(63);
      for (const { fd } of redirections) expect(descriptors.get(fd)).toBe(file('many'));
    });
    expect(native.launch(planFor(['true'], { redirections, path: '/nowhere' }))).toEqual({ step: 'exec', errno: 2 });
  });

  it('give new files the mode asked for, less the umask', () => {
    shell('true', [{ fd: 1, path: file('secret'), flags: write, mode: 0o600 }]);
    expect(execFileSync('stat', ['-c', '%a', file('secret')], { encoding: 'utf8' })).toBe('600\n');
  });
});

describe('a named pipe', () => {
  beforeAll(() => {
    execFileSync('mkfifo', [file('fifo')]);
  });
  const flagsOf = (pid: number, fd: number): number =>
    parseInt(/flags:\s*(\d+)/.exec(readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'utf8'))?.[1] ?? '', 8);

  it('without a writer does not keep deet waiting, and blocks the program as usual afterwards', () => {
    withStopped(planFor(['cat'], { redirections: [to(0, 'fifo', O_RDONLY)] }), (pid) => {
      expect(linkOf(pid, 0)).toBe(file('fifo'));
      expect(flagsOf(pid, 0) & O_NONBLOCK).toBe(0);
    });
  });

  it('without a reader is refused', () => {
    const ENXIO = 6;
    expect(native.launch(planFor(['true'], { redirections: [to(1, 'fifo', O_WRONLY)] }))).toEqual({
      step: 'redirect',
      errno: ENXIO,
      index: 0,
    });
  });

  it('carries what is in it', () => {
    const both = openSync(file('fifo'), constants.O_RDWR);
    writeFileSync(both, 'a line\n');
    try {
      expect(shell('read line; echo "got $line"', [to(0, 'fifo', O_RDONLY), to(1, 'got')])).toBe(exited(0));
    } finally {
      closeSync(both);
    }
    expect(readFileSync(file('got'), 'utf8')).toBe('got a line\n');
  });
});

describe('the working directory', () => {
  it('is where the program starts; redirections are opened before', () => {
    shell('pwd', [to(1, 'where')], { cwd: '/usr/lib' });
    expect(readFileSync(file('where'), 'utf8')).toBe('/usr/lib\n');
  });
});

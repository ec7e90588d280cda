/** `catch syscall`, held against strace. */
import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import type { Outcome } from '../../src/session/types.js';
import { syscallsInGroup } from '../../src/linux/syscall_groups.js';
import { syscallNumber } from '../../src/linux/syscalls.js';
import { compileText, fixture } from '../helpers/build.js';
import { leakGuard } from '../helpers/leaks.js';
import { driven, endOf, stopOf } from './drive.js';

leakGuard();

/** Calls whose arguments deet writes as strace does, to the last letter. */
const chosen = [
  'openat',
  'close',
  'pipe2',
  'write',
  'read',
  'socketpair',
  'fcntl',
  'dup2',
  'kill',
  'wait4',
  'lseek',
  'access',
  'unlink',
  'mkdir',
  'rmdir',
  'nanosleep',
];

/** Buffers lie where they lie, processes have the number that they have; what wait4 calls WUNTRACED strace calls by its name for waitid. */
const stable = (line: string): string =>
  line
    .replace(/0x[0-9a-f]{6,}/g, 'ADDRESS')
    .replace('WSTOPPED', 'WUNTRACED')
    .replace(/\b(kill|wait4)\((\d+)/g, '$1(PID')
    .replace(/^(wait4\(.*\) = )\d+$/, '$1PID');

const stracedBy = (program: string): string[] =>
  execFileSync('/bin/sh', ['-c', `strace -e trace=${chosen.join(',')} -e signal=none "${program}" 2>&1 >/dev/null </dev/null`], {
    encoding: 'utf8',
  })
    .split('\n')
    .filter((line) => line.includes(' = '))
    .map((line) => stable(line.replace(/\)\s+= /, ') = ')));

const caughtIn = (program: string): Promise<string[]> =>
  driven(program, async (session) => {
    session.redirections = [
      { fd: 0, path: '/dev/null', access: 'read' },
      { fd: 1, path: '/dev/null', access: 'truncate' },
    ];
    session.settings.set('follow-fork-mode', 'parent');
    session.catchpoints.create(`syscall ${chosen.join(' ')}`);
    const texts: string[] = [];
    let entry = '';
    let outcome: Outcome = await session.run();
    while (outcome.kind === 'stopped') {
      const { syscall } = outcome.stop;
      if (syscall?.phase === 'entry') entry = syscall.name;
      else if (syscall) {
        expect(syscall.name).toBe(entry);
        texts.push(stable(syscall.text));
      }
      outcome = await session.continue();
    }
    return texts;
  });

const many = `
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
int main(void) {
  int ends[2];
  char text[64];
  signal(SIGUSR1, SIG_IGN);
  socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends);
  write(ends[0], "a\\tb\\"c\\\\\\0d\\377" "9", 10);
  read(ends[1], text, sizeof text);
  write(ends[0], "0123456789012345678901234567890123456789", 40);
  fcntl(ends[0], F_GETFD);
  fcntl(ends[0], F_SETFL, O_NONBLOCK);
  read(ends[0], text, 5);
  dup2(ends[0], 77);
  lseek(ends[0], -5, SEEK_SET);
  access("/", R_OK | X_OK);
  syscall(SYS_unlink, "/no/such");
  syscall(SYS_mkdir, "/no/such/folder", 0750);
  syscall(SYS_rmdir, "/no/such");
  close(openat(AT_FDCWD, "/dev/null", O_RDWR | O_CREAT | O_APPEND, 0644));
  kill(getpid(), SIGUSR1);
  kill(getpid(), 0);
  struct timespec moment = {0, 1000};
  syscall(SYS_nanosleep, &moment, NULL);
  if (fork() == 0) _exit(3);
  wait4(-1, NULL, 0, NULL);
  pid_t child = fork();
  if (child == 0) raise(SIGKILL);
  int status;
  wait4(child, &status, WUNTRACED, NULL);
  wait4(-1, &status, WNOHANG, NULL);
  return 0;
}
`;

describe('catch syscall', () => {
  it('writes calls and results as strace does', async () => {
    for (const program of [fixture('system_calls'), compileText('many_calls.c', many, ['-w'])]) {
      const wanted = stracedBy(program);
      expect(wanted.length).toBeGreaterThan(5);
      expect(await caughtIn(program)).toEqual(wanted);
    }
  });

  it('takes numbers and groups, and counts entries and returns', () =>
    driven(fixture('system_calls'), async (session) => {
      const { id } = session.catchpoints.create(`syscall ${syscallNumber('pipe2') ?? 0}`);
      const entry = stopOf(await session.run()).syscall;
      expect(entry).toMatchObject({ name: 'pipe2', phase: 'entry' });
      expect(stopOf(await session.continue()).syscall).toMatchObject({ phase: 'exit', result: 0n });
      expect(session.breakpoints.get(id).hits).toBe(2);
      expect(endOf(await session.continue())).toBe('exited 0');
      expect(() => session.catchpoints.create('syscall group:nonsense')).toThrow("Unknown syscall group 'nonsense'.");
      expect(() => session.catchpoints.create('syscall opne')).toThrow("Unknown syscall name 'opne'.");
    }));

  it('knows the groups of strace', () => {
    const names = (group: string): (number | undefined)[] => syscallsInGroup(group) ?? [];
    for (const name of ['open', 'openat', 'stat', 'execve', 'unlink']) expect(names('file')).toContain(syscallNumber(name));
    for (const name of ['read', 'close', 'dup', 'epoll_wait']) expect(names('desc')).toContain(syscallNumber(name));
    for (const name of ['socket', 'accept4']) expect(names('network')).toContain(syscallNumber(name));
    expect(names('process')).not.toContain(syscallNumber('read'));
    for (const group of ['file', 'descriptor', 'network', 'process', 'signal', 'ipc', 'memory'])
      expect(names(group).length).toBeGreaterThan(5);
  });

  it('tells what execve was given although its memory is gone', () =>
    driven(fixture('exec_thread'), async (session) => {
      session.catchpoints.create('syscall execve');
      let outcome = await session.run();
      const texts: string[] = [];
      while (outcome.kind === 'stopped') {
        texts.push(outcome.stop.syscall?.text ?? '');

        outcome = await session.continue();
      }
      expect(texts.some((text) => /^execve\("\/.*\) = 0$/.test(text))).toBe(true);
    }));
});

describe('catch throw, catch, rethrow', () => {
  const program = compileText(
    'thrower.cc',
    `#include <stdexcept>
struct mine { int n; };
static void thrower(int n) { if (n == 0) throw std::runtime_error("bad"); if (n == 1) throw mine{5}; throw 7; }
int main() {
  for (int i = 0; i < 3; i++)
    try {
      try { thrower(i); } catch (const std::exception &) { throw; }
    } catch (...) {}
  return 0;
}
`,
  );
  const all = async (...spec: string[]): Promise<string[]> => {
    const seen: string[] = [];
    await driven(program, async (session) => {
      for (const each of spec) session.catchpoints.create(each);
      let outcome = await session.run();
      for (; outcome.kind === 'stopped'; outcome = await session.continue()) {
        const { reason, exception } = outcome.stop;
        seen.push(`${reason} ${exception?.what ?? ''} ${exception?.type ?? '?'}`);
      }
    });
    return seen;
  };

  it('say what is thrown and what is caught', async () => {
    expect(await all('throw')).toEqual(['exception throw std::runtime_error', 'exception throw mine', 'exception throw int']);
    expect(await all('catch', 'rethrow')).toEqual([
      'exception catch std::runtime_error',
      'exception rethrow std::runtime_error',
      'exception catch std::runtime_error',
      'exception catch mine',
      'exception catch int',
    ]);
  });

  it.each([[[]], [['-static']]])('know what a thread throws again, the last that it has caught (%s)', (flags) =>
    driven(
      compileText(
        'throws_again.cc',
        `#include <exception>
#include <stdexcept>
#include <thread>
thread_local std::exception_ptr kept;
static void nested(int k) {
  try { throw k; } catch (int) {
    kept = std::current_exception();
    try { throw std::logic_error("inner"); } catch (...) {
      try { throw; } catch (std::exception &) {}
    }
    try { throw; } catch (int) {}
  }
  try { std::rethrow_exception(kept); } catch (...) { try { throw; } catch (int) {} }
}
int main() { std::thread(nested, 5).join(); nested(6); }
`,
        ['-pthread', ...flags],
      ),
      async (session) => {
        session.catchpoints.create('rethrow');
        const types: (string | undefined)[] = [];
        let outcome = await session.run();
        for (; outcome.kind === 'stopped'; outcome = await session.continue()) types.push(outcome.stop.exception?.type);
        expect(types).toEqual(['std::logic_error', 'int', 'int', 'std::logic_error', 'int', 'int']);
      },
    ),
  );

  it('of some types only, by a regular expression', async () => {
    expect(await all('throw ^(mine|int)$')).toEqual(['exception throw mine', 'exception throw int']);
  });
});

describe('catch load', () => {
  it('says which files have come', () =>
    driven(fixture('dlopen'), async (session) => {
      session.break('main');
      stopOf(await session.run());
      session.catchpoints.create('load shared_lib');
      const stop = stopOf(await session.continue());
      expect(stop.reason).toBe('location');
      expect(stop.images?.added.some((path) => path.includes('shared_lib'))).toBe(true);
    }));
});

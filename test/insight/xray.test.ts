/** `xray on` says each kernel call that deet makes, and none that it does not make: strace(1), which watches deet itself meanwhile, says the same in the same order. */
import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { built, compileText } from '../helpers/build.js';
import { leakGuard } from '../helpers/leaks.js';
import { commands, deet } from '../repl/cli.js';

leakGuard();

const program = (): string =>
  compileText(
    'xrayed.c',
    `#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>
int f(int x) {
  return x + 1;
}
int main(void) {
  char letter = 'a';
  int a = f(letter);
  pid_t pid = fork();
  if (pid == 0) {
    execl("/bin/true", "true", NULL);
    _exit(127);
  }
  waitpid(pid, NULL, 0);
  return f(a) - 3;
}
`,
  );

/** A call in few words, from a line of either: the same words for the same call. Undefined: no call that is told. */
type Reading = readonly [RegExp, (...groups: string[]) => string];

const ours: readonly Reading[] = [
  [/^clone\(/, () => 'clone'],
  [/^waitid\(P_PID, (\d+),/, (pid) => `await ${pid}`],
  [/^waitid\(P_ALL, .*: (\d+) has something/, (pid) => `peek ${pid}`],
  [/^waitpid\(\d+, .*\) = (\d+) /, (pid) => `wait ${pid}`],
  [/^ptrace\((PTRACE_\w+), (\d+)/, (request, pid) => `${request} ${pid}`],
  [/^kill\((\d+), (\w+)\)/, (pid, signal) => `kill ${pid} ${signal}`],
  [/^(pread|pwrite)\(\/proc\/(\d+)\/mem, .* at (0x[0-9a-f]+)\)/, (call, pid, at) => `${call} ${pid} ${at}`],
  [/^process_vm_readv\((\d+),/, (pid) => `vmread ${pid}`],
];

const straces: readonly Reading[] = [
  [/^clone\(.*= \d+$/, () => 'clone'],
  [/^waitid\(P_PID, (\d+), .*= 0$/, (pid) => `await ${pid}`],
  [/^waitid\(P_ALL, .*si_pid=(\d+).*= 0$/, (pid) => `peek ${pid}`],
  [/^wait4\(.*= (\d+)$/, (pid) => (pid === '0' ? '' : `wait ${pid}`)],
  [/^ptrace\((PTRACE_\w+), (\d+)/, (request, pid) => `${request} ${pid}`],
  [/^kill\((\d+), (SIG\w+)\)/, (pid, signal) => `kill ${pid} ${signal}`],
  [/^(pread|pwrite)64\(\d+<\/proc\/(\d+)\/mem>, .*, (\d+)\)\s+= \S+/, (call, pid, at) => `${call} ${pid} 0x${BigInt(at).toString(16)}`],
  [/^process_vm_readv\((\d+),/, (pid) => `vmread ${pid}`],
];

const read = (text: string, readings: readonly Reading[]): string[] =>
  text.split('\n').flatMap((line) => {
    for (const [pattern, words] of readings) {
      const match = pattern.exec(line);
      if (match) return [words(...match.slice(1))].filter((each) => each !== '');
    }
    return [];
  });

it('is what strace sees deet do: launch, breakpoint, step, write, fork, exec, exit, kill', () => {
  const log = join(built, `xray.${process.pid}.strace`);
  try {
    const words = ['xray on', 'break f', 'run', 'next', 'up', 'set var letter = 200', 'continue', 'kill'];
    const calls = 'ptrace,wait4,waitid,kill,process_vm_readv,pread64,pwrite64,clone';
    const said = execFileSync(
      'strace',
      ['-y', '-o', log, '-s', '8', '-e', `trace=${calls}`, process.execPath, deet(), '-nx', ...commands(...words), program()],
      { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] },
    );
    const told = read(said, ours);
    expect(told).toEqual(read(readFileSync(log, 'utf8'), straces));
    expect(told.length).toBeGreaterThan(60);
    // A byte of data is no code, whatever its value.
    expect(said).toMatch(/^pwrite\(\/proc\/\d+\/mem, c8 at 0x[0-9a-f]+\) = 1$/m);
    expect(said.match(/\(int3: the breakpoint is planted\)$/gm)?.length).toBeGreaterThan(3);
    expect(said).toMatch(/^ptrace\(PTRACE_GETSIGINFO, \d+\) = 0; SIGTRAP, si_code SI_KERNEL$/m);
  } finally {
    rmSync(log, { force: true });
  }
});

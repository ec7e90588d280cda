/** What a user reads of catchpoints, and asks at their stops. */
import { describe, expect, it } from 'vitest';
import { compileText, fixture } from '../helpers/build.js';
import { leakGuard } from '../helpers/leaks.js';
import { commands, run } from './cli.js';

leakGuard();

const said = async (program: string, ...typed: string[]): Promise<string[]> => {
  const { stdout, stderr } = await run(['--batch', ...commands(...typed), program]);
  return (stdout + stderr).trimEnd().split('\n');
};

describe('catch syscall', () => {
  it('calls numbers by their names, and says which calls a group is', async () => {
    const lines = await said(fixture('system_calls'), 'catch syscall 39 9999', 'catch syscall g:ipc', 'info breakpoints');
    expect(lines).toEqual([
      'Catchpoint 0: syscall getpid [39] 9999',
      'Catchpoint 1: syscall g:ipc',
      '    shmget, shmat, shmctl, semget, semop, semctl, shmdt, msgget, msgsnd, msgrcv, msgctl, semtimedop',
      expect.stringMatching(/^Num/) as string,
      expect.stringMatching(/^0 .* syscall getpid \[39\] 9999$/) as string,
      expect.stringMatching(/^1 .* syscall g:ipc$/) as string,
    ]);
  });
});

describe('$_exception', () => {
  const program = compileText(
    'what_is_thrown.cc',
    `#include <string>
struct Mine { int a; double b; } kept;
struct Unknown {};
static void f(int k) {
  if (k == 0) throw 42;
  if (k == 1) throw Mine{1, 2.5};
  if (k == 2) throw std::string("text");
  throw Unknown{};
}
int main() {
  for (int k = 0; k < 4; k++) try { f(k); } catch (...) {}
}
`,
  );

  it('is the object that is thrown or caught, in its own type, where a catchpoint has stopped for it', async () => {
    const asked = ['catch throw', 'catch catch', 'p $_exception', 'run', 'p $_exception + 1'];
    const lines = await said(
      program,
      ...asked,
      'c',
      'c',
      'p $_exception',
      'c',
      'p $_exception.b',
      'c',
      'p $_exception',
      'stepi',
      'p $_exception',
      'c',
      'c',
      'p $_exception',
    );
    expect(lines.filter((line) => line.startsWith('$'))).toEqual(['$1 = 43', '$2 = {a = 1, b = 2.5}', '$3 = 2.5', '$4 = "text"']);
    const refused = 'Not stopped at a C++ exception catchpoint. As in: catch throw, then run.';
    expect(lines.filter((line) => line.startsWith('Not') || line.startsWith('The'))).toEqual([
      refused,
      refused,
      expect.stringMatching(/^The program's debug information does not have the type Unknown\. It lies at 0x/) as string,
    ]);
  });
});

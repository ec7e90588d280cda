import { describe, expect, it } from 'vitest';
import type { FamilyMember } from '../../src/insight/family.js';
import { report, type FamilyEvent } from '../../src/insight/report.js';
import { pendingOutput } from '../../src/insight/stdio.js';
import { processTree } from '../../src/insight/tree.js';
import { leakGuard } from '../helpers/leaks.js';
import { addressOf, asleep, familyOf, memberOf, Program } from './native.js';

leakGuard();

const place = (line: number) => ({ file: '/home/me/a.c', line, function: 'main' });
const start: FamilyEvent = { kind: 'start', pid: 71, program: '/bin/a' };
const fork = (pid: number, child: number, line = 5): FamilyEvent => ({ kind: 'fork', pid, child, place: () => place(line) });
const exit = (pid: number, status = 0, byExit = true): FamilyEvent => ({
  kind: 'exit',
  pid,
  status,
  way: () => ({ byExit, fromMain: false }),
});
const reaped = (pid: number, by = 71): FamilyEvent => ({ kind: 'reaped', pid, by });
const problems = (...events: FamilyEvent[]): string[] =>
  report([start, ...events]).problems.map(({ kind, pid, text }) => `${kind} ${pid}: ${text}`);

describe('the report at the end of a run', () => {
  it('is empty when every child was waited for', () => {
    expect(problems(fork(71, 72), exit(72), reaped(72), exit(71))).toEqual([]);
    // The kernel reaps where SIGCHLD is ignored; what deet killed is not the program's doing.
    expect(problems(fork(71, 72), exit(72), reaped(72, 0), exit(71))).toEqual([]);
    expect(problems(fork(71, 72), { kind: 'killed', pid: 71 }, { kind: 'killed', pid: 72 }, exit(71), exit(72))).toEqual([]);
  });

  it('names zombies and orphans', () => {
    expect(problems(fork(71, 72), exit(72, 3), exit(71))).toEqual([
      'zombie 72: Process 72 (a), forked at a.c:5, ended (status 3) and was never waited for by its parent 71: a zombie.',
    ]);
    // Its death may be told after its parent's, before which it was seen dead.
    expect(problems(fork(71, 72), { kind: 'unwaited', pid: 72 }, exit(71), exit(72, 3))).toEqual([expect.stringMatching(/^zombie 72: /)]);
    expect(problems(fork(71, 72), exit(71), exit(72), reaped(72, 1))).toEqual([
      'orphan 72: Process 72 (a), forked at a.c:5, outlived its parent 71 (status 0), which did not wait for it.',
    ]);
  });

  it('names a child that went on after a failed exec, but not one that called _exit', () => {
    const failed: FamilyEvent = { kind: 'exec-failed', pid: 72, program: 'nosuch', error: 'ENOENT', place: () => place(9) };
    expect(problems(fork(71, 72), failed, fork(72, 73, 12), exit(73, 0, false), reaped(73, 72), exit(72), reaped(72), exit(71))).toEqual([
      "ran-on 72: Process 72 (a): exec of nosuch at a.c:9 failed (ENOENT), and the child went on in its parent's code. Call _exit after a failed exec. It even forked at a.c:12.",
    ]);
    expect(problems(fork(71, 72), failed, exit(72, 127, false), reaped(72), exit(71))).toEqual([]);
  });

  it('names a fork that children run too, unless they run another program', () => {
    const events = [
      fork(71, 72),
      fork(71, 73),
      fork(72, 74),
      exit(74),
      reaped(74, 72),
      exit(73),
      reaped(73),
      exit(72),
      reaped(72),
      exit(71),
    ];
    expect(problems(...events)).toEqual([
      "nested-fork 72: The fork at a.c:5 was run by children too (72): a child that does not exit or exec runs on in its parent's code.",
    ]);
    const exec: FamilyEvent = { kind: 'exec', pid: 72, program: '/bin/b' };
    expect(problems(fork(71, 72), exec, fork(72, 73), exit(73), reaped(73, 72), exit(72), reaped(72), exit(71))).toEqual([]);
  });

  it('two forks of one line are two where they are two calls', () => {
    const at = (event: FamilyEvent, instruction: bigint): FamilyEvent => ({ ...event, instruction: () => instruction }) as FamilyEvent;
    const end = [exit(73), reaped(73, 72), exit(72), reaped(72), exit(71)];
    const nested = (second: bigint): string[] => problems(at(fork(71, 72), 0x1000n), at(fork(72, 73), second), ...end);
    expect(nested(0x1000n)).toHaveLength(1);
    expect(nested(0x1009n)).toEqual([]);
  });

  it('names descriptors that a new program inherited, and why an open write end hurts', () => {
    const descriptors = [
      { fd: 1, kind: 'file' as const, target: '/tmp/out', access: 'write' as const, closeOnExec: false },
      { fd: 4, kind: 'pipe' as const, target: 'pipe:[12]', access: 'write' as const, end: 'write' as const, closeOnExec: false },
    ];
    expect(problems(fork(71, 72), { kind: 'exec', pid: 72, program: '/bin/cat', descriptors }, exit(72), reaped(72), exit(71))).toEqual([
      'leaked-fd 72: Process 72 started cat with descriptors of its parent still open: fd 4 (pipe:[12], write end). A pipe whose write end stays open never reports end of file.',
    ]);
  });

  it('names a popen without a pclose', () => {
    const popened: FamilyEvent = { kind: 'fork', pid: 71, child: 72, place: () => ({ ...place(5), call: 'popen' }) };
    expect(problems(popened, exit(71), exit(72))).toEqual([
      'orphan 72: Process 72 (a), forked by popen at a.c:5, outlived its parent 71 (status 0), which did not wait for it (pclose does).',
    ]);
  });

  it('names a dup2 of what is not open, and one SIGCHLD for several', () => {
    const dup: FamilyEvent = { kind: 'odd-dup', pid: 72, from: 4, to: 1, place: () => place(9) };
    expect(problems(fork(71, 72), dup, exit(72), reaped(72), exit(71))).toEqual([
      'failed-dup 72: Process 72 (a): dup2(4, 1) at a.c:9 failed (EBADF), because fd 4 was not open there; fd 1 stayed what it was. dup2 comes before close.',
    ]);
    const swapped: FamilyEvent = { ...dup, from: 0, to: 4, lost: 'pipe:[7], read end' };
    expect(problems(fork(71, 72), swapped, exit(72), reaped(72), exit(71))).toEqual([
      'swapped-dup 72: Process 72 (a): dup2(0, 4) at a.c:9 made fd 4 (pipe:[7], read end) a copy of fd 0, which stayed what it was. The old descriptor comes first: dup2(4, 0).',
    ]);
    // A shell whose script says so: exec 4<&0
    expect(problems(fork(71, 72), { ...swapped, place: () => undefined }, exit(72), reaped(72), exit(71))).toEqual([]);
    const told = (...children: number[]): FamilyEvent => ({ kind: 'told', pid: 71, children, place: () => place(12) });
    const dead = [fork(71, 72), fork(71, 73), exit(72), exit(73)];
    expect(problems(...dead, told(72, 73), reaped(72), exit(71))).toEqual([
      expect.stringMatching(/^zombie 73: .*: a zombie\. One SIGCHLD came for 2 children at a\.c:12: /),
    ]);
    expect(problems(...dead, told(72), told(73), reaped(72), exit(71))).toEqual([expect.stringMatching(/^zombie 73: .*: a zombie\.$/)]);
  });

  it('names descriptors used that are not open, unless one line closes whatever there may be', () => {
    const bad = (call: string, fd: number, line = 9, open?: string): FamilyEvent => ({
      kind: 'bad-descriptor',
      pid: 72,
      call,
      fd,
      ...(open !== undefined && { open }),
      place: () => place(line),
    });
    const ofChild = (...uses: FamilyEvent[]): string[] => problems(fork(71, 72), ...uses, exit(72, 0, false), reaped(72), exit(71));
    expect(ofChild(bad('close', 4), bad('close', 5), bad('read', -1, 10), bad('write', 3, 11, 'pipe:[7], read end'))).toEqual([
      'bad-descriptor 72: Process 72 (a): close(4) at a.c:9 failed (EBADF), because fd 4 was not open there: it had been closed before, or never opened.',
      'bad-descriptor 72: Process 72 (a): close(5) at a.c:9 failed (EBADF), because fd 5 was not open there: it had been closed before, or never opened.',
      'bad-descriptor 72: Process 72 (a): read(-1) at a.c:10 failed (EBADF), because the call that was to open it had failed.',
      'bad-descriptor 72: Process 72 (a): write(3) at a.c:11 failed (EBADF), because fd 3 (pipe:[7], read end) is not open for writing.',
    ]);
    expect(ofChild(...[3, 4, 5, 6].map((fd) => bad('close', fd)))).toEqual([]);
    expect(ofChild({ kind: 'bad-descriptor', pid: 72, call: 'close', fd: 4, place: () => undefined })).toEqual([]);
  });

  it('names a call that SIGCHLD interrupted, and a process that could open nothing more', () => {
    const interrupted: FamilyEvent = { kind: 'interrupted', pid: 71, call: 'read', fd: 3, place: () => place(9) };
    const full: FamilyEvent = { kind: 'used-up', pid: 71, open: 63, limit: 64, most: 'read ends of pipes', count: 60 };
    const ended = (status: number, ...events: FamilyEvent[]): string[] =>
      problems(fork(71, 72), exit(72), reaped(72), ...events, exit(71, status));
    expect(ended(1, interrupted, full)).toEqual([
      'interrupted 71: Process 71 (a): read(3) at a.c:9 was interrupted by SIGCHLD (EINTR) and not called again. EINTR is neither the end of the file nor an error: call it again, or give sigaction SA_RESTART.',
      'used-up 71: Process 71 (a) ended (status 1) with 63 descriptors open, 60 of them read ends of pipes, and may have 64: what is opened beyond that fails (EMFILE, Too many open files). What is no longer needed is to be closed.',
    ]);
    expect(ended(0, { ...interrupted, writer: 73 }, full)).toEqual([
      expect.stringMatching(/ and not called again, although process 73 could still write to it\. EINTR is /),
    ]);
    expect(ended(1, { ...interrupted, call: 'accept' })).toEqual([expect.stringContaining(' EINTR is no failure: call it again')]);
    expect(ended(0, interrupted)).toEqual([]);
    expect(ended(1, { ...interrupted, place: () => undefined })).toEqual([]);
  });

  it('names output that parent and child both write', () => {
    const unflushed: FamilyEvent = { kind: 'unflushed', pid: 71, child: 72, bytes: 6, text: 'hello\n' };
    expect(problems(fork(71, 72), unflushed, exit(72), reaped(72), exit(71))).toEqual([
      'double-flush 72: Process 72 (a) was forked at a.c:5 while 6 bytes of output ("hello\\n") were still in stdout\'s buffer: parent and child each write them. Call fflush(stdout) before fork.',
    ]);
    expect(problems(fork(71, 72), unflushed, exit(72, 0, false), reaped(72), exit(71))).toEqual([]);
  });

  it('names exit handlers that a child runs like its parent, if it calls exit and runs no other program', () => {
    const handlers: FamilyEvent = { kind: 'handlers', pid: 71, child: 72, names: ['save', 'cleanup'] };
    expect(problems(fork(71, 72), handlers, exit(72), reaped(72), exit(71))).toEqual([
      'handler-twice 72: Process 72 (a), forked at a.c:5, ran the exit handlers `save` and `cleanup`, registered before the fork (atexit): every process that calls exit or returns from main runs what it was born with. A child that is not meant to ends with _exit.',
    ]);
    expect(problems(fork(71, 72), handlers, exit(72, 0, false), reaped(72), exit(71))).toEqual([]);
    const exec: FamilyEvent = { kind: 'exec', pid: 72, program: '/bin/b' };
    expect(problems(fork(71, 72), handlers, exec, exit(72), reaped(72), exit(71))).toEqual([]);
  });
});

describe('pending output', () => {
  it('is read from a stream of a real program', async () => {
    await using program = Program.start(
      'pending',
      'FILE *out; int main(void) { out = stdout; printf("hello "); printf("world\\n"); pause(); }',
    );
    const [pid = 0] = await asleep(() => familyOf(program.pid), 1);
    const member = memberOf(pid);
    const pointer = member.memory?.read(addressOf(pid, 'out'), 8) ?? new Uint8Array(8);
    const stream = new DataView(pointer.buffer).getBigUint64(0, true);
    expect(member.memory && pendingOutput(member.memory, stream)).toEqual({ bytes: 12, text: 'hello world\n' });
    expect(member.memory && pendingOutput(member.memory, 0x400000n)).toBeUndefined();
    expect(member.memory && pendingOutput(member.memory, 8n)).toBeUndefined();
  });
});

describe('the tree of processes', () => {
  const member = (pid: number, ppid: number, more: Partial<FamilyMember> = {}): FamilyMember => ({
    pid,
    ppid,
    program: '/bin/a',
    state: 'reaped',
    threads: [],
    ...more,
  });

  it('hangs children where they were born, in the order of birth, dead or alive', () => {
    const tree = processTree(
      [
        member(71, 70, { state: 'stopped', threads: [{ tid: 71, state: 'stopped', place: () => place(7) }] }),
        member(72, 71, { status: 0, reapedBy: 71, forkedAt: place(5) }),
        member(73, 71, { state: 'zombie', signal: 'SIGSEGV', zombieSince: 1000 }),
        member(74, 72, { orphaned: true, adoptedBy: 1 }),
      ],
      71,
    );
    expect(tree).toEqual({
      type: 'processes',
      processes: [
        {
          pid: 71,
          ppid: 70,
          state: 'stopped',
          program: '/bin/a',
          place: place(7),
          current: true,
          children: [
            {
              pid: 72,
              ppid: 71,
              state: 'reaped',
              program: '/bin/a',
              forkedAt: place(5),
              status: 0,
              reapedBy: 71,
              children: [{ pid: 74, ppid: 72, state: 'reaped', program: '/bin/a', orphaned: true, adoptedBy: 1, children: [] }],
            },
            { pid: 73, ppid: 71, state: 'zombie', program: '/bin/a', signal: 'SIGSEGV', zombieSince: 1000, children: [] },
          ],
        },
      ],
    });
  });

  it('tells two processes with one number apart', () => {
    const [first, second] =
      processTree([member(71, 70), member(72, 71), member(71, 72), member(73, 71)]).processes[0]?.children[0]?.children ?? [];
    expect([first?.pid, first?.children[0]?.pid, second]).toEqual([71, 73, undefined]);
  });

  it('says which call a living process is blocked in', async () => {
    await using program = Program.start('tree', 'int main(void) { pid_t p = child(); if (p == 0) pause(); waitpid(p, NULL, 0); }');
    const pids = await asleep(() => familyOf(program.pid), 2);
    const [root] = processTree(pids.map(memberOf)).processes;
    expect(root).toMatchObject({ state: 'blocked', call: 'wait4', children: [{ state: 'blocked', call: 'pause' }] });
  });
});

import { describe, expect, it } from 'vitest';
import { descriptorChanges, descriptorTables, type DescriptorTable } from '../../src/insight/descriptors.js';
import { leakGuard } from '../helpers/leaks.js';
import { asleep, familyOf, Program } from './native.js';

leakGuard();

const look = async (name: string, body: string, processes: number): Promise<{ pids: number[]; tables: DescriptorTable[] }> => {
  await using program = Program.start(name, body);
  const pids = await asleep(() => familyOf(program.pid), processes);
  return { pids, tables: descriptorTables(pids) };
};
const entry = (table: DescriptorTable | undefined, fd: number) => table?.descriptors.find((each) => each.fd === fd);

describe('descriptor tables', () => {
  it('tell kind, flags and offset, and which entries are the same open file', async () => {
    const { pids, tables } = await look(
      'files',
      `int main(void) { int a = open("/proc/self/exe", O_RDONLY | O_CLOEXEC), b = open("/proc/self/exe", O_RDONLY); lseek(a, 5, SEEK_SET);
         dup2(a, 10); eventfd(7, EFD_NONBLOCK); open("/tmp", O_RDONLY | O_DIRECTORY); open("/dev/null", O_WRONLY | O_APPEND);
         child(); pause(); }`,
      2,
    );
    const [parent, child] = tables;
    expect(entry(parent, 3)).toMatchObject({ kind: 'file', access: 'read', offset: 5, closeOnExec: true });
    expect(entry(parent, 10)).toMatchObject({ kind: 'file', offset: 5, closeOnExec: false });
    expect(entry(parent, 3)?.sharedWith).toEqual([
      { pid: pids[0], fd: 10 },
      { pid: pids[1], fd: 3 },
      { pid: pids[1], fd: 10 },
    ]);
    expect(entry(child, 4)).toMatchObject({ kind: 'file', offset: 0 });
    expect(entry(parent, 5)).toMatchObject({ kind: 'eventfd', nonBlocking: true });
    expect(entry(parent, 6)).toMatchObject({ kind: 'directory', target: '/tmp' });
    expect(entry(parent, 7)).toMatchObject({ kind: 'device', append: true, access: 'write' });
  });

  it('join the ends of pipes and of TCP connections', async () => {
    const { pids, tables } = await look(
      'joined',
      `int main(void) { int p[2]; pipe(p); int s = socket(AF_INET, SOCK_STREAM, 0); struct sockaddr_in a = {AF_INET}; a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
         socklen_t n = sizeof a; bind(s, (void *)&a, n); listen(s, 5); getsockname(s, (void *)&a, &n);
         int k = socket(AF_INET, SOCK_STREAM, 0); connect(k, (void *)&a, n); int t = accept(s, NULL, NULL);
         if (child() == 0) { close(p[0]); close(k); close(s); close(t); } else close(p[1]); pause(); }`,
      2,
    );
    const [parent, child] = tables;
    expect(entry(parent, 3)).toMatchObject({ kind: 'pipe', end: 'read', peers: [{ pid: pids[1], fd: 4 }] });
    expect(entry(child, 4)).toMatchObject({ kind: 'pipe', end: 'write', peers: [{ pid: pids[0], fd: 3 }] });
    expect(entry(parent, 3)).not.toHaveProperty('sharedWith');
    expect(entry(parent, 5)?.socket).toMatchObject({ protocol: 'tcp', state: 'LISTEN' });
    expect(entry(parent, 6)).toMatchObject({ kind: 'socket', socket: { state: 'ESTABLISHED' }, peers: [{ pid: pids[0], fd: 7 }] });
  });

  it('ask kcmp whether two entries are one, where it answers', async () => {
    await using program = Program.start(
      'twice-open',
      `int main(void) { int a = open("/dev/zero", O_RDONLY), b = open("/dev/zero", O_RDONLY); dup(b); pause(); }`,
    );
    const pids = await asleep(() => familyOf(program.pid), 1);
    const equal = new Set(['4 5', '5 4']);
    const [table] = descriptorTables(pids, { compare: (_pid, fd, _other, otherFd) => (equal.has(`${fd} ${otherFd}`) ? 0 : 1) });
    expect(entry(table, 3)).not.toHaveProperty('sharedWith');
    expect(entry(table, 5)?.sharedWith).toEqual([{ pid: pids[0], fd: 4 }]);
  });

  it('differ from a look to the next by what was opened, closed, replaced and moved', () => {
    const view = (fd: number, target: string, offset = 0) => ({
      fd,
      kind: 'file' as const,
      target,
      access: 'read' as const,
      closeOnExec: false,
      offset,
    });
    const table = (pid: number, ...descriptors: ReturnType<typeof view>[]): DescriptorTable => ({ type: 'descriptors', pid, descriptors });
    const changes = descriptorChanges(
      [table(1, view(0, 'a'), view(1, 'b'), view(3, 'c'), view(4, 'd')), table(2, view(0, 'a'))],
      [table(1, view(0, 'a'), view(1, 'x'), view(4, 'd', 9), view(5, 'e'))],
    );
    expect(changes.map(({ pid, fd, change }) => `${pid}/${fd} ${change}`)).toEqual([
      '1/1 replaced',
      '1/3 closed',
      '1/4 changed',
      '1/5 opened',
      '2/0 closed',
    ]);
  });

  it('of a process that does not exist are empty', () => {
    expect(descriptorTables([0x3fffffff])).toEqual([{ type: 'descriptors', pid: 0x3fffffff, descriptors: [] }]);
  });
});

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { createServer, connect, type AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import * as proc from '../../src/linux/proc.js';
import { parseLocks, readDescriptor, readDescriptors } from '../../src/linux/proc_files.js';
import { parseInternetSockets, parseUnixSockets, peerOf, readSockets } from '../../src/linux/proc_sockets.js';
import { syscallNumber } from '../../src/linux/syscalls.js';
import { until } from '../helpers/until.js';

const nobody = 0x3fffffff;

describe('/proc', () => {
  it('is parsed whatever a process calls itself', () => {
    const fields = ['S', '1', '7', '7', '34816', '7', ...Array.from({ length: 44 }, (_, index) => String(index))].join(' ');
    expect(proc.parseStat(`42 (a) b (c)) ${fields}`)).toMatchObject({
      pid: 42,
      name: 'a) b (c)',
      state: 'S',
      parent: 1,
      group: 7,
      terminal: 34816,
      startTime: 13,
    });
    expect(proc.parseStat('')).toBeUndefined();
  });

  it('agrees with what Node knows of its own process', () => {
    expect(proc.readStat(process.pid)).toMatchObject({ pid: process.pid, parent: process.ppid });
    expect(proc.readStatus(process.pid)).toMatchObject({
      tracer: 0,
      parent: process.ppid,
      threadGroup: process.pid,
      user: process.getuid?.(),
    });
    expect(proc.readStatus(process.pid)?.caught).toBeGreaterThan(0n);
    expect(proc.readExecutable(process.pid)).toBe(process.execPath);
    expect(proc.readThreads(process.pid)).toContain(process.pid);
    expect(proc.readAuxv(process.pid)?.get(6)).toBe(4096n);
  });

  it('gives mappings with their rights, and odd paths unharmed', () => {
    const code = proc.readMaps(process.pid)?.find(({ path, executable }) => path === process.execPath && executable);
    expect(code).toMatchObject({ readable: true, writable: false, shared: false });
    const text =
      '00400000-00401000 r-xp 00002000 fe:00 77                  /tmp/a b\\012c (deleted)\nffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0    [vsyscall]\ngarbage\n';
    expect(proc.parseMaps(text)).toEqual([
      {
        start: 0x400000n,
        end: 0x401000n,
        readable: true,
        writable: false,
        executable: true,
        shared: false,
        offset: 0x2000,
        device: 'fe:00',
        inode: 77,
        path: '/tmp/a b\nc (deleted)',
      },
      {
        start: 0xffffffffff600000n,
        end: 0xffffffffff601000n,
        readable: false,
        writable: false,
        executable: true,
        shared: false,
        offset: 0,
        device: '00:00',
        inode: 0,
        path: '[vsyscall]',
      },
    ]);
  });

  it('tells the call that a child sleeps in, its arguments and its words', async () => {
    const child = spawn('sleep', ['1000'], { stdio: 'ignore' });
    const pid = child.pid ?? 0;
    try {
      await until(() => {
        const call = proc.readSyscall(pid);
        return typeof call === 'object' && call.number === syscallNumber('clock_nanosleep');
      });
      expect(proc.readCommandLine(pid)).toEqual(['sleep', '1000']);
      expect(proc.readChildren(process.pid)).toContain(pid);
    } finally {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
  });

  it('answers undefined or nothing for a process that is gone', () => {
    expect([
      proc.readStat(nobody),
      proc.readStatus(nobody),
      proc.readMaps(nobody),
      proc.readAuxv(nobody),
      proc.readCommandLine(nobody),
    ]).toEqual(Array(5).fill(undefined));
    expect([proc.readExecutable(nobody), proc.readSyscall(nobody)]).toEqual([undefined, undefined]);
    expect([proc.readThreads(nobody), proc.readChildren(nobody), readDescriptors(nobody)]).toEqual([[], [], []]);
    expect(readDescriptor(process.pid, 100_000)).toBeUndefined();
    expect([proc.parseSyscall('running\n'), proc.parseSyscall('-1 0x0 0x0\n')]).toEqual(['running', 'none']);
  });
});

describe('descriptors and sockets', () => {
  it('have the flags they were opened with', () => {
    const fd = openSync('/dev/null', 'a');
    try {
      expect(readDescriptor(process.pid, fd)).toMatchObject({
        fd,
        kind: 'device',
        target: '/dev/null',
        append: true,
        closeOnExec: true,
        access: 'write',
      });
    } finally {
      closeSync(fd);
    }
  });

  it('on loopback find their peer', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const accepted = once(server, 'connection');
    const client = connect(port, '127.0.0.1');
    await Promise.all([accepted, once(client, 'connect')]);
    const sockets = readSockets(process.pid);
    const ours = [...sockets.values()].find(({ remote }) => remote === `127.0.0.1:${port}`);
    expect(ours).toMatchObject({ protocol: 'tcp', state: 'ESTABLISHED' });
    expect(ours && peerOf(ours, sockets)).toMatchObject({ local: `127.0.0.1:${port}`, remote: ours?.local });
    expect([...sockets.values()].find(({ local, state }) => local === `127.0.0.1:${port}` && state === 'LISTEN')).not.toHaveProperty(
      'remote',
    );
    client.destroy();
    server.close();
    await once(server, 'close');
  });

  it('are read from tables of every family', () => {
    const head = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n';
    const rest = '00000003:00000005 00:00000000 00000000     0        0 547 1';
    const line = (local: string, remote: string) => `${head}   0: ${local} ${remote} 0A ${rest}\n`;
    const zero = '0'.repeat(32);
    expect(parseInternetSockets(line('0100007F:1F90', '00000000:0000'), 'tcp')).toEqual([
      { inode: 547, protocol: 'tcp', state: 'LISTEN', local: '127.0.0.1:8080', received: 5, unsent: 3 },
    ]);
    const six = [
      `${zero}:0050`,
      '00000000000000000000000001000000:0050',
      'B80D01200000000000000000A1000000:0050',
      '0000000000000000FFFF00000100007F:0050',
    ];
    expect(six.map((address) => parseInternetSockets(line(address, `${zero}:0000`), 'tcp')[0]?.local)).toEqual([
      '[::]:80',
      '[::1]:80',
      '[2001:db8::a1]:80',
      '127.0.0.1:80',
    ]);
    expect(
      parseUnixSockets('Num RefCount\n00: 00000002 00000000 00010000 0001 01 12 /run/a b\n00: 00000003 00000000 00000000 0001 03 13\n'),
    ).toEqual([
      { inode: 12, protocol: 'unix', state: 'LISTEN', local: '/run/a b' },
      { inode: 13, protocol: 'unix', state: 'CONNECTED', local: '' },
    ]);
  });

  it('are locked by whom /proc/locks says', () => {
    expect(
      parseLocks(
        '1: POSIX  ADVISORY  WRITE 12 fe:00:99 0 EOF\n1: -> POSIX  ADVISORY  READ 13 fe:00:99 5 9\n2: OFDLCK ADVISORY  READ -1 fe:00:98 0 EOF\n',
      ),
    ).toEqual([
      { id: 1, waiting: false, type: 'POSIX', mode: 'write', pid: 12, device: 'fe:00', inode: 99, start: 0, end: undefined },
      { id: 1, waiting: true, type: 'POSIX', mode: 'read', pid: 13, device: 'fe:00', inode: 99, start: 5, end: 9 },
      { id: 2, waiting: false, type: 'OFDLCK', mode: 'read', pid: -1, device: 'fe:00', inode: 98, start: 0, end: undefined },
    ]);
  });
});

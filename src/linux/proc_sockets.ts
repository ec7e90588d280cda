/**
 * The sockets of a network namespace by inode, from /proc/PID/net (proc(5), net/ipv4/tcp_ipv4.c for the columns). A descriptor says only
 * `socket:[INODE]`; here is what it is, and for TCP who is at the other end if that is on this machine.
 */
import { procText } from './proc.js';

export interface Socket {
  readonly inode: number;
  readonly protocol: 'tcp' | 'udp' | 'unix';
  /** `LISTEN`, `ESTABLISHED`, `CLOSE_WAIT` (the peer has closed)...; for unix sockets `LISTEN`, `CONNECTED` or `UNCONNECTED`. */
  readonly state: string;
  /** `127.0.0.1:8080`, `[::1]:80`; for unix sockets the path (`@name` if abstract), empty if it has none. */
  readonly local: string;
  /** Undefined: not connected, or a unix socket (the table does not tell). */
  readonly remote?: string;
  /** Bytes received and not yet read, bytes sent and not yet acknowledged. TCP and UDP only. */
  readonly received?: number;
  readonly unsent?: number;
}

/** include/net/tcp_states.h, from 1. */
const tcpStates = [
  '',
  'ESTABLISHED',
  'SYN_SENT',
  'SYN_RECV',
  'FIN_WAIT1',
  'FIN_WAIT2',
  'TIME_WAIT',
  'CLOSE',
  'CLOSE_WAIT',
  'LAST_ACK',
  'LISTEN',
  'CLOSING',
  'NEW_SYN_RECV',
];

/** Words of 32 bits in the machine's order, in hexadecimal: `0100007F` is 127.0.0.1. */
const addressText = (digits: string): string => {
  const bytes = (digits.match(/.{8}/g) ?? []).flatMap((word) =>
    (word.match(/../g) ?? []).reverse().map((byte) => Number.parseInt(byte, 16)),
  );
  if (bytes.length === 4) return bytes.join('.');
  // An IPv4 address in IPv6 clothes (::ffff:a.b.c.d) is shown as IPv4.
  if (bytes.slice(0, 10).every((byte) => byte === 0) && bytes[10] === 0xff && bytes[11] === 0xff) return bytes.slice(12).join('.');
  const groups = Array.from({ length: 8 }, (_, index) => (((bytes[2 * index] ?? 0) << 8) | (bytes[2 * index + 1] ?? 0)).toString(16));
  return `[${groups.join(':').replace(/(?:^|:)0(?::0)+(?:$|:)/, '::')}]`;
};

const endpoint = (text: string): string => {
  const colon = text.indexOf(':');
  return `${addressText(text.slice(0, colon))}:${Number.parseInt(text.slice(colon + 1), 16)}`;
};

/** /proc/net/tcp, tcp6, udp and udp6. */
export const parseInternetSockets = (text: string, protocol: 'tcp' | 'udp'): Socket[] =>
  text
    .split('\n')
    .slice(1)
    .flatMap((line) => {
      const [, local, remote, state, queues, , , , , inode] = line.trim().split(/\s+/);
      if (local === undefined || remote === undefined || inode === undefined || queues === undefined) return [];
      const [unsent = '0', received = '0'] = queues.split(':');
      const connected = !/:0000$/.test(remote);
      return [
        {
          inode: Number(inode),
          protocol,
          state: tcpStates[Number.parseInt(state ?? '0', 16)] ?? 'UNKNOWN',
          local: endpoint(local),
          ...(connected ? { remote: endpoint(remote) } : {}),
          received: Number.parseInt(received, 16),
          unsent: Number.parseInt(unsent, 16),
        },
      ];
    });

/** __SO_ACCEPTCON: the socket listens. */
const acceptsConnections = 0x10000;
/** include/uapi/linux/net.h: SS_CONNECTED. */
const connectedState = 3;

/** /proc/net/unix. */
export const parseUnixSockets = (text: string): Socket[] =>
  text
    .split('\n')
    .slice(1)
    .flatMap((line) => {
      const [, , , flags, , state, inode, ...path] = line.trim().split(/\s+/);
      if (flags === undefined || state === undefined || inode === undefined) return [];
      const listening = (Number.parseInt(flags, 16) & acceptsConnections) !== 0;
      const connected = Number.parseInt(state, 16) === connectedState;
      return [
        {
          inode: Number(inode),
          protocol: 'unix' as const,
          state: listening ? 'LISTEN' : connected ? 'CONNECTED' : 'UNCONNECTED',
          local: path.join(' '),
        },
      ];
    });

/** All sockets that the process's network namespace has, by inode. */
export const readSockets = (pid: number): Map<number, Socket> => {
  const table = (name: string): string => procText(`${pid}/net/${name}`) ?? '';
  const all = [
    ...parseInternetSockets(table('tcp'), 'tcp'),
    ...parseInternetSockets(table('tcp6'), 'tcp'),
    ...parseInternetSockets(table('udp'), 'udp'),
    ...parseInternetSockets(table('udp6'), 'udp'),
    ...parseUnixSockets(table('unix')),
  ];
  // Inode 0: in the queue of a listener, or closed and not yet forgotten.
  return new Map(all.filter(({ inode }) => inode !== 0).map((socket) => [socket.inode, socket]));
};

/** The other end of a connected TCP socket, if it is in the same table: loopback. */
export const peerOf = (socket: Socket, sockets: ReadonlyMap<number, Socket>): Socket | undefined => {
  if (socket.protocol !== 'tcp' || socket.remote === undefined) return undefined;
  for (const other of sockets.values())
    if (other.protocol === 'tcp' && other.local === socket.remote && other.remote === socket.local) return other;
  return undefined;
};

/**
 * The socket that listens where a TCP connection was made which nobody has accepted: the end in its queue has no inode yet. Once it is accepted and
 * closed again, this end is no longer ESTABLISHED.
 */
export const listenerFor = (socket: Socket, sockets: ReadonlyMap<number, Socket>): Socket | undefined => {
  const { remote } = socket;
  if (socket.protocol !== 'tcp' || socket.state !== 'ESTABLISHED' || remote === undefined || peerOf(socket, sockets)) return undefined;
  const port = remote.slice(remote.lastIndexOf(':'));
  const anywhere = /^(?:127\.|\[::1\])/.test(remote) ? [`0.0.0.0${port}`, `[::]${port}`] : [];
  for (const other of sockets.values())
    if (other.protocol === 'tcp' && other.state === 'LISTEN' && [remote, ...anywhere].includes(other.local)) return other;
  return undefined;
};

/**
 * What the kernel tells of unix sockets beyond /proc/net/unix (sock_diag(7), linux/unix_diag.h): who is at the other end. Needs no
 * privilege, and sees the network namespace that deet is in.
 */
import { native } from '../native.js';

/** linux/netlink.h, linux/sock_diag.h. */
const sockDiagByFamily = 20;
const flags = { request: 1, dump: 0x300 } as const;
const headerSize = 16;
/** NLMSG_DONE and NLMSG_ERROR. */
const endings = new Set([2, 3]);

/** linux/unix_diag.h. */
const show = { peer: 4, pending: 8 } as const;
const attribute = { peer: 2, pending: 3 } as const;
const messageSize = 16;

/** TCP_LISTEN as a bit: unix sockets have the states of TCP. */
const listening = 1 << 10;
const anyState = 0xffffffff;

const familyUnix = 1;
const largestReply = 256 * 1024;

interface UnixSocket {
  readonly inode: number;
  readonly attributes: ReadonlyMap<number, DataView>;
}

const align = (size: number): number => (size + 3) & ~3;

const attributesOf = (view: DataView): Map<number, DataView> => {
  const found = new Map<number, DataView>();
  for (let at = 0; at + 4 <= view.byteLength;) {
    const length = view.getUint16(at, true);
    if (length < 4 || at + length > view.byteLength) break;
    found.set(view.getUint16(at + 2, true), new DataView(view.buffer, view.byteOffset + at + 4, length - 4));
    at += align(length);
  }
  return found;
};

/** The sockets of an answer: netlink headers, each with a struct unix_diag_msg and attributes. */
const parseUnixDiag = (bytes: Uint8Array): UnixSocket[] => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const found: UnixSocket[] = [];
  for (let at = 0; at + headerSize <= view.byteLength;) {
    const length = view.getUint32(at, true);
    if (length < headerSize || at + length > view.byteLength || endings.has(view.getUint16(at + 4, true))) break;
    if (length >= headerSize + messageSize) {
      const body = at + headerSize;
      const rest = new DataView(view.buffer, view.byteOffset + body + messageSize, length - headerSize - messageSize);
      found.push({ inode: view.getUint32(body + 4, true), attributes: attributesOf(rest) });
    }
    at += align(length);
  }
  return found;
};

const ask = (inode: number, states: number, shown: number, dump: boolean): UnixSocket[] => {
  const request = new DataView(new ArrayBuffer(headerSize + 24));
  request.setUint32(0, request.byteLength, true);
  request.setUint16(4, sockDiagByFamily, true);
  request.setUint16(6, flags.request | (dump ? flags.dump : 0), true);
  request.setUint32(8, 1, true);
  request.setUint8(headerSize, familyUnix);
  request.setUint32(headerSize + 4, states, true);
  request.setUint32(headerSize + 8, inode, true);
  request.setUint32(headerSize + 12, shown, true);
  // INET_DIAG_NOCOOKIE: any socket of this inode.
  request.setUint32(headerSize + 16, 0xffffffff, true);
  request.setUint32(headerSize + 20, 0xffffffff, true);
  const reply = new Uint8Array(dump ? largestReply : 4096);
  const length = native.sockDiag(new Uint8Array(request.buffer), reply);
  return length > 0 ? parseUnixDiag(reply.subarray(0, length)) : [];
};

/** Inode of the socket that this one is connected to; undefined: none, not known, or one that has not been accepted or is closed. */
export const unixPeer = (inode: number): number | undefined =>
  ask(inode, anyState, show.peer, false)[0]?.attributes.get(attribute.peer)?.getUint32(0, true) || undefined;

/** Inode of the listening socket in whose queue this one's connection waits to be accepted. */
export const unixQueue = (inode: number): number | undefined =>
  ask(0, listening, show.pending, true).find(({ attributes }) => {
    const pending = attributes.get(attribute.pending);
    return pending && Array.from({ length: pending.byteLength / 4 }, (_, index) => pending.getUint32(index * 4, true)).includes(inode);
  })?.inode;

/** kcmp(2): whether two processes share a kernel object. */
import { native } from '../native.js';

/** KCMP_FILE. */
const files = 0;

/**
 * Compares two descriptors: 0 when both are the same open file description, positive when not, negative when the kernel refuses to tell (the
 * processes are not ours to trace).
 */
export const compareDescriptors = (pid: number, fd: number, otherPid: number, otherFd: number): number =>
  native.compare(pid, otherPid, files, fd, otherFd);

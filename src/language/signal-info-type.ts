/** siginfo_t as gdb shows it ($_siginfo): the fields of every signal, and the union of what only some have (sigaction(2)). */
import type { CType, Member, StructType } from '../symbols/types.js';
import * as c from './c-types.js';

const aggregate = (
  kind: 'struct' | 'union',
  name: string | undefined,
  size: number,
  fields: readonly (readonly [string, CType, number])[],
): StructType => {
  const members = fields.map(([field, type, offset]): Member => ({ name: field, type, offset }));
  return { kind, name, size, members: () => members, methods: () => [] };
};

const SIGVAL = aggregate('union', 'sigval', 8, [
  ['sival_int', c.INT, 0],
  ['sival_ptr', c.VOID_POINTER, 0],
]);
const BOUNDS = aggregate('struct', undefined, 16, [
  ['_lower', c.VOID_POINTER, 0],
  ['_upper', c.VOID_POINTER, 8],
]);

/** The kernel's union begins at 16: offsets are counted from there. */
const FIELDS = aggregate('union', undefined, 112, [
  ['_pad', c.arrayOf(c.INT, 28), 0],
  ['_kill', aggregate('struct', undefined, 8, [['si_pid', c.INT, 0], ['si_uid', c.UNSIGNED_INT, 4]]), 0],
  ['_timer', aggregate('struct', undefined, 16, [['si_tid', c.INT, 0], ['si_overrun', c.INT, 4], ['si_sigval', SIGVAL, 8]]), 0],
  ['_rt', aggregate('struct', undefined, 16, [['si_pid', c.INT, 0], ['si_uid', c.UNSIGNED_INT, 4], ['si_sigval', SIGVAL, 8]]), 0],
  ['_sigchld', aggregate('struct', undefined, 32, [['si_pid', c.INT, 0], ['si_uid', c.UNSIGNED_INT, 4], ['si_status', c.INT, 8], ['si_utime', c.LONG, 16], ['si_stime', c.LONG, 24]]), 0],
  ['_sigfault', aggregate('struct', undefined, 32, [['si_addr', c.VOID_POINTER, 0], ['_addr_lsb', c.SHORT, 8], ['_addr_bnd', BOUNDS, 16]]), 0],
  ['_sigpoll', aggregate('struct', undefined, 16, [['si_band', c.LONG, 0], ['si_fd', c.INT, 8]]), 0],
  ['_sigsys', aggregate('struct', undefined, 16, [['_call_addr', c.VOID_POINTER, 0], ['_syscall', c.INT, 8], ['_arch', c.UNSIGNED_INT, 12]]), 0],
]); // prettier-ignore

export const SIGNAL_INFO: StructType = aggregate('struct', 'siginfo', 128, [
  ['si_signo', c.INT, 0],
  ['si_errno', c.INT, 4],
  ['si_code', c.INT, 8],
  ['_sifields', FIELDS, 16],
]);

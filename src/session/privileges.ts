/** Programs that are to run with the rights of their file's owner (execve(2), set-user-ID): to who is traced the kernel gives none, unless the tracer is privileged itself. */
import { statSync } from 'node:fs';
import type { Process } from '../inferior/process.js';
import { readStatus } from '../linux/proc.js';

const setUser = 0o4000;
/** Without the right to execute for the group this bit means something else (mandatory locks). */
const setGroup = 0o2010;

/** A sentence about a process that has just executed its program; undefined: it has all the rights that it would have. */
export const missingRights = ({ pid, program }: Process): string | undefined => {
  const file = statSync(program, { throwIfNoEntry: false });
  const status = readStatus(pid);
  if (!file || !status) return undefined;
  const lacksUser = (file.mode & setUser) !== 0 && status.effectiveUser !== file.uid;
  const lacksGroup = (file.mode & setGroup) === setGroup && status.effectiveGroup !== file.gid;
  if (!lacksUser && !lacksGroup) return undefined;
  const [kind, is, has] = lacksUser ? ['user', file.uid, status.effectiveUser] : ['group', file.gid, status.effectiveGroup];
  return `[${program} is set-${kind}-ID ${is}, but runs as ${kind} ${has}: a traced program gets no privileges]`;
};

/** Many small reads that lie near each other: nodes of a big tree or list. */
import { DeetError } from '../../common/errors.js';
import type { EvaluationContext } from '../context.js';

const pageSize = 4096n;
/** Pages kept: 16 MiB. */
const most = 4096;

/**
 * Reads as `memory` does, but whole pages, each once; so what is read must not change meanwhile.
 * @throws DeetError `memory` from what it returns
 */
export const neighbourhood = (memory: EvaluationContext['memory']): ((address: bigint, length: number) => Uint8Array) => {
  const pages = new Map<bigint, Uint8Array | undefined>();
  const pageAt = (start: bigint): Uint8Array | undefined => {
    if (pages.has(start)) return pages.get(start);
    if (pages.size === most) pages.clear();
    let page: Uint8Array | undefined;
    try {
      page = Uint8Array.from(memory.read(start, Number(pageSize)));
    } catch (error) {
      // A core file may end within a page.
      if (!(error instanceof DeetError)) throw error;
    }
    pages.set(start, page);
    return page;
  };
  return (address, length) => {
    const offset = Number(address % pageSize);
    const page = offset + length <= pageSize ? pageAt(address - BigInt(offset)) : undefined;
    return page ? page.subarray(offset, offset + length) : memory.read(address, length);
  };
};

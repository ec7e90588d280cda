/**
 * The variables that a file offers to the other files of a process. The dynamic linker binds a name to the first of them, the program: its definition, or the place to which a
 * copy relocation (R_X86_64_COPY; AMD64 supplement, 4.4) has moved the library's, is what the library uses, too.
 */
import { fileAddress, type FileAddress } from '../common/addresses.js';
import { STT, STV } from './constants.js';
import type { ElfFile } from './file.js';

/** Address by name, of those in .dynsym that other definitions can stand in for. */
export const exportedVariables = ({ dynsym }: ElfFile): ReadonlyMap<string, FileAddress> => {
  const found = new Map<string, FileAddress>();
  if (!dynsym) return found;
  for (let index = 1; index < dynsym.count; index++) {
    const isVariable = dynsym.type(index) === STT.OBJECT && dynsym.isDefined(index) && dynsym.isPlaced(index);
    if (isVariable && dynsym.reach(index) > 0 && dynsym.visibility(index) === STV.DEFAULT)
      found.set(dynsym.name(index), fileAddress(dynsym.value(index)));
  }
  return found;
};

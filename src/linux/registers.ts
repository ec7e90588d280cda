/**
 * struct user_regs_struct (sys/user.h): 27 words, and the names and numbers by which people and DWARF know them
 * (System V ABI, AMD64 supplement, figure 3.36).
 */

/** Names in the order of the structure; the index is the word. */
export const registerNames = [
  'r15', 'r14', 'r13', 'r12', 'rbp', 'rbx', 'r11', 'r10', 'r9', 'r8', 'rax', 'rcx', 'rdx', 'rsi', 'rdi', 'orig_rax',
  'rip', 'cs', 'eflags', 'rsp', 'ss', 'fs_base', 'gs_base', 'ds', 'es', 'fs', 'gs',
] as const; // prettier-ignore

export type RegisterName = (typeof registerNames)[number];

/** Word of the structure by name: `Word.rip`. */
export const Word = Object.fromEntries(registerNames.map((name, index) => [name, index])) as Record<RegisterName, number>;

/** Number of words. */
export const registerWords = registerNames.length;

/** Bit 16 of the flags: the instruction at pc is executed once although a debug register names it (Intel SDM volume 3, 18.3.1.1). */
export const resumeFlag = 0x10000n;
/** TF: the processor traps behind each instruction. */
export const trapFlag = 0x100n;

/** DWARF register number (0-16) -> word; 16 is the return address column, which holds rip. */
export const dwarfToWord: readonly number[] = [
  Word.rax, Word.rdx, Word.rcx, Word.rbx, Word.rsi, Word.rdi, Word.rbp, Word.rsp,
  Word.r8, Word.r9, Word.r10, Word.r11, Word.r12, Word.r13, Word.r14, Word.r15, Word.rip,
]; // prettier-ignore

/** gdb's order for `info registers`. */
export const generalOrder: readonly RegisterName[] = [
  'rax', 'rbx', 'rcx', 'rdx', 'rsi', 'rdi', 'rbp', 'rsp', 'r8', 'r9', 'r10', 'r11', 'r12', 'r13', 'r14', 'r15', 'rip',
  'eflags', 'cs', 'ss', 'ds', 'es', 'fs', 'gs', 'fs_base', 'gs_base',
]; // prettier-ignore

/**
 * The family of processes as the explanations look at it: plain data and a few questions, given by the session at a stop.
 * Everything here is optional where a session may not know it; what is missing makes an explanation poorer, never wrong.
 */
import type { Address } from '../common/addresses.js';
import type { MemoryReader } from '../common/memory.js';

/** A place in a program's text, for a sentence. */
export interface SourcePlace {
  readonly file: string;
  readonly line: number;
  /** From 1, where the compiler tells it. */
  readonly column?: number;
  readonly function?: string;
  /** Where a process was forked: where the function that did it was called. */
  readonly caller?: { readonly file: string; readonly line: number };
  /** Where a process was forked: the library's function that did it for the program, such as `popen`. */
  readonly call?: string;
}

/** A symbol that covers an address. */
export interface NamedAddress {
  readonly name: string;
  /** Distance from the symbol's start, in bytes. */
  readonly offset: number;
  /** Base name or path of the file that defines it. */
  readonly image: string;
  /** The words of one call, which mean something else elsewhere. */
  readonly words?: true;
  /** Name of the variable's type, typedefs kept, when there is debug information: `pthread_mutex_t`. */
  readonly type?: string;
}

export interface FamilyThread {
  readonly tid: number;
  /** The number that the user knows it by; absent: the tid is shown. */
  readonly id?: number;
  readonly name?: string;
  /** `stopped`: deet holds it, and `register` answers. `group-stopped`: by SIGSTOP and its kin. */
  readonly state: 'running' | 'stopped' | 'group-stopped';
  /** Of a group-stop, if it is known. */
  readonly stopSignal?: number;
  /** deet does not let it run with the others: the setting that says so, if one does, and the command that changes it. */
  readonly keptBack?: { readonly setting?: string; readonly command: string };
  /** By its name in struct user_regs (`orig_rax`, `rdi`, `fs_base`); undefined while it runs. */
  register?(name: string): bigint | undefined;
  /** Names of the functions on its stack, the innermost first; a few suffice. */
  functions?(): readonly string[];
  /**
   * What the user's own code calls the object at an address that it gave to the function it is in: `queue->lock` of
   * `pthread_mutex_lock(&queue->lock)`; or which local variable, of any function that is being called, it lies in. Undefined: it cannot be followed.
   */
  nameOf?(address: Address): NamedAddress | undefined;
  /** The object whose address the user's own code gave to the function that it is in, first of all: `ready` of `pthread_cond_wait(&ready, &lock)`. */
  given?(): string | undefined;
  /** Where the innermost frame with source lines stands. */
  place?(): SourcePlace | undefined;
}

export type ProcessState = 'running' | 'stopped' | 'blocked' | 'zombie' | 'exited' | 'signaled' | 'reaped';

/** An exec that failed, after which there was no other. */
export interface FailedExec {
  readonly program: string;
  /** `ENOENT` */
  readonly error: string;
  readonly place?: SourcePlace;
}

/** What the session saw of a process's life, and the kernel does not tell afterwards. */
export interface Biography {
  readonly forkedAt?: SourcePlace;
  /** Where its parent was when the handler of SIGCHLD was called for it. */
  readonly toldAt?: SourcePlace;
  readonly failedExec?: FailedExec;
  /** The process that waited for it. */
  readonly reapedBy?: number;
  /** Its parent died first; `adoptedBy` is who inherited it (1: init). */
  readonly orphaned?: true;
  readonly adoptedBy?: number;
}

export interface FamilyMember extends Biography {
  readonly pid: number;
  /** The parent it was born with; an orphan's is the dead one. */
  readonly ppid: number;
  readonly program: string;
  /** What it calls itself, or was started as, where that is not the program's name: `nginx: worker process`. */
  readonly title?: string;
  readonly state: ProcessState;
  /** Living threads; empty when dead. */
  readonly threads: readonly FamilyThread[];
  /** Exit status, or the signal that killed it. */
  readonly status?: number;
  readonly signal?: string;
  /** Milliseconds since the epoch. */
  readonly zombieSince?: number;
  /** deet let it go: it runs on unseen. */
  readonly released?: true;
  /** deet has never traced it: nothing is known of it but what /proc shows. */
  readonly untraced?: true;
  readonly memory?: MemoryReader;
  readonly symbolAt?: (address: Address) => NamedAddress | undefined;
  readonly symbolNamed?: (name: string) => Address | undefined;
}

/** Has threads that could still do something. */
export const isAlive = (member: FamilyMember): boolean => member.threads.length > 0;

/** Names by number, as a user's sentence has them: `1, 2 and 3`. */
export const listed = (items: readonly (string | number)[], conjunction = 'and'): string =>
  items.length < 2 ? String(items[0] ?? '') : `${items.slice(0, -1).join(', ')} ${conjunction} ${items[items.length - 1]}`;

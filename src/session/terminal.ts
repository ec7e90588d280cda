/**
 * Who owns the terminal. While the program runs its process group is in the foreground, so that Ctrl-C reaches the program and not deet, and it may read; at a stop deet takes
 * the terminal back. A program may put another group there (a shell does for each job): that one has the terminal again when the program goes on. Each side finds the mode (echo, line editing, raw) as it left it (termios(3), tcsetpgrp(3)).
 *
 * A job may leave the terminal behind: a daemon has a session of its own (daemon(3), setsid(2)), and the process that began it has ended. Of Ctrl-C nobody would hear then. No
 * event tells of that, so deet looks now and then, and takes the terminal itself.
 */
import { errno } from '../linux/constants.js';
import { native } from '../native.js';

/** Milliseconds; who wants to interrupt a daemon will not notice. */
const lookEvery = 200;

export class Terminal {
  #own: { readonly group: number; mode: Uint8Array | undefined } | undefined;
  #programMode: Uint8Array | undefined;
  /** The group that the program was started in; 0: there is no program. */
  #group = 0;
  /** The group that was in the foreground when deet last took the terminal. */
  #foreground = 0;
  #watch: NodeJS.Timeout | undefined;

  /** @param fd deet's standard input; when it is no terminal, or deet itself is in the background, nothing here does anything. */
  constructor(private readonly fd: number) {
    const group = native.terminalGroup(fd);
    if (group > 0) this.#own = { group, mode: native.terminalMode(fd) };
  }

  get present(): boolean {
    return this.#own !== undefined;
  }

  /** A program is about to start in a process group of its own; it inherits deet's mode. */
  started(group: number): void {
    this.#group = this.#foreground = group;
    this.#programMode = undefined;
  }

  /** The program goes on. */
  give(): void {
    if (!this.#own || this.#group === 0) return;
    this.#own.mode = native.terminalMode(this.fd);
    if (this.#programMode) native.setTerminalMode(this.fd, this.#programMode);
    // All of the job may have ended since.
    if (native.setTerminalGroup(this.fd, this.#foreground) < 0) native.setTerminalGroup(this.fd, this.#group);
    clearInterval(this.#watch);
    this.#watch = setInterval(() => this.#takeIfLeft(), lookEvery).unref();
  }

  #takeIfLeft(): void {
    const foreground = native.terminalGroup(this.fd);
    if (this.#own && foreground > 0 && native.kill(-foreground, 0) === -errno.ESRCH) native.setTerminalGroup(this.fd, this.#own.group);
  }

  /** The program stands still, or has ended. */
  take(ended: boolean): void {
    clearInterval(this.#watch);
    if (!this.#own || this.#group === 0) return;
    this.#programMode = native.terminalMode(this.fd);
    const foreground = native.terminalGroup(this.fd);
    if (foreground > 0 && foreground !== this.#own.group) this.#foreground = foreground;
    native.setTerminalGroup(this.fd, this.#own.group);
    if (this.#own.mode) native.setTerminalMode(this.fd, this.#own.mode);
    if (ended) this.#group = 0;
  }
}

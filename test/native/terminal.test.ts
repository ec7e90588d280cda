/** Who owns the terminal, its modes, and a terminal of the program's own: tcsetpgrp(3), termios(3), setsid(2). */
import { closeSync, openSync, writeSync } from 'node:fs';
import { createRequire } from 'node:module';
import * as pty from 'node-pty';
import { describe, expect, it } from 'vitest';
import { native } from '../../src/native.js';
import { leakGuard } from '../helpers/leaks.js';
import { end, launchStopped, linkOf, nodeCommand, planFor, statFields, stoppedBy, waitFor, withStopped } from './support.js';

leakGuard();

/** A pseudo-terminal without a process in it; node-pty does not declare this function of its addon. */
interface PtyAddon {
  readonly open: (columns: number, rows: number) => { master: number; slave: number; pty: string };
}
const { open } = createRequire(createRequire(import.meta.url).resolve('node-pty'))('../build/Release/pty.node') as PtyAddon;

const withTerminal = <T>(use: (terminal: { master: number; slave: number; pty: string }) => T): T => {
  const terminal = open(80, 24);
  try {
    return use(terminal);
  } finally {
    closeSync(terminal.master);
    closeSync(terminal.slave);
  }
};

/** Runs a script (as nodeCommand) on a terminal of its own; what it wrote there. */
const onTerminal = (script: string): Promise<string> =>
  new Promise((resolve) => {
    const [command, ...words] = nodeCommand(script);
    const terminal = pty.spawn(command, words, { env: process.env });
    let output = '';
    terminal.onData((text) => (output += text));
    terminal.onExit(() => resolve(output.trim()));
  });

describe('the foreground', () => {
  it('goes to the program with the launch, and comes back from the background without a SIGTTOU', async () => {
    const output = await onTerminal(`
      const own = native.terminalGroup(0);
      const { pid } = native.launch(planFor(['sleep', '1000'], { foreground: true }));
      native.wait(pid, 0, status);
      const given = native.terminalGroup(0) === pid;
      const back = native.setTerminalGroup(0, own);
      console.log(JSON.stringify({ mine: own === process.pid, given, back, again: native.terminalGroup(0) === own }));
      end(pid);`);
    expect(JSON.parse(output)).toEqual({ mine: true, given: true, back: 0, again: true });
  });

  it('goes there although the standard streams are redirected', async () => {
    const output = await onTerminal(`
      const redirections = [0, 1, 2].map((fd) => ({ fd, path: '/dev/null', flags: fs.constants.O_RDWR, mode: 0 }));
      const own = native.terminalGroup(0);
      const { pid } = native.launch(planFor(['sleep', '1000'], { foreground: true, redirections }));
      native.wait(pid, 0, status);
      const given = native.terminalGroup(0) === pid;
      native.setTerminalGroup(0, own);
      console.log(String(given));
      end(pid);`);
    expect(output).toBe('true');
  });

  it('comes back when the program cannot be executed', async () => {
    const output = await onTerminal(`
      const failure = native.launch(planFor(['no-such-program'], { foreground: true }));
      console.log(JSON.stringify([failure.step, native.terminalGroup(0) === process.pid]));`);
    expect(output).toBe('["exec",true]');
  });

  it('stays where it is unless asked', async () => {
    const output = await onTerminal(`
      const { pid } = native.launch(planFor(['sleep', '1000']));
      native.wait(pid, 0, status);
      console.log(String(native.terminalGroup(0) === process.pid));
      end(pid);`);
    expect(output).toBe('true');
  });

  it('is nobody’s where there is no terminal: no failure', () => {
    const ENOTTY = 25;
    const file = openSync('/dev/null', 'r');
    try {
      expect(native.terminalGroup(file)).toBe(-ENOTTY);
      expect(native.setTerminalGroup(file, process.pid)).toBe(-ENOTTY);
    } finally {
      closeSync(file);
    }
    const script = `const { pid } = native.launch(planFor(['true'], { foreground: true })); native.wait(pid, 0, status); const ok = status[1] === 0x57f; end(pid); process.exit(ok ? 0 : 1)`;
    const [command, ...words] = nodeCommand(script);
    const launcher = native.launch(
      planFor(['setsid', '--wait', command, ...words], {
        trace: false,
        environment: Object.entries(process.env).map(([name, value]) => `${name}=${value}`),
      }),
    );
    expect(waitFor((launcher as { pid: number }).pid)).toBe(0);
  });
});

describe('a terminal of its own', () => {
  it('controls the program’s session: standard streams, foreground, Ctrl-C', () => {
    withTerminal(({ master, pty: name }) => {
      const pid = launchStopped(planFor(['cat'], { tty: name, foreground: true }));
      for (const fd of [0, 1, 2]) expect(linkOf(pid, fd)).toBe(name);
      const [, , group, session, , foreground] = statFields(pid);
      expect([group, session, foreground]).toEqual([pid, pid, pid].map(String));
      native.cont(pid, 0);
      const SIGINT = 2;
      writeSync(master, '\x03');
      expect(waitFor(pid)).toBe(stoppedBy(SIGINT));
      end(pid);
    });
  });

  it('that controls another session can be used, but is not taken from it', () => {
    withTerminal(({ pty: name }) => {
      const owner = launchStopped(planFor(['sleep', '1000'], { tty: name }));
      withStopped(planFor(['true'], { tty: name }), (pid) => {
        expect(linkOf(pid, 1)).toBe(name);
        const [, , , session, terminal] = statFields(pid);
        expect([session, terminal]).toEqual([String(pid), '0']);
      });
      end(owner);
    });
  });
});

describe('terminal modes', () => {
  it('are copied and set back', () => {
    withTerminal(({ slave }) => {
      const before = native.terminalMode(slave);
      if (before === undefined) throw new Error('no terminal');
      const lflag = new DataView(before.buffer).getUint32(12, true);
      const ECHO = 0o10;
      expect(lflag & ECHO).toBe(ECHO);
      const silent = before.slice();
      new DataView(silent.buffer).setUint32(12, lflag & ~ECHO, true);
      expect(native.setTerminalMode(slave, silent)).toBe(0);
      expect(native.terminalMode(slave)).toEqual(silent);
      expect(native.setTerminalMode(slave, before)).toBe(0);
      expect(native.terminalMode(slave)).toEqual(before);
    });
  });

  it('are undefined for what is no terminal, and a copy of another size is refused', () => {
    const file = openSync('/dev/null', 'r');
    const EINVAL = 22;
    try {
      expect(native.terminalMode(file)).toBeUndefined();
      expect(native.setTerminalMode(file, new Uint8Array(3))).toBe(-EINVAL);
    } finally {
      closeSync(file);
    }
  });
});

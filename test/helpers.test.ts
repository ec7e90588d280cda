/** The guards that other tests rely on must themselves be able to fail. */
import { spawn, spawnSync } from 'node:child_process';
import { closeSync, existsSync, openSync } from 'node:fs';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { compileText, fixture, lineOf } from './helpers/build.js';
import { gdb } from './helpers/gdb.js';
import { leakGuard, leaksSince, removeLeaks, snapshot } from './helpers/leaks.js';
import { processFacts } from './helpers/processes.js';

describe('leak guard', () => {
  leakGuard();

  it('is content when nothing is left', async () => {
    const before = snapshot();
    spawnSync('true');
    expect(await leaksSince(before, 0)).toEqual([]);
  });

  it('finds a child, and removes it', async () => {
    const before = snapshot();
    const child = spawn('sleep', ['100']);
    const left = await leaksSince(before, 0);
    expect(left.find((text) => text.includes(`process ${child.pid ?? 0} (sleep 100), state`))).toBeDefined();
    removeLeaks(before);
    await once(child, 'close');
    expect(await leaksSince(before)).toEqual([]);
  });

  it('finds a grandchild that became a daemon', async () => {
    const before = snapshot();
    // The daemon closes the output, for which spawnSync waits, when it is one; it does not exec again.
    spawnSync('sh', ['-c', `setsid sh -c 'exec >/dev/null; kill -STOP $$' 2>/dev/null </dev/null &`]);
    expect(await leaksSince(before, 0)).toEqual([expect.stringContaining('kill -STOP $$), state')]);
    removeLeaks(before);
    expect(await leaksSince(before)).toEqual([]);
  });

  it('finds a zombie', async () => {
    const before = snapshot();
    const child = spawn('true');
    // Node reaps in its event loop, which this loop does not let run.
    while (processFacts(child.pid ?? 0)?.state !== 'Z');
    expect(await leaksSince(before, 0)).toContainEqual(expect.stringMatching(/\(true\), state Z/));
    await once(child, 'close');
  });

  it('finds a descriptor', async () => {
    const before = snapshot();
    const fd = openSync('/etc/passwd', 'r');
    expect(await leaksSince(before, 0)).toEqual([`descriptor ${fd}: /etc/passwd`]);
    closeSync(fd);
    expect(await leaksSince(before, 0)).toEqual([]);
  });
});

describe('programs for tests', () => {
  it('compiles a text once, and again when it changes', () => {
    const one = compileText('seven.c', 'int main(void) { return 7; }\n');
    expect(spawnSync(one).status).toBe(7);
    expect(compileText('seven.c', 'int main(void) { return 7; }\n')).toBe(one);
    const other = compileText('seven.c', 'int main(void) { return 8; }\n');
    expect(other).not.toBe(one);
    expect(spawnSync(other).status).toBe(8);
  });

  it('builds a fixture in several ways', () => {
    expect(existsSync(fixture('loop_line', 'O2'))).toBe(true);
    expect(fixture('loop_line', 'pie')).not.toBe(fixture('loop_line'));
    expect(lineOf('loop_line.c', '// the loop')).toBeGreaterThan(1);
  });

  it('asks gdb', () => {
    const program = compileText('answer.c', 'int answer = 42;\nint main(void) { return 0; }\n');
    expect(gdb(['print answer'], program)).toContain('$1 = 42');
  });
});

/** Files as mapped memory: contents, what is refused, and files that shrink under the mapping. */
import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, truncateSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { native } from '../../src/native.js';
import { leakGuard } from '../helpers/leaks.js';
import { descriptorsOf } from '../helpers/processes.js';
import { runNode, jsonFromNode } from './support.js';

leakGuard();

const folder = mkdtempSync(join(tmpdir(), 'deet-map-'));
afterAll(() => rmSync(folder, { recursive: true }));

const page = 4096;
let count = 0;
const fileOf = (bytes: Uint8Array | string): string => {
  const path = join(folder, `file${++count}`);
  writeFileSync(path, bytes);
  return path;
};

const mapped = (path: string): ArrayBuffer => {
  const result = native.mapFile(path);
  if (typeof result === 'number') throw new Error(`mapFile: ${result}`);
  return result;
};

const mappingsOf = (path: string): number => readFileSync('/proc/self/maps', 'utf8').split(path).length - 1;

/** How many mappings there are of a file that was mapped so many times and let go of: before the garbage is collected, and after it. */
const mappingsBesideCollection = (map: 'mapFile' | 'mapText', times: number): unknown => {
  const script = `
    const path = ${JSON.stringify(fileOf('collected '.repeat(1000)))};
    const count = () => fs.readFileSync('/proc/self/maps', 'utf8').split(path).length - 1;
    (() => { for (let index = 0; index < ${times}; index++) native.${map}(path); })();
    const before = count();
    const look = (turns) => {
      gc();
      if (count() === 0 || turns === 0) console.log(JSON.stringify([before, count()]));
      else setImmediate(look, turns - 1);
    };
    setImmediate(look, 100);`;
  return jsonFromNode(script, [], ['--expose-gc']);
};
const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('mapFile', () => {
  it('shows the file as it is, and holds no descriptor', () => {
    const bytes = Uint8Array.from({ length: 3 * page + 17 }, (_, index) => index % 251);
    const before = descriptorsOf('self').size;
    const buffer = mapped(fileOf(bytes));
    expect(Buffer.from(buffer).equals(bytes)).toBe(true);
    expect(descriptorsOf('self').size).toBe(before);
    native.unmapFile(buffer);
  });

  it('gives an empty buffer for an empty file', () => {
    const buffer = mapped(fileOf(''));
    expect(buffer.byteLength).toBe(0);
    native.unmapFile(buffer);
  });

  it('follows symbolic links, and takes names that are not ASCII', () => {
    const path = join(folder, 'ünïcödé');
    writeFileSync(path, 'text');
    execFileSync('ln', ['-s', path, join(folder, 'link')]);
    const buffer = mapped(join(folder, 'link'));
    expect(Buffer.from(buffer).toString()).toBe('text');
    native.unmapFile(buffer);
  });

  it.each([
    ['a directory', '/', 21],
    ['a device', '/dev/zero', 22],
    ['a terminal line', '/dev/tty', 22],
    ['a missing file', '/nowhere/file', 2],
    ['a name cut by a NUL', '/bin/ls\0', 2],
  ])('refuses %s', (_, path, errno) => {
    expect(native.mapFile(path)).toBe(-errno);
  });

  it('refuses a named pipe at once', () => {
    const path = join(folder, 'fifo');
    execFileSync('mkfifo', [path]);
    expect(native.mapFile(path)).toBe(-22);
  });
});

describe('mapText', () => {
  it('gives the text of a file of Latin-1, which stays in the file', () => {
    const text = 'lines of a program;\n'.repeat(1000) + '\xe4\xff';
    const path = fileOf(Buffer.from(text, 'latin1'));
    const mappedText = native.mapText(path);
    expect(mappingsOf(path)).toBe(1);
    expect(mappedText).toBe(text);
    expect(native.mapText(fileOf(''))).toBe('');
  });

  it('goes with the string', () => {
    expect(mappingsBesideCollection('mapText', 30)).toEqual([30, 0]);
  });

  it.each([
    ['a directory', '/', 21],
    ['a missing file', '/nowhere/file', 2],
    ['a name cut by a NUL', '/bin/ls\0', 2],
  ])('refuses %s', (_, path, errno) => {
    expect(native.mapText(path)).toBe(-errno);
  });
});

describe('a file longer than an ArrayBuffer of this Node may be', () => {
  it('is refused, or mapped: never a crash', () => {
    const path = fileOf('');
    truncateSync(path, 2 ** 40); // sparse: it takes no room on the disk
    const result = native.mapFile(path);
    const EFBIG = 27;
    if (typeof result === 'number') expect(result).toBe(-EFBIG);
    else {
      expect(result.byteLength).toBe(2 ** 40);
      native.unmapFile(result);
    }
    expect(Buffer.from(mapped(fileOf('still alive'))).toString()).toBe('still alive');
  });
});

describe('the end of a mapping', () => {
  it('comes with unmapFile, once: the buffer is empty, the memory is free', async () => {
    const path = fileOf('gone soon');
    const buffer = mapped(path);
    const other = mapped(path);
    expect(mappingsOf(path)).toBe(2);
    native.unmapFile(buffer);
    native.unmapFile(buffer);
    expect(buffer.byteLength).toBe(0);
    await nextTurn();
    expect(mappingsOf(path)).toBe(1);
    expect(Buffer.from(other).toString()).toBe('gone soon');
    native.unmapFile(other);
  });

  it('comes with the collection of the buffer', () => {
    expect(mappingsBesideCollection('mapFile', 300)).toEqual([300, 0]);
  });

  it('comes with the end of the worker that mapped, while others keep theirs', () => {
    const path = fileOf('shared');
    const script = `
      const path = ${JSON.stringify(path)};
      const count = () => fs.readFileSync('/proc/self/maps', 'utf8').split(path).length - 1;
      const own = native.mapFile(path);
      const code = \`import { createRequire } from 'node:module';
        import { parentPort } from 'node:worker_threads';
        globalThis.kept = createRequire('/')(\${JSON.stringify(addon)}).mapFile(\${JSON.stringify(path)});
        parentPort.postMessage('mapped');
        setInterval(() => {}, 1000);\`;
      const worker = new Worker(code, { eval: true });
      worker.once('message', async () => {
        const during = count();
        await worker.terminate();
        console.log(JSON.stringify([during, count(), Buffer.from(own).toString()]));
      });`;
    expect(jsonFromNode(script)).toEqual([2, 1, 'shared']);
  });
});

describe('releasePages', () => {
  /** KiB of the mapping of a file that are in memory (proc(5), smaps). */
  const residentOf = (path: string): number => {
    const about = readFileSync('/proc/self/smaps', 'utf8').split(`${path}\n`)[1];
    return Number(/^Rss:\s+(\d+)/m.exec(about)?.[1]);
  };
  const sum = (bytes: Uint8Array): number => bytes.reduce((total, byte) => total + byte, 0);

  it('takes whole pages out of the process, and they come back as they were', () => {
    const path = fileOf(new Uint8Array(64 * page).fill(7));
    const bytes = new Uint8Array(mapped(path));
    expect(sum(bytes)).toBe(7 * bytes.length);
    expect(residentOf(path)).toBe(64 * 4);
    native.releasePages(bytes.subarray(10, 16 * page + 10)); // 15 whole pages
    expect(residentOf(path)).toBe(49 * 4);
    native.releasePages(bytes);
    expect(residentOf(path)).toBe(0);
    expect(sum(bytes)).toBe(7 * bytes.length);
    native.unmapFile(bytes.buffer);
  });

  it('leaves other memory alone', () => {
    const path = fileOf(new Uint8Array(page));
    const bytes = new Uint8Array(mapped(path));
    const other = new Uint8Array(64 * page).fill(9);
    native.releasePages(other);
    native.releasePages(new Uint8Array(0));
    expect(other.every((byte) => byte === 9)).toBe(true);
    native.unmapFile(bytes.buffer);
  });
});

describe('a file that shrinks while it is mapped', () => {
  it('reads as zeros past its new end', () => {
    const path = fileOf(new Uint8Array(5 * page).fill(7));
    const bytes = new Uint8Array(mapped(path));
    truncateSync(path, page + 10);
    const pages = [0, 1, 2, 3, 4].map((index) => [bytes[index * page + 5], bytes[index * page + 100]]);
    expect(pages).toEqual([
      [7, 7],
      [7, 0],
      [0, 0],
      [0, 0],
      [0, 0],
    ]);
    expect(bytes.subarray(2 * page).every((byte) => byte === 0)).toBe(true);
    native.unmapFile(bytes.buffer);
  });

  it('keeps its old bytes when it is replaced instead, as linkers do', () => {
    const path = fileOf('old');
    const buffer = mapped(path);
    rmSync(path);
    writeFileSync(path, 'new, and longer');
    expect(Buffer.from(buffer).toString()).toBe('old');
    native.unmapFile(buffer);
  });

  it('is found among hundreds of mappings', () => {
    const paths = Array.from({ length: 400 }, () => fileOf(new Uint8Array(2 * page).fill(1)));
    const buffers = paths.map(mapped);
    for (const path of paths) truncateSync(path, 0);
    expect(buffers.every((buffer) => new Uint8Array(buffer).every((byte) => byte === 0))).toBe(true);
    for (const buffer of buffers) native.unmapFile(buffer);
  });

  it('is no reason to fail for a system call that reads the mapping', () => {
    const EFAULT = 'EFAULT';
    const path = fileOf(new Uint8Array(2 * page));
    const bytes = new Uint8Array(mapped(path));
    truncateSync(path, 0);
    const sink = openSync(join(folder, 'sink'), 'w');
    try {
      expect(() => writeSync(sink, bytes)).toThrow(EFAULT);
      expect(bytes[page]).toBe(0);
    } finally {
      closeSync(sink);
    }
    native.unmapFile(bytes.buffer);
  });
});

describe('SIGBUS', () => {
  it('that has nothing to do with a mapping still kills', () => {
    const script = `native.mapFile('/bin/ls'); process.kill(process.pid, 'SIGBUS'); setInterval(() => {}, 1000);`;
    const { signal } = runNode(script, ['env', 'ASAN_OPTIONS=detect_leaks=0:handle_sigbus=0']);
    expect(signal).toBe('SIGBUS');
  });

  it('goes to the handler that was there before', () => {
    // process.on installs libuv's handler first; the addon's must pass on what it does not know.
    const script = `
      process.once('SIGBUS', () => { console.log('"heard"'); clearInterval(timer); });
      const timer = setInterval(() => {}, 1000);
      native.mapFile('/bin/ls');
      process.kill(process.pid, 'SIGBUS');`;
    expect(jsonFromNode(script)).toBe('heard');
  });
});

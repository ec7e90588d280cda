import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeInstruction, describeInstruction, disassemble } from '../../src/inferior/disassemble.js';

const code = (text: string): Uint8Array => Uint8Array.from(text.split(' '), (byte) => Number.parseInt(byte, 16));
const one = (bytes: string, address = 0x401000n, syntax: 'att' | 'intel' = 'att'): string =>
  disassemble(code(bytes), address, { syntax, symbolize: (target) => (target === 0x401005n ? 'main+5' : undefined) })[0]?.text ?? '';

/** Lines of objdump: address, bytes and text with targets written as gdb writes them. */
const objdump = (file: string, ...options: string[]): { address: bigint; bytes: Uint8Array; text: string }[] => {
  const output = execFileSync('objdump', ['-d', '-w', '-j', '.text', ...options, file], { encoding: 'latin1', maxBuffer: 1 << 28 });
  return output.split('\n').flatMap((line) => {
    const [, address, bytes, text] = /^ *([0-9a-f]+):\t([0-9a-f ]+?) *\t(.*)$/.exec(line) ?? [];
    if (address === undefined || bytes === undefined || text === undefined) return [];
    const gdb = text
      .replace(/ <.*/, '')
      .replace('# ', '# 0x')
      .trimEnd()
      .replace(/^((?:[\w.]+ )*(?:call|j\w+|loop\w*|xbegin) +)([0-9a-f]+)$/, '$10x$2');
    return [{ address: BigInt(`0x${address}`), bytes: code(bytes.trim()), text: gdb }];
  });
};

/** Disassembles all of the lines' bytes at once, so that instruction lengths are compared too. */
const differences = (lines: ReturnType<typeof objdump>): string[] => {
  const first = lines[0];
  if (!first) return ['objdump printed nothing'];
  const bytes = Buffer.concat(lines.map((line) => line.bytes));
  const ours = disassemble(bytes, first.address);
  return lines.flatMap((line, index) => {
    const instruction = ours[index];
    const same = instruction?.address === line.address && instruction.text === line.text;
    return same ? [] : [`${line.address.toString(16)}: ${line.text} / ${instruction?.text}`];
  });
};

describe('the text of instructions', () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'deet-disassemble-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('is that of objdump for a compiled program', () => {
    const source = join(folder, 'a.c');
    writeFileSync(
      source,
      `#include <string.h>
       struct node { int x; struct node *next; char name[40]; }; int counter; long double wide; __thread int mine;
       int sum(struct node *p) { int s = 0; for (; p; p = p->next) s += p->x; return s; }
       double mean(const double *v, int n) { double s = 0; for (int i = 0; i < n; i++) s += v[i]; return s / n; }
       long double grow(long double x) { wide *= x; return wide + 1; }
       int choose(int k) { switch (k) { case 0: return 7; case 1: return counter / k; case 2: return k << 1; case 3: return k * 40;
         case 4: return mine++; case 5: return k >> 1; case 6: return (unsigned)k % 10; default: return -1; } }
       void clear(struct node *p, int n) { memset(p, 0, n * sizeof *p); while (n--) { strcpy(p[n].name, "node"); p[n].x = counter++; } }
       int main(int argc, char **argv) { struct node a = {1, 0, ""}; clear(&a, argc); return sum(&a) + choose(argc) + (int)mean(0, 0) + (int)grow(argc); }`,
    );
    for (const level of ['-O0', '-O2', '-O3']) {
      const object = join(folder, `a${level}`);
      execFileSync('gcc', ['-g', level, '-fcf-protection', '-march=x86-64-v3', '-mtune=generic', source, '-o', object]);
      const lines = objdump(object);
      expect(lines.length).toBeGreaterThan(200);
      expect([level, ...differences(lines)]).toEqual([level]);
    }
  });

  it('is that of objdump for the C library, in samples', () => {
    const library = process.report.getReport() as unknown as { sharedObjects: string[] };
    const libc = library.sharedObjects.find((path) => path.endsWith('libc.so.6')) ?? '';
    const symbols = execFileSync('nm', ['-D', '--defined-only', libc], { encoding: 'latin1' });
    const starts = [...symbols.matchAll(/^([0-9a-f]+) T /gm)]
      .map(([, address]) => Number.parseInt(address ?? '', 16))
      .sort((a, b) => a - b);
    for (let part = 0; part < 10; part++) {
      const from = starts[Math.floor((starts.length * part) / 10)] ?? 0;
      const lines = objdump(libc, `--start-address=${from}`, `--stop-address=${from + 0x6000}`);
      expect(lines.length).toBeGreaterThan(1000);
      // The end may cut an instruction in two, whose bytes are then read one by one: the last lines are left out.
      expect(differences(lines.slice(0, -15)).slice(0, 3)).toEqual([]);
    }
  });

  it('names targets and addresses relative to rip', () => {
    expect(one('e8 00 00 00 00')).toBe('call   0x401005 <main+5>');
    expect(one('75 03')).toBe('jne    0x401005 <main+5>');
    expect(one('8b 05 ff ff ff ff')).toBe('mov    -0x1(%rip),%eax        # 0x401005 <main+5>');
    expect(one('8b 05 00 00 00 00')).toBe('mov    0x0(%rip),%eax        # 0x401006');
    expect(one('66 48 8d 3d 00 00 00 00')).toBe('data16 lea 0x0(%rip),%rdi        # 0x401008');
  });

  it("follows objdump's Intel syntax on request", () => {
    const texts = ['48 8b 7c 24 10', '64 48 2b 14 25 28 00 00 00', 'd1 e8', '74 02', '66 2e 0f 1f 84 00 00 00 00 00'].map((bytes) =>
      one(bytes, 0x401000n, 'intel'),
    );
    expect(texts).toEqual([
      'mov    rdi,QWORD PTR [rsp+0x10]',
      'sub    rdx,QWORD PTR fs:0x28',
      'shr    eax,1',
      'je     0x401004',
      'cs nop WORD PTR [rax+rax*1+0x0]',
    ]);
  });

  it('goes on byte by byte after what is no instruction, and at the end of the bytes', () => {
    const list = disassemble(code('06 90 48 8b'), 0n);
    expect(list.map(({ address, length, text, flow }) => [address, length, text, flow])).toEqual([
      [0n, 1, '(bad)', 'invalid'],
      [1n, 1, 'nop', 'next'],
      [2n, 1, '.byte 0x48', 'invalid'],
      [3n, 1, '.byte 0x8b', 'invalid'],
    ]);
    expect(disassemble(code('90 90 90'), 0n, {}, 2)).toHaveLength(2);
    expect(decodeInstruction(new Uint8Array(0), 0n)).toBeUndefined();
  });
});

describe('where an instruction goes', () => {
  it.each([
    ['90', 'next', 1, undefined],
    ['eb fe', 'jump', 2, 0x401000n],
    ['e9 00 00 00 00', 'jump', 5, 0x401005n],
    ['ff e0', 'indirect-jump', 2, undefined],
    ['0f 84 00 00 00 00', 'conditional', 6, 0x401006n],
    ['e3 00', 'conditional', 2, 0x401002n],
    ['e2 00', 'conditional', 2, 0x401002n],
    ['e8 fb ff ff ff', 'call', 5, 0x401000n],
    ['ff 15 00 00 00 00', 'indirect-call', 6, undefined],
    ['f3 c3', 'return', 2, undefined],
    ['0f 05', 'syscall', 2, undefined],
    ['cc', 'int3', 1, undefined],
    ['cd 80', 'interrupt', 2, undefined],
    ['06', 'invalid', 1, undefined],
  ])('%s', (bytes, flow, length, target) => {
    const decoded = decodeInstruction(code(bytes), 0x401000n);
    expect([decoded?.flow, decoded?.length, decoded?.target]).toEqual([flow, length, target]);
  });
});

describe('what an instruction touches', () => {
  const touched = (bytes: string) => describeInstruction(code(bytes), 0x401000n);

  it('is the memory operand with its registers', () => {
    expect(touched('89 54 88 f8')).toMatchObject({
      mnemonic: 'mov',
      operands: [
        { kind: 'memory', memory: { base: 'rax', index: 'rcx', scale: 4, displacement: -8n } },
        { kind: 'register', name: 'edx' },
      ],
      accesses: [{ base: 'rax', index: 'rcx', scale: 4, displacement: -8n, size: 4, reads: false, writes: true }],
    });
    expect(touched('64 48 8b 04 25 28 00 00 00')?.accesses).toEqual([
      { scale: 1, displacement: 0x28n, segment: 'fs', size: 8, reads: true, writes: false },
    ]);
    expect(touched('8b 05 00 01 00 00')?.accesses).toEqual([{ scale: 1, displacement: 0x401106n, size: 4, reads: true, writes: false }]);
  });

  it('includes what push and call write to the stack, but not the address that lea computes', () => {
    expect(touched('55')?.accesses).toEqual([{ base: 'rsp', scale: 1, displacement: -8n, size: 8, reads: false, writes: true }]);
    expect(touched('e8 00 00 00 00')?.accesses).toMatchObject([{ base: 'rsp', displacement: -8n, writes: true }]);
    expect(touched('48 8d 44 24 08')?.accesses).toEqual([]);
  });

  it('names the registers that change', () => {
    const changes = ['89 c8', '48 83 c0 08', '58', 'f7 f9', '89 08', '31 c0', '48 8d 44 24 08', 'aa'].map((bytes) =>
      touched(bytes)?.changes.join(' '),
    );
    expect(changes).toEqual(['rax', 'rax', 'rax rsp', 'rax rdx', '', 'rax', 'rax', 'rdi']);
    expect(touched('48 8d 44 24 08')?.operands[1]).toEqual({ kind: 'memory', memory: { base: 'rsp', scale: 1, displacement: 8n } });
  });

  it('is nothing where there is no instruction', () => {
    expect(touched('06')).toBeUndefined();
    expect(touched('f7 f9')).toMatchObject({ mnemonic: 'idiv', operands: [{ kind: 'register', name: 'ecx' }] });
  });
});

import { describe, expect, it } from 'vitest';
import type { Explanation } from '../../src/insight/crash.js';
import { explain } from '../../src/insight/explain.js';
import { sceneOf } from '../../src/insight/thread_scene.js';
import { Session } from '../../src/session/session.js';
import { compileText, sample } from '../helpers/build.js';
import { leakGuard } from '../helpers/leaks.js';
import { crash, source } from './crash.js';

leakGuard();

describe('the samples of crashes are explained', () => {
  it.each<[string, Partial<Explanation>, RegExp]>([
    ['assertion', { cause: 'assertion', expression: 'n >= 0' }, /^An assertion failed in square_root: `n >= 0` is not true\.$/],
    ['broken_pipe', { cause: 'pipe-closed' }, /^main writes \(write\) to pipe \d+ \(fd 4\), whose read end nobody holds any more\./],
    ['divide', { cause: 'division', expression: 'count' }, /^mean divides an integer by zero: `count` is 0\.$/],
    [
      'double_free',
      { cause: 'bad-free', expression: 'person->name' },
      /in free\(person->name\), called by forget: "free\(\): double free.*the same memory was freed twice\.$/,
    ],
    [
      'execute_data',
      { cause: 'execute-data', expression: 'function', access: 'execute' },
      /^main calls 0x\w+ through `function`: that is data \(`data`, in .*execute_data\)/,
    ],
    [
      'heap_overflow',
      { cause: 'heap-corruption' },
      /in free\(other\), called by main: "(?:free\(\): invalid size|double free or corruption \(out\))".*the block of 24 bytes at 0x\w+ \(`name` points to it\) was written past its end/,
    ],
    [
      'misaligned',
      { cause: 'misaligned', expression: '*bytes', access: 'read', size: 16 },
      /^first_of_four reads 16 bytes from `\*bytes` .* movaps wants an address that is a multiple of 16/,
    ],
    [
      'null_field',
      { cause: 'null-pointer', expression: 'p->next', address: '0x8', access: 'write', size: 8 },
      /^append writes 8 bytes to `p->next` \(address 0x8\), but `p` is NULL\.$/,
    ],
    [
      'read_only',
      { cause: 'read-only', access: 'write', size: 1 },
      /^capitalize writes 1 byte to `\*word` .* in read-only memory of read_only: a string literal or a constant\.$/,
    ],
    ['smashed_stack', { cause: 'stack-smashed' }, /overwritten with 0x4242424242424242, the text "BBBBBBBB"/],
    [
      'stack_overflow',
      { cause: 'stack-overflow', expression: 'factorial' },
      /^The stack is full: factorial calls itself, about [\d,]+ calls deep/,
    ],
    [
      'use_after_free',
      { cause: 'wild-pointer', expression: 'list->next->value' },
      /`list->next` is 0x4141414141414141\. These bytes are the text "AAAAAAAA"/,
    ],
    [
      'use_after_return',
      { cause: 'use-after-return', expression: 'list' },
      /^`list` points to a local variable of a function that has returned/,
    ],
  ])('%s', async (name, fields, text) => {
    const explanation = await crash(sample(`crashes/${name}`));
    expect(explanation).toMatchObject({ type: 'explanation', ...fields });
    expect(explanation.text).toMatch(text);
    if (name !== 'smashed_stack') expect(explanation.place?.file).toMatch(new RegExp(`/${name}\\.c$`));
  });
});

describe('pointers are traced to expressions', () => {
  it.each<[string, string, Partial<Explanation>, RegExp]>([
    [
      'global',
      'int main(void) { head->next->value = 3; }',
      { cause: 'null-pointer', expression: 'head->next' },
      /^main reads 8 bytes from `head->next` \(address 0x28\), but `head` is NULL\.$/,
    ],
    [
      'second',
      'int main(void) { struct node n = {0}; struct node *p = &n; return p->next->in[2].b; }',
      { expression: 'p->next->in[2].b', address: '0x1c' },
      /but `p->next` is NULL/,
    ],
    [
      'star',
      'int main(void) { int *p = 0; return *p; }',
      { expression: '*p', address: '0x0', access: 'read', size: 4 },
      /^main reads 4 bytes from `\*p` \(address 0x0\), but `p` is NULL/,
    ],
    ['indexed', 'int main(int i, char **v) { int *p = 0; return p[i + 2]; }', { cause: 'null-pointer' }, /`p` is NULL|nearly/],
    [
      'element',
      'int main(int i, char **v) { struct node *p = 0; i = 3; p[i].in[1].a = 7; }',
      { expression: 'p[i].in[1].a', access: 'write' },
      /but `p` is NULL/,
    ],
    [
      'array',
      'int main(void) { long i = 1L << 32; return table[i]; }',
      { cause: 'out-of-bounds', expression: 'table[i]' },
      /reads 4 bytes from `table\[i\]`/,
    ],
    [
      'far',
      'int main(void) { int *p = malloc(40); long i = 1L << 40; p[i] = 1; }',
      { cause: 'out-of-bounds', expression: 'p[i]' },
      /`p` points to a block of 40 bytes.*Is the index out of range\?$/,
    ],
    ['malloc', 'int main(void) { char *p = malloc(1L << 60); *p = 1; }', { cause: 'null-pointer', expression: '*p' }, /`p` is NULL/],
    [
      'result',
      'struct node *find(void) { return 0; } int main(void) { find()->value = 1; }',
      { cause: 'null-pointer' },
      /find returned NULL/,
    ],
    [
      'wild',
      'int main(void) { struct node *p = (void *)0x12345678000; p->value = 1; }',
      { cause: 'wild-pointer', expression: 'p->value' },
      /where nothing is mapped, and `p` is 0x12345678000\.$/,
    ],
    [
      'garbage',
      'int main(void) { struct node *p = (void *)0xdeadbeefdeadbeef; return p->value; }',
      { cause: 'wild-pointer', address: '0xdeadbeefdeadbeef' },
      /which is no address at all/,
    ],
  ])('%s', async (name, body, fields, text) => {
    const explanation = await crash(source(name, body));
    expect(explanation).toMatchObject(fields);
    expect(explanation.text).toMatch(text);
  });

  it('in optimised code, as far as the code shows it', async () => {
    const body = `__attribute__((noinline)) long sum(struct node *p) { long s = 0; while (p->value >= 0) { s += p->value; p = p->next; } return s; }
      int main(void) { struct node n = {4}; return sum(&n); }`;
    const explanation = await crash(source('optimised', body, ['-O2']));
    expect(explanation).toMatchObject({ cause: 'null-pointer', address: '0x0' });
    expect(explanation.text).toMatch(/^sum reads 8 bytes from .*NULL/);
  });

  it('through library functions to the argument', async () => {
    const explanation = await crash(
      source('strlen', 'int main(int c, char **v) { char *name = getenv("NO_SUCH_THING"); return strlen(name); }'),
    );
    expect(explanation).toMatchObject({ cause: 'null-pointer', expression: 'name' });
    expect(explanation.text).toBe('main calls strlen with `name`, which is NULL.');
    const copy = await crash(source('strcpy', 'int main(void) { char *to = "constant"; strcpy(to, "x"); }', ['-fno-builtin']));
    expect(copy).toMatchObject({ cause: 'read-only', access: 'write' });
    expect(copy.text).toMatch(/^main calls strcpy with `to`, in read-only memory of/);
  });
});

describe('the other ways to die are explained', () => {
  it.each<[string, string, Partial<Explanation>, RegExp]>([
    [
      'call-null',
      'int main(void) { void (*f)(void) = 0; f(); }',
      { cause: 'null-pointer', expression: 'f', access: 'execute' },
      /^main calls a function through `f`, which is NULL\.$/,
    ],
    [
      'call-member',
      'int main(void) { struct node n = {0}; struct node *p = &n; p->act(p); }',
      { cause: 'null-pointer', expression: 'p->act' },
      /through `p->act`, which is NULL/,
    ],
    [
      'call-nowhere',
      'int main(void) { void (*f)(void) = (void *)0x123456000; f(); }',
      { cause: 'execute-data', expression: 'f' },
      /calls 0x123456000 through `f`, where nothing is mapped/,
    ],
    [
      'overflow',
      'int main(void) { int a = INT_MIN, b = -1; return a / b; }',
      { cause: 'division', expression: 'b' },
      /^main divides by `b`, which is -1, and the result does not fit/,
    ],
    ['modulo', 'int main(void) { long a = 7; return a % head2; } ', { cause: 'division', expression: 'head2' }, /`head2` is 0/],
    [
      'mutual',
      'int b(int n); int a(int n) { return b(n) + 1; } int b(int n) { return a(n + 1) + 1; } int main(void) { return a(0); }',
      { cause: 'stack-overflow' },
      /(?:a and b|b and a) call each other/,
    ],
    [
      'large',
      'int main(void) { volatile char big[64 << 20]; big[0] = 1; return big[5]; }',
      { cause: 'stack-overflow' },
      /the local variables of main alone need 67\d+ bytes/,
    ],
    [
      'thread',
      'int f(int n) { return f(n + 1) + 1; } void *run(void *x) { f(0); return x; } int main(void) { pthread_t t; pthread_create(&t, 0, run, 0); pthread_join(t, 0); }',
      { cause: 'stack-overflow', expression: 'f' },
      /f calls itself/,
    ],
    [
      'protected',
      'int main(void) { int *p = mmap(0, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); p[1] = 5; }',
      { cause: 'no-access', expression: 'p[1]' },
      /may not be accessed at all/,
    ],
    ['code', 'int main(void) { *(int *)main = 0; }', { cause: 'read-only' }, /in read-only memory of `main`|code/],
    ['constant', 'const int limit = 5; int main(void) { *(int *)&limit = 6; }', { cause: 'read-only' }, /of `limit`, which is constant/],
    [
      'bus',
      'int main(void) { FILE *f = tmpfile(); ftruncate(fileno(f), 10); char *p = mmap(0, 8192, PROT_READ, MAP_SHARED, fileno(f), 0); return p[5000]; }',
      { cause: 'past-end-of-file', expression: 'p[5000]' },
      /byte 5000 of/,
    ],
    [
      'trap',
      'int main(void) { __builtin_trap(); }',
      { cause: 'illegal-instruction' },
      /^main has come to a trap that the compiler put there/,
    ],
    [
      'invalid-free',
      'int main(void) { char *p = malloc(10); free(p + 1); }',
      { cause: 'bad-free', expression: 'p + 1' },
      /free\(p \+ 1\), called by main: "free\(\): invalid pointer"/,
    ],
    [
      'protector',
      'void f(int n) { char text[16]; for (int i = 0; i < n; i++) text[i] = 65; } int main(void) { f(40); }',
      { cause: 'stack-smashed' },
      /in f: "stack smashing detected"/,
    ],
    ['abort', 'int main(void) { abort(); }', { cause: 'abort' }, /^The program called abort\(\) in main\.$/],
    ['raise', 'int main(void) { raise(SIGTERM); }', { cause: 'sent' }, /sent itself SIGTERM in main/],
    [
      'socket',
      'int main(void) { int s[2]; socketpair(AF_UNIX, SOCK_STREAM, 0, s); close(s[0]); write(s[1], "x", 1); }',
      { cause: 'pipe-closed' },
      /socket \d+ \(fd 4\), whose other end is closed/,
    ],
  ])('%s', async (name, body, fields, text) => {
    const flags = name === 'protector' ? ['-fstack-protector-all'] : [];
    const explanation = await crash(source(name, name === 'modulo' ? `long head2; ${body}` : body, flags));
    expect(explanation).toMatchObject(fields);
    expect(explanation.text).toMatch(text);
  });

  it('C++ exceptions that nobody catches', async () => {
    const program = compileText(
      'uncaught.cc',
      '#include <stdexcept>\nvoid f() { throw std::runtime_error("no"); }\nint main() { f(); }\n',
      [],
    );
    expect(await crash(program)).toMatchObject({
      cause: 'exception',
      text: 'An exception of type std::runtime_error thrown in f was caught by nobody, and C++ ends the program then (std::terminate). It says: "no".',
    });
  });

  it('a stop that is no crash', async () => {
    const session = new Session(sample('crashes/divide'), { batch: true });
    try {
      session.break('mean');
      const outcome = await session.run();
      if (outcome.kind === 'ended') throw new Error('it ended');
      expect(explain(sceneOf(outcome.stop.thread, session.stack(outcome.stop.thread)))).toMatchObject({
        cause: 'stop',
        text: expect.stringMatching(/^No signal stopped the program\. It is in mean at .*divide\.c:\d+\.$/) as string,
      });
    } finally {
      session.close();
    }
  });
});

import { relative, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { complete } from '../../src/commands/completion.js';
import { allCommands } from '../../src/commands/index.js';
import { Registry } from '../../src/commands/registry.js';
import { Session } from '../../src/session/session.js';
import { compileText } from '../helpers/build.js';

const program = compileText(
  'fields.c',
  'struct point { int x, y; struct point *next; };\nint counter;\nstatic int own_helper(struct point *p) { return p->x; }\nint main(void) { struct point origin = {1, 2, &origin}; int other = own_helper(&origin); return other - 1; }\n',
);
const registry = new Registry(allCommands);
let session: Session;
const offers = (line: string): readonly string[] => complete(line, registry, session).candidates;

beforeAll(async () => {
  session = new Session(program);
  session.break('own_helper');
  await session.run();
  session.selectFrame(1);
});
afterAll(() => session.close());

describe('Tab', () => {
  it.each([
    ['backtr', ['backtrace']],
    ['  inf', ['inferior', 'info']],
    ['info reg', ['registers']],
    ['info sha', ['sharedlibrary']],
    ['help disas', ['disassemble']],
    ['thread apply all backtr', ['backtrace']],
    ['break own', ['own_helper']],
    ['break fields.c:ma', ['fields.c:main']],
    ['tb fie', ['fields.c']],
    ['break own_helper if origin.n', ['next']],
    ['print origin.', ['next', 'x', 'y']],
    ['print origin.next->next->x', ['x']],
    ['p ori', ['origin']],
    ['p &orig', ['origin']],
    ['print counter + oth', ['other']],
    ['print/x oth', ['other']],
    ['print $ri', ['rip']],
    ['info registers ri', ['rip']],
    ['ptype struct poi', ['point']],
    ['handle SIGSEG', ['SIGSEGV']],
    ['handle SIGINT nopa', ['nopass']],
    ['delete ', ['0', 'breakpoints', 'display']],
    ['set backtrace ', ['limit', 'past-main', 'style']],
    ['set backtrace style h', ['handout']],
    ['set confirm ', ['off', 'on']],
    ['show disassembly', ['disassembly-flavor']],
    ['nosuch ', []],
    ['quit ', []],
  ])('offers for "%s"', (line, expected) => expect(offers(line)).toEqual(expected));

  it('offers files, folders with a slash behind them', () => {
    const folder = relative(process.cwd(), resolve(import.meta.dirname, '../..')) || '.';
    expect(offers(`source ${folder}/pack`)).toContain(`${folder}/package.json`);
    expect(offers(`file ${folder}/sampl`)).toEqual([`${folder}/samples/`]);
  });
});

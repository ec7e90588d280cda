/** Core files: what deet shows of a dead process is what gdb shows. */
import { describe, expect, it } from 'vitest';
import { Session } from '../../src/session/session.js';
import { fixture, type Variant } from '../helpers/build.js';
import { coreOf, coresGoAfterwards, gdbCoreOf } from '../helpers/core.js';
import { leakGuard } from '../helpers/leaks.js';
import { deetView, gdbView } from './core_view.js';

leakGuard();
coresGoAfterwards();

/** A session on a core file for as long as `body` runs; without a program it is found through the core file. */
export const opened = <T>(core: string, program: string | undefined, body: (session: Session) => T): T => {
  const session = new Session(program);
  try {
    session.settings.set('debug-file-directory', '/nonexistent');
    session.cores.open(core);
    return body(session);
  } finally {
    session.close();
  }
};

const expressions = [
  'table', 'list', '*list', '*list->next', 'list->next->next->name', 'ratio', 'constant', 'untouched', 'own', '$sp', '*(int *) 8',
]; // prettier-ignore

describe('a core file of the kernel', () => {
  it.each<[Variant, string]>([
    ['plain', 'segv'],
    ['pie', 'segv'],
    ['static', 'segv'],
    ['O2', 'segv'],
    ['dwarf4', 'segv'],
    ['clang', 'segv'],
    ['plain', 'abort'],
    ['pie', 'overflow'],
    ['plain', 'deep'],
    ['nodebug', 'segv'],
    ['stripped', 'abort'],
  ])('of a program built %s that ends by %s', (variant, how) => {
    const program = fixture('core_state', variant);
    const core = coreOf(program, [how]);
    const ours = opened(core, program, (session) => deetView(session, expressions));
    expect(ours).toEqual(gdbView(core, program, expressions));
    expect(ours.threads).toHaveLength(4);
  });
});

describe('a core file of gdb', () => {
  it('is read as well', () => {
    const program = fixture('core_state', 'pie');
    const core = gdbCoreOf(program, ['segv', '5']);
    const ours = opened(core, program, (session) => deetView(session, expressions));
    expect(ours).toEqual(gdbView(core, program, expressions));
  });
});

/** Core files: what deet shows of a dead process is what gdb shows. */
import { describe, expect, it } from 'vitest';
import { fixture, type Variant } from '../helpers/build.js';
import { coreOf, coresGoAfterwards, gdbCoreOf } from '../helpers/core.js';
import { leakGuard } from '../helpers/leaks.js';
import { openedCore } from './core_open.js';
import { asFarAsKnown, deetView, gdbView } from './core_view.js';

leakGuard();
coresGoAfterwards();

const expressions = [
  'table', 'list', '*list', '*list->next', 'list->next->next->name', 'ratio', 'constant', 'untouched', 'own', '$sp', '$_siginfo.si_signo', '$_siginfo._sifields._sigfault.si_addr', '*(int *) 8',
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
    const ours = openedCore(core, program, (session) => deetView(session, expressions));
    const gdb = gdbView(core, program, expressions);
    expect(asFarAsKnown(ours, gdb)).toEqual(gdb);
    expect(ours.threads).toHaveLength(4);
  });
});

describe('a core file of gdb', () => {
  it('is read as well', () => {
    const program = fixture('core_state', 'pie');
    const core = gdbCoreOf(program, ['segv', '5']);
    const ours = openedCore(core, program, (session) => deetView(session, expressions));
    const gdb = gdbView(core, program, expressions);
    expect(asFarAsKnown(ours, gdb)).toEqual(gdb);
  });
});

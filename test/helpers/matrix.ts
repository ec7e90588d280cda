/**
 * The forms in which gcc and clang leave debug information, combined: each compiler with each level, version of DWARF and form (48 builds),
 * half of them position independent, so that whatever else is chosen occurs with PIE and without.
 */
import type { Compiler } from './build.js';

export interface Build {
  readonly name: string;
  readonly compiler: Compiler;
  readonly flags: readonly string[];
}

const forms: readonly (readonly string[])[] = [[], ['-gz'], ['-gsplit-dwarf'], ['-fdebug-types-section'], ['-static'], ['-flto']];

const independent = (form: readonly string[], compiler: number): readonly string[] => {
  if (!form.includes('-static')) return [...form, '-pie', '-fPIE'];
  // clang refuses -static-pie beside the -no-pie that all fixtures are built with.
  return compiler === 0 ? ['-static-pie', '-fPIE'] : form;
};

/** By numbers of the choices, so that a part of them can be taken in which all pairs still occur. */
const build = (compiler: number, level: number, version: number, form: number): Build => {
  const isPie = level === form % 2;
  const chosen = forms[form];
  const flags = [['-O0', '-O2'][level], ['-gdwarf-4', '-gdwarf-5'][version], ...(isPie ? independent(chosen, compiler) : chosen)];
  const [name, extra] = compiler === 0 ? (['gcc', []] as const) : (['clang', ['-std=gnu11']] as const);
  return { name: [name, ...flags].join(' '), compiler: name, flags: [...extra, ...flags] };
};

const both = [0, 1];

const choose = (suits: (compiler: number, level: number, version: number) => boolean): Build[] =>
  both.flatMap((compiler) =>
    both.flatMap((level) =>
      both.flatMap((version) => (suits(compiler, level, version) ? forms.map((_, form) => build(compiler, level, version, form)) : [])),
    ),
  );

export const allBuilds: readonly Build[] = choose(() => true);

/** Half of them, in which each two choices occur together. */
export const pairsOfBuilds: readonly Build[] = choose((compiler, level, version) => (compiler + level + version) % 2 === 0);

/** Forms that are not combined with all others. */
export const otherBuilds: readonly Build[] = [
  { name: 'gcc, stack protector', flags: ['-fstack-protector-all'] },
  { name: 'gcc, DWARF 3', flags: ['-gdwarf-3'] },
  { name: 'gcc, DWARF 2, strict', flags: ['-gdwarf-2', '-gstrict-dwarf'] },
  { name: 'gcc, 64-bit DWARF', flags: ['-gdwarf64'] },
  { name: 'gcc, compressed as before SHF_COMPRESSED', flags: ['-gz=zlib-gnu'] },
  { name: 'gcc -Og', flags: ['-Og'] },
  { name: 'gcc -O2, sections of their own, some dropped', flags: ['-O2', '-ffunction-sections', '-Wl,--gc-sections'] },
  { name: 'gcc, compressed, type units, link-time optimization', flags: ['-gz', '-fdebug-types-section', '-flto'] },
  { name: 'gcc, split, with type units', flags: ['-gdwarf-4', '-gsplit-dwarf', '-fdebug-types-section'] },
].map((build) => ({ ...build, compiler: 'gcc' }));

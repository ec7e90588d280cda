/** Programs whose debug information is damaged in tests: between them they have every section that deet reads. */
import { fixture } from '../helpers/build.js';
import { symbolsProgram } from './oracle.js';

export const damagedPrograms = (): string[] => [
  symbolsProgram(['-g3']),
  symbolsProgram(['-g3', '-gdwarf-4', '-O2']),
  symbolsProgram(['-gdwarf-2', '-gstrict-dwarf', '-g3']),
  symbolsProgram(['-O2']),
  symbolsProgram(['-fdebug-types-section', '-gdwarf-4']),
  symbolsProgram(['-gdwarf64']),
  symbolsProgram(['-std=gnu11', '-O2', '-fdebug-macro'], 'clang'),
  symbolsProgram(['-std=gnu11', '-O1', '-gdwarf-5', '-gpubnames'], 'clang'),
  symbolsProgram(['-flto', '-O2']),
  fixture('classes'),
];

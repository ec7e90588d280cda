/** Yes/no questions at a terminal. readline-sync reads /dev/tty itself, so the prompt's line editor must have let go of it before. */
import { createRequire } from 'node:module';
import type * as ReadlineSync from 'readline-sync';

/** Answers that are neither yes nor no are asked again, this often. */
const patience = 3;

export const askYesNo = (question: string): boolean => {
  const { question: ask } = createRequire(import.meta.filename)('readline-sync') as typeof ReadlineSync;
  for (let attempt = 0; attempt < patience; attempt++) {
    const answer = ask(`${question} (y or n) `).trim().toLowerCase();
    if (answer === 'y' || answer === 'yes') return true;
    if (answer === 'n' || answer === 'no') return false;
  }
  return false;
};

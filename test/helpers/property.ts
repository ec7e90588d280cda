/**
 * fast-check with one fixed seed, so that `npm test` says the same of the same code every time. `DEET_SEED=random npx vitest run FILE` goes to
 * look for new counterexamples; fast-check prints the seed of one that it finds.
 */
import fc from 'fast-check';

const asked = process.env['DEET_SEED'] ?? '1';
if (asked !== 'random') fc.configureGlobal({ seed: Number(asked) });

export default fc;

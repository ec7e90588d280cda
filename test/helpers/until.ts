/** Waiting for what must come, instead of for a time in which it usually does. */
import { patience } from './patience.js';

/** Asks again and again, until there is an answer that is neither undefined nor false. */
export const until = async <T>(question: () => T | undefined | false): Promise<T> => {
  const deadline = performance.now() + patience;
  for (;;) {
    const answer = question();
    if (answer !== undefined && answer !== false) return answer;
    if (performance.now() > deadline) throw new Error(`it did not happen within ${patience / 1000} s: ${question.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
};

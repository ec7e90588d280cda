/** "Did you mean": the nearest of some names by edit distance (Damerau, restricted), if it is near enough to be meant. */

/** More than `limit` stands for every greater distance: a search among many names ends early with most of them. */
const distance = (a: string, b: string, limit: number): number => {
  if (Math.abs(a.length - b.length) > limit) return limit + 1;
  let before: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      let best = Math.min(previous[j] + 1, current[j - 1] + 1, previous[j - 1] + cost);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) best = Math.min(best, before[j - 2] + 1);
      current.push(best);
    }
    if (Math.min(...current) > limit) return limit + 1;
    before = previous;
    previous = current;
  }
  return previous[b.length];
};

/** At most a third of the letters may differ. Looks at a bounded number of candidates. */
export const nearest = (word: string, candidates: Iterable<string>): string | undefined => {
  const limit = Math.max(1, Math.floor(word.length / 3));
  let best: string | undefined;
  let bestDistance = limit + 1;
  let looked = 0;
  for (const candidate of candidates) {
    if (++looked > 50_000) break;
    // That one was not found for another reason than its spelling.
    if (candidate === word) continue;
    const apart = distance(word.toLowerCase(), candidate.toLowerCase(), bestDistance - 1);
    if (apart < bestDistance) {
      bestDistance = apart;
      best = candidate;
    }
  }
  return best;
};

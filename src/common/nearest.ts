/** "Did you mean": the nearest of some names by edit distance (Damerau, restricted), if it is near enough to be meant. */

/** Nobody mistypes a name in more places; the work on one candidate grows with this, not with the length of names (those of C++ templates have thousands of letters). */
const mostEdits = 8;

/** More than `limit` stands for every greater distance: a search among many names ends early with most of them. */
const distance = (a: string, b: string, limit: number): number => {
  const beyond = limit + 1;
  if (Math.abs(a.length - b.length) > limit) return beyond;
  let before: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    // Further from the diagonal than `limit` nothing can be near enough.
    const first = Math.max(1, i - limit);
    const last = Math.min(b.length, i + limit);
    const current: number[] = [];
    current[first - 1] = first === 1 ? i : beyond;
    let least = current[first - 1];
    for (let j = first; j <= last; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      let best = Math.min((previous[j] ?? beyond) + 1, current[j - 1] + 1, (previous[j - 1] ?? beyond) + cost);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) best = Math.min(best, (before[j - 2] ?? beyond) + 1);
      current[j] = best;
      least = Math.min(least, best);
    }
    if (least > limit) return beyond;
    before = previous;
    previous = current;
  }
  return previous[b.length] ?? beyond;
};

/** At most a third of the letters may differ. Looks at a bounded number of candidates. */
export const nearest = (word: string, candidates: Iterable<string>): string | undefined => {
  const limit = Math.min(mostEdits, Math.max(1, Math.floor(word.length / 3)));
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

/** "Did you mean": the name nearest in spelling. */

/** Edit distance with transpositions, or more than `limit`. */
export function distance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) > limit) return limit + 1;
  let before: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    let least = i;
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let cost = Math.min((previous[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (previous[j - 1] ?? 0) + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) cost = Math.min(cost, (before[j - 2] ?? 0) + 1);
      row.push(cost);
      least = Math.min(least, cost);
    }
    if (least > limit) return limit + 1;
    before = previous;
    previous = row;
  }
  return previous[b.length] ?? limit + 1;
}

/** Undefined when nothing is near: one slip in a short name, two or three in a long one. Looks at no more than 50,000 names. */
export function nearest(name: string, among: Iterable<string>): string | undefined {
  let limit = name.length <= 2 ? 1 : name.length <= 5 ? 1 : name.length <= 10 ? 2 : 3;
  let best: string | undefined;
  let seen = 0;
  for (const candidate of among) {
    if (++seen > 50_000) break;
    if (candidate === name) continue;
    const d = candidate.toLowerCase() === name.toLowerCase() ? 0 : distance(name, candidate, limit);
    if (d > limit || (best !== undefined && d === limit)) continue;
    best = candidate;
    limit = d;
    if (d === 0) break;
  }
  return best;
}

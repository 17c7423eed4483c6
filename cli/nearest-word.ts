/**
 * The known word that a mistyped one is likely to mean.
 * @returns null when none is near enough to be worth a guess.
 */
export function nearestWord(word: string, known: readonly string[]): string | null {
  const [near] = known
    .map((candidate) => ({ candidate, distance: editDistance(candidate, word) }))
    .sort((a, b) => a.distance - b.distance);
  const most = Math.max(1, Math.floor(word.length / 4));
  return near !== undefined && near.distance <= most ? near.candidate : null;
}

/** How many letters must be put in, taken out, exchanged, or swapped with their neighbour. */
function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const exchange = (row[j - 1] ?? 0) + Number(a[i - 1] !== b[j - 1]);
      const swap = isSwap ? (before[j - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY;
      next.push(Math.min(exchange, swap, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    [before, row] = [row, next];
  }
  return row[b.length] ?? 0;
}

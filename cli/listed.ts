const MOST = 5;

/** The first of them, and how many more there are: `a, b, c, d, e and 2 more`. */
export function listed(items: readonly string[]): string {
  const shown = items.slice(0, MOST).join(", ");
  return items.length > MOST ? `${shown} and ${items.length - MOST} more` : shown;
}

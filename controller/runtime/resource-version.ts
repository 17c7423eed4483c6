const DECIMAL = /^(?:0|[1-9][0-9]*)$/;

/**
 * Which of two resourceVersions of one kind of object is the newer. They are integers of up to 64 bits by convention of
 * the API server; compared as text, since a number of JavaScript would round them.
 * @returns below 0 when the first is the older, 0 when they are the same, above 0 when it is the newer; null when one of
 * them is no such integer, so that nothing can be said.
 */
export function compareVersions(a: string, b: string): number | null {
  if (!DECIMAL.test(a) || !DECIMAL.test(b)) return null;
  if (a.length !== b.length) return a.length - b.length;
  return a === b ? 0 : a < b ? -1 : 1;
}

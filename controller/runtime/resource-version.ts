/**
 * Order of two resourceVersions: negative, zero or positive. They are integers by the API's word for built-in kinds and
 * by habit for the others; too large for `Number`.
 * @returns null when either is no integer: then only equality says anything.
 */
export function compareResourceVersions(a: string, b: string): number | null {
  if (a === b) return 0;
  if (!INTEGER.test(a) || !INTEGER.test(b)) return null;
  if (a.length !== b.length) return a.length - b.length;
  return a < b ? -1 : 1;
}

/** Without leading zeros length and then letters decide as numbers would. */
const INTEGER = /^(0|[1-9][0-9]*)$/;

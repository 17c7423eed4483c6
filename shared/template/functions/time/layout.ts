/** A piece of a layout: text that stands for itself, and the element behind it ("" at the layout's end). */
export type LayoutPiece = { readonly text: string; readonly element: string };

// Go's reference time. A fraction of seconds counts only where no further digit follows.
const ELEMENT =
  /January|Jan(?![a-z])|Monday|Mon(?![a-z])|MST|0[1-6]|002|15|1|2006|2|_2(?!006)|__2|[345]|PM|pm|-070000|-07:00:00|-0700|-07:00|-07|Z070000|Z07:00:00|Z0700|Z07:00|Z07|[.,](?:0+|9+)(?![0-9])/g;

/** Splits a layout such as `2006-01-02` into its elements, as Go's time package does. The last piece has no element. */
export function layoutPieces(layout: string): LayoutPiece[] {
  const pieces: LayoutPiece[] = [];
  let at = 0;
  for (const match of layout.matchAll(ELEMENT)) {
    pieces.push({ text: layout.slice(at, match.index), element: match[0] });
    at = match.index + match[0].length;
  }
  pieces.push({ text: layout.slice(at), element: "" });
  return pieces;
}

/** Whether an element is a fraction of seconds, `.000` or `,999`. */
export function isFraction(element: string): boolean {
  return element.startsWith(".") || element.startsWith(",");
}

/** What an element for an offset asks for; null for another element. `letter`: UTC is `Z`. */
export function offsetForm(
  element: string,
): { letter: boolean; colons: boolean; minutes: boolean; seconds: boolean } | null {
  if (!/^[Z-]07/.test(element)) return null;
  const digits = element.replace(/[^0-9]/g, "").length;
  return {
    letter: element.startsWith("Z"),
    colons: element.includes(":"),
    minutes: digits >= 4,
    seconds: digits === 6,
  };
}

import { byteStringToText } from "./byte-string.ts";

const LONGEST = 60;

/** A name of a template's source (field, variable, function; byte string) as an error shows it: text, cut if long. */
export function shownName(name: string): string {
  const shown = byteStringToText(name.slice(0, 4 * LONGEST + 4));
  return shown.length <= LONGEST ? shown : `${shown.slice(0, LONGEST)}…`;
}

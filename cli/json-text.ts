/**
 * A report as JSON that may be looked at on a terminal or in a review: what a terminal takes for commands, or what turns the order of
 * the letters around, stands in it as escapes, and comes back as it was.
 * @returns two spaces for each level, and a line break at the end.
 */
export function jsonText(report: object): string {
  const text = JSON.stringify(report, null, 2);
  return `${text.replace(/[\u007f-\u009f\p{Bidi_Control}]/gu, escaped)}\n`;
}

/** Each of them has one UTF-16 code unit, and stands in a string or a name. */
function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

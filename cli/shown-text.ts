/**
 * Text fit for a terminal: names from a document may hold what it takes for commands, or what turns the order of the
 * letters around.
 */
export function shownText(text: string): string {
  return text.replace(/[\p{Cc}\p{Bidi_Control}]/gu, "\ufffd");
}

/** The same on one line. */
export function oneLine(text: string): string {
  return shownText(text.replace(/\s*[\r\n]+\s*/g, " "));
}

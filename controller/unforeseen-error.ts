/** What may be told of an error that nobody foresaw: its text may quote a Secret. */
export type ErrorTrace = {
  /** Its class, such as `TypeError`. */
  kind: string;
  /** Where in the program it arose, innermost call first; empty when that cannot be told apart from its text. */
  at: string[];
};

const MAX_CALLS = 12;

/** Reduces a thrown value to its class and the places in its stack. */
export function traceOf(error: unknown): ErrorTrace {
  if (!(error instanceof Error)) return { kind: typeof error, at: [] };
  const kind = error.constructor.name;
  const { stack = "", message } = error;
  // The text comes first and may hold lines that look like places.
  const end = message === "" ? 0 : stack.indexOf(message) + message.length;
  if (end < message.length) return { kind, at: [] };
  const places = stack.slice(end).matchAll(/^ {4}at (.*)$/gm);
  return { kind, at: Array.from(places, ([, place = ""]) => place).slice(0, MAX_CALLS) };
}

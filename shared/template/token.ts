/** Words that are not names of functions. */
const KEYWORDS = [
  "block",
  "break",
  "continue",
  "define",
  "else",
  "end",
  "if",
  "nil",
  "range",
  "template",
  "with",
] as const;

/** A word with a meaning of its own in an action. */
export type Keyword = (typeof KEYWORDS)[number];

/** What a token is. Keywords and punctuation are their own kind. */
export type TokenKind =
  | Keyword
  | "error"
  | "end of template"
  | "text"
  | "{{"
  | "}}"
  | "("
  | ")"
  | "|"
  | "="
  | ":="
  | ","
  | "."
  | "space"
  | "character"
  | "boolean"
  | "character constant"
  | "number"
  | "string"
  | "raw string"
  | "identifier"
  | "field"
  | "variable";

/** A piece of a template. `text` is source, or our words when the kind is `error`. */
export type Token = { readonly kind: TokenKind; readonly at: number; readonly text: string };

const words: ReadonlySet<string> = new Set(KEYWORDS);

/** Whether a word is a keyword rather than the name of a function. */
export function isKeyword(word: string): word is Keyword {
  return words.has(word);
}

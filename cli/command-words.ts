/** Commands that are asked for by a word in the first place of the command line. */
export const COMMAND_WORDS = [
  "help",
  "unseal",
  "render",
  "convert",
  "explain",
  "set",
  "unset",
  "rename",
  "generate",
  "edit",
  "allow",
  "pin",
  "keys",
  "rotate",
  "guard",
  "lint",
  "audit",
  "status",
  "wait",
  "doctor",
  "git",
  "completion",
] as const;

/** One of those words. */
export type CommandWord = (typeof COMMAND_WORDS)[number];

/** Tells whether a first argument is a command; it is one even where a file has that name. */
export function isCommandWord(word: string | undefined): word is CommandWord {
  return COMMAND_WORDS.some((known) => known === word);
}

/** What somebody typed up to the end of a line, or that they want to stop. */
export type Typed = { text: string } | "interrupted";

/** How many characters of a line are taken; a line of that length may have been longer. */
export const LONGEST_TYPED = 4096;
const [CTRL_C, CTRL_D, CTRL_U] = ["\u0003", "\u0004", "\u0015"];

/**
 * Reads a line as a terminal gives it key by key: Backspace takes back a character, Ctrl-U all, Enter or Ctrl-D ends it.
 * @param keys what was typed, in UTF-8, cut anywhere.
 */
export async function readTyped(keys: AsyncIterable<Uint8Array>): Promise<Typed> {
  const decoder = new TextDecoder();
  let characters: string[] = [];
  for await (const piece of keys) {
    for (const key of decoder.decode(piece, { stream: true })) {
      if (key === CTRL_C) return "interrupted";
      if (key === "\r" || key === "\n" || key === CTRL_D) return { text: characters.join("") };
      if (key === "\u007f" || key === "\b") characters.pop();
      else if (key === CTRL_U) characters = [];
      // Keys without a character of their own send what begins with Escape.
      else if (key >= " " && characters.length < LONGEST_TYPED) characters.push(key);
    }
  }
  return { text: characters.join("") };
}

import { InputError } from "../shared/errors.ts";
import type { InputFile } from "./input-files.ts";

/** In a folder lies what is no manifest, templates of other tools for one; only what may be one of ours must be read. */
const MAY_BE_OURS = /\bkind["']?\s*:\s*["']?(?:Sealed)?Secret(?:List)?\b/;

/**
 * Reads a file's documents, or passes it over.
 * @param read does the reading.
 * @returns what `read` does; null for a file that was found in a folder or by a pattern, cannot be read, and does not
 *   seem to hold a Secret or a SealedSecret.
 * @throws InputError of `read` for all others.
 */
export function unlessForeign<Result>(
  content: Uint8Array,
  { isNamed }: Pick<InputFile, "isNamed">,
  read: () => Result,
): Result | null {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    // UTF-16 shows in it without its zero bytes, marked as such or not.
    const text = new TextDecoder().decode(content).replaceAll("\0", "");
    if (!isNamed && !MAY_BE_OURS.test(text)) return null;
    if (!text.includes("{{")) throw error;
    throw new InputError(
      error.message,
      "it has {{ }} in it: where that is another tool's template, work on what the tool makes of it, or seal its values with --raw",
    );
  }
}

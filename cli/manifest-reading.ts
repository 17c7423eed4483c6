import { InputError } from "../shared/errors.ts";
import type { InputFile } from "./input-files.ts";

/**
 * In a folder lies what is no manifest, templates of other tools for one; only what may be one of ours must be read. A kind behind an
 * anchor, a tag, an alias or an escape, or in a block, may be any.
 */
const MAY_BE_OURS = /\bkind["']?\s*:\s*(?:#[^\n]*\n\s*)*(?:["']?(?:Sealed)?Secret(?:List)?\b|[&!*|>]|"\\)/;
/** Words of which every SealedSecret has one, whatever is around them, and the tag that can hide both. */
const SEALED_SECRET = /\b(?:SealedSecret(?:List)?|encryptedData)\b|[!:]binary\b/;
/** What stands for other text between double quotes of YAML or JSON: YAML 1.2.2, 5.7. */
const ESCAPE =
  /\\(?:x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(?:\r\n|[\r\n\u0085\u2028\u2029])[ \t]*)/g;
const LAST_CODE_POINT = 0x10ffff;

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
    const text = readableText(content);
    if (!isNamed && !showsIn(MAY_BE_OURS, text) && !showsIn(SEALED_SECRET, text)) return null;
    if (!text.includes("{{")) throw error;
    throw new InputError(
      error.message,
      "it has {{ }} in it: where that is another tool's template, work on what the tool makes of it, or seal its values with --raw",
    );
  }
}

/**
 * Whether a content may hold a SealedSecret: what is so told to hold none need not be read.
 * @param content in UTF-8 or UTF-16, well-formed or not.
 */
export function mayHoldSealedSecret(content: Uint8Array): boolean {
  return showsIn(SEALED_SECRET, readableText(content));
}

/** UTF-16 shows in it without its zero bytes, marked as such or not. */
function readableText(content: Uint8Array): string {
  return new TextDecoder().decode(content).replaceAll("\0", "");
}

/** As it stands, too: outside of double quotes nothing is an escape. */
function showsIn(pattern: RegExp, text: string): boolean {
  return pattern.test(text) || (text.includes("\\") && pattern.test(text.replace(ESCAPE, unescaped)));
}

function unescaped(_escape: string, x?: string, u?: string, U?: string): string {
  const digits = x ?? u ?? U;
  if (digits === undefined) return "";
  const codePoint = Number.parseInt(digits, 16);
  return codePoint > LAST_CODE_POINT ? " " : String.fromCodePoint(codePoint);
}

import { InputError } from "../errors.ts";

/**
 * The text of a document as it comes from a file or a stream: UTF-8 with or without a byte order mark, or UTF-16
 * with one, as Windows PowerShell writes it.
 * @param where names the source in errors.
 * @throws InputError when the bytes are neither. Never quotes them.
 */
export function decodeText(bytes: Uint8Array, where: string): string {
  const encoding = encodingOf(bytes);
  try {
    // The decoder removes the byte order mark of its own encoding.
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch {
    throw new InputError(
      `${where} is not valid ${encoding === "utf-8" ? "UTF-8" : "UTF-16"} text`,
      bytes.includes(0)
        ? "it looks like a binary file or UTF-16 without a byte order mark: save it as UTF-8"
        : "save it as UTF-8; values that are not text go under data, in base64",
    );
  }
}

/** How a text is stored. */
export type TextEncoding = "utf-8" | "utf-16le" | "utf-16be";

/** What a byte order mark says; UTF-8 without one. */
export function encodingOf([first, second]: Uint8Array): TextEncoding {
  if (first === 0xff && second === 0xfe) return "utf-16le";
  if (first === 0xfe && second === 0xff) return "utf-16be";
  return "utf-8";
}

/** The bytes of a text; a byte order mark is a character of it like any other. */
export function encodeText(text: string, encoding: TextEncoding): Uint8Array {
  if (encoding === "utf-8") return new TextEncoder().encode(text);
  const bytes = new Uint8Array(text.length * 2);
  const view = new DataView(bytes.buffer);
  for (let at = 0; at < text.length; at++)
    view.setUint16(at * 2, text.charCodeAt(at), encoding === "utf-16le");
  return bytes;
}

import { fromBase64, toBase64 } from "../../../bytes.ts";

/** A block of PEM: what it says it is, and its bytes. */
export type PemBlock = { readonly label: string; readonly bytes: Uint8Array };

const BEGIN = "-----BEGIN ";
const DASHES = "-----";
const LINE_LENGTH = 64;
// Blocks that are none before one that is: nobody has so many, and each costs a search.
const MOST_ATTEMPTS = 16;

/** A block as Go's encoding/pem writes it. */
export function writePem(label: string, bytes: Uint8Array): string {
  const lines = toBase64(bytes).match(new RegExp(`.{1,${LINE_LENGTH}}`, "g")) ?? [];
  return `${BEGIN}${label}${DASHES}\n${lines.map((line) => `${line}\n`).join("")}-----END ${label}${DASHES}\n`;
}

/** @returns the first block in a text, or null when there is none; headers are passed over */
export function readPem(text: string): PemBlock | null {
  let at = 0;
  for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
    const begin = text.startsWith(BEGIN, at) ? at : text.indexOf(`\n${BEGIN}`, at) + 1;
    if (begin === 0 && !text.startsWith(BEGIN)) return null;
    const block = readBlock(text, begin);
    if (block !== null) return block;
    at = begin + BEGIN.length;
  }
  return null;
}

function readBlock(text: string, begin: number): PemBlock | null {
  const lineEnd = text.indexOf("\n", begin);
  const first = text.slice(begin, lineEnd).trimEnd();
  if (lineEnd < 0 || !first.endsWith(DASHES)) return null;
  const label = first.slice(BEGIN.length, -DASHES.length);
  const end = text.indexOf(`-----END ${label}${DASHES}`, lineEnd);
  if (end < 0) return null;
  const body = text.slice(lineEnd + 1, end);
  const headers = /^(?:[^\n:]+:[^\n]*\n)*/.exec(body)?.[0].length ?? 0;
  const decoded = fromBase64(body.slice(headers).replace(/[ \t]/g, ""));
  return "bytes" in decoded ? { label, bytes: decoded.bytes } : null;
}

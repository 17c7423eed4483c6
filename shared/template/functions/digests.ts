import { sha1 } from "@noble/hashes/legacy.js";
import { sha256, sha512 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import { fromByteString } from "../byte-string.ts";
import { type FunctionTable, goFunction, type TemplateFunction } from "../function-table.ts";
import { types } from "../value.ts";
import { readBytes } from "./accounting.ts";
import { tableOf } from "./table.ts";

// A byte costs so much more than to copy one.
const DIGEST_WEIGHT = 4;

/** Digests of a string's bytes, in hexadecimal; adler32sum in decimal. */
export const digestFunctions: FunctionTable = tableOf({
  sha1sum: digest((bytes) => bytesToHex(sha1(bytes))),
  sha256sum: digest((bytes) => bytesToHex(sha256(bytes))),
  sha512sum: digest((bytes) => bytesToHex(sha512(bytes))),
  adler32sum: digest((bytes) => String(adler32(bytes))),
});

function digest(of: (bytes: Uint8Array) => string): TemplateFunction {
  return goFunction([types.string], ([text], context) => {
    readBytes(context, DIGEST_WEIGHT * text.length);
    return of(fromByteString(text));
  });
}

/** RFC 1950 section 8.2. */
function adler32(bytes: Uint8Array): number {
  const modulus = 65_521;
  let low = 1;
  let high = 0;
  for (const byte of bytes) {
    low = (low + byte) % modulus;
    high = (high + low) % modulus;
  }
  return high * 65_536 + low;
}

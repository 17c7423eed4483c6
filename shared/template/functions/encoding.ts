import { fromBase64 } from "../../bytes.ts";
import { toByteString } from "../byte-string.ts";
import { type FunctionTable, goFunction } from "../function-table.ts";
import { types } from "../value.ts";
import { readBytes, readCharacters, writeBytes } from "./accounting.ts";
import { fromBase32, toBase32 } from "./base32.ts";
import { tableOf } from "./table.ts";

const { string } = types;

/** Sprig's base64 and base32. Reading what is neither gives a text that says where, as sprig does, and no error. */
export const encodingFunctions: FunctionTable = tableOf({
  b64enc: goFunction([string], ([text], context) => {
    writeBytes(context, Math.ceil(text.length / 3) * 4);
    return btoa(text);
  }),
  b64dec: goFunction([string], ([encoded], context) => {
    readBytes(context, encoded.length);
    const read = fromBase64(encoded);
    return "bytes" in read ? toByteString(read.bytes) : illegal("base64", read.illegalAt);
  }),
  b32enc: goFunction([string], ([text], context) => {
    readCharacters(context, text.length);
    writeBytes(context, Math.ceil(text.length / 5) * 8);
    return toBase32(text);
  }),
  b32dec: goFunction([string], ([encoded], context) => {
    readCharacters(context, encoded.length);
    const read = fromBase32(encoded);
    return "text" in read ? read.text : illegal("base32", read.illegalAt);
  }),
});

function illegal(encoding: string, at: number): string {
  return `illegal ${encoding} data at input byte ${at}`;
}

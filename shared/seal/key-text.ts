import { type Bytes, fromBase64, toBase64 } from "../bytes.ts";
import type { TransitKeyName } from "./transit-api.ts";

/**
 * A key ARN (`arn:aws:kms:REGION:ACCOUNT:key/ID`) or alias ARN (`…:alias/NAME`): the whole of it, in the letters that AWS
 * allows, no empty segment.
 */
const KEY_ARN = /^arn:aws[a-z-]{0,20}:kms:[a-z0-9-]{1,32}:\d{12}:key\/[A-Za-z0-9-]{1,128}$/;
const ALIAS_ARN =
  /^arn:aws[a-z-]{0,20}:kms:[a-z0-9-]{1,32}:\d{12}:alias\/(?=.{1,256}$)[A-Za-z0-9_-]+(?:\/[A-Za-z0-9_-]+)*$/;

/** A segment of a Vault path; `.` and `..` are none. */
const SEGMENT = /^(?!\.+$)[A-Za-z0-9_.-]{1,128}$/;
const LONGEST_PATH = 512;

/** Whether a text is the ARN of a KMS key. */
export function isKmsKeyArn(text: string): boolean {
  return KEY_ARN.test(text);
}

/** Whether a text is the ARN of an alias of a KMS key. */
export function isKmsAliasArn(text: string): boolean {
  return ALIAS_ARN.test(text);
}

/** Reads `MOUNT/KEY`, where the mount may have slashes. @returns null for anything else, `.` and `..` included. */
export function parseTransitKeyName(text: string): TransitKeyName | null {
  const segments = text.split("/");
  if (text.length > LONGEST_PATH || segments.length < 2) return null;
  if (!segments.every((segment) => SEGMENT.test(segment))) return null;
  return { mount: segments.slice(0, -1).join("/"), key: segments.at(-1) ?? "" };
}

/** `MOUNT/KEY` of a Transit key. */
export function transitKeyText({ mount, key }: TransitKeyName): string {
  return `${mount}/${key}`;
}

/** The bytes of a base64 text in its one spelling: padded, no line breaks, no bits left over. Null for any other text. */
export function fromStrictBase64(text: string): Bytes | null {
  const decoded = fromBase64(text);
  return "bytes" in decoded && toBase64(decoded.bytes) === text ? decoded.bytes : null;
}

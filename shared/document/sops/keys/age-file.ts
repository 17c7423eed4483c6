import { type Bytes, concat, fromBase64, toBase64 } from "../../../bytes.ts";
import { fromStrictBase64 } from "../../../seal/key-text.ts";

/** An age file, by its parts: https://age-encryption.org/v1, or https://c2sp.org/age. */
export type AgeFile = {
  /** All of it, in its binary form. */
  bytes: Bytes;
  /** The file's own key, wrapped for one key each. */
  stanzas: readonly AgeStanza[];
  /** What its header authenticates: all before the code, with the dashes of its line. */
  header: Bytes;
  /** The code, HMAC-SHA-256. */
  code: Bytes;
  /** What follows the header: a nonce of 16 bytes, and the content encrypted. */
  payload: Bytes;
};

/** `type`: whom it is wrapped for, such as `X25519`, `scrypt`, `ssh-ed25519`; printable ASCII, as are all arguments. */
export type AgeStanza = { type: string; args: readonly string[]; body: Bytes };

const INTRO = "age-encryption.org/v1";
const BEGIN = "-----BEGIN AGE ENCRYPTED FILE-----";
const END = "-----END AGE ENCRYPTED FILE-----";
const ARGUMENTS = /^-> (?<type>[!-~]+)(?<args>(?: [!-~]+)*)$/;
const FULL_LINE = 64;
const CODE_BYTES = 32;
/** More than a header has of what anybody writes for one data key. */
const LONGEST_HEADER = 16 * 1024;

/** The library for age files; loaded with its first use, since most runs need none and loading it takes its time. */
export function ageLibrary(): Promise<typeof import("age-encryption")> {
  return import("age-encryption");
}

/** Whether bytes are to be an age file, armored or not. */
export function isAgeFile(bytes: Uint8Array): boolean {
  const text = asLatin1(bytes.subarray(0, 200)).trimStart();
  return text.startsWith(`${INTRO}\n`) || text.startsWith(BEGIN);
}

/**
 * The bytes of an age file in its armored form: a strict PEM, with blanks around it and line ends of both kinds.
 * @returns null for what is no such text.
 */
export function readArmor(text: string): Bytes | null {
  const [begin, ...lines] = text.trim().split(/\r?\n/);
  if (begin !== BEGIN || lines.pop() !== END) return null;
  const last = lines.pop() ?? "";
  if (last === "" || last.length > FULL_LINE || lines.some((line) => line.length !== FULL_LINE)) return null;
  return fromStrictBase64(lines.join("") + last);
}

/** Reads the parts of a file; nothing is authenticated yet. @returns null for what is none of version 1. */
export function parseAgeFile(bytes: Bytes): AgeFile | null {
  const text = asLatin1(bytes.subarray(0, LONGEST_HEADER));
  const [intro, ...lines] = text.split("\n");
  if (intro !== INTRO) return null;
  const stanzas: AgeStanza[] = [];
  let length = INTRO.length + 1;
  while (lines[0]?.startsWith("-> ") === true) {
    const read = readStanza(lines);
    if (read === null) return null;
    stanzas.push(read.stanza);
    length += read.length;
  }
  const [codeLine = "", ...after] = lines;
  const code = codeLine.startsWith("--- ") ? fromUnpadded(codeLine.slice(4)) : null;
  // Its line has to have an end.
  if (code?.length !== CODE_BYTES || stanzas.length === 0 || after.length === 0) return null;
  return {
    bytes,
    stanzas,
    header: bytes.slice(0, length + 3),
    code,
    payload: bytes.slice(length + codeLine.length + 1),
  };
}

/** Takes a stanza off the lines. @returns null when it is none; `length` counts its characters with their line ends. */
function readStanza(lines: string[]): { stanza: AgeStanza; length: number } | null {
  const first = lines.shift() ?? "";
  const { type, args } = ARGUMENTS.exec(first)?.groups ?? {};
  if (type === undefined || args === undefined) return null;
  let length = first.length + 1;
  const body: Bytes[] = [];
  for (;;) {
    const line = lines.shift();
    const part = line === undefined || line.length > FULL_LINE ? null : fromUnpadded(line);
    if (line === undefined || part === null) return null;
    body.push(part);
    length += line.length + 1;
    if (line.length < FULL_LINE) break;
  }
  return { stanza: { type, args: args.split(" ").slice(1), body: concat(...body) }, length };
}

/** The bytes of base64 without padding, in its one spelling; null for any other text. */
export function fromUnpadded(text: string): Bytes | null {
  const read = fromBase64(text.includes("=") ? "!" : text.padEnd(Math.ceil(text.length / 4) * 4, "="));
  return "bytes" in read && toBase64(read.bytes).replace(/=+$/, "") === text ? read.bytes : null;
}

/** Runs bytes through one of the library's streams; its way with whole arrays would load a client for HTTP first. */
export async function throughStream(
  bytes: Uint8Array,
  pass: (stream: ReadableStream<Uint8Array>) => Promise<ReadableStream<Uint8Array>>,
): Promise<Bytes> {
  const source = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(bytes);
      controller.close();
    },
  });
  const reader = (await pass(source)).getReader();
  const parts: Uint8Array[] = [];
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    parts.push(value);
  }
  const whole = concat(...parts);
  for (const part of parts) part.fill(0);
  return whole;
}

function asLatin1(bytes: Uint8Array): string {
  return new TextDecoder("latin1").decode(bytes);
}

import type { Bytes } from "../../../bytes.ts";

/** Where an encrypted age file begins, in its binary and in its armored form (https://age-encryption.org/v1, https://c2sp.org/age). */
const INTRO = "age-encryption.org/v1";
const ARMOR = "-----BEGIN AGE ENCRYPTED FILE-----";
/** More than a header has of what anybody writes for one data key. */
const LONGEST_HEADER_BYTES = 16 * 1024;
const STANZA_TYPE = /^[A-Za-z0-9][A-Za-z0-9./_-]{0,39}$/;

/** The library for age files; loaded with its first use, since most runs need none. */
export function ageLibrary(): Promise<typeof import("age-encryption")> {
  return import("age-encryption");
}

/** Whether bytes are an age file, armored or not. */
export function isAgeFile(bytes: Uint8Array): boolean {
  const text = asLatin1(bytes.subarray(0, 200)).trimStart();
  return text.startsWith(`${INTRO}\n`) || text.startsWith(ARMOR);
}

/** The bytes of an age file in its armored form, whose end may lack a line break. @returns null for what is no such text. */
export async function readArmor(text: string): Promise<Bytes | null> {
  const { armor } = await ageLibrary();
  try {
    return Uint8Array.from(armor.decode(text));
  } catch {
    return null;
  }
}

/**
 * The kinds of keys that an age file's own key is wrapped for, as its header names them: `X25519`, `scrypt`, `ssh-ed25519`.
 * @returns null for what has no header of version 1, and where a kind has no name that could be shown.
 */
export function stanzaTypes(file: Uint8Array): string[] | null {
  const [intro, ...lines] = asLatin1(file.subarray(0, LONGEST_HEADER_BYTES)).split("\n");
  const end = lines.findIndex((line) => line.startsWith("---"));
  if (intro !== INTRO || end < 1) return null;
  const types = lines
    .slice(0, end)
    .filter((line) => line.startsWith("-> "))
    .map((line) => line.split(" ")[1] ?? "");
  return types.length > 0 && types.every((type) => STANZA_TYPE.test(type)) ? types : null;
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
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
    part.fill(0);
  }
  return whole;
}

function asLatin1(bytes: Uint8Array): string {
  return new TextDecoder("latin1").decode(bytes);
}

import assert from "node:assert/strict";
import { createPrivateKey, randomBytes } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { inspect } from "node:util";

/*
 * Proves that nothing secret got out. In a test:
 *
 *     const canaries = new Canaries();
 *     const password = canaries.text("password");           // seal this as a value
 *     canaries.guardPrivateKey("sealing key", tlsKeyPem);    // and look for the key that opens it, too
 *     …                                                      // run what is tested, keep what it said
 *     canaries.assertSilent([
 *       { where: "standard error", content: stderr },
 *       ...objectEvidence("events", events),                 // never give it Secrets: there they belong
 *       ...(await folderEvidence(scratchFolder)),
 *       errorEvidence("thrown by seal", error),
 *     ]);
 *
 * It fails naming the place, the canary and the encoding it was found in; it also fails when it was given nothing to
 * look for or nothing to search, so that a test cannot pass by searching nowhere.
 */

/** Something that must hold no secret: what it is, and what it says. */
export type Evidence = { where: string; content: string | Uint8Array };

/** A secret found where it must not be. */
export type Sighting = { where: string; canary: string; encoding: string };

type Needle = { canary: string; encoding: string; text: string };

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
/** Long enough to be unique, short enough that a quoted part of a value still holds one of the two halves. */
const HALF_CHARACTERS = 14;
/** Bytes of a key that are looked for at once. */
const KEY_PIECE_BYTES = 24;

/** Unique markers to seal, and the search for them and for other secrets. */
export class Canaries {
  readonly #needles: Needle[] = [];

  /** A marker to use as a secret value: 28 letters and digits that occur nowhere else. Each half is looked for. */
  text(name: string): string {
    const halves = [marker(), marker()];
    for (const half of halves) this.guard(name, half);
    return halves.join("");
  }

  /** Also looks for this secret. */
  guard(name: string, secret: string | Uint8Array): void {
    const bytes = Buffer.from(secret);
    assert.ok(bytes.length >= 8, `the secret ${name} is too short to be looked for`);
    for (const [encoding, text] of encodingsOf(bytes)) this.#needles.push({ canary: name, encoding, text });
  }

  /**
   * Also looks for a private key: the lines of its PEM that are not the public modulus, and its private numbers.
   * @param pem an unencrypted RSA key, PKCS#1 or PKCS#8.
   */
  guardPrivateKey(name: string, pem: string): void {
    const key = createPrivateKey(pem);
    const { n = "", ...jwk } = key.export({ format: "jwk" });
    for (const number of [jwk.d, jwk.p, jwk.q, jwk.dp, jwk.dq, jwk.qi]) {
      const bytes = Buffer.from(number ?? "", "base64url");
      for (let at = 0; at + KEY_PIECE_BYTES <= bytes.length; at += KEY_PIECE_BYTES) {
        this.guard(`${name} (private number)`, bytes.subarray(at, at + KEY_PIECE_BYTES));
      }
    }
    const modulus = Buffer.from(n, "base64url");
    for (const line of pem.split(/\r?\n/)) {
      if (line.length < 64 || line.startsWith("-----")) continue;
      if (!overlaps(Buffer.from(line, "base64"), modulus)) this.guard(`${name} (PEM line)`, line);
    }
  }

  /** Every place where a secret stands, in whatever encoding. */
  sightings(evidence: Iterable<Evidence>): Sighting[] {
    const found: Sighting[] = [];
    for (const { where, content } of evidence) {
      const text = Buffer.from(content).toString("latin1");
      // Base64 is often broken into lines, in JSON with the line ends escaped.
      const dense = text.replace(/\\[rn]|\s/g, "");
      for (const { canary, encoding, text: needle } of this.#needles) {
        if (text.includes(needle) || dense.includes(needle)) found.push({ where, canary, encoding });
      }
    }
    return found;
  }

  /** @throws AssertionError naming each place where a secret stands; also when there is nothing to search. */
  assertSilent(evidence: Iterable<Evidence>): void {
    const all = [...evidence];
    assert.ok(this.#needles.length > 0, "there is no canary to look for");
    assert.ok(
      all.some(({ content }) => content.length > 0),
      "there is nothing to search",
    );
    const sightings = this.sightings(all).map(
      ({ where, canary, encoding }) => `${canary} stands in ${where} (${encoding})`,
    );
    assert.deepEqual([...new Set(sightings)], []);
  }
}

/** An error as a careless handler would print it: message, stack, causes and every property. */
export function errorEvidence(where: string, error: unknown): Evidence {
  return { where, content: inspect(error, { depth: 12, showHidden: true, maxStringLength: null }) };
}

/** Objects of the API, each named by its kind and name. */
export function objectEvidence(
  where: string,
  objects: Iterable<{ kind?: string; metadata: { namespace?: string; name?: string } }>,
): Evidence[] {
  return Array.from(objects, (object) => {
    assert.notEqual(object.kind, "Secret", "a Secret is where secrets belong");
    const { namespace = "", name = "" } = object.metadata;
    return { where: `${where}: ${namespace}/${name}`, content: JSON.stringify(object) };
  });
}

/** Every file under a folder, and the names of all files. */
export async function folderEvidence(folder: string): Promise<Evidence[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const contents = await Promise.all(
    files.map(async (file) => ({ where: `file ${file}`, content: await readFile(file) })),
  );
  return [
    { where: `names of the files under ${folder}`, content: `${folder}\n${files.join("\n")}` },
    ...contents,
  ];
}

function marker(): string {
  const bytes = randomBytes(HALF_CHARACTERS);
  return Array.from(bytes, (byte) => ALPHABET.charAt(byte % ALPHABET.length)).join("");
}

function* encodingsOf(secret: Buffer): Generator<[encoding: string, text: string]> {
  const raw = secret.toString("latin1");
  const seen = new Set<string>();
  const forms: [string, string][] = [
    ["raw", raw],
    ["JSON string", Buffer.from(JSON.stringify(secret.toString("utf8")).slice(1, -1)).toString("latin1")],
    ...[0, 1, 2].flatMap((offset): [string, string][] => {
      const base64 = base64At(secret, offset);
      return [
        [`base64 at offset ${offset}`, base64],
        [`base64url at offset ${offset}`, base64.replaceAll("+", "-").replaceAll("/", "_")],
        [`base64 in a URL at offset ${offset}`, encodeURIComponent(base64)],
      ];
    }),
    ["hex", secret.toString("hex")],
    ["upper-case hex", secret.toString("hex").toUpperCase()],
    ["hex with colons", (secret.toString("hex").match(/../g) ?? []).join(":")],
    ["list of bytes", [...secret].join(",")],
    ["URL-encoded", percentEncoded(secret, /[\w.~-]/)],
    ["URL-encoded in full", percentEncoded(secret, null)],
    ["URL-encoded in full, lower case", percentEncoded(secret, null).toLowerCase()],
  ];
  for (const [encoding, text] of forms) {
    if (seen.has(text)) continue;
    seen.add(text);
    yield [encoding, text];
  }
}

/** The characters of base64 that the secret alone decides when `offset` other bytes stand before it. */
function base64At(secret: Buffer, offset: number): string {
  const text = Buffer.concat([Buffer.alloc(offset), secret]).toString("base64");
  const first = Math.ceil((offset * 8) / 6);
  const last = Math.floor(((offset + secret.length) * 8) / 6);
  return text.slice(first, last);
}

function percentEncoded(bytes: Buffer, kept: RegExp | null): string {
  return Array.from(bytes, (byte) => {
    const character = String.fromCharCode(byte);
    if (kept?.test(character) === true) return character;
    return `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }).join("");
}

/** Whether eight bytes in a row of the one stand in the other. */
function overlaps(piece: Buffer, whole: Buffer): boolean {
  for (let at = 0; at + 8 <= piece.length; at++) {
    if (whole.includes(piece.subarray(at, at + 8))) return true;
  }
  return false;
}

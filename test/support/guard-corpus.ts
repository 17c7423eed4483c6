import { generateKeyPairSync, randomBytes } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** One case of the corpus (test/cli/guard/corpus/README.md). */
export type GuardCase = {
  name: string;
  isBad: boolean;
  files: Record<string, Uint8Array>;
  /** `PATH:LINE RULE OBJECT ITEM`, as far as there are any. */
  finds: string[];
};

const folder = join(import.meta.dirname, "../cli/guard/corpus");

/** The constructs, by the names of their files. */
export function corpusConstructs(): string[] {
  return readdirSync(folder).flatMap((name) =>
    name.endsWith(".txt") ? [name.slice(0, -".txt".length)] : [],
  );
}

/** The cases of a construct. @throws Error for what is no case. */
export function corpusCases(construct: string): GuardCase[] {
  const parts = readFileSync(join(folder, `${construct}.txt`), "utf8").split(/^=== (.*)\n/m);
  if (parts[0] !== "") throw new Error(`${construct}: text before the first case`);
  const cases: GuardCase[] = [];
  for (let at = 1; at < parts.length; at += 2) {
    const [head = "", body = ""] = [parts[at], parts[at + 1]];
    const [, word = "", rest = ""] = /^(\S+) ?(.*)$/.exec(head) ?? [];
    const current = cases.at(-1);
    // A blank line sets cases apart.
    const text = /^=== (?:bad|good) /m.test(`=== ${parts[at + 2] ?? ""}`) ? body.replace(/\n$/, "") : body;
    if (word === "bad" || word === "good") {
      if (body !== "") throw new Error(`${construct}: text behind ${head}`);
      cases.push({ name: rest, isBad: word === "bad", files: {}, finds: [] });
    } else if (word === "file" && current !== undefined) {
      const [path = "", form = ""] = rest.split(" ");
      current.files[path] = stored(filled(text), form);
    } else if (word === "finds" && current !== undefined) {
      current.finds = text.split("\n").filter((line) => line !== "");
    } else throw new Error(`${construct}: no such section: ${head}`);
  }
  return cases;
}

function stored(text: string, form: string): Uint8Array {
  switch (form) {
    case "":
      return Buffer.from(text);
    case "utf-16":
      return Buffer.from(`\ufeff${text}`, "utf16le");
    case "utf-16-unmarked":
      return Buffer.from(text, "utf16le");
    case "latin1":
      return Buffer.from(text, "latin1");
    case "binary":
      return Buffer.concat([Buffer.from([0, 1, 2, 0, 255, 0x0a]), Buffer.from(text)]);
    default:
      throw new Error(`no such form: ${form}`);
  }
}

const BECH32 = "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L";

function ageIdentity(kind: string): string {
  const letters = [...randomBytes(58)].map((byte) => BECH32[byte % 32]).join("");
  return `AGE-SECRET-KEY-${kind}1${letters}`;
}

function privateKey(type: "pkcs8" | "pkcs1"): string {
  const { privateKey: key } = generateKeyPairSync("rsa", { modulusLength: 1024 });
  return key.export({ type, format: "pem" }).toString().trimEnd();
}

/** An OpenSSH key as far as its head goes. */
function openssh(cipher: string): string {
  const name = Buffer.from(cipher);
  const length = Buffer.from([0, 0, 0, name.length]);
  const body = Buffer.concat([Buffer.from("openssh-key-v1\0"), length, name, randomBytes(200)]);
  return armored("OPENSSH PRIVATE KEY", body);
}

function armored(label: string, body: Uint8Array): string {
  const lines = Buffer.from(body).toString("base64").replace(/.{64}/g, "$&\n");
  return `-----BEGIN ${label}-----\n${lines}\n-----END ${label}-----`;
}

function sealed(): string {
  return Buffer.concat([Buffer.from([1, 0]), randomBytes(256 + 16 + 7)]).toString("base64");
}

const base64 = (text: string | Uint8Array) => Buffer.from(text).toString("base64");
const pem = privateKey("pkcs8");
const arn = "arn:aws:kms:eu-central-1:123456789012:key/1b2c3d4e-5f60-4718-8293-a4b5c6d7e8f9";
const wrapped = () => `${arn}:${base64(randomBytes(180))}:${base64(randomBytes(60))}`;

const FORMS: Readonly<Record<string, () => string>> = {
  sealed,
  kms: () => `kms:1:${wrapped()}`,
  "kms-key": () => `kms-key:1:${wrapped()}`,
  vault: () => `vault:1:transit/signet:vault:v1:${base64(randomBytes(60))}`,
  enc: () =>
    `ENC[AES256_GCM,data:${base64(randomBytes(7))},iv:${base64(randomBytes(32))},tag:${base64(randomBytes(16))},type:str]`,
  "base64 600": () => base64(Buffer.alloc(600, "hunter2 ")),
  pem: () => pem,
  "pem 4": () => pem.replace(/^/gm, "    "),
  "pem rsa": () => privateKey("pkcs1"),
  "pem base64": () => base64(pem),
  "pem escaped": () => pem.replaceAll("\n", "\\n"),
  certificate: () => base64(armored("CERTIFICATE", randomBytes(200))),
  openssh: () => openssh("none"),
  "openssh locked": () => openssh("aes256-ctr"),
  pgp: () => armored("PGP PRIVATE KEY BLOCK", randomBytes(200)).replace("\n", "\nVersion: none of yours\n\n"),
  age: () => ageIdentity(""),
  "age pq": () => ageIdentity("PQ-"),
  "age base64": () => base64(`${ageIdentity("")}\n`),
  bom: () => "\ufeff",
  cr: () => "\r",
};

function filled(text: string): string {
  return text.replace(/\{([a-z][a-z0-9 -]*)\}/g, (whole, form: string) => FORMS[form]?.() ?? whole);
}

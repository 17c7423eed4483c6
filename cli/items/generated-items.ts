import { randomBytes } from "node:crypto";
import { utf8 } from "../../shared/bytes.ts";
import { UsageError } from "../../shared/errors.ts";
import type { Io } from "../io.ts";
import { certificateFor, newEd25519Pair, newRsaPair, newTlsPair, rsaBits } from "./generated-keys.ts";
import { isWeak, newPassword, newUuid, passwordForm } from "./generated-text.ts";

/** What can be made. */
export const GENERATED_TYPES = ["password", "uuid", "rsa", "ed25519", "tls", "htpasswd"] as const;
/** One of those. */
export type GeneratedType = (typeof GENERATED_TYPES)[number];

/** What says how values are made; each null where it is not said. */
export type GenerationOptions = {
  length: string | null;
  alphabet: string | null;
  characters: string | null;
  bits: string | null;
  san: readonly string[];
  days: string | null;
  login: string | null;
};

/** What is to be made. */
export type Generation = {
  /** Names of the items. */
  keys: readonly string[];
  /** A warning, or null. */
  warning: string | null;
  /** The `type` of a Secret that holds this alone, null for any. */
  secretType: string | null;
  /** What of it everybody may see, in words; null for nothing. */
  publicPart: "public key" | "certificate" | null;
  /** Makes it: new values at each call. `shown` is the public part, null where there is none. */
  make(): Promise<{ items: Map<string, Uint8Array>; shown: string | null }>;
};

const BCRYPT_COST = 10;
const BCRYPT_SALT_BYTES = 16;
const BCRYPT_MOST_BYTES = 72;

/** What each type takes of the options. */
const TAKES: Readonly<Record<GeneratedType, readonly (keyof GenerationOptions)[]>> = {
  password: ["length", "alphabet", "characters"],
  uuid: [],
  rsa: ["bits"],
  ed25519: [],
  tls: ["bits", "san", "days"],
  htpasswd: ["login", "length", "alphabet", "characters"],
};

/**
 * Reads what is to be made for which items.
 * @param words names of items.
 * @throws UsageError when options do not fit the type, or so many items make no sense.
 */
export async function generationOf(
  type: GeneratedType,
  words: readonly string[],
  options: GenerationOptions,
  io: Pick<Io, "now">,
): Promise<Generation> {
  requireFitting(type, options);
  const twice = words.find((word, index) => words.indexOf(word) !== index);
  if (twice !== undefined) throw new UsageError(`${twice} is named twice`, "name each item once");
  switch (type) {
    case "password":
    case "uuid":
      return texts(type, words, options);
    case "rsa":
    case "ed25519":
      return pair(type, words, options);
    case "tls":
      return tls(words, options, io);
    case "htpasswd":
      return htpasswd(words, options);
  }
}

function requireFitting(type: GeneratedType, options: GenerationOptions): void {
  const known = new Set(Object.values(TAKES).flat());
  const given = [...known].filter((flag) => options[flag] !== null && options[flag].length > 0);
  const other = given.find((flag) => !TAKES[type].includes(flag));
  if (other === undefined) return;
  throw new UsageError(`--${other} does not go with --type ${type}`, `leave --${other} out`);
}

function texts(type: "password" | "uuid", keys: readonly string[], options: GenerationOptions): Generation {
  if (keys.length === 0) throw new UsageError("which item of which file?", "write signet generate FILE KEY");
  const form = passwordForm(options);
  const made = () => utf8(type === "uuid" ? newUuid() : newPassword(form));
  const warning =
    type === "password" && isWeak(form)
      ? `a password of ${Math.floor(form.bits)} bits of chance is guessed by trying: give a greater --length`
      : null;
  return {
    keys,
    warning,
    secretType: null,
    publicPart: null,
    make: async () => ({ items: new Map(keys.map((key) => [key, made()])), shown: null }),
  };
}

function pair(type: "rsa" | "ed25519", keys: readonly string[], { bits }: GenerationOptions): Generation {
  const [privateKey, publicKey, ...more] = keys;
  if (privateKey === undefined || more.length > 0) {
    throw new UsageError(
      `--type ${type} makes one pair`,
      "name the item of the private key, and if you want the one of the public key: signet generate FILE id id.pub",
    );
  }
  const length = type === "rsa" ? rsaBits(bits) : 0;
  return {
    keys,
    warning: null,
    secretType: null,
    publicPart: "public key",
    async make() {
      const { privatePem, publicPem } = type === "rsa" ? await newRsaPair(length) : await newEd25519Pair();
      const items = new Map([[privateKey, utf8(privatePem)]]);
      if (publicKey !== undefined) items.set(publicKey, utf8(publicPem));
      return { items, shown: publicPem };
    },
  };
}

async function tls(
  words: readonly string[],
  { san, days, bits }: GenerationOptions,
  { now }: Pick<Io, "now">,
): Promise<Generation> {
  const keys = words.length === 0 ? ["tls.crt", "tls.key"] : words;
  const [certificate, privateKey, ...more] = keys;
  if (certificate === undefined || privateKey === undefined || more.length > 0) {
    throw new UsageError(
      "--type tls makes a certificate and its key",
      "name the item of the certificate and that of the key, or none for tls.crt and tls.key",
    );
  }
  const whom = await certificateFor(san, days);
  const length = bits === null ? null : rsaBits(bits);
  return {
    keys,
    warning: null,
    secretType: words.length === 0 ? "kubernetes.io/tls" : null,
    publicPart: "certificate",
    async make() {
      const { privatePem, certificatePem } = await newTlsPair(whom, length, now());
      const items = new Map([
        [certificate, utf8(certificatePem)],
        [privateKey, utf8(privatePem)],
      ]);
      return { items, shown: certificatePem };
    },
  };
}

function htpasswd(keys: readonly string[], options: GenerationOptions): Generation {
  const [line, plain, ...more] = keys;
  if (line === undefined || plain === undefined || more.length > 0) {
    throw new UsageError(
      "--type htpasswd makes a line for the server and the password itself",
      "name the item of the line and that of the password: signet generate FILE auth password --type htpasswd --login NAME",
    );
  }
  const { login: user } = options;
  if (user === null || !/^[^\s:]+$/.test(user)) {
    throw new UsageError(
      user === null ? "--type htpasswd needs a login" : "a login has no colon and no white space",
      "give --login NAME",
    );
  }
  const form = passwordForm(options);
  if (form.length > BCRYPT_MOST_BYTES || form.characters.some((one) => one.length !== utf8(one).length)) {
    throw new UsageError(
      "bcrypt takes 72 bytes of a password and no more",
      "give a --length of 72 or less, of characters of ASCII",
    );
  }
  return {
    keys,
    warning: isWeak(form) ? "the password is guessed by trying: give a greater --length" : null,
    secretType: null,
    publicPart: null,
    async make() {
      const { encodeBase64, hashSync } = await import("bcryptjs");
      const password = newPassword(form);
      const salt = encodeBase64([...randomBytes(BCRYPT_SALT_BYTES)], BCRYPT_SALT_BYTES);
      const hash = hashSync(password, `$2y$${BCRYPT_COST}$${salt}`);
      return {
        items: new Map([
          [line, utf8(`${user}:${hash}\n`)],
          [plain, utf8(password)],
        ]),
        shown: null,
      };
    },
  };
}

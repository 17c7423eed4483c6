import { type Bytes, fromBase64, toBase64 } from "../bytes.ts";
import { InputError } from "../errors.ts";
import { scopeLabel } from "../scope.ts";
import {
  joinContainer,
  NONCE,
  READABLE_SESSION_KEY_BYTES,
  SESSION_KEY_BYTES,
  splitContainer,
  TAG_BYTES,
} from "./classic-container.ts";
import { judgeRawBlock } from "./oaep.ts";
import type { Outcome, Sealer, Unsealer } from "./sealer.ts";

/** The public half of a sealing key. */
export type SealingKey = {
  /** `SHA256:…`, see certificate.node.ts. */
  readonly fingerprint: string;
  /** RSA-OAEP with SHA-256, usable to encrypt. */
  readonly publicKey: InstanceType<typeof CryptoKey>;
};

/** The private half of a sealing key, as the classic format needs it. */
export interface OpeningKey {
  /** `SHA256:…` of its public half. */
  readonly fingerprint: string;
  /** Length of the RSA modulus, which is the length of the blocks it opens. */
  readonly modulusBytes: number;
  /** RSA-OAEP decryption of one block. @returns null when the block does not open under that label. */
  unwrap(block: Bytes, label: Bytes): Promise<Bytes | null>;
  /**
   * The bare RSA private-key operation, for the diagnosis only.
   * @returns the block as the encoder made it, null when it is not below the modulus.
   */
  rawDecrypt(block: Bytes): Bytes | null;
}

/** Seals classic values under one key. */
export function classicSealer(key: SealingKey): Sealer {
  return {
    keyId: key.fingerprint,
    async sealAll(items, binding) {
      const label = scopeLabel(binding.scope);
      const sealed = new Map<string, string>();
      for (const [item, plaintext] of items) sealed.set(item, toBase64(await seal(key, label, plaintext)));
      return sealed;
    },
  };
}

async function seal(key: SealingKey, label: Bytes, plaintext: Uint8Array): Promise<Bytes> {
  const sessionKey = crypto.getRandomValues(new Uint8Array(SESSION_KEY_BYTES));
  try {
    const dataKey = await crypto.subtle.importKey("raw", sessionKey, "AES-GCM", false, ["encrypt"]);
    const ciphertext = await crypto.subtle.encrypt(
      { name: "AES-GCM", iv: NONCE },
      dataKey,
      new Uint8Array(plaintext),
    );
    const wrapped = await crypto.subtle.encrypt({ name: "RSA-OAEP", label }, key.publicKey, sessionKey);
    return joinContainer(new Uint8Array(wrapped), new Uint8Array(ciphertext));
  } finally {
    sessionKey.fill(0);
  }
}

/** How the classic opener goes about its keys. */
export type ClassicOptions = {
  /** After every key has refused a value, find out whether it was sealed for another place. */
  diagnose: boolean;
  /** After so many items that no key opened, leave the rest: each costs a private-key operation a key. Default: never. */
  giveUpAfter?: number;
};

/**
 * Opens classic values with the keys given, tried in their order, the one that opened the previous item first.
 * The length of the RSA block rules out keys of other sizes without an attempt.
 */
export function classicUnsealer(
  keys: readonly OpeningKey[],
  { diagnose, giveUpAfter = Number.POSITIVE_INFINITY }: ClassicOptions,
): Unsealer {
  return {
    async unsealAll(items, binding, signal) {
      const label = scopeLabel(binding.scope);
      const outcomes = new Map<string, Outcome>();
      let order = keys;
      let unopened = 0;
      for (const [item, text] of items) {
        signal.throwIfAborted();
        if (unopened >= giveUpAfter) {
          outcomes.set(item, { kind: "not-tried" });
          continue;
        }
        const outcome = await open(order, label, item, text, diagnose);
        outcomes.set(item, outcome);
        if (outcome.kind === "opened") order = withFirst(order, outcome.keyId);
        else unopened += 1;
      }
      return outcomes;
    },
  };
}

/** The keys with that fingerprint before the others, which keep their order; an unknown one changes nothing. */
export function withFirst(keys: readonly OpeningKey[], fingerprint: string): readonly OpeningKey[] {
  if (keys[0]?.fingerprint === fingerprint) return keys;
  const first = keys.filter((key) => key.fingerprint === fingerprint);
  return [...first, ...keys.filter((key) => key.fingerprint !== fingerprint)];
}

async function open(
  keys: readonly OpeningKey[],
  label: Bytes,
  item: string,
  text: string,
  diagnose: boolean,
): Promise<Outcome> {
  const decoded = fromBase64(text);
  if ("illegalAt" in decoded) {
    return { kind: "malformed", error: new NotBase64Error(item, decoded.illegalAt) };
  }
  const container = splitContainer(decoded.bytes);
  if (container === null) return { kind: "not-my-key" };
  const candidates = keys.filter((key) => key.modulusBytes === container.block.length);
  for (const key of candidates) {
    const sessionKey = await key.unwrap(container.block, label);
    if (sessionKey === null) continue;
    const plaintext = await decrypt(sessionKey, container.ciphertext);
    if (plaintext === null) return { kind: "malformed", error: new DamagedValueError(item, key.fingerprint) };
    return { kind: "opened", plaintext, keyId: key.fingerprint };
  }
  return diagnose ? diagnosis(candidates, container.block) : { kind: "not-my-key" };
}

/** AES-GCM decryption; null when the tag does not fit or the session key has no AES length. Wipes the key. */
async function decrypt(sessionKey: Bytes, ciphertext: Bytes): Promise<Bytes | null> {
  try {
    if (!READABLE_SESSION_KEY_BYTES.includes(sessionKey.length) || ciphertext.length < TAG_BYTES) return null;
    const dataKey = await crypto.subtle.importKey("raw", sessionKey, "AES-GCM", false, ["decrypt"]);
    return new Uint8Array(await crypto.subtle.decrypt({ name: "AES-GCM", iv: NONCE }, dataKey, ciphertext));
  } catch {
    return null;
  } finally {
    sessionKey.fill(0);
  }
}

async function diagnosis(keys: readonly OpeningKey[], block: Bytes): Promise<Outcome> {
  for (const key of keys) {
    const raw = key.rawDecrypt(block);
    if (raw === null) continue;
    const verdict = await judgeRawBlock(raw);
    if (verdict.wellFormed) {
      return { kind: "sealed-elsewhere", labelHash: verdict.labelHash, keyId: key.fingerprint };
    }
  }
  return { kind: "not-my-key" };
}

/** The text of a value is not base64. */
export class NotBase64Error extends InputError {
  override readonly code: string = "not-base64";
  /** Offset of the first character that does not fit, in the text as given. */
  readonly offset: number;

  /** Names the item and the offset, in the words that scripts know from the reference. */
  constructor(item: string, offset: number) {
    super(
      `spec.encryptedData.${item}: illegal base64 data at input byte ${offset}`,
      "the value was cut or edited: seal it again",
    );
    this.offset = offset;
  }
}

/** The right key opened the session key, but the data under it does not verify. */
export class DamagedValueError extends InputError {
  override readonly code: string = "damaged";
  /** Names the item and the key that recognised it. */
  constructor(item: string, fingerprint: string) {
    super(
      `spec.encryptedData.${item}: damaged: key ${fingerprint} recognises it, but the data does not verify`,
      "the value was cut or edited: seal it again",
    );
  }
}

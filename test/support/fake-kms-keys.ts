import { createCipheriv, createDecipheriv, randomBytes, randomUUID } from "node:crypto";
import { kmsAccount, kmsRegion } from "./kms-request.ts";

/** Whether a key may be used. */
export type KmsKeyState = "Enabled" | "Disabled" | "PendingDeletion";

/** A key of the fake. */
export type KmsKey = { id: string; arn: string; state: KmsKeyState; material: Buffer };

/** An EncryptionContext as a request carries it. */
export type Context = Readonly<Record<string, string>>;

/** A refusal in KMS' own terms. */
export class KmsRefusal extends Error {
  readonly type: string;
  readonly status: number;

  /** @param type such as "DisabledException". */
  constructor(type: string, status = 400) {
    super(type);
    this.type = type;
    this.status = status;
  }
}

const arnStart = `arn:aws:kms:${kmsRegion}:${kmsAccount}:`;
const idLength = 36;
const [ivLength, tagLength] = [12, 16];

/** Keys with their aliases, and what is done with them. */
export class KmsKeys {
  readonly #keys = new Map<string, KmsKey>();
  readonly #aliases = new Map<string, string>();

  /** Makes an enabled key. */
  create(): KmsKey {
    const id = randomUUID();
    const key: KmsKey = { id, arn: `${arnStart}key/${id}`, state: "Enabled", material: randomBytes(32) };
    this.#keys.set(id, key);
    return key;
  }

  /** @param name such as "alias/app". @returns ARN of the alias. */
  setAlias(name: string, key: KmsKey): string {
    this.#aliases.set(name, key.id);
    return `${arnStart}${name}`;
  }

  /**
   * Finds a key by its id, its ARN, an alias, or the ARN of an alias.
   * @throws KmsRefusal when there is none.
   */
  find(name: string): KmsKey {
    const local = name.startsWith(arnStart) ? name.slice(arnStart.length) : name;
    const key = this.#keys.get(this.#aliases.get(local) ?? local.replace(/^key\//, ""));
    if (key === undefined) throw new KmsRefusal("NotFoundException");
    return key;
  }

  /** @returns the blob: key id, nonce, tag, ciphertext. */
  encrypt(key: KmsKey, plaintext: Buffer, context: Context): Buffer {
    requireUsable(key);
    const iv = randomBytes(ivLength);
    const cipher = createCipheriv("aes-256-gcm", key.material, iv).setAAD(bytesOf(context));
    const sealed = Buffer.concat([cipher.update(plaintext), cipher.final()]);
    return Buffer.concat([Buffer.from(key.id, "ascii"), iv, cipher.getAuthTag(), sealed]);
  }

  /**
   * Opens a blob.
   * @param expected the key that the asker says it is of; null when it does not say.
   * @throws KmsRefusal when the key is another, may not be used, or did not make this blob for this context.
   */
  decrypt(blob: Buffer, context: Context, expected: KmsKey | null): { key: KmsKey; plaintext: Buffer } {
    const key = this.#keys.get(blob.subarray(0, idLength).toString("latin1"));
    if (key === undefined) throw new KmsRefusal("InvalidCiphertextException");
    if (expected !== null && expected !== key) throw new KmsRefusal("IncorrectKeyException");
    requireUsable(key);
    const rest = blob.subarray(idLength);
    const [iv, tag] = [rest.subarray(0, ivLength), rest.subarray(ivLength, ivLength + tagLength)];
    try {
      const cipher = createDecipheriv("aes-256-gcm", key.material, iv, { authTagLength: tagLength })
        .setAAD(bytesOf(context))
        .setAuthTag(tag);
      const opened = [cipher.update(rest.subarray(ivLength + tagLength)), cipher.final()];
      return { key, plaintext: Buffer.concat(opened) };
    } catch {
      throw new KmsRefusal("InvalidCiphertextException");
    }
  }
}

function requireUsable({ state }: KmsKey): void {
  if (state === "Disabled") throw new KmsRefusal("DisabledException");
  if (state === "PendingDeletion") throw new KmsRefusal("KMSInvalidStateException");
}

// The pairs in an order of their own, as JSON: no two contexts are the same bytes.
function bytesOf(context: Context): Buffer {
  const pairs = Object.entries(context).toSorted(([one], [other]) => (one < other ? -1 : 1));
  return Buffer.from(JSON.stringify(pairs));
}

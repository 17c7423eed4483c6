import { type Bytes, fromBase64, toBase64 } from "../bytes.ts";
import { KeyServiceError } from "../seal/key-service-error.ts";
import type {
  TransitApi,
  TransitBinding,
  TransitCiphertext,
  TransitKey,
  TransitKeyName,
  TransitOpened,
  TransitPlaintext,
} from "../seal/transit-api.ts";
import type { VaultSession } from "./session.ts";
import { type BatchResult, batchResults } from "./transit-batch.ts";
import { readTransitKey, requireUnderived } from "./transit-key.ts";
import { succeeded, type VaultAnswer, type VaultBody } from "./vault-answer.ts";
import { type Asked, unexpectedAnswer, vaultFault } from "./vault-fault.ts";
import { segmentsOf } from "./vault-path.ts";

/** The Transit engines that a session reaches: https://developer.hashicorp.com/vault/api-docs/secret/transit */
export function connectTransit(session: VaultSession): TransitApi {
  return new Transit(session);
}

/** For how long a key that was seen counts as being there: encrypting under a name that has none would make one. */
const SEEN_MS = 60_000;
const MOST_SEEN = 1000;
/** Values of an object of Kubernetes come to 2 MiB and their own text forms. */
const MAX_BATCH_BYTES = 16 * 1024 * 1024;
/**
 * What a listener of Vault takes by default: max_json_array_element_count and max_request_size
 * (https://developer.hashicorp.com/vault/docs/configuration/listener/tcp). No SealedSecret of use comes near.
 */
const MOST_VALUES = 10_000;
const MAX_REQUEST_BYTES = 32 * 1024 * 1024;

class Transit implements TransitApi {
  readonly #session: VaultSession;
  readonly #seenAtMs = new Map<string, number>();

  constructor(session: VaultSession) {
    this.#session = session;
  }

  async describeKey(name: TransitKeyName, signal: AbortSignal): Promise<TransitKey> {
    const asked = this.#asked(name, "keys", "read");
    const answer = await this.#readKey(name, signal);
    if (!succeeded(answer)) throw vaultFault(answer, asked);
    const key = readTransitKey(answer, asked);
    this.#noteSeen(name);
    return key;
  }

  async encrypt(
    name: TransitKeyName,
    binding: TransitBinding,
    values: readonly TransitPlaintext[],
    signal: AbortSignal,
  ): Promise<string[]> {
    const asked = this.#asked(name, "encrypt", "update");
    if (values.length > 0 && !this.#wasSeen(name)) await this.describeKey(name, signal);
    const items = values.map(({ plaintext, place }) => ({
      plaintext: toBase64(plaintext),
      ...bound(binding, place),
    }));
    const results = await this.#batch(name, asked, items, signal);
    return results.map((result) => {
      if ("refused" in result) throw unexpectedAnswer(asked);
      return ciphertextOf(result.fields, asked);
    });
  }

  async decrypt(
    name: TransitKeyName,
    binding: TransitBinding,
    values: readonly TransitCiphertext[],
    signal: AbortSignal,
  ): Promise<TransitOpened[]> {
    const asked = this.#asked(name, "decrypt", "update");
    const items = values.map(({ ciphertext, place }) => ({ ciphertext, ...bound(binding, place) }));
    const results = await this.#batch(name, asked, items, signal);
    return results.map((result) =>
      "refused" in result ? result : { plaintext: plaintextOf(result.fields, asked) },
    );
  }

  async rewrap(
    name: TransitKeyName,
    values: readonly TransitCiphertext[],
    signal: AbortSignal,
  ): Promise<(string | null)[]> {
    const asked = this.#asked(name, "rewrap", "update");
    const items = values.map(({ ciphertext, place }) => ({ ciphertext, ...bound("context", place) }));
    const results = await this.#batch(name, asked, items, signal);
    return results.map((result) => ("refused" in result ? null : ciphertextOf(result.fields, asked)));
  }

  async encryptUnbound(name: TransitKeyName, plaintext: Uint8Array, signal: AbortSignal): Promise<string> {
    const asked = this.#asked(name, "encrypt", "update");
    if (!this.#wasSeen(name)) await this.#requireUnderived(name, signal);
    const [result] = await this.#batch(name, asked, [{ plaintext: toBase64(plaintext) }], signal);
    if (result === undefined || "refused" in result) throw unexpectedAnswer(asked);
    return ciphertextOf(result.fields, asked);
  }

  async decryptUnbound(
    name: TransitKeyName,
    ciphertext: string,
    signal: AbortSignal,
  ): Promise<TransitOpened> {
    const asked = this.#asked(name, "decrypt", "update");
    const [result] = await this.#batch(name, asked, [{ ciphertext }], signal);
    if (result === undefined) throw unexpectedAnswer(asked);
    return "refused" in result ? result : { plaintext: plaintextOf(result.fields, asked) };
  }

  /** Who may only encrypt cannot look at the key first: then what Vault makes of the name is up to the token's policies. */
  async #requireUnderived(name: TransitKeyName, signal: AbortSignal): Promise<void> {
    const asked = this.#asked(name, "keys", "read");
    const answer = await this.#readKey(name, signal);
    if (succeeded(answer)) {
      requireUnderived(answer, asked);
      this.#noteSeen(name);
      return;
    }
    const fault = vaultFault(answer, asked);
    if (fault.fault !== "denied") throw fault;
  }

  #readKey({ mount, key }: TransitKeyName, signal: AbortSignal): Promise<VaultAnswer> {
    return this.#session.request({ method: "GET", path: [...segmentsOf(mount), "keys", key], signal });
  }

  async #batch(
    { mount, key }: TransitKeyName,
    asked: AskedOfKey,
    items: readonly Readonly<Record<string, string>>[],
    signal: AbortSignal,
  ): Promise<BatchResult[]> {
    if (items.length === 0) return [];
    if (items.length > MOST_VALUES || sizeOf(items) > MAX_REQUEST_BYTES) throw tooLarge(asked);
    const answer = await this.#session.request({
      method: "POST",
      path: [...segmentsOf(mount), asked.operation, key],
      body: { batch_input: items },
      signal,
      maxBytes: MAX_BATCH_BYTES,
    });
    return batchResults(answer, items.length, asked);
  }

  #noteSeen(name: TransitKeyName): void {
    if (this.#seenAtMs.size >= MOST_SEEN) this.#seenAtMs.clear();
    this.#seenAtMs.set(fullName(name), performance.now());
  }

  #wasSeen(name: TransitKeyName): boolean {
    const atMs = this.#seenAtMs.get(fullName(name));
    return atMs !== undefined && performance.now() - atMs < SEEN_MS;
  }

  #asked(name: TransitKeyName, operation: AskedOfKey["operation"], capability: string): AskedOfKey {
    return {
      address: this.#session.address,
      subject: `the Transit key ${fullName(name)}`,
      right: `${capability} on ${name.mount}/${operation}/${name.key}`,
      operation,
    };
  }
}

/** Of a batch, in bytes of JSON: all that it holds is ASCII. */
function sizeOf(items: readonly Readonly<Record<string, string>>[]): number {
  let bytes = 0;
  for (const item of items)
    for (const [name, text] of Object.entries(item)) bytes += name.length + text.length + 6;
  return bytes;
}

function tooLarge({ subject }: Asked): KeyServiceError {
  return new KeyServiceError(
    "misused",
    `${subject} cannot be used for so much: more than ${MOST_VALUES} values, or 32 MiB, in one request`,
    "split the Secret into several",
  );
}

type AskedOfKey = Asked & { operation: "keys" | "encrypt" | "decrypt" | "rewrap" };

function fullName({ mount, key }: TransitKeyName): string {
  return `${mount}/${key}`;
}

/** What binds a value to its place, in base64 as all that is binary. */
function bound(binding: TransitBinding, place: Bytes): { context: string } | { associated_data: string } {
  const text = toBase64(place);
  return binding === "context" ? { context: text } : { associated_data: text };
}

function ciphertextOf({ ciphertext }: VaultBody, asked: Asked): string {
  if (typeof ciphertext === "string" && /^vault:v[1-9]\d{0,8}:[A-Za-z0-9+/]+={0,2}$/.test(ciphertext))
    return ciphertext;
  throw unexpectedAnswer(asked);
}

function plaintextOf({ plaintext }: VaultBody, asked: Asked): Bytes {
  const read = typeof plaintext === "string" ? fromBase64(plaintext) : null;
  if (read === null || "illegalAt" in read) throw unexpectedAnswer(asked);
  return read.bytes;
}

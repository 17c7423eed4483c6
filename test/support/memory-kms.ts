import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import type { Bytes } from "../../shared/bytes.ts";
import { KeyServiceError, type KeyServiceFault } from "../../shared/seal/key-service-error.ts";
import type { KmsApi, KmsContext, WrappedDataKey } from "../../shared/seal/kms-api.ts";

/** A call that arrived: `key` as the caller named it. */
export type KmsCall = {
  operation: "GenerateDataKey" | "Encrypt" | "Decrypt" | "ReEncrypt";
  key: string;
  context: KmsContext;
  to?: string;
};

type MasterKey = { arn: string; versions: Buffer[] };

const REGION_AND_ACCOUNT = "eu-central-1:123456789012";

/** ARN of a key of these tests. */
export function keyArn(id: string): string {
  return `arn:aws:kms:${REGION_AND_ACCOUNT}:key/${id}`;
}

/** ARN of an alias of these tests. */
export function aliasArn(name: string): string {
  return `arn:aws:kms:${REGION_AND_ACCOUNT}:alias/${name}`;
}

/**
 * AWS KMS in memory: real AES-GCM with the context as additional data, keys that rotate, aliases, and a log of what was
 * asked. For unit tests; the client itself is tested on servers that speak KMS' protocol.
 */
export class MemoryKms implements KmsApi {
  /** Every call, those that fail included. */
  readonly calls: KmsCall[] = [];
  /** Waits or throws before a call is answered, as a test wants. */
  before: (call: KmsCall, signal: AbortSignal) => Promise<void> | void = () => undefined;
  readonly #keys: MasterKey[] = [];
  readonly #aliases = new Map<string, string>();

  /** @param ids of the keys there are; see `keyArn`. */
  constructor(...ids: string[]) {
    for (const id of ids) this.#keys.push({ arn: keyArn(id), versions: [randomBytes(32)] });
  }

  /** Points `alias/NAME` to a key; anew when it is there. */
  setAlias(name: string, id: string): void {
    this.#aliases.set(aliasArn(name), keyArn(id));
  }

  /** Gives a key new material; what was wrapped before still opens. */
  rotate(id: string): void {
    this.#find(keyArn(id)).versions.push(randomBytes(32));
  }

  /** How many calls of an operation there were. */
  count(operation: KmsCall["operation"]): number {
    return this.calls.filter((call) => call.operation === operation).length;
  }

  /** The version of the key's material that a blob is wrapped under, 1 for the first. */
  versionOf(blob: Uint8Array): number {
    return (blob[1] ?? 0) + 1;
  }

  async generateDataKey(key: string, context: KmsContext, signal: AbortSignal) {
    await this.#arrive({ operation: "GenerateDataKey", key, context }, signal);
    const dataKey = new Uint8Array(randomBytes(32));
    return { ...this.wrap(key, dataKey, context), dataKey };
  }

  async encrypt(key: string, plaintext: Uint8Array, context: KmsContext, signal: AbortSignal) {
    await this.#arrive({ operation: "Encrypt", key, context }, signal);
    return this.wrap(key, plaintext, context);
  }

  async decrypt(wrapped: WrappedDataKey, context: KmsContext, signal: AbortSignal): Promise<Bytes | null> {
    await this.#arrive({ operation: "Decrypt", key: wrapped.key, context }, signal);
    return this.#unwrap(wrapped, context);
  }

  async reEncrypt(wrapped: WrappedDataKey, context: KmsContext, to: string, signal: AbortSignal) {
    await this.#arrive({ operation: "ReEncrypt", key: wrapped.key, context, to }, signal);
    const dataKey = this.#unwrap(wrapped, context);
    return dataKey === null ? null : this.wrap(to, dataKey, context);
  }

  /** Wraps bytes as KMS' Encrypt does; leaves no call in the log. */
  wrap(key: string, plaintext: Uint8Array, context: KmsContext): WrappedDataKey {
    const master = this.#find(key);
    const nonce = randomBytes(12);
    const version = master.versions.length - 1;
    const cipher = createCipheriv("aes-256-gcm", master.versions[version] ?? Buffer.alloc(0), nonce);
    cipher.setAAD(spell(context));
    const sealed = Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
    const blob = Buffer.concat([Buffer.from([this.#keys.indexOf(master), version]), nonce, sealed]);
    return { key: master.arn, blob: new Uint8Array(blob) };
  }

  #unwrap({ key, blob }: WrappedDataKey, context: KmsContext): Bytes | null {
    const master = this.#find(key);
    const material = master.versions[blob[1] ?? 255];
    if (this.#keys[blob[0] ?? 255] !== master || material === undefined || blob.length < 30) return null;
    try {
      const decipher = createDecipheriv("aes-256-gcm", material, blob.subarray(2, 14));
      decipher.setAAD(spell(context)).setAuthTag(blob.subarray(-16));
      return new Uint8Array(Buffer.concat([decipher.update(blob.subarray(14, -16)), decipher.final()]));
    } catch {
      return null;
    }
  }

  async #arrive(call: KmsCall, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.calls.push(call);
    await this.before(call, signal);
    signal.throwIfAborted();
  }

  #find(key: string): MasterKey {
    const full = key.startsWith("arn:")
      ? key
      : `arn:aws:kms:${REGION_AND_ACCOUNT}:${key.startsWith("alias/") ? key : `key/${key}`}`;
    const arn = this.#aliases.get(full) ?? full;
    const master = this.#keys.find((one) => one.arn === arn);
    if (master === undefined) throw serviceFault("unusable", "AWS KMS has no such key");
    return master;
  }
}

/** An error as a key service's client throws it. */
export function serviceFault(
  fault: KeyServiceFault,
  message = `the key service is ${fault}`,
  retryAfterMs: number | null = null,
): KeyServiceError {
  return new KeyServiceError(fault, message, "look there", { retryAfterMs });
}

function spell(context: KmsContext): Buffer {
  return Buffer.from(JSON.stringify(Object.entries(context).sort(([a], [b]) => (a < b ? -1 : 1))));
}

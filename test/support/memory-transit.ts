import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from "node:crypto";
import type { Bytes } from "../../shared/bytes.ts";
import type {
  TransitApi,
  TransitBinding,
  TransitCiphertext,
  TransitKey,
  TransitKeyName,
  TransitOpened,
  TransitPlaintext,
} from "../../shared/seal/transit-api.ts";
import { serviceFault } from "./memory-kms.ts";

/** A call that arrived: `key` is MOUNT/KEY, `values` how many came with it. */
export type TransitCall = {
  operation: "describeKey" | "encrypt" | "decrypt" | "rewrap" | "encryptUnbound" | "decryptUnbound";
  key: string;
  values: number;
};

type KeyState = {
  binding: TransitBinding;
  versions: Buffer[];
  minDecryptionVersion: number;
  /** As a Vault that is too old, or a key of a kind that binds nothing: it opens a value at every place. */
  ignoresPlace: boolean;
};

/**
 * Vault's Transit engine in memory: real AES-GCM under derived keys or with associated data, versions, and a log of what
 * was asked. For unit tests; the client itself is tested on a real Vault.
 */
export class MemoryTransit implements TransitApi {
  /** Every call, those that fail included. */
  readonly calls: TransitCall[] = [];
  /** Waits or throws before a call is answered, as a test wants. */
  before: (call: TransitCall, signal: AbortSignal) => Promise<void> | void = () => undefined;
  readonly #keys = new Map<string, KeyState>();

  /** Makes a key. @param key MOUNT/KEY. */
  createKey(key: string, binding: TransitBinding, { ignoresPlace = false } = {}): TransitKeyName {
    this.#keys.set(key, { binding, versions: [randomBytes(32)], minDecryptionVersion: 1, ignoresPlace });
    const slash = key.lastIndexOf("/");
    return { mount: key.slice(0, slash), key: key.slice(slash + 1) };
  }

  /** Adds a version to a key, under which it seals from now on. */
  rotate(key: string): void {
    this.#find(key).versions.push(randomBytes(32));
  }

  /** Versions below that one are refused from now on. */
  setMinDecryptionVersion(key: string, version: number): void {
    this.#find(key).minDecryptionVersion = version;
  }

  /** How many calls of an operation there were. */
  count(operation: TransitCall["operation"]): number {
    return this.calls.filter((call) => call.operation === operation).length;
  }

  async describeKey(name: TransitKeyName, signal: AbortSignal): Promise<TransitKey> {
    const { binding, versions, minDecryptionVersion } = await this.#arrive("describeKey", name, 0, signal);
    return { binding, latestVersion: versions.length, minDecryptionVersion };
  }

  async encrypt(
    name: TransitKeyName,
    binding: TransitBinding,
    values: readonly TransitPlaintext[],
    signal: AbortSignal,
  ): Promise<string[]> {
    const state = await this.#arrive("encrypt", name, values.length, signal, binding);
    return values.map((value) => encrypt(state, value));
  }

  async decrypt(
    name: TransitKeyName,
    binding: TransitBinding,
    values: readonly TransitCiphertext[],
    signal: AbortSignal,
  ): Promise<TransitOpened[]> {
    const state = await this.#arrive("decrypt", name, values.length, signal, binding);
    return values.map((value) => decrypt(state, value));
  }

  async rewrap(
    name: TransitKeyName,
    values: readonly TransitCiphertext[],
    signal: AbortSignal,
  ): Promise<(string | null)[]> {
    const state = await this.#arrive("rewrap", name, values.length, signal, "context");
    return values.map(({ ciphertext, place }) => {
      const opened = decrypt(state, { ciphertext, place });
      return "plaintext" in opened ? encrypt(state, { plaintext: opened.plaintext, place }) : null;
    });
  }

  async encryptUnbound(name: TransitKeyName, plaintext: Uint8Array, signal: AbortSignal): Promise<string> {
    const state = await this.#arrive("encryptUnbound", name, 1, signal, "associated-data");
    return encrypt(state, { plaintext, place: NOWHERE });
  }

  async decryptUnbound(
    name: TransitKeyName,
    ciphertext: string,
    signal: AbortSignal,
  ): Promise<TransitOpened> {
    const state = await this.#arrive("decryptUnbound", name, 1, signal, "associated-data");
    return decrypt(state, { ciphertext, place: NOWHERE });
  }

  async #arrive(
    operation: TransitCall["operation"],
    { mount, key }: TransitKeyName,
    values: number,
    signal: AbortSignal,
    binding?: TransitBinding,
  ): Promise<KeyState> {
    signal.throwIfAborted();
    const call = { operation, key: `${mount}/${key}`, values };
    this.calls.push(call);
    await this.before(call, signal);
    signal.throwIfAborted();
    const state = this.#find(call.key);
    // Vault takes a context for derived keys alone, and needs it there.
    if (binding !== undefined && binding !== state.binding) throw serviceFault("unusable");
    return state;
  }

  #find(key: string): KeyState {
    const state = this.#keys.get(key);
    if (state === undefined) throw serviceFault("unusable", "Vault has no such key");
    return state;
  }
}

/** A key without `derived` takes values without associated data, too. */
const NOWHERE = new Uint8Array();

function encrypt({ versions, ...state }: KeyState, { plaintext, place }: TransitPlaintext): string {
  const nonce = randomBytes(12);
  const { material, additionalData } = bind(state, versions.at(-1) ?? Buffer.alloc(0), place);
  const cipher = createCipheriv("aes-256-gcm", material, nonce).setAAD(additionalData);
  const sealed = Buffer.concat([nonce, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
  return `vault:v${versions.length}:${sealed.toString("base64")}`;
}

function decrypt({ versions, ...state }: KeyState, { ciphertext, place }: TransitCiphertext): TransitOpened {
  const [, version = "0", text = ""] = /^vault:v(\d+):(.*)$/.exec(ciphertext) ?? [];
  const sealed = Buffer.from(text, "base64");
  const master = versions[Number(version) - 1];
  if (master === undefined || sealed.length < 28) return { refused: "malformed" };
  if (Number(version) < state.minDecryptionVersion) return { refused: "too-old" };
  const { material, additionalData } = bind(state, master, place);
  const decipher = createDecipheriv("aes-256-gcm", material, sealed.subarray(0, 12));
  decipher.setAAD(additionalData).setAuthTag(sealed.subarray(-16));
  try {
    const plaintext = Buffer.concat([decipher.update(sealed.subarray(12, -16)), decipher.final()]);
    return { plaintext: new Uint8Array(plaintext) };
  } catch {
    return { refused: "not-authentic" };
  }
}

function bind(
  { binding, ignoresPlace }: Omit<KeyState, "versions">,
  master: Buffer,
  place: Bytes,
): { material: Buffer; additionalData: Uint8Array } {
  const none = new Uint8Array();
  if (ignoresPlace) return { material: master, additionalData: none };
  if (binding === "associated-data") return { material: master, additionalData: place };
  return { material: Buffer.from(hkdfSync("sha256", master, none, place, 32)), additionalData: none };
}

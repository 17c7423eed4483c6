import type { RingWrapping } from "../../../controller/keys/key-ring.ts";
import { keySecret } from "../../../controller/keys/key-secret.ts";
import type { KeyPlace, KeyWrapping } from "../../../controller/keys/key-wrapping.ts";
import type { Unwrapping, WrappedKey } from "../../../controller/keys/wrapped-keys.ts";
import type { SecretObject } from "../../../controller/reconcile/secret-object.ts";
import { utf8 } from "../../../shared/bytes.ts";
import { writeWrapped } from "../../../shared/seal/kms-value.ts";
import { PAIR_UID, type SealingPair } from "../sealing-key.ts";

/** Where one key of these tests stands. */
export const WRAPPING_KEY = "kms:arn:aws:kms:eu-central-1:123456789012:key/one";

/** A wrapping without any cryptography: what it wraps names its place, and opens nowhere else. */
export class MemoryWrapping implements KeyWrapping {
  wraps: boolean;
  named: KeyWrapping["named"];
  /** Places that were asked for, in the order in which they were. */
  readonly unwrapped: string[] = [];
  readonly wrapped: string[] = [];
  /** Waits or throws before an answer, as a test wants. */
  before: (doing: "wrap" | "unwrap", place: KeyPlace) => Promise<void> | void = () => undefined;
  /** What was handed out, to see that it was wiped. */
  readonly handedOut: Uint8Array[] = [];
  readonly #kept = new Map<string, string>();

  constructor({ wraps = true } = {}) {
    this.wraps = wraps;
    this.named = { wrap: wraps ? WRAPPING_KEY : null, unwrap: [] };
  }

  async wrap(pem: Uint8Array, place: KeyPlace): Promise<{ text: string; by: string }> {
    this.wrapped.push(place.name);
    await this.before("wrap", place);
    return { text: this.textOf(Buffer.from(pem).toString(), place), by: WRAPPING_KEY };
  }

  /** What a key is wrapped to, without a call. */
  textOf(pem: string, place: KeyPlace, arn = WRAPPING_KEY.slice("kms:".length)): string {
    const blob = utf8(`${this.#kept.size}`);
    const text = `kms-key:1:${writeWrapped({ wrapped: { key: arn, blob }, sealed: new Uint8Array(32) })}`;
    this.#kept.set(text, JSON.stringify([pem, spell(place)]));
    return text;
  }

  /** The Secret that holds a pair wrapped, as a controller with this wrapping would have written it. */
  secretOf(pair: SealingPair, name: string, annotations: Record<string, string> = {}): SecretObject {
    const { certificatePem, privateKeyPem, fingerprint, digest } = pair;
    const place = { namespace: "kube-system", name, fingerprint, certificate: digest };
    const text = this.textOf(privateKeyPem, place);
    const style = { namespace: "kube-system", labels: {}, annotations, name };
    const secret = keySecret({ certificatePem, wrapped: { text, by: WRAPPING_KEY } }, style);
    return { ...secret, metadata: { ...secret.metadata, uid: PAIR_UID } };
  }

  async unwrap(text: string, place: KeyPlace) {
    this.unwrapped.push(place.name);
    await this.before("unwrap", place);
    const [pem, at] = JSON.parse(this.#kept.get(text) ?? "[]") as string[];
    if (pem === undefined || at !== spell(place)) return { refused: "it was wrapped for another place" };
    const bytes = utf8(pem);
    this.handedOut.push(bytes);
    return { pem: bytes };
  }
}

/** A ring where nothing is wrapped. */
export const noneWrapped: RingWrapping = {
  keys: { look: neverLook, forget: () => undefined },
  onlyWrappedSeal: false,
  requireBackup: false,
};

function neverLook(_key: WrappedKey): Unwrapping {
  return { state: "refused", problem: "it is wrapped" };
}

function spell({ namespace, name, fingerprint, certificate }: KeyPlace): string {
  return `${namespace}/${name} ${fingerprint} ${certificate}`;
}

import type { Bytes } from "../bytes.ts";
import type { SealError } from "../errors.ts";
import type { Scope } from "../scope.ts";
import type { RemoteBackend } from "./codec.ts";

/**
 * Where the object at hand stands; each codec derives its own binding bytes from it. Taken from the object being
 * sealed or reconciled, never from what a document says of itself.
 */
export type Binding = {
  /** The cluster the value is for; the classic format does not bind it. Null where nobody asked for it. */
  clusterId: string | null;
  scope: Scope;
};

/** What came of opening one value. */
export type Outcome =
  | {
      kind: "opened";
      plaintext: Bytes;
      /** Fingerprint (or key name, for remote backends) of the key that opened it. */
      keyId: string;
    }
  /** None of the keys at hand opened it. Whether the key is unknown or the value is damaged, nobody can tell. */
  | { kind: "not-my-key" }
  /**
   * A key at hand is the right one, but the value was sealed for another place: `labelHash` is the SHA-256 of the
   * label it was sealed under. Only where the codec was asked to look.
   */
  | { kind: "sealed-elsewhere"; labelHash: Bytes; keyId: string }
  /**
   * Not looked at: others of the object had not opened, so that this one would change nothing. `isKnownToOpen` where it
   * did open with the same keys, an earlier time that the object failed.
   */
  | { kind: "not-tried"; isKnownToOpen?: true }
  /** Not a value of this format, or the right key found it damaged. Trying other keys is pointless. */
  | { kind: "malformed"; error: SealError };

/** A SealedSecret before its values are in it, as far as sealing goes. */
export type SealableObject = {
  metadata: { annotations?: Record<string, string> | undefined };
  spec: { encryptedData: Record<string, string> };
};

/** One backend that seals. Takes all the items of one object at once, so that a remote one needs a single call. */
export interface Sealer {
  /** Fingerprint (or name) of the key the values are sealed under. */
  readonly keyId: string;
  /** The key hint to write down beside the values: the fingerprint; null where the values name their key themselves. */
  readonly hint: string | null;
  /**
   * @returns the text forms for `spec.encryptedData`, by item.
   * @throws KeyServiceError when a remote key service cannot or will not do it; InputError when it takes a cluster id and
   * the binding has none.
   */
  sealAll(items: ReadonlyMap<string, Uint8Array>, binding: Binding): Promise<Map<string, string>>;
  /**
   * In the place of `sealAll`, where values are nothing by themselves: puts them, and what belongs to them, into the object.
   * @throws as `sealAll`.
   */
  sealObject?<Sealable extends SealableObject>(
    bare: Sealable,
    items: ReadonlyMap<string, Uint8Array>,
    binding: Binding,
  ): Promise<Sealable>;
}

/** One backend that opens. Takes all the items of one object at once, so that a remote one needs a single call. */
export interface Unsealer {
  /**
   * @returns an outcome for each item given, by item.
   * @throws KeyServiceError when a remote key service could not or may not be asked, whatever the items are.
   * @throws the signal's reason when aborted.
   */
  unsealAll(
    items: ReadonlyMap<string, string>,
    binding: Binding,
    signal: AbortSignal,
  ): Promise<Map<string, Outcome>>;
}

/** Opens values that the cluster's own keys do not open. */
export interface KeyServices {
  /**
   * @param namespace where the object at hand stands: allow-lists go by it.
   * @returns what opens values of that backend there; null where no such service is configured.
   */
  unsealerFor(backend: RemoteBackend, namespace: string): Unsealer | null;
}

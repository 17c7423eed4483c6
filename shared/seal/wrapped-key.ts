import type { Bytes } from "../bytes.ts";
import { SealError } from "../errors.ts";
import { DATA_KEY_BYTES, Envelope } from "./envelope.ts";
import { KeyServiceError } from "./key-service-error.ts";
import type { KmsApi, KmsContext } from "./kms-api.ts";
import { keyToName } from "./kms-sealer.ts";
import { type KmsValue, readWrapped, writeWrapped } from "./kms-value.ts";
import { joinFields } from "./place-binding.ts";
import type { TransitApi } from "./transit-api.ts";
import { decryptBound, encryptBound } from "./transit-binding.ts";
import { VaultKeyProofs } from "./vault-key-proofs.ts";
import { readNamedCiphertext, type VaultValue, writeNamedCiphertext } from "./vault-value.ts";
import { type WrappingKey, wrappingKeyOf, wrappingKeyText } from "./wrapping-key.ts";

/** Where a sealing key belongs: a wrapped one opens nowhere else. */
export type SealingKeyPlace = {
  clusterId: string;
  /** Of the Secret that holds it. */
  namespace: string;
  name: string;
  /** `SHA256:…` of its public half. */
  fingerprint: string;
  /** SHA-256 of its certificate in DER, in small hexadecimal digits: the begin that it states decides which key seals. */
  certificate: string;
};

/** The services at hand; null where one is not configured. */
export type WrappingServices = {
  kms: KmsApi | null;
  transit: TransitApi | null;
  /** Where what is known of Vault's keys is kept. */
  proofs?: VaultKeyProofs;
};

/** A wrapped sealing key does not open. Says nothing of its text. */
export class WrappedKeyError extends SealError {
  override readonly code = "wrapped-key";
}

type WrappedFormat = "kms-key:1" | "vault-key:1";

/**
 * Wraps the private half of a sealing key for the place where it belongs (docs/formats.md).
 * @param pem the bytes to wrap, which the caller wipes.
 * @returns the text for the Secret's `tls.key`.
 * @throws KeyServiceError as the services' calls, and when the service is not configured.
 */
export async function wrapSealingKey(
  services: WrappingServices,
  by: WrappingKey,
  place: SealingKeyPlace,
  pem: Uint8Array,
  signal: AbortSignal,
): Promise<string> {
  requireCluster(place);
  if (by.service === "kms") {
    const { dataKey, ...answered } = await present(services.kms, by).generateDataKey(
      by.key,
      contextOf(place),
      signal,
    );
    try {
      const envelope = await Envelope.of(dataKey, "kms-key:1");
      const sealed = await envelope.seal(pem, bytesOf("kms-key:1", place));
      const wrapped = { blob: answered.blob, key: keyToName(by.key, answered) };
      return `kms-key:1:${writeWrapped({ wrapped, sealed })}`;
    } finally {
      dataKey.fill(0);
    }
  }
  const values = [{ plaintext: pem, place: bytesOf("vault-key:1", place) }];
  const transit = present(services.transit, by);
  const [ciphertext = ""] = await encryptBound(transit, by.name, values, proofsOf(services), signal);
  return `vault-key:1:${writeNamedCiphertext({ name: by.name, ciphertext })}`;
}

/**
 * Unwraps the private half of a sealing key.
 * @param allowed whether the key that the text names may be asked for it.
 * @returns the bytes that were wrapped, which the caller wipes.
 * @throws WrappedKeyError when the text is none, is damaged, or was wrapped for another place; KeyServiceError as the
 * services' calls, when the service is not configured, and `not-allowed` before any call.
 */
export async function unwrapSealingKey(
  services: WrappingServices,
  text: string,
  place: SealingKeyPlace,
  allowed: (key: WrappingKey) => boolean,
  signal: AbortSignal,
): Promise<Bytes> {
  const by = wrappingKeyOf(text);
  if (by === null) throw unreadable(text);
  const spelled = wrappingKeyText(by);
  if (!allowed(by)) throw notAllowed(spelled);
  requireCluster(place);
  const inner = text.slice(text.indexOf(":1:") + 3);
  const pem =
    by.service === "kms"
      ? await unwrapByKms(present(services.kms, by), readWrapped(inner), place, signal)
      : await unwrapByVault(
          present(services.transit, by),
          readNamedCiphertext(inner),
          place,
          services,
          signal,
        );
  if (pem !== null) return pem;
  throw new WrappedKeyError(
    `the wrapped sealing key does not open under ${spelled}: damaged, or wrapped for another cluster, Secret or certificate`,
    "restore the Secret as it was wrapped, under its name and with its certificate",
  );
}

async function unwrapByKms(
  kms: KmsApi,
  value: KmsValue | string,
  place: SealingKeyPlace,
  signal: AbortSignal,
): Promise<Bytes | null> {
  if (typeof value === "string") return null;
  const dataKey = await kms.decrypt(value.wrapped, contextOf(place), signal);
  try {
    if (dataKey?.length !== DATA_KEY_BYTES) return null;
    return await (await Envelope.of(dataKey, "kms-key:1")).open(value.sealed, bytesOf("kms-key:1", place));
  } finally {
    dataKey?.fill(0);
  }
}

async function unwrapByVault(
  transit: TransitApi,
  value: VaultValue | string,
  place: SealingKeyPlace,
  services: WrappingServices,
  signal: AbortSignal,
): Promise<Bytes | null> {
  if (typeof value === "string") return null;
  const { name, ciphertext } = value;
  const values = [{ ciphertext, place: bytesOf("vault-key:1", place) }];
  const [opened = null] = await decryptBound(transit, name, values, proofsOf(services), signal);
  if (opened !== null && "plaintext" in opened) return opened.plaintext;
  if (opened?.refused !== "too-old") return null;
  throw new WrappedKeyError(
    `the sealing key is wrapped under a version of ${wrappingKeyText({ service: "vault", name })} that Vault no longer decrypts with`,
    "lower the key's min_decryption_version, and wrap the sealing key anew",
  );
}

/**
 * As the place bytes of values, with the word `sealing-key` where those have a scope, the fingerprint as the item, and
 * the certificate's digest behind it.
 */
function bytesOf(format: WrappedFormat, place: SealingKeyPlace): Bytes {
  const { clusterId, namespace, name, fingerprint, certificate } = place;
  return joinFields([format, clusterId, "sealing-key", namespace, name, fingerprint, certificate]);
}

function contextOf({ clusterId, namespace, name, fingerprint }: SealingKeyPlace): KmsContext {
  return {
    "signet-format": "kms-key:1" satisfies WrappedFormat,
    "signet-cluster": clusterId,
    "signet-namespace": namespace,
    "signet-secret": name,
    "signet-fingerprint": fingerprint,
  };
}

function proofsOf({ proofs }: WrappingServices): VaultKeyProofs {
  return proofs ?? new VaultKeyProofs({ now: () => performance.now() });
}

function requireCluster({ clusterId }: SealingKeyPlace): void {
  if (clusterId !== "") return;
  throw new KeyServiceError(
    "misused",
    "a wrapped sealing key is bound to a cluster, and the id of this one is empty",
    "give --cluster-id: the uid of the cluster's namespace kube-system",
  );
}

function present<Api>(api: Api | null, by: WrappingKey): Api {
  if (api !== null) return api;
  throw new KeyServiceError(
    "misused",
    `a sealing key is wrapped by ${wrappingKeyText(by)}, and that service is not configured`,
    by.service === "kms" ? "configure access to AWS KMS" : "set --vault-addr and how to log in",
  );
}

function notAllowed(spelled: string): KeyServiceError {
  return new KeyServiceError(
    "not-allowed",
    `a sealing key is wrapped by ${spelled}, which is not one to unwrap with`,
    "name the key in --sealing-key-wrap, or in --sealing-key-unwrap for the time of a migration",
  );
}

function unreadable(text: string): WrappedKeyError {
  const [, format, version] = /^((?:kms|vault)-key):(0|[1-9]\d{0,3}):/.exec(text) ?? [];
  if (format !== undefined && version !== undefined && version !== "1")
    return new WrappedKeyError(
      `sealing keys wrapped in the format ${format}:${version} are not opened by this version of Signet`,
      "use a newer version of Signet",
    );
  return new WrappedKeyError(
    "not a wrapped sealing key: it was cut or edited",
    "restore the Secret as it was wrapped",
  );
}

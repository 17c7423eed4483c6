import { kmsKeyName } from "../../shared/aws/kms-key-name.ts";
import { UsageError } from "../../shared/errors.ts";
import { parseTransitKeyName } from "../../shared/seal/key-text.ts";
import type { TransitKeyName } from "../../shared/seal/transit-api.ts";
import type { KubesealOptions } from "../options.ts";

/** Whose key values are sealed under. */
export type SealingBackend =
  | { backend: "cluster" }
  /** @see KmsApi for the forms of a key. */
  | { backend: "kms"; key: string }
  | { backend: "vault"; name: TransitKeyName };

type BackendOptions = Pick<KubesealOptions, "backend" | "kms-key" | "vault-key" | "cert">;

/**
 * Whose key the flags name for sealing; a key implies its backend.
 * @throws UsageError when they contradict each other, or a key is not named as it must be.
 */
export function sealingBackend(options: BackendOptions): SealingBackend {
  const { backend } = options;
  const { kms, vault } = namedKeys(options);
  if (backend !== null && !["cluster", "kms", "vault"].includes(backend)) {
    throw new UsageError(
      `invalid value ${JSON.stringify(backend)} for --backend`,
      "write --backend cluster, kms or vault; SEALED_SECRETS_BACKEND sets it too",
    );
  }
  const implied = kms !== null ? "kms" : vault !== null ? "vault" : null;
  if (backend !== null && implied !== null && backend !== implied) {
    throw new UsageError(`--backend ${backend} and --${implied}-key contradict each other`, LEAVE_OUT);
  }
  if (backend === "kms" && kms === null) {
    throw new UsageError("--backend kms needs a key", "give --kms-key with its ARN, id or alias/NAME");
  }
  if (backend === "vault" && vault === null) {
    throw new UsageError("--backend vault needs a key", "give --vault-key MOUNT/KEY");
  }
  if (implied !== null && options.cert !== null) {
    throw new UsageError(
      `--cert and --${implied}-key exclude each other: values lie under one key`,
      LEAVE_OUT,
    );
  }
  if (kms !== null) return { backend: "kms", key: kms };
  return vault !== null ? { backend: "vault", name: vault } : { backend: "cluster" };
}

/** The keys that the flags name, whatever they are for; each null where none is named. */
export type NamedKeys = { kms: string | null; vault: TransitKeyName | null };

/** @throws UsageError for a key that is not named as it must be, or for both. */
export function namedKeys(options: Pick<KubesealOptions, "kms-key" | "vault-key">): NamedKeys {
  const { "kms-key": kms, "vault-key": vault } = options;
  if (kms !== null && vault !== null) {
    throw new UsageError("--kms-key and --vault-key exclude each other", LEAVE_OUT);
  }
  if (kms !== null && kmsKeyName(kms) === null) {
    throw new UsageError(
      `invalid value ${JSON.stringify(kms)} for --kms-key`,
      "write the ARN of a key or an alias, alias/NAME or a key id; SEALED_SECRETS_KMS_KEY sets it too",
    );
  }
  const name = vault === null ? null : parseTransitKeyName(vault);
  if (vault !== null && name === null) {
    throw new UsageError(
      `invalid value ${JSON.stringify(vault)} for --vault-key`,
      "write MOUNT/KEY, such as transit/app; SEALED_SECRETS_VAULT_KEY sets it too",
    );
  }
  return { kms, vault: name };
}

// A variable may have set the other one.
const LEAVE_OUT = "give one of them; --NAME= with nothing behind it takes back what a variable sets";

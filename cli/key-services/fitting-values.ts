import { InputError } from "../../shared/errors.ts";
import { formOf } from "../../shared/seal/codec.ts";
import type { SpokenOf } from "./sealing-backend.ts";

const UNDER = { kms: "is under AWS KMS", vault: "is under Vault", sops: "is a SOPS document's" } as const;

/**
 * Refuses a file of which nothing would move to the key that was named, since no service seals anew what another one sealed.
 * @param documents SealedSecrets as they were read, whatever their form.
 * @param source names the file or stream.
 * @param spokenOf the service that the command line speaks of; null lets every file pass.
 * @throws InputError where none of the values is that service's.
 */
export function requireFittingValues(
  documents: readonly unknown[],
  source: string,
  spokenOf: SpokenOf | null,
): void {
  if (spokenOf === null) return;
  const { backend, flag } = spokenOf;
  const values = documents.flatMap(sealedTexts);
  if (values.some((value) => formOf(value).backend === backend)) return;
  throw new InputError(
    `${flag} fits no value of ${source}: none ${UNDER[backend]}, and --re-encrypt leaves values in their service`,
    `open the file with signet unseal and seal the Secret again with ${flag}; or leave ${flag}, or the file, out`,
  );
}

function sealedTexts(document: unknown): string[] {
  const spec = isMap(document) ? document["spec"] : undefined;
  const sealed = isMap(spec) ? spec["encryptedData"] : undefined;
  return isMap(sealed) ? Object.values(sealed).filter((value) => typeof value === "string") : [];
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

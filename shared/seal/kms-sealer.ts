import { Envelope } from "./envelope.ts";
import { KeyServiceError } from "./key-service-error.ts";
import { isKmsAliasArn, isKmsKeyArn } from "./key-text.ts";
import type { KmsApi, WrappedDataKey } from "./kms-api.ts";
import { writeKmsValue } from "./kms-value.ts";
import { clusterToSealFor, kmsContext, placeBytes } from "./place-binding.ts";
import type { Sealer } from "./sealer.ts";

const NEVER = new AbortController().signal;

/**
 * Seals under a key of AWS KMS: one data key for each sealing, so one call for all items of an object.
 * @param key key id, key ARN, `alias/NAME` or alias ARN. Values name the key by its ARN, as KMS answers it; by an alias only
 * where the whole alias ARN is given here.
 * @param signal ends calls; they throw its reason then.
 */
export function kmsSealer(api: KmsApi, key: string, signal: AbortSignal = NEVER): Sealer {
  return {
    keyId: `kms:${key}`,
    hint: null,
    async sealAll(items, binding) {
      const bound = clusterToSealFor(binding);
      const sealed = new Map<string, string>();
      if (items.size === 0) return sealed;
      const { dataKey, ...answered } = await api.generateDataKey(key, kmsContext(bound), signal);
      try {
        const wrapped = { blob: answered.blob, key: keyToName(key, answered) };
        const envelope = await Envelope.of(dataKey, "kms:1");
        for (const [item, plaintext] of items) {
          const part = await envelope.seal(plaintext, placeBytes("kms:1", bound, item));
          sealed.set(item, writeKmsValue({ wrapped, sealed: part }));
        }
        return sealed;
      } finally {
        dataKey.fill(0);
      }
    },
  };
}

/**
 * The ARN that a text names the key by: the one that KMS answered, or the alias ARN that was asked for.
 * @throws KeyServiceError (`misused`) when KMS answered something that is no key ARN.
 */
export function keyToName(asked: string, answered: WrappedDataKey): string {
  if (isKmsAliasArn(asked)) return asked;
  if (isKmsKeyArn(answered.key)) return answered.key;
  throw new KeyServiceError(
    "misused",
    "AWS KMS answered with a key whose ARN has a form that is not known",
    "check that the endpoint is AWS KMS: AWS_ENDPOINT_URL_KMS, AWS_ENDPOINT_URL",
  );
}

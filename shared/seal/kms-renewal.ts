import { runAtMost } from "./concurrently.ts";
import { admitKeys, type KeyAdmission } from "./key-admission.ts";
import type { KmsApi } from "./kms-api.ts";
import { groupByDataKey } from "./kms-group.ts";
import { keyToName } from "./kms-sealer.ts";
import { readKmsValue, writeKmsValue } from "./kms-value.ts";
import { clusterToOpenIn, kmsContext } from "./place-binding.ts";
import { readEach } from "./readable-values.ts";
import { RemoteValueError } from "./remote-value-error.ts";
import type { Binding } from "./sealer.ts";

const CALLS_AT_A_TIME = 4;

/** Where renewed values go, and which keys they may come from. */
export type KmsRenewal = KeyAdmission & {
  /** Key id, ARN or alias to wrap under; null for the key that each value names. */
  to: string | null;
};

/**
 * Has AWS KMS wrap the data keys of values anew, for the same place: one call for each different data key. What is sealed
 * under them stays as it is, and nothing of it is seen.
 * @returns the new texts, by item; only when all succeeded.
 * @throws RemoteValueError for a value that is none, or does not belong to its key and place; KeyServiceError as KMS' calls,
 * and `not-allowed` before any of them; the signal's reason when aborted.
 */
export async function renewKmsValues(
  api: KmsApi,
  items: ReadonlyMap<string, string>,
  binding: Binding,
  { to, ...admission }: KmsRenewal,
  signal: AbortSignal,
): Promise<Map<string, string>> {
  const { values, problems } = readEach(items, readKmsValue);
  for (const problem of problems.values()) throw problem;
  const keys = [...values].map(([item, { wrapped }]) => [item, wrapped.key] as const);
  admitKeys("kms", keys, admission);
  const context = values.size === 0 ? {} : kmsContext(clusterToOpenIn(binding));
  const renewed = new Map<string, string>();
  const works = [...groupByDataKey(values).values()].map(({ wrapped, items: group }) => async () => {
    const target = to ?? wrapped.key;
    const answered = await api.reEncrypt(wrapped, context, target, signal);
    for (const [item, { sealed }] of group) {
      if (answered === null) throw RemoteValueError.notAuthentic(item, `kms:${wrapped.key}`);
      const anew = { blob: answered.blob, key: keyToName(target, answered) };
      renewed.set(item, writeKmsValue({ wrapped: anew, sealed }));
    }
    return true;
  });
  await runAtMost(CALLS_AT_A_TIME, works);
  return new Map([...items.keys()].map((item) => [item, renewed.get(item) ?? ""]));
}

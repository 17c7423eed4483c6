import { type Bytes, toBase64 } from "../bytes.ts";
import { runAtMost } from "./concurrently.ts";
import type { DataKeyCache } from "./data-key-cache.ts";
import { DATA_KEY_BYTES, Envelope } from "./envelope.ts";
import { admitKeys, type KeyAdmission } from "./key-admission.ts";
import type { KmsApi, KmsContext, WrappedDataKey } from "./kms-api.ts";
import { type KmsValue, readKmsValue } from "./kms-value.ts";
import { type ClusterBinding, clusterToOpenIn, kmsContext, placeBytes } from "./place-binding.ts";
import { readEach, untriedOutcomes } from "./readable-values.ts";
import { RemoteValueError } from "./remote-value-error.ts";
import type { Outcome, Unsealer } from "./sealer.ts";

/** Data keys that the values of one object may come from: each costs a call. */
export const MOST_DATA_KEYS = 16;
const CALLS_AT_A_TIME = 4;

/** Items that share a data key. */
export type KmsGroup = { wrapped: WrappedDataKey; items: Map<string, KmsValue> };

/** How values under AWS KMS are opened. */
export type KmsUnsealing = KeyAdmission & {
  /** Where unwrapped data keys are kept; without one each object costs its calls every time. */
  dataKeys?: DataKeyCache;
};

/**
 * Opens values under AWS KMS: one call for each different data key of an object. Where one item does not open, items whose
 * data key was not asked for yet are `not-tried`.
 */
export function kmsUnsealer(api: KmsApi, unsealing: KmsUnsealing): Unsealer {
  return {
    async unsealAll(items, binding, signal) {
      signal.throwIfAborted();
      const { values, problems } = readEach(items, readKmsValue);
      admitKeys(
        "kms",
        [...values].map(([item, { wrapped }]) => [item, wrapped.key]),
        unsealing,
      );
      const groups = [...groupByDataKey(values).values()];
      for (const { items: tooMany } of groups.slice(MOST_DATA_KEYS)) {
        for (const item of tooMany.keys())
          problems.set(item, RemoteValueError.tooManyKeys(item, "kms", MOST_DATA_KEYS));
      }
      const outcomes = untriedOutcomes(items, problems);
      if (problems.size > 0 || items.size === 0) return outcomes;
      const bound = clusterToOpenIn(binding);
      const work = groups.map((group) => async () => {
        const dataKey = await unwrap(api, group.wrapped, kmsContext(bound), unsealing.dataKeys, signal);
        const opened = await openGroup(group, dataKey, bound);
        for (const [item, outcome] of opened) outcomes.set(item, outcome);
        return [...opened.values()].every(({ kind }) => kind === "opened");
      });
      await runAtMost(CALLS_AT_A_TIME, work);
      return outcomes;
    },
  };
}

/** Puts items together whose values name the same key and hold the same blob. */
export function groupByDataKey(values: ReadonlyMap<string, KmsValue>): Map<string, KmsGroup> {
  const groups = new Map<string, KmsGroup>();
  for (const [item, value] of values) {
    const { wrapped } = value;
    const id = `${wrapped.key}:${toBase64(wrapped.blob)}`;
    const group = groups.get(id) ?? { wrapped, items: new Map<string, KmsValue>() };
    groups.set(id, group);
    group.items.set(item, value);
  }
  return groups;
}

async function unwrap(
  api: KmsApi,
  wrapped: WrappedDataKey,
  context: KmsContext,
  dataKeys: DataKeyCache | undefined,
  signal: AbortSignal,
): Promise<Bytes | null> {
  const ask = (asking: AbortSignal) => api.decrypt(wrapped, context, asking);
  return await (dataKeys === undefined ? ask(signal) : dataKeys.unwrapped(wrapped, context, ask, signal));
}

/** Opens the items of a data key, and wipes it. */
async function openGroup(
  { wrapped, items }: KmsGroup,
  dataKey: Bytes | null,
  binding: ClusterBinding,
): Promise<Map<string, Outcome>> {
  const outcomes = new Map<string, Outcome>();
  try {
    // Bytes of another length were wrapped by somebody else, for something else.
    const isOurs = dataKey?.length === DATA_KEY_BYTES;
    const envelope = isOurs ? await Envelope.of(dataKey, "kms:1") : null;
    for (const [item, { sealed }] of items) {
      const plaintext = (await envelope?.open(sealed, placeBytes("kms:1", binding, item))) ?? null;
      outcomes.set(
        item,
        plaintext === null
          ? { kind: "malformed", error: RemoteValueError.notAuthentic(item, `kms:${wrapped.key}`) }
          : { kind: "opened", plaintext, keyId: `kms:${wrapped.key}` },
      );
    }
    return outcomes;
  } finally {
    dataKey?.fill(0);
  }
}

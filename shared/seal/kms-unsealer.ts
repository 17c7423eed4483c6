import type { Bytes } from "../bytes.ts";
import { runAtMost } from "./concurrently.ts";
import type { DataKeyCache } from "./data-key-cache.ts";
import { DATA_KEY_BYTES, Envelope } from "./envelope.ts";
import { admitKeys, type KeyAdmission } from "./key-admission.ts";
import type { KmsApi, KmsContext, WrappedDataKey } from "./kms-api.ts";
import { groupByDataKey, type KmsGroup } from "./kms-group.ts";
import { KmsRefusals } from "./kms-refusals.ts";
import { readKmsValue } from "./kms-value.ts";
import { type ClusterBinding, clusterToOpenIn, kmsContext, placeBytes } from "./place-binding.ts";
import { readEach, untriedOutcomes } from "./readable-values.ts";
import type { RefusalMemory } from "./refusal-memory.ts";
import { RemoteValueError } from "./remote-value-error.ts";
import type { Outcome, Unsealer } from "./sealer.ts";

/** Data keys that the values of one object may come from: each costs a call. */
export const MOST_DATA_KEYS = 16;
const CALLS_AT_A_TIME = 4;

/** How values under AWS KMS are opened. */
export type KmsUnsealing = KeyAdmission & {
  /** Where unwrapped data keys are kept; without one each object costs its calls every time. */
  dataKeys?: DataKeyCache;
  /** Where refusals are remembered; without it each object that fails costs its calls every time. */
  memory?: RefusalMemory;
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
      const context = kmsContext(bound);
      const refusals = unsealing.memory === undefined ? null : new KmsRefusals(unsealing.memory, bound);
      const known = refusals?.recall(groups) ?? null;
      if (known !== null) return new Map([...outcomes, ...known]);
      const refused = new Set<KmsGroup>();
      const work = groups.map((group) => async () => {
        const dataKey = await unwrap(api, group.wrapped, context, unsealing.dataKeys, signal);
        if (dataKey === null) refused.add(group);
        const opened = await openGroup(group, dataKey, bound);
        for (const [item, outcome] of opened) outcomes.set(item, outcome);
        return [...opened.values()].every(({ kind }) => kind === "opened");
      });
      try {
        await runAtMost(CALLS_AT_A_TIME, work);
      } finally {
        refusals?.remember(groups, refused, outcomes);
      }
      return outcomes;
    },
  };
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

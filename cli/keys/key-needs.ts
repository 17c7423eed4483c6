import { SealError } from "../../shared/errors.ts";
import { KubeApiError } from "../../shared/kube/api-error.ts";
import { objectsInCluster } from "../inventory/cluster.ts";
import { openings } from "../inventory/openings.ts";
import type { Inventory, SealedObject, SealedValue } from "../inventory/sealed-object.ts";
import { objectsInTrees } from "../inventory/trees.ts";
import type { Io } from "../io.ts";
import { type KeyConnection, say } from "./connected-secrets.ts";
import { keysAtHand, newestFirst, offlineKeys } from "./keys-at-hand.ts";
import type { KeysOptions } from "./keys-options.ts";
import type { SealingKey } from "./sealing-key.ts";

/** What needs a key: its values under sealing keys, by object. */
export type Needing = ReadonlyMap<SealedObject, readonly SealedValue[]>;

/** Which values need which key. */
export type KeyNeeds = {
  /** Whether that was found out by opening, or values and their objects say so. */
  basis: "claimed" | "opened";
  /** By fingerprint. */
  byKey: ReadonlyMap<string, Needing>;
  /** Values of which it is not known: they say nothing, or no key at hand opens them. */
  unknown: Needing;
};

/** How many there are; what stands in a tree and in the cluster counts once. */
export type Count = { objects: number; values: number };

/**
 * Finds out what needs which key, in the cluster and in the trees that were named.
 * @returns null where nobody may know: it is told why.
 * @throws SealError as reading trees and keys does.
 */
export async function keyNeeds(
  keys: readonly SealingKey[],
  { client, timeoutMs }: KeyConnection,
  options: KeysOptions,
  io: Io,
): Promise<KeyNeeds | null> {
  const inTrees = options.in.length === 0 ? null : await objectsInTrees(options.in, io, options.namespace);
  let inCluster: Inventory | null = null;
  try {
    inCluster = await objectsInCluster(client, null, timeoutMs);
  } catch (error) {
    if (!(error instanceof SealError)) throw error;
    const isClosed = error instanceof KubeApiError && (error.status === 403 || error.status === 404);
    if (!isClosed) throw error;
    say(io, `note: what needs which key in the cluster is not known: ${error.message}`);
  }
  if (inTrees === null && inCluster === null) return null;
  const found = [inCluster, inTrees].filter((one) => one !== null);
  for (const { where, problem } of found.flatMap(({ problems }) => problems))
    say(io, `warning: ${where}: not looked at: ${problem}`);
  const objects = found.flatMap((one) => one.objects);
  const opens = options.open || options["private-key"].length + options["recovery-private-key"].length > 0;
  return opens ? opened(objects, keys, options, io) : claimed(objects);
}

/** @param needing null for nothing. */
export function countOf(needing: Needing | undefined): Count {
  const all = [...(needing ?? [])].flatMap(([{ sealedSecret }, values]) => {
    const { namespace = "", name } = sealedSecret.metadata;
    return values.map(({ item }) => ({ object: `${namespace}/${name}`, item }));
  });
  return {
    objects: new Set(all.map(({ object }) => object)).size,
    values: new Set(all.map(({ object, item }) => `${object} ${item}`)).size,
  };
}

function claimed(objects: readonly SealedObject[]): KeyNeeds {
  return sorted("claimed", objects, ({ claimed }) => claimed);
}

async function opened(
  objects: readonly SealedObject[],
  keys: readonly SealingKey[],
  options: KeysOptions,
  io: Io,
): Promise<KeyNeeds> {
  const offline = options.open ? [] : await offlineKeys(options, io);
  const ours = options.open ? [...(await keysAtHand(keys, options, io)).values()] : offline;
  const classic = objects.map((object) => ({ ...object, values: classicOf(object) }));
  const outcomes = await openings(classic, { keys: newestFirst(ours), keyServices: null, sops: null });
  return sorted("opened", objects, (value) => {
    const outcome = outcomes.get(value);
    return outcome?.kind === "opened" ? outcome.key : null;
  });
}

function sorted(
  basis: KeyNeeds["basis"],
  objects: readonly SealedObject[],
  keyOf: (value: SealedValue) => string | null,
): KeyNeeds {
  const byKey = new Map<string, Map<SealedObject, SealedValue[]>>();
  const unknown = new Map<SealedObject, SealedValue[]>();
  for (const object of objects) {
    for (const value of classicOf(object)) {
      const key = keyOf(value);
      const needing = key === null ? unknown : (byKey.get(key) ?? new Map<SealedObject, SealedValue[]>());
      if (key !== null) byKey.set(key, needing);
      needing.set(object, [...(needing.get(object) ?? []), value]);
    }
  }
  return { basis, byKey, unknown };
}

function classicOf({ values }: SealedObject): SealedValue[] {
  return values.filter(({ backend }) => backend === "classic");
}

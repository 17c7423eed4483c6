import { encryptSopsDocuments } from "../document/sops/encrypt-document.ts";
import type { SopsWrapper } from "../document/sops/key-services.ts";
import type { SopsRecipient } from "../document/sops/metadata.ts";
import { plainValueOf } from "../document/sops/object-tree.ts";
import { SCOPE_ITEM, scopeItem } from "../document/sops/scope-item.ts";
import type { SopsMap } from "../document/sops/tree.ts";
import { InputError, UsageError } from "../errors.ts";
import type { Scope } from "../scope.ts";
import { type ClusterBinding, clusterToSealFor } from "../seal/place-binding.ts";
import type { SealableObject, Sealer } from "../seal/sealer.ts";
import { byteOrder } from "./byte-order.ts";
import { FLUX_DECRYPT_ANNOTATION, FLUX_DECRYPT_DISABLED } from "./flux-mark.ts";
import { saysPlace, sopsKmsContext } from "./kms-place.ts";
import { firstMisjudged, SOPS_SELECTION } from "./rule-refusal.ts";
import { entriesOf, ITEMS, leafOf, mapOf, nodeAt } from "./tree-path.ts";

/** What sealing a SOPS document takes. */
export type SopsSealing = {
  /** One group: any of them opens. Several: as many as the threshold. */
  groups: readonly (readonly SopsRecipient[])[];
  /** 0 for all groups. */
  shamirThreshold: number;
  wrapper: SopsWrapper;
  now: () => Date;
};

const NEVER = new AbortController().signal;

/**
 * Seals whole SealedSecrets as SOPS documents: each a data key of its own, values under it in byte order with the item that
 * says the place, and the mark that keeps Flux off.
 */
export function sopsSealer(sealing: SopsSealing, signal: AbortSignal = NEVER): Sealer {
  return {
    keyId: "sops",
    hint: null,
    sealAll() {
      throw new UsageError(
        "values of a SOPS document are authenticated all together, and none stands by itself",
        "seal the whole Secret: signet --backend sops",
      );
    },
    async sealObject(bare, items, binding) {
      const bound = clusterToSealFor(binding);
      requireContent(items);
      await requireOwnRegion(bare);
      const { encryptedData, sops } = await encrypted(items, bound, sealing, signal);
      const annotations = { ...bare.metadata.annotations, [FLUX_DECRYPT_ANNOTATION]: FLUX_DECRYPT_DISABLED };
      return {
        ...bare,
        metadata: { ...bare.metadata, annotations },
        spec: { ...bare.spec, encryptedData },
        sops,
      };
    },
  };
}

/**
 * Empty values stand in a SOPS document as they are, and anybody could add or take away such.
 * @throws InputError naming the items.
 */
export function requireContent(items: ReadonlyMap<string, Uint8Array>): void {
  const empty = [...items].filter(([, { length }]) => length === 0).map(([item]) => item);
  if (empty.length === 0) return;
  throw new InputError(
    `${empty.length === 1 ? "an item is" : "items are"} empty, which SOPS neither encrypts nor authenticates: ${empty.join(", ")}`,
    "leave it out, or write it under spec.template.data of the SealedSecret; other backends seal empty items",
  );
}

/**
 * Sees that nothing else in an object stands under a key with the name of the encrypted map: sops would encrypt it.
 * @throws InputError naming it.
 */
export async function requireOwnRegion(bare: SealableObject): Promise<void> {
  const wrong = await firstMisjudged(
    { ...bare, spec: { ...bare.spec, encryptedData: {} } },
    SOPS_SELECTION,
    "",
  );
  if (wrong === null) return;
  throw new InputError(
    `${wrong.path} has a name that sops would take for the place of encrypted values`,
    "give this label or annotation another name",
  );
}

async function encrypted(
  items: ReadonlyMap<string, Uint8Array>,
  bound: ClusterBinding,
  { groups, wrapper, shamirThreshold, now }: SopsSealing,
  signal: AbortSignal,
) {
  const [document] = await encryptSopsDocuments([plainDocument(items, bound)], {
    groups: groups.map((group) => group.map((recipient) => boundRecipient(recipient, bound))),
    shamirThreshold,
    selection: SOPS_SELECTION,
    macOnlyEncrypted: true,
    wrapper,
    now: now(),
    signal,
  });
  const values = nodeAt(document, ITEMS);
  const sops = nodeAt(document, ["sops"]);
  if (values?.kind !== "map" || sops?.kind !== "map") throw new Error("a document was not encrypted");
  const texts = entriesOf(values).map(({ key, value }) => [key, plainValueOf(value)] as const);
  return {
    encryptedData: Object.fromEntries(texts) as Record<string, string>,
    sops: plainValueOf(sops) as Record<string, unknown>,
  };
}

/** The items and the one that says their place, in byte order. */
export function plainDocument(
  items: ReadonlyMap<string, Uint8Array>,
  { clusterId, scope }: ClusterBinding,
): SopsMap {
  const leaves = [...items].map(([item, bytes]) => [item, { kind: "str", bytes }] as const);
  const all = [...leaves, [SCOPE_ITEM, leafOf(scopeItem(clusterId, scope))] as const];
  all.sort(([a], [b]) => byteOrder(a, b));
  return mapOf([["spec", mapOf([["encryptedData", mapOf(all)]])]]);
}

/**
 * A recipient with the pairs that name the place, where its service binds such.
 * @throws UsageError when pairs of that kind were given by hand.
 */
export function boundRecipient(
  recipient: SopsRecipient,
  { clusterId, scope }: { clusterId: string; scope: Scope },
): SopsRecipient {
  if (recipient.type !== "kms") return recipient;
  const own = Object.keys(recipient.context).find(saysPlace);
  if (own !== undefined) {
    throw new UsageError(
      `the encryption context may not have ${JSON.stringify(own)}: pairs that begin with signet- name the place`,
      "leave it out: signet adds them",
    );
  }
  return { ...recipient, context: { ...recipient.context, ...sopsKmsContext(clusterId, scope) } };
}

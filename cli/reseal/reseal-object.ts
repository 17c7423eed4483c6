import type { Edit } from "../../shared/document/edit-document.ts";
import { InputError } from "../../shared/errors.ts";
import { SEALING_KEY_ANNOTATION } from "../../shared/resource.ts";
import type { RemoteBackend } from "../../shared/seal/codec.ts";
import type { SealedSecret } from "../../shared/sealed-secret.ts";
import { inFieldOrder } from "../../shared/sealed-secret-order.ts";
import { readSealingKeyHint, writeSealingKeyHint } from "../../shared/sealing-key-hint.ts";
import { inDocument } from "../in-document.ts";
import type { UserKeyServices } from "../key-services/user-key-services.ts";
import { OF_THE_SERVER } from "../server-fields.ts";
import { forController, remoteScope, sortedValues } from "../values-by-backend.ts";
import type { ClassicResealer, ResealedItem } from "./resealed-item.ts";
import { RotateAnswerError } from "./rotate-answer.ts";

/** What sealing the values of an object anew takes. */
export type ResealMeans = {
  /** Null leaves values of the cluster's own keys as they are. */
  classic: ClassicResealer | null;
  keyServices: Pick<UserKeyServices, "renew">;
  /** Key services whose values are sealed anew; others stay. */
  services: ReadonlySet<RemoteBackend>;
  /** Whether values of Vault stay that are under the newest version of their key. */
  keepsNewest: boolean;
};

/** An object whose values were sealed anew, as far as they needed it. */
export type ResealedObject = {
  /** Its values, in the order in which the object names them. */
  items: readonly ResealedItem[];
  /** What to change in its text; empty where nothing changes. */
  edits: readonly Edit[];
  /** The whole object, without what a server wrote into it. */
  product: object;
};

/**
 * Seals the values of a SealedSecret anew, each for the scope under which it opens. Values change, and the annotation
 * that says which key they need; template, metadata, comments and layout stay. Not for SOPS documents.
 * @param where names it in errors.
 * @throws SealError when one of them does not open, or cannot be sealed.
 */
export async function resealObject(
  sealedSecret: SealedSecret,
  where: string,
  means: ResealMeans,
): Promise<ResealedObject> {
  const { metadata, spec } = sealedSecret;
  if (spec.data !== undefined) {
    throw new InputError(
      `${where}: spec.data, the old whole-object form, is not re-encrypted`,
      "open it with signet unseal and seal the Secret again",
    );
  }
  const results = new Map([
    ...(await classicItems(sealedSecret, where, means)),
    ...(await remoteItems(sealedSecret, where, means)),
  ]);
  const items = Object.keys(spec.encryptedData).map((item) => results.get(item) ?? lacking(item, where));
  const edits: Edit[] = items
    .filter(({ state }) => state === "resealed")
    .map(({ item, value }) => ({ path: ["spec", "encryptedData", item], value }));
  const { [SEALING_KEY_ANNOTATION]: before, ...annotations } = metadata.annotations ?? {};
  const hint = hintFor(sealedSecret, items);
  const hintPath = ["metadata", "annotations", SEALING_KEY_ANNOTATION];
  if (hint !== before)
    edits.push(hint === undefined ? { path: hintPath, remove: true } : { path: hintPath, value: hint });
  const encryptedData = Object.fromEntries(items.map(({ item, value }) => [item, value]));
  const hinted = { ...annotations, ...(hint === undefined ? {} : { [SEALING_KEY_ANNOTATION]: hint }) };
  return { items, edits, product: productOf(sealedSecret, encryptedData, hinted) };
}

function lacking(item: string, where: string): never {
  throw new RotateAnswerError(
    `${where}: no new value came for spec.encryptedData.${item}`,
    "nothing was changed: seal the value again",
  );
}

async function classicItems(
  sealedSecret: SealedSecret,
  where: string,
  { classic }: ResealMeans,
): Promise<ReadonlyMap<string, ResealedItem>> {
  const { controller: values } = sortedValues(sealedSecret);
  if (classic !== null)
    return forController(sealedSecret) === null ? new Map() : classic.reseal(sealedSecret, values, where);
  return new Map([...values].map(([item, value]) => [item, leftOut(item, value, "classic")]));
}

async function remoteItems(
  sealedSecret: SealedSecret,
  where: string,
  { keyServices, services, keepsNewest }: ResealMeans,
): Promise<Map<string, ResealedItem>> {
  const { remote } = sortedValues(sealedSecret);
  const results = new Map<string, ResealedItem>();
  const { namespace = "" } = sealedSecret.metadata;
  for (const [backend, values] of remote) {
    if (!services.has(backend)) {
      for (const [item, value] of values) results.set(item, leftOut(item, value, backend));
      continue;
    }
    const binding = { clusterId: null, scope: remoteScope(sealedSecret, where) };
    const renewed = await inDocument(
      where,
      keyServices.renew(backend, values, binding, namespace, { keepsNewest }),
    );
    for (const [item, value] of renewed) {
      const state = value === values.get(item) ? "newest" : "resealed";
      results.set(item, { item, backend, state, value, from: null, to: null });
    }
  }
  return results;
}

function leftOut(item: string, value: string, backend: ResealedItem["backend"]): ResealedItem {
  return { item, backend, state: "left-out", value, from: null, to: null };
}

/** What the annotation says afterwards, undefined for nothing; it is about classic values alone. */
function hintFor({ metadata, spec }: SealedSecret, items: readonly ResealedItem[]): string | undefined {
  const before = metadata.annotations?.[SEALING_KEY_ANNOTATION];
  const classic = items.filter(({ backend }) => backend === "classic");
  const known = classic.flatMap(({ item, to }) => (to === null ? [] : [[item, to] as const]));
  if (!classic.some(({ state }) => state === "resealed")) {
    // What was found out by opening sets right what is said wrong, and adds nothing where nothing is said.
    const said = readSealingKeyHint(
      metadata.annotations,
      classic.map(({ item }) => item),
    );
    const isWrong = known.some(([item, key]) => said.has(item) && said.get(item) !== key);
    if (!isWrong) return before;
  }
  return writeSealingKeyHint(new Map(known), Object.keys(spec.encryptedData)) ?? undefined;
}

function productOf(
  { kind, apiVersion, metadata, spec }: SealedSecret,
  encryptedData: Record<string, string>,
  annotations: Record<string, string>,
): object {
  const kept = Object.entries(metadata).filter(
    ([field]) => !OF_THE_SERVER.has(field) && field !== "annotations",
  );
  return inFieldOrder({
    kind,
    apiVersion,
    metadata: {
      ...Object.fromEntries(kept),
      ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
    },
    spec: { ...spec, encryptedData },
  });
}

import { editSopsDocuments } from "../document/sops/edit-document.ts";
import type { SopsWrapper } from "../document/sops/key-services.ts";
import type { SopsKeyEntry, SopsMetadata } from "../document/sops/metadata.ts";
import { rotateSopsDocuments } from "../document/sops/rotate-document.ts";
import { SCOPE_ITEM } from "../document/sops/scope-item.ts";
import type { SopsEntry, SopsMap } from "../document/sops/tree.ts";
import { InputError } from "../errors.ts";
import type { Scope } from "../scope.ts";
import { saysPlace, sopsKmsContext } from "./kms-place.ts";
import { openPlaced, type PlacedSops } from "./open-items.ts";
import { firstMisjudged, ruleRefusal, SOPS_SELECTION, secretsElsewhere } from "./rule-refusal.ts";
import type { SopsSealedSecret } from "./sops-form.ts";
import type { SopsOpening } from "./sops-opening.ts";
import type { SopsRefusal } from "./sops-refusal.ts";
import { entriesOf, ITEMS, withMapAt } from "./tree-path.ts";
import { withItemsInOrder } from "./write-sops.ts";

/** A SealedSecret's document as it stands in a file, and what it was read as. */
export type SopsDocument = {
  /** With its entry `sops` and its comments, in the order of the file. */
  tree: SopsMap;
  sealedSecret: SopsSealedSecret;
  /** Names it in errors. */
  where: string;
};

/** A SOPS document cannot be opened, or not by its rule. */
export class SopsDocumentError extends InputError {
  override readonly code: string = "sops-document";
  readonly sops: SopsRefusal["cause"];

  constructor({ cause, problem, hint }: SopsRefusal, where: string) {
    super(`${where}: ${problem}`, hint);
    this.sops = cause;
  }
}

/**
 * Opens a document to change it. Its MAC is verified in the order of the file, so that one which the stock tool has
 * changed opens, too, though its keys stand out of byte order; else in byte order.
 * @throws SopsDocumentError; KeyServiceError; the signal's reason when aborted.
 */
export async function openToEdit(
  { tree, where }: SopsDocument,
  opening: SopsOpening,
  signal: AbortSignal,
): Promise<PlacedSops> {
  const placed = await openPlaced(tree, opening, signal);
  if (placed.ok) return placed;
  // kubectl's YAML has numbers among the keys in another order than the cluster.
  const again = placed.cause === "mac" ? await openPlaced(withItemsInOrder(tree), opening, signal) : placed;
  if (again.ok) return again;
  throw new SopsDocumentError(placed, where);
}

/** What becomes of a document's items; those that are not named stay. */
export type ItemChanges = {
  /** Added, or in the place of what was there. */
  set?: ReadonlyMap<string, Uint8Array>;
  /** Taken out. */
  removed?: ReadonlySet<string>;
  /** New names by old ones. What is renamed keeps its value, and its place until the keys are put in order. */
  renamed?: ReadonlyMap<string, string>;
};

/**
 * The document with items added or set, under its own data key: other values stay as they are encrypted.
 * @throws SopsDocumentError when its rule covers something else than the items; `--re-encrypt` sets it right.
 */
export function withItems(
  document: SopsDocument,
  placed: PlacedSops,
  items: ReadonlyMap<string, Uint8Array>,
  now: Date,
): Promise<SopsMap> {
  return withChangedItems(document, placed, { set: items }, now);
}

/** The same with items taken out and renamed, too. @throws SopsDocumentError as `withItems`. */
export async function withChangedItems(
  { tree, sealedSecret, where }: SopsDocument,
  { opened, items: before }: PlacedSops,
  { set: items = new Map(), removed = new Set(), renamed = new Map() }: ItemChanges,
  now: Date,
): Promise<SopsMap> {
  const refusal = await ruleRefusal(sealedSecret, opened.metadata, where);
  if (refusal !== null) throw new SopsDocumentError(refusal, where);
  const set = new Map([...items].map(([item, bytes]) => [item, { kind: "str", bytes } as const]));
  const kept = before.entries.flatMap((entry): SopsMap["entries"] => {
    if (entry.kind !== "entry") return [entry];
    if (removed.has(entry.key)) return [];
    const value = set.get(entry.key) ?? entry.value;
    return [{ ...entry, key: renamed.get(entry.key) ?? entry.key, value }];
  });
  const known = new Set(entriesOf(before).map(({ key }) => key));
  const added = [...set].flatMap(([key, value]): SopsEntry[] =>
    known.has(key) ? [] : [{ kind: "entry", key, value }],
  );
  const plain = opened.documents.map((document) =>
    withItemsInOrder(withMapAt(document, ITEMS, { kind: "map", entries: [...kept, ...added] })),
  );
  return only(await editSopsDocuments([tree], opened, plain, { now, where }));
}

/** Who wraps the new data key, and for which place. */
export type Renewal = { wrapper: SopsWrapper; scope: Scope; now: Date };

/**
 * The document under a new data key for the same recipients, its keys in byte order, by the rule that SealedSecrets have.
 * @throws SopsDocumentError when more is encrypted than the items, which would come out in clear; SopsError when an entry of
 * it cannot be wrapped again.
 */
export async function renewed(
  { tree, sealedSecret, where }: SopsDocument,
  { opened, clusterId }: PlacedSops,
  { wrapper, scope, now }: Renewal,
  signal: AbortSignal,
): Promise<SopsMap> {
  const wrong = await firstMisjudged(sealedSecret, SOPS_SELECTION, where);
  if (wrong !== null) {
    throw new InputError(
      `${where}: ${wrong.path} has a name that sops would take for the place of encrypted values`,
      "give this label, annotation or field another name",
    );
  }
  const refusal = await secretsElsewhere(tree, opened.metadata, where);
  if (refusal !== null) throw new SopsDocumentError(refusal, where);
  const pairs = sopsKmsContext(clusterId, scope);
  const metadata: SopsMetadata = {
    ...opened.metadata,
    groups: opened.metadata.groups.map((group) => group.map((entry) => atPlace(entry, pairs))),
    selection: SOPS_SELECTION,
    macOnlyEncrypted: true,
  };
  const plain = opened.documents.map(withItemsInOrder);
  return only(await rotateSopsDocuments({ metadata }, plain, { wrapper, now, where, signal }));
}

/** An entry whose context says the place, whatever it said before: what opened is proven to belong here. */
function atPlace(entry: SopsKeyEntry, pairs: Readonly<Record<string, string>>): SopsKeyEntry {
  if (entry.type !== "kms") return entry;
  const own = Object.entries(entry.context).filter(([pair]) => !saysPlace(pair));
  return { ...entry, context: { ...Object.fromEntries(own), ...pairs } };
}

/** How many items the opened document has, the one that says its place not counted. */
export function itemCount({ items }: PlacedSops): number {
  return entriesOf(items).filter(({ key }) => key !== SCOPE_ITEM).length;
}

function only([document]: readonly SopsMap[]): SopsMap {
  if (document === undefined) throw new Error("a document was lost");
  return document;
}

import type { Edit } from "../shared/document/edit-document.ts";
import { InputError } from "../shared/errors.ts";
import { annotatedScopeKind, describeScope, type ScopeKind, scopeAt } from "../shared/scope.ts";
import type { SealedSecret } from "../shared/sealed-secret.ts";
import type { SecretManifest } from "../shared/secret.ts";
import { isSopsSealedSecret } from "../shared/sops-sealed-secret/sops-form.ts";
import { clientNamespace } from "./cluster.ts";
import { hintEdits, knownHint } from "./hint-edits.ts";
import { inDocument } from "./in-document.ts";
import type { Io } from "./io.ts";
import { backendSpokenOf } from "./key-services/sealing-backend.ts";
import type { MergeMeans } from "./merge-means.ts";
import { mergeScopeKind, wideningNote } from "./merge-scope.ts";
import { editTarget, type MergeTarget } from "./merge-target.ts";
import type { Notices } from "./notices.ts";
import { type KubesealOptions, kubesealOptions } from "./options.ts";
import { opensUnder } from "./scope-proof.ts";

/**
 * Seals one Secret's items for a SealedSecret and puts them into its file's document; nothing is written yet.
 * @param where names the Secret in errors.
 * @returns a line that tells of it.
 * @throws SealError when it cannot be done; nothing of the target is changed then.
 */
export async function mergeOne(
  place: MergeTarget,
  secret: SecretManifest,
  where: string,
  means: MergeMeans,
): Promise<string> {
  const { asked, options, io, notices } = means;
  const isSops = isSopsSealedSecret(place.sealedSecret);
  const { mergeIntoSops, requireMergeBackend } = await import("./sops-sealed-secret/merge-sops.ts");
  requireMergeBackend(isSops, backendSpokenOf(io, means.flags), place.where, options);
  if (secret.items.size === 0 && !options["allow-empty-data"]) {
    throw new InputError(
      `${where}: secret.data is empty in input Secret, assuming this is an error and aborting. To work with empty data, --allow-empty-data can be used`,
      "add items under data or stringData, or give --allow-empty-data to merge labels and annotations alone",
    );
  }
  if (isSops) {
    const kind = annotatedScopeKind(place.sealedSecret.metadata.annotations ?? undefined);
    warnOfOtherPlace(kind, secret, where, place, notices);
    const namespaceIn = (target: MergeTarget) => namespaceOf(target, options, io);
    const merging = { opener: means.sops(), asked, namespaceOf: namespaceIn, io };
    const note = await mergeIntoSops(place, secret, templateEdits(secret), merging);
    alertOfWidening(kind, secret, place, means);
    return note;
  }
  const { edits, note } = await sealFor(place, secret, where, means);
  editTarget(place, edits);
  return note;
}

/** One Secret's share in the result. */
type Merge = { edits: Edit[]; note: string };

async function sealFor(
  target: MergeTarget,
  secret: SecretManifest,
  where: string,
  means: MergeMeans,
): Promise<Merge> {
  const { asked, options, io, notices } = means;
  const found = await means.key();
  // Rules of a project may go by the file.
  const key = await found.forTarget(null, found.backend === "cluster" ? target.file.path : null);
  if (key.byRule === "sops")
    throw new InputError(
      `${target.where} is no SOPS document, and by the rules of the project one lies there`,
      "make it one with signet convert; or give --backend cluster to add to it as it is",
    );
  const { sealedSecret } = target;
  const kind = await mergeScopeKind({
    sealedSecret,
    where: target.where,
    asked,
    annotated: annotatedScopeKind(secret.annotations),
    opens: async () =>
      means.proven.has(target) ||
      opensUnder(sealedSecret, target.where, found.keyServices, { options, io, notices }),
  });
  const { name } = sealedSecret.metadata;
  const namespace = kind === "cluster-wide" ? "" : await namespaceOf(target, options, io);
  const scope = scopeAt(kind, { namespace, name });
  warnOfOtherPlace(kind, secret, where, target, notices);
  alertOfWidening(kind, secret, target, means);
  key.warnOfOtherCluster?.(knownHint(sealedSecret).values(), target.where);
  const sealing = key.sealer.sealAll(secret.items, { clusterId: key.clusterId, scope });
  const sealed = await inDocument(where, sealing);
  const edits = editsFor(sealedSecret, secret, sealed, key.sealer.hint);
  const items = [...sealed.keys()].join(", ");
  return {
    edits,
    note: `merged ${items === "" ? "no items" : items} into ${target.where}: ${name}, scope ${describeScope(scope)}, ${key.words}${found.backend === "cluster" ? "" : key.more}`,
  };
}

function alertOfWidening(
  kind: ScopeKind,
  { annotations, items }: SecretManifest,
  { where }: MergeTarget,
  { asked, flags, notices }: MergeMeans,
): void {
  const words = { where, asked, annotated: annotatedScopeKind(annotations) };
  const note = wideningNote(words, kind, [...items.keys()]);
  if (note === null) return;
  // A script that calls --merge-into as kubeseal's sees nothing new.
  if (flags === kubesealOptions) notices.warn(note);
  else notices.alert(note);
}

/** The file's name and namespace count, as in kubeseal; where the Secret says others, one of the two may be a mistake. */
function warnOfOtherPlace(
  kind: ScopeKind,
  secret: SecretManifest,
  where: string,
  { sealedSecret: { metadata }, where: place }: MergeTarget,
  notices: Notices,
): void {
  const bound = {
    strict: ["namespace", "name"],
    "namespace-wide": ["namespace"],
    "cluster-wide": [],
  } as const;
  const differ = bound[kind].filter(
    (field) => secret[field] !== null && metadata[field] !== undefined && secret[field] !== metadata[field],
  );
  for (const field of differ) {
    notices.warn(
      `${where} says ${field} ${secret[field]}, but it is sealed for that of ${place}, ${metadata[field]}`,
    );
  }
}

/**
 * The namespace of a target. An explicit one that is not the file's is an error, as in kubeseal; a file that names none
 * gets the client's.
 * @throws InputError for an error of that kind, and when nobody names one.
 */
export async function namespaceOf(
  { sealedSecret, where }: MergeTarget,
  options: KubesealOptions,
  io: Io,
): Promise<string> {
  const own = sealedSecret.metadata.namespace ?? "";
  if (own !== "" && options.namespace !== null && options.namespace !== own) {
    throw new InputError(
      `namespace mismatch: ${where} is in namespace ${JSON.stringify(own)} but ${JSON.stringify(options.namespace)} was specified`,
      "leave --namespace out: the file says where its SealedSecret belongs",
    );
  }
  const namespace = own === "" ? ((await clientNamespace(options, io))?.name ?? "") : own;
  if (namespace !== "") return namespace;
  throw new InputError(
    `${where}: the SealedSecret must declare a namespace`,
    "add metadata.namespace to it, or give --namespace NAMESPACE",
  );
}

/** What the Secret's own metadata changes in the template. */
function templateEdits(secret: SecretManifest): Edit[] {
  const inTemplate = (map: "labels" | "annotations") =>
    Object.entries(secret[map]).map(
      ([key, value]): Edit => ({ path: ["spec", "template", "metadata", map, key], value }),
    );
  return [...inTemplate("annotations"), ...inTemplate("labels")];
}

function editsFor(
  sealedSecret: SealedSecret,
  secret: SecretManifest,
  sealed: ReadonlyMap<string, string>,
  keyHint: string | null,
): Edit[] {
  const names = new Set([...Object.keys(sealedSecret.spec.encryptedData), ...sealed.keys()]);
  const known = new Map(knownHint(sealedSecret));
  for (const item of sealed.keys()) {
    if (keyHint === null) known.delete(item);
    else known.set(item, keyHint);
  }
  return [
    ...[...sealed].map(([item, value]): Edit => ({ path: ["spec", "encryptedData", item], value })),
    ...templateEdits(secret),
    ...(sealed.size === 0 ? [] : hintEdits(sealedSecret, known, names)),
  ];
}

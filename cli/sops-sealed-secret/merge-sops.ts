import type { Edit } from "../../shared/document/edit-document.ts";
import { InputError, UsageError } from "../../shared/errors.ts";
import { annotatedScopeKind, describeScope, type ScopeKind, scopeAt } from "../../shared/scope.ts";
import type { SecretManifest } from "../../shared/secret.ts";
import { type ItemChanges, openToEdit, withChangedItems } from "../../shared/sops-sealed-secret/edit-sops.ts";
import { requireContent, requireOwnRegion } from "../../shared/sops-sealed-secret/seal-sops.ts";
import { sourceOf } from "../document-source.ts";
import { inDocument } from "../in-document.ts";
import type { Io } from "../io.ts";
import type { SpokenOf } from "../key-services/sealing-backend.ts";
import { mergeScopeKind } from "../merge-scope.ts";
import { editTarget, type MergeTarget, replaceTarget } from "../merge-target.ts";
import { type KubesealOptions, sopsRecipients } from "../options.ts";
import { laidOutSops } from "./task-document.ts";
import type { SopsOpener } from "./user-opening.ts";

/** What merging into SOPS documents takes. */
export type SopsMerging = {
  opener: SopsOpener;
  /** What `--scope` says, or null. */
  asked: ScopeKind | null;
  /** The namespace of the target, by what it says or the client's. */
  namespaceOf(target: MergeTarget): Promise<string>;
  io: Io;
};

/**
 * Merges items into a SealedSecret that is a SOPS document, under the data key that it has: so it must open, which proves its
 * scope, and other values stay as they are.
 * @param edits what changes beside its items.
 * @returns a line that tells of it.
 * @throws SealError when it does not open; nothing of the target is changed then.
 */
export async function mergeIntoSops(
  target: MergeTarget,
  secret: SecretManifest,
  edits: readonly Edit[],
  merging: SopsMerging,
): Promise<string> {
  requireContent(secret.items);
  const annotated = annotatedScopeKind(secret.annotations);
  const changes = secret.items.size > 0 ? { set: secret.items } : null;
  const place = await changeSopsItems(target, { changes, edits, annotated }, merging);
  return `merged ${[...secret.items.keys()].join(", ")} into ${place}`;
}

/** What is to be done to a document. */
export type SopsChange = {
  /** Null where its items stay as they are. */
  changes: ItemChanges | null;
  /** What changes beside its items. */
  edits: readonly Edit[];
  /** What the annotations of a Secret to merge say; strict for none. */
  annotated: ScopeKind;
};

/**
 * Changes items of a SealedSecret that is a SOPS document, which must open for it.
 * @returns where, for which place, and under what, in words.
 * @throws SealError when it does not open; nothing of the target is changed then.
 */
export async function changeSopsItems(
  target: MergeTarget,
  { changes, edits, annotated: ofSecret }: SopsChange,
  { opener, asked, namespaceOf, io }: SopsMerging,
): Promise<string> {
  const { where, file, index, sealedSecret } = target;
  const { signal } = new AbortController();
  const annotated = annotatedScopeKind(sealedSecret.metadata.annotations ?? undefined);
  const { name } = sealedSecret.metadata;
  const namespace = annotated === "cluster-wide" ? "" : await namespaceOf(target);
  const scope = scopeAt(annotated, { namespace, name });
  const unwrapper = opener.unwrapperFor(sealedSecret.metadata.namespace ?? namespace);
  const document = laidOutSops(sealedSecret, sourceOf(file.document, index), where);
  const opening = openToEdit(document, { clusterId: () => opener.clusterId(), scope, unwrapper }, signal);
  const placed = await inDocument(where, opening);
  try {
    await mergeScopeKind({
      sealedSecret,
      where,
      asked,
      annotated: ofSecret,
      // It opened, and says this very scope.
      opens: async () => true,
    });
    if (changes !== null) {
      const changed = await withChangedItems(document, placed, changes, io.now());
      replaceTarget(target, document.write(changed)(file.document.documents[index]?.format ?? "yaml"));
    }
    editTarget(target, edits);
    await requireOwnRegion(target.sealedSecret);
  } finally {
    placed.opened.wipe();
  }
  return `${where}: ${name}, scope ${describeScope(scope)}, the SOPS document's own data key, for cluster ${placed.clusterId}`;
}

/**
 * Sees that the flags of a merge mean the backend of its target.
 * @param spokenOf the backend that the command line speaks of.
 * @throws UsageError, InputError where they do not.
 */
export function requireMergeBackend(
  isSops: boolean,
  spokenOf: SpokenOf | null,
  where: string,
  options: KubesealOptions,
): void {
  if (!isSops) {
    if (spokenOf?.backend !== "sops") return;
    throw new InputError(
      `${where} is no SOPS document, and ${spokenOf.flag} seals into such alone`,
      `leave ${spokenOf.flag} out, or seal the whole Secret into a new file`,
    );
  }
  const flag =
    options.cert !== null
      ? "--cert"
      : spokenOf !== null && spokenOf.backend !== "sops"
        ? spokenOf.flag
        : null;
  if (flag !== null) {
    throw new InputError(
      `${where} is a SOPS document, in which no values of another kind may stand: ${flag} does not fit`,
      `leave ${flag} out: what is merged is sealed as the rest of the document`,
    );
  }
  if (spokenOf === null || sopsRecipients(options).length === 0 || spokenOf.flag === "--backend sops") return;
  throw new UsageError(
    `${spokenOf.flag} names whom a new document is for, and --merge-into leaves that as it is`,
    `leave ${spokenOf.flag} out; sops updatekeys changes whom a document is for`,
  );
}

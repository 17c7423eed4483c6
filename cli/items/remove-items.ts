import type { Edit } from "../../shared/document/edit-document.ts";
import { InputError } from "../../shared/errors.ts";
import { isItemName } from "../../shared/secret.ts";
import { isSopsSealedSecret } from "../../shared/sops-sealed-secret/sops-form.ts";
import { hintEdits, knownHint } from "../hint-edits.ts";
import { editTarget, type MergeTarget } from "../merge-target.ts";
import { hasCommentAbove } from "./comment-above.ts";
import { requireItem } from "./item-name.ts";
import type { OpeningMeans } from "./opening-means.ts";
import { templateMentions } from "./template-mentions.ts";

/**
 * Takes items out of a SealedSecret, in its file's document; nothing is written yet. Only a SOPS document is opened for it,
 * since its MAC covers them.
 * @param allowEmpty whether the last item may go.
 * @returns a line that tells of it.
 * @throws InputError for an item that is not there, or the last one; SealError when a SOPS document does not open.
 */
export async function removeItems(
  target: MergeTarget,
  items: readonly string[],
  allowEmpty: boolean,
  { sops, notices }: OpeningMeans,
): Promise<string> {
  const { sealedSecret, where } = target;
  const { spec } = sealedSecret;
  for (const item of items) requireItem(sealedSecret, where, item);
  const removed = new Set(items);
  const left = Object.keys(spec.encryptedData).filter((item) => !removed.has(item));
  const others = (spec.vault?.length ?? 0) + Object.keys(spec.template?.data ?? {}).length;
  if (!allowEmpty && left.filter(isItemName).length + others === 0) {
    throw new InputError(
      `${where} would have no items left`,
      "delete the SealedSecret if that is what you want, or give --allow-empty-data to keep an empty Secret",
    );
  }
  const commented = [...removed].filter((item) => hasCommentAbove(target, item));
  const { name } = sealedSecret.metadata;
  const what = `removed ${[...removed].join(", ")} from`;
  let note = `${what} ${where}: ${name}`;
  if (isSopsSealedSecret(sealedSecret)) {
    const { changeSopsItems } = await import("../sops-sealed-secret/merge-sops.ts");
    const change = { changes: { removed }, edits: [], annotated: "strict" } as const;
    note = `${what} ${await changeSopsItems(target, change, sops)}`;
  } else {
    const edits = [...removed].map((item): Edit => ({ path: ["spec", "encryptedData", item], remove: true }));
    editTarget(target, [...hintEdits(sealedSecret, knownHint(sealedSecret), left), ...edits]);
  }
  for (const item of commented) {
    notices.warn(
      `${where}: the comment above ${item} stays: take it out by hand if it is about ${item} alone`,
    );
  }
  for (const item of removed) {
    for (const entry of templateMentions(sealedSecret, item)) {
      notices.alert(`${where}: spec.template.data.${entry} still names ${item}, which is gone`);
    }
  }
  return note;
}

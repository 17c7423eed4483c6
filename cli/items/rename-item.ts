import { InputError } from "../../shared/errors.ts";
import { formOf, remoteBackend } from "../../shared/seal/codec.ts";
import { readKmsValue } from "../../shared/seal/kms-value.ts";
import { readVaultValue } from "../../shared/seal/vault-value.ts";
import type { SealedSecret } from "../../shared/sealed-secret.ts";
import { isSopsSealedSecret } from "../../shared/sops-sealed-secret/sops-form.ts";
import { hintEdits, knownHint } from "../hint-edits.ts";
import { inDocument } from "../in-document.ts";
import { requireFewSealings } from "../merge-limits.ts";
import { editTarget, type MergeTarget } from "../merge-target.ts";
import { remoteScope } from "../values-by-backend.ts";
import { requireItem } from "./item-name.ts";
import type { OpeningMeans } from "./opening-means.ts";
import { templateMentions } from "./template-mentions.ts";

/**
 * Gives an item of a SealedSecret another name, in its file's document; nothing is written yet. A classic value is not bound
 * to its item and stays as it is; one under a key service is, and is opened and sealed again under its own key, with the
 * user's rights; so is one of a SOPS document.
 * @returns a line that tells of it.
 * @throws InputError when there is no such item, or the new name is taken; SealError when it would have to open and does not.
 */
export async function renameItem(
  target: MergeTarget,
  from: string,
  to: string,
  means: OpeningMeans,
): Promise<string> {
  const { sealedSecret, where } = target;
  requireItem(sealedSecret, where, from);
  requireFree(sealedSecret, where, to);
  const note = isSopsSealedSecret(sealedSecret)
    ? await renameInSops(target, from, to, means)
    : await renameValue(target, from, to, means);
  for (const entry of templateMentions(sealedSecret, from)) {
    means.notices.alert(`${where}: spec.template.data.${entry} still names ${from}, which is now ${to}`);
  }
  return `renamed ${from} to ${to} in ${note}`;
}

function requireFree({ spec }: SealedSecret, where: string, item: string): void {
  const isSealed = Object.hasOwn(spec.encryptedData, item);
  if (!isSealed && spec.vault?.some(({ key }) => key === item) !== true) return;
  throw new InputError(
    `${where} has ${item} already${isSealed ? "" : ", under spec.vault"}`,
    isSealed ? "remove that one first, with signet unset, or choose another name" : "choose another name",
  );
}

async function renameInSops(
  target: MergeTarget,
  from: string,
  to: string,
  { sops }: OpeningMeans,
): Promise<string> {
  const { changeSopsItems } = await import("../sops-sealed-secret/merge-sops.ts");
  const changes = { renamed: new Map([[from, to]]) };
  return changeSopsItems(target, { changes, edits: [], annotated: "strict" }, sops);
}

async function renameValue(
  target: MergeTarget,
  from: string,
  to: string,
  means: OpeningMeans,
): Promise<string> {
  const { sealedSecret, where } = target;
  const { encryptedData } = sealedSecret.spec;
  const sealed = await sealedAs(sealedSecret, where, from, to, means);
  const hint = new Map(
    [...knownHint(sealedSecret)].map(([item, key]) => [item === from ? to : item, key] as const),
  );
  const items = Object.keys(encryptedData).map((item) => (item === from ? to : item));
  editTarget(target, [
    ...hintEdits(sealedSecret, hint, items),
    { path: ["spec", "encryptedData", from], rename: to },
  ]);
  if (sealed !== null) editTarget(target, [{ path: ["spec", "encryptedData", to], value: sealed }]);
  requireFewSealings(target);
  return `${where}: ${sealedSecret.metadata.name}${sealed === null ? "" : ", sealed again under its own key"}`;
}

/** The value as it must stand under another item; null where it may stay as it is. */
async function sealedAs(
  sealedSecret: SealedSecret,
  where: string,
  from: string,
  to: string,
  { keyServices }: OpeningMeans,
): Promise<string | null> {
  const value = sealedSecret.spec.encryptedData[from] ?? "";
  const backend = remoteBackend(formOf(value));
  if (backend === null) return null;
  const scope = remoteScope(sealedSecret, where);
  const unsealer = keyServices.unsealerFor(backend, sealedSecret.metadata.namespace ?? "");
  const opening = unsealer.unsealAll(
    new Map([[from, value]]),
    { clusterId: null, scope },
    new AbortController().signal,
  );
  const outcome = (await inDocument(where, opening)).get(from);
  if (outcome?.kind !== "opened") {
    const [what, hint] =
      outcome?.kind === "malformed"
        ? [outcome.error.message, outcome.error.hint]
        : [`spec.encryptedData.${from} does not open`, "seal the value anew under the new name"];
    throw new InputError(`${where}: ${what}`, hint);
  }
  try {
    const sealer = await keyServices.sealer(
      backend === "kms"
        ? { backend, key: readKmsValue(from, value).wrapped.key }
        : { backend, name: readVaultValue(from, value).name },
    );
    const clusterId = await keyServices.clusterToSealFor();
    const sealed = await inDocument(
      where,
      sealer.sealAll(new Map([[to, outcome.plaintext]]), { clusterId, scope }),
    );
    return sealed.get(to) ?? null;
  } finally {
    outcome.plaintext.fill(0);
  }
}

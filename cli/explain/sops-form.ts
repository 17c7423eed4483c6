import { recipientLine } from "../../shared/document/sops/keys/recipient-text.ts";
import type { SopsKeyEntry, SopsMetadata } from "../../shared/document/sops/metadata.ts";
import { metadataOf } from "../../shared/document/sops/metadata-tree.ts";
import { recipientOf } from "../../shared/document/sops/recipients.ts";
import { SCOPE_ITEM } from "../../shared/document/sops/scope-item.ts";
import { SealError } from "../../shared/errors.ts";
import { describeScope, scopeOf } from "../../shared/scope.ts";
import type { SealedSecret } from "../../shared/sealed-secret.ts";
import { shellPath } from "../../shared/shell-word.ts";
import { formRefusal, valuesTree } from "../../shared/sops-sealed-secret/clear-form.ts";
import { FLUX_DECRYPT_ANNOTATION, keepsFluxOff } from "../../shared/sops-sealed-secret/flux-mark.ts";
import { contextDifferences } from "../../shared/sops-sealed-secret/kms-place.ts";
import { ruleRefusal } from "../../shared/sops-sealed-secret/rule-refusal.ts";
import type { ItemFinding } from "../opening/item-finding.ts";
import type { Problem } from "./explanation.ts";

/** What a SOPS document tells of itself in clear. */
export type SopsForm = { items: ItemFinding[]; problems: Problem[]; warnings: string[] };

const WHERE = "the SOPS document";

/**
 * Explains a SealedSecret that is a SOPS document by what stands in it in clear: whom it is for, and what keeps it from
 * opening where it stands. Nobody is asked, so whether it opens is not known.
 * @param file that it is in, for what to do next.
 */
export async function explainSopsForm(sealedSecret: SealedSecret, file: string | null): Promise<SopsForm> {
  const { metadata, spec } = sealedSecret;
  const problems: Problem[] = [];
  const warnings: string[] = [];
  const refusal = formRefusal(sealedSecret);
  const sops = refusal === null ? readMetadata(sealedSecret, problems) : null;
  if (refusal !== null) problems.push({ why: refusal.problem, fix: refusal.hint });
  if (sops !== null) {
    await judge(sealedSecret, sops, { problems, warnings });
    if (!Object.hasOwn(spec.encryptedData, SCOPE_ITEM)) {
      problems.push({
        why: `it has no item ${SCOPE_ITEM}, so that nothing says where it may be opened`,
        fix: "signet --validate tells how to put one in",
      });
    }
  }
  if (!keepsFluxOff(metadata.annotations ?? undefined)) {
    warnings.push(
      `without the annotation ${FLUX_DECRYPT_ANNOTATION}: Disabled, a Flux that decrypts opens it on its way to the cluster`,
    );
  }
  const recipients = sops === null ? [] : sops.groups.flat().map(lineOf);
  const scope = scopeOf({
    namespace: metadata.namespace ?? "",
    name: metadata.name,
    annotations: metadata.annotations ?? undefined,
  });
  const where = file === null ? "FILE" : shellPath(file);
  const names = Object.keys(spec.encryptedData).filter((item) => item !== SCOPE_ITEM);
  const items = names.map(
    (item): ItemFinding => ({
      item,
      state: problems.length > 0 ? "does not open" : "not known",
      backend: "sops",
      keyBits: null,
      key:
        recipients.length === 0
          ? null
          : { fingerprint: `sops: ${recipients.join("; ")}`, source: null, claimed: true },
      cause: problems.length > 0 ? "sops-document" : null,
      why:
        problems.length > 0
          ? "its SOPS document does not open as a whole"
          : `in a SOPS document, which opens as a whole; ${describeScope(scope)} unless it says otherwise inside`,
      fix: problems.length > 0 ? null : `signet --validate ${where} opens it with your own keys`,
    }),
  );
  return { items, problems, warnings };
}

function readMetadata(sealedSecret: SealedSecret, problems: Problem[]): SopsMetadata | null {
  try {
    return metadataOf([valuesTree(sealedSecret)], WHERE).metadata;
  } catch (error) {
    if (!(error instanceof SealError)) throw error;
    problems.push({ why: error.message, fix: error.hint });
    return null;
  }
}

async function judge(
  sealedSecret: SealedSecret,
  sops: SopsMetadata,
  { problems, warnings }: Pick<SopsForm, "problems" | "warnings">,
): Promise<void> {
  const { namespace = "", name, annotations } = sealedSecret.metadata;
  const scope = scopeOf({ namespace, name, annotations: annotations ?? undefined });
  try {
    const refusal = await ruleRefusal(sealedSecret, sops, WHERE);
    if (refusal !== null) problems.push({ why: refusal.problem, fix: refusal.hint });
  } catch (error) {
    if (!(error instanceof SealError)) throw error;
    problems.push({ why: error.message, fix: error.hint });
  }
  for (const entry of sops.groups.flat()) {
    if (entry.type !== "kms") continue;
    const parts = contextDifferences(entry.context, null, scope);
    if (parts.length === 0) continue;
    warnings.push(`its entry ${lineOf(entry)} is for another place, and not used: ${parts.join(", ")}`);
  }
}

function lineOf(entry: SopsKeyEntry): string {
  if (entry.type === "other") return entry.list;
  const recipient = recipientOf(entry);
  return recipient === null ? entry.type : recipientLine(recipient);
}

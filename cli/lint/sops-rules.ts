import { fromUtf8 } from "../../shared/bytes.ts";
import type { AgeIdentities } from "../../shared/document/sops/keys/age-identities.ts";
import { sopsUnwrapper } from "../../shared/document/sops/keys/unwrapper.ts";
import type { SopsMetadata } from "../../shared/document/sops/metadata.ts";
import { metadataOf } from "../../shared/document/sops/metadata-tree.ts";
import { type OpenedSops, openSopsDocuments } from "../../shared/document/sops/open-document.ts";
import { SCOPE_ITEM } from "../../shared/document/sops/scope-item.ts";
import { SopsError } from "../../shared/document/sops/sops-error.ts";
import type { SopsMap } from "../../shared/document/sops/tree.ts";
import { SealError } from "../../shared/errors.ts";
import { scopeOf } from "../../shared/scope.ts";
import type { SealedSecret } from "../../shared/sealed-secret.ts";
import { formRefusal, valuesTree } from "../../shared/sops-sealed-secret/clear-form.ts";
import { FLUX_DECRYPT_ANNOTATION, keepsFluxOff } from "../../shared/sops-sealed-secret/flux-mark.ts";
import { openRefusal } from "../../shared/sops-sealed-secret/open-refusal.ts";
import { ruleRefusal } from "../../shared/sops-sealed-secret/rule-refusal.ts";
import { scopeDifferences } from "../../shared/sops-sealed-secret/scope-difference.ts";
import { isSopsSealedSecret } from "../../shared/sops-sealed-secret/sops-form.ts";
import { entriesOf, ITEMS, nodeAt } from "../../shared/sops-sealed-secret/tree-path.ts";
import type { FieldPath, LintProblem } from "./problem.ts";

/** What documents are opened with, to look at their MACs. No key service is asked. */
export type SopsAtHand = {
  identities: () => Promise<AgeIdentities>;
  /** The id that documents are to name; null where it is not known. */
  clusterId: string | null;
};

const WHERE = "the SOPS document";
const DATA: FieldPath = ["spec", "encryptedData"];

/** Judges a SealedSecret that is a SOPS document: its form, and with an age identity at hand its MAC and place. */
export async function judgeSops(sealedSecret: SealedSecret, atHand: SopsAtHand): Promise<LintProblem[]> {
  if (!isSopsSealedSecret(sealedSecret)) return [];
  const problems: LintProblem[] = [];
  const fault = (rule: "sops" | "sops-mac", at: FieldPath, what: string, next: string) =>
    problems.push({ rule, level: "error", item: null, at, what, next });
  if (!keepsFluxOff(sealedSecret.metadata.annotations)) {
    const what = `without the annotation ${FLUX_DECRYPT_ANNOTATION}: Disabled, a Flux that decrypts opens it`;
    problems.push({ rule: "sops-flux", level: "warning", item: null, at: ["metadata"], what });
  }
  const refusal = formRefusal(sealedSecret);
  if (refusal !== null) {
    fault("sops", DATA, refusal.problem, refusal.hint);
    return problems;
  }
  const metadata = await metadataUnless(sealedSecret, (what, next) => fault("sops", ["sops"], what, next));
  if (metadata === null) return problems;
  if (!Object.hasOwn(sealedSecret.spec.encryptedData, SCOPE_ITEM)) {
    const what = `it has no item ${SCOPE_ITEM}, so that nothing says where it may be opened`;
    fault("sops", DATA, what, "signet --validate tells how to put one in");
  }
  const ages = metadata.groups.flat().filter(({ type }) => type === "age");
  if (ages.length === 0) return problems;
  const found = await judgeOpened(sealedSecret, atHand);
  if (found !== null) fault("sops-mac", DATA, found.what, found.next);
  return problems;
}

/** What SOPS wrote beside the values; null where that is refused, and was told. */
async function metadataUnless(
  sealedSecret: SealedSecret,
  tell: (what: string, next: string) => void,
): Promise<SopsMetadata | null> {
  try {
    const { metadata } = metadataOf([valuesTree(sealedSecret)], WHERE);
    const refusal = await ruleRefusal(sealedSecret, metadata, WHERE);
    if (refusal === null) return metadata;
    tell(refusal.problem, refusal.hint);
  } catch (error) {
    if (!(error instanceof SealError)) throw error;
    tell(error.message, error.hint);
  }
  return null;
}

/** Opens the document and looks at what it says of its place. @returns null when all fits, or no identity opens it. */
async function judgeOpened(sealedSecret: SealedSecret, atHand: SopsAtHand): Promise<OpenedProblem | null> {
  const look = (document: SopsMap | undefined) => {
    const items = nodeAt(document, ITEMS);
    const place =
      items?.kind === "map" ? entriesOf(items).find(({ key }) => key === SCOPE_ITEM)?.value : null;
    const text = place?.kind === "str" ? (fromUtf8(place.bytes) ?? "") : null;
    return text === null ? null : misplaced(text, sealedSecret, atHand.clusterId);
  };
  const refused = (error: SopsError) => {
    const { problem, hint } = openRefusal(error);
    return { what: problem, next: hint };
  };
  return openedProblem([valuesTree(sealedSecret)], atHand, { look, refused });
}

/** What is wrong with a document that was opened, or does not open though its key is at hand. */
export type OpenedProblem = { what: string; next: string };

/**
 * Opens documents that share a MAC.
 * @param look judges the first of them once it is open; `refused` puts into words why it does not open.
 * @returns null when all fits, or no identity at hand opens it.
 */
export async function openedProblem(
  documents: readonly SopsMap[],
  { identities }: SopsAtHand,
  {
    look,
    refused,
  }: {
    look: (document: SopsMap | undefined) => OpenedProblem | null;
    refused: (error: SopsError) => OpenedProblem;
  },
): Promise<OpenedProblem | null> {
  const age = { identities: await identities(), hint: "" };
  if (age.identities.identities.length === 0) return null;
  const unwrapper = sopsUnwrapper({ age, kms: null, vault: null });
  const signal = new AbortController().signal;
  let opened: OpenedSops;
  try {
    opened = await openSopsDocuments(documents, { unwrapper, where: WHERE, signal });
  } catch (error) {
    // Without its key nobody can tell.
    if (!(error instanceof SopsError)) return null;
    return refused(error);
  }
  try {
    return look(opened.documents[0]);
  } finally {
    opened.wipe();
  }
}

function misplaced(text: string, { metadata }: SealedSecret, clusterId: string | null): OpenedProblem | null {
  // Without a namespace it lands wherever it is applied.
  if (!metadata.namespace) return null;
  const { namespace, name, annotations } = metadata;
  const scope = scopeOf({ namespace, name, annotations });
  const parts = scopeDifferences(text, clusterId ?? "", scope).filter(
    (part) => part !== "cluster" || clusterId !== null,
  );
  if (parts.length === 0) return null;
  return {
    what: `its item ${SCOPE_ITEM} names another place: ${parts.join(", ")}`,
    next: "put it where it was made for, or seal the Secret again for this place: signet --backend sops",
  };
}

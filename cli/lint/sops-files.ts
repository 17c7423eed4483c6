import type { DocumentFile, FileDocument } from "../../shared/document/document-file.ts";
import { metadataOf } from "../../shared/document/sops/metadata-tree.ts";
import { readSopsTree } from "../../shared/document/sops/read-tree.ts";
import { SopsError } from "../../shared/document/sops/sops-error.ts";
import { SealError } from "../../shared/errors.ts";
import { KIND } from "../../shared/resource.ts";
import { kindOf } from "../document-kind.ts";
import type { LintProblem } from "./problem.ts";
import { openedProblem, type SopsAtHand } from "./sops-rules.ts";

/** What is wrong with a document that sops itself encrypted. */
export type SopsFinding = { document: FileDocument; problems: LintProblem[] };

const WHERE = "the SOPS document";

/**
 * Judges the documents of a file that sops encrypted and that are no SealedSecrets: their form, and with an age identity at
 * hand their MAC. Several under one MAC are judged as one.
 */
export async function judgeSopsFile(file: DocumentFile, atHand: SopsAtHand): Promise<SopsFinding[]> {
  const encrypted = file.documents.filter(({ value, list }) => list === undefined && macOf(value) !== null);
  const findings: SopsFinding[] = [];
  for (const [, group] of Map.groupBy(encrypted, ({ value }) => macOf(value))) {
    const [document] = group;
    if (document === undefined || group.some(({ value }) => kindOf(value) === KIND)) continue;
    const isWhole = group.length === file.documents.length;
    // Several among others are no file of sops: nobody knows what their MAC covered.
    if (!isWhole && group.length > 1) continue;
    const text = isWhole ? file.text : file.text.slice(document.start, document.end);
    const problems = await judge(text, document, atHand);
    if (problems.length > 0) findings.push({ document, problems });
  }
  return findings;
}

async function judge(text: string, { format }: FileDocument, atHand: SopsAtHand): Promise<LintProblem[]> {
  const problem = (rule: "sops" | "sops-mac", what: string, next: string): LintProblem => ({
    rule,
    level: "error",
    item: null,
    at: rule === "sops" ? ["sops"] : ["sops", "mac"],
    what: what.startsWith(`${WHERE}: `) ? what.slice(WHERE.length + 2) : what,
    next,
  });
  try {
    const trees = readSopsTree(text, format, WHERE);
    const { metadata } = metadataOf(trees, WHERE);
    if (metadata.groups.flat().every(({ type }) => type !== "age")) return [];
    const found = await openedProblem(trees, atHand, {
      look: () => null,
      refused: ({ message, hint }) => ({ what: message, next: hint }),
    });
    return found === null ? [] : [problem("sops-mac", found.what, found.next)];
  } catch (error) {
    if (!(error instanceof SealError)) throw error;
    const found = problem("sops", error.message, error.hint);
    // Our reader refuses some of what sops takes.
    return [error instanceof SopsError ? found : { ...found, level: "warning" }];
  }
}

/** The MAC of a document that sops encrypted; null for any other. */
function macOf(value: unknown): string | null {
  const sops = fieldOf(value, "sops");
  const mac = fieldOf(sops, "mac");
  const isOfSops = ["version", "lastmodified"].some((field) => fieldOf(sops, field) !== undefined);
  return isOfSops && typeof mac === "string" ? mac : null;
}

function fieldOf(value: unknown, field: string): unknown {
  const isMap = typeof value === "object" && value !== null && Object.hasOwn(value, field);
  return isMap ? (value as Record<string, unknown>)[field] : undefined;
}

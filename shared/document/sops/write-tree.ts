import type { SopsFormat, SopsMap } from "./tree.ts";
import { jsonTree } from "./write-json-tree.ts";
import { yamlTree } from "./write-yaml-tree.ts";

/** How a document is laid out; what is left out is as stock sops has it. */
export type SopsLayout = {
  /** Spaces for one level: 4 in YAML; in JSON a tab without it. */
  indent?: number;
};

/**
 * Documents as stock sops lays them out. JSON has no comments, and U+FFFD for what is not UTF-8.
 * @param documents one for JSON, which holds no more.
 * @returns text that ends with a line break.
 * @throws TypeError for several documents in JSON, and for numbers there that it cannot hold.
 */
export function writeSopsTree(
  documents: readonly SopsMap[],
  format: SopsFormat,
  { indent }: SopsLayout = {},
): string {
  if (format === "yaml") return documents.map((document) => yamlTree(document, indent ?? 4)).join("---\n");
  const [document] = documents;
  if (document === undefined || documents.length > 1) throw new TypeError("JSON holds one document");
  return `${jsonTree(document, indent === undefined ? "\t" : " ".repeat(indent))}\n`;
}

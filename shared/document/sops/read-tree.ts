import { InputError } from "../../errors.ts";
import { DocumentSyntaxError, positionOf } from "../syntax-error.ts";
import { readJsonTree } from "./read-json-tree.ts";
import { readYamlTrees } from "./read-yaml-tree.ts";
import type { SopsFormat, SopsMap } from "./tree.ts";

/**
 * Reads a text as stock sops does: scalars as Go's YAML and JSON libraries resolve them, comments kept, aliases
 * expanded. Stricter than sops, so that no two readers see different things: a key that appears twice, a key that is no
 * string, an unknown tag and text behind a JSON object are refused.
 * @param text with or without a byte order mark.
 * @param where names the text in errors.
 * @returns the mappings of a YAML stream, of which only those after the first may be empty for want of content; one of JSON.
 * @throws InputError with line and column; never quotes the text.
 */
export function readSopsTree(text: string, format: SopsFormat, where: string): SopsMap[] {
  const body = text.replace(/^\ufeff/, "");
  try {
    return format === "json" ? [readJsonTree(body)] : readYamlTrees(body);
  } catch (error) {
    if (!(error instanceof DocumentSyntaxError)) throw error;
    const { line, column } = positionOf(body, error.at);
    throw new InputError(
      `${where}: line ${line}, column ${column}: ${error.problem}`,
      "correct the document there",
    );
  }
}

import { toJson } from "./to-json.ts";
import { toYaml } from "./to-yaml.ts";

/** How documents are written. */
export type DocumentFormat = "json" | "yaml";

/**
 * Writes objects one after another, each as kubeseal does: JSON with two spaces of indentation; YAML with
 * `---` before each.
 */
export function writeDocuments(objects: readonly object[], format: DocumentFormat): string {
  return objects
    .map((object) => (format === "json" ? `${toJson(object)}\n` : `---\n${toYaml(object)}`))
    .join("");
}

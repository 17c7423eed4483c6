import { objectsOf } from "../../shared/document/read-documents.ts";
import { InputError } from "../../shared/errors.ts";
import type { RenderedFile } from "./rendered.ts";

/**
 * Of two objects of one name the one that comes last would silently win.
 * @param fallback the namespace of objects that name none.
 * @throws InputError when a Secret that was opened has the name of another one.
 */
export function requireDistinctSecrets(files: readonly RenderedFile[], fallback: string | null): void {
  const found = new Map<string, { where: string; isOpened: boolean }>();
  for (const { file, rendered } of files) {
    for (const [index, { value, where }] of file.documents.entries()) {
      const objects = rendered[index]?.objects ?? null;
      const isOpened = objects !== null;
      for (const object of objects ?? objectsOf(value, where).map((listed) => listed.value)) {
        const name = nameOfSecret(object, fallback);
        if (name === null) continue;
        const other = found.get(name);
        if (other !== undefined && (isOpened || other.isOpened)) {
          throw new InputError(
            `${other.where} and ${where} both make the Secret ${name}`,
            "take one of them out, or render them apart",
          );
        }
        found.set(name, { where, isOpened });
      }
    }
  }
}

function nameOfSecret(object: unknown, fallback: string | null): string | null {
  if (!isMap(object) || object["kind"] !== "Secret" || object["apiVersion"] !== "v1") return null;
  const { metadata } = object;
  if (!isMap(metadata) || typeof metadata["name"] !== "string") return null;
  const { namespace } = metadata;
  const stands = typeof namespace === "string" && namespace !== "" ? namespace : (fallback ?? "");
  return stands === "" ? metadata["name"] : `${stands}/${metadata["name"]}`;
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

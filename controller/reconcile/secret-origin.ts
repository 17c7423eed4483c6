import type { SecretObject } from "./secret-object.ts";

/** Name under which the API server notes in `managedFields` what we write. */
export const FIELD_MANAGER = "signet-controller";

/**
 * Whether Signet created this Secret. Nothing needs to be written for it: the type of a Secret is set at its creation
 * and never changes, so the API server's own record goes on naming as its manager whoever created the Secret, while
 * taking one over does not make us that. A record that is gone or garbled says no.
 */
export function createdBySignet({ metadata }: SecretObject): boolean {
  const managers = metadata["managedFields"];
  if (!Array.isArray(managers)) return false;
  return managers.some((entry: unknown) => {
    const { manager, operation, subresource, fieldsV1 } = mapOf(entry);
    return (
      manager === FIELD_MANAGER &&
      operation === "Update" &&
      (subresource ?? "") === "" &&
      Object.hasOwn(mapOf(fieldsV1), "f:type")
    );
  });
}

function mapOf(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

import type { KubeObject } from "./client.ts";

/**
 * Parsed JSON as an object of the API. Some answers (`/version`, a Status) have no metadata: they get an empty one.
 * @returns null when it is no JSON object.
 */
export function asKubeObject(value: unknown): KubeObject | null {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return null;
  const fields: Record<string, unknown> = Object.assign(value);
  const { metadata } = fields;
  if (typeof metadata !== "object" || metadata === null || Array.isArray(metadata)) fields["metadata"] = {};
  return fields as KubeObject;
}

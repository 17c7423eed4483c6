/** A time as Kubernetes writes it: RFC 3339 in UTC, whole seconds. */
export function wholeSeconds(at: Date): string {
  return at.toISOString().replace(/\.\d+Z$/, "Z");
}

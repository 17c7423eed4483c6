/**
 * What to accept in order to get objects without spec, status and data; whole ones where a server knows no such form.
 * @param kind the second for lists, but for those that are watched.
 */
export function metadataOnly(kind: "PartialObjectMetadata" | "PartialObjectMetadataList"): string {
  return `application/json;as=${kind};g=meta.k8s.io;v=v1,application/json`;
}

/** The kind a parsed document says it is; undefined where it says none. */
export function kindOf(document: unknown): unknown {
  return typeof document === "object" && document !== null && "kind" in document ? document.kind : undefined;
}

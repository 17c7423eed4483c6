import { LAST_APPLIED_ANNOTATIONS } from "./annotations.ts";
import type { Opened } from "./open-sealed-secret.ts";
import type { SealedSecret } from "./sealed-secret.ts";

/** The Secret that lay sealed, as far as the SealedSecret alone decides it. */
export type OpenedSecret = {
  /** Empty where the SealedSecret names none. */
  namespace: string;
  name: string;
  labels: Record<string, string>;
  annotations: Record<string, string>;
  /** Null where the SealedSecret names none. */
  type: string | null;
  immutable: boolean | null;
  items: ReadonlyMap<string, Uint8Array>;
};

/** Ours alone, or a copy of the whole object in plain text: neither may come from a template. */
function isNeverCopied(annotation: string): boolean {
  return annotation.startsWith("signet.dev/") || LAST_APPLIED_ANNOTATIONS.has(annotation);
}

/**
 * The Secret that an opened SealedSecret asks for. Of a template's metadata only labels and annotations pass; name and
 * namespace come from the SealedSecret as it stands.
 */
export function openedSecret({ metadata, spec }: SealedSecret, { items, whole }: Opened): OpenedSecret {
  const { template } = spec;
  const annotations = whole?.annotations ?? template?.metadata?.annotations ?? {};
  return {
    namespace: metadata.namespace ?? "",
    name: metadata.name,
    labels: { ...(whole?.labels ?? template?.metadata?.labels ?? {}) },
    annotations: Object.fromEntries(Object.entries(annotations).filter(([key]) => !isNeverCopied(key))),
    type: (whole === null ? template?.type : whole.type) || null,
    immutable: (whole === null ? template?.immutable : whole.immutable) ?? null,
    items,
  };
}

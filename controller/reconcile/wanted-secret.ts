import { LAST_APPLIED_ANNOTATIONS } from "../../shared/annotations.ts";
import { toBase64 } from "../../shared/bytes.ts";
import type { SealedSecret } from "../../shared/sealed-secret.ts";
import type { SecretManifest } from "../../shared/secret.ts";
import { MANAGED_ANNOTATION, SKIP_OWNER_ANNOTATION, type WantedSecret } from "./secret-object.ts";

/** What a SealedSecret holds once opened: its items, and for the old whole-object form the Secret that lay inside. */
export type Opened = { items: ReadonlyMap<string, Uint8Array>; whole: SecretManifest | null };

/** Ours alone, or a copy of the whole object in plain text: neither may come from a template. */
function isNeverCopied(annotation: string): boolean {
  return annotation.startsWith("signet.dev/") || LAST_APPLIED_ANNOTATIONS.has(annotation);
}

/**
 * The Secret that an opened SealedSecret asks for. Of a template's metadata only labels and annotations pass; name,
 * namespace and owner come from the SealedSecret as it stands in the cluster.
 */
export function wantedSecret(sealedSecret: SealedSecret, { items, whole }: Opened): WantedSecret {
  const { metadata, spec } = sealedSecret;
  const template = spec.template;
  const labels = whole?.labels ?? template?.metadata?.labels ?? {};
  const annotations = whole?.annotations ?? template?.metadata?.annotations ?? {};
  const unowned = template?.metadata?.annotations?.[SKIP_OWNER_ANNOTATION] === "true";
  return {
    namespace: metadata.namespace ?? "",
    name: metadata.name,
    labels: { ...labels },
    annotations: {
      ...Object.fromEntries(Object.entries(annotations).filter(([key]) => !isNeverCopied(key))),
      // Without an owner reference this mark is what says that the Secret is ours to change.
      ...(unowned ? { [MANAGED_ANNOTATION]: "true" } : {}),
    },
    type: (whole === null ? template?.type : whole.type) || null,
    immutable: (whole === null ? template?.immutable : whole.immutable) ?? null,
    data: Object.fromEntries([...items].map(([item, plaintext]) => [item, toBase64(plaintext)])),
    owner: unowned ? null : { name: metadata.name, uid: metadata.uid ?? "" },
  };
}

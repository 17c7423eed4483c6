import { toBase64 } from "../../shared/bytes.ts";
import type { Opened } from "../../shared/open-sealed-secret.ts";
import { openedSecret } from "../../shared/opened-secret.ts";
import type { SealedSecret } from "../../shared/sealed-secret.ts";
import { retains } from "./object-policy.ts";
import { MANAGED_ANNOTATION, SKIP_OWNER_ANNOTATION, type WantedSecret } from "./secret-object.ts";

/** The Secret to write for an opened SealedSecret: what lay sealed, owned by the SealedSecret unless its template says otherwise, or it shall outlive it. */
export function wantedSecret(sealedSecret: SealedSecret, opened: Opened): WantedSecret {
  const { items, annotations, ...secret } = openedSecret(sealedSecret, opened);
  const { metadata, spec } = sealedSecret;
  const skips = spec.template?.metadata?.annotations?.[SKIP_OWNER_ANNOTATION] === "true";
  const unowned = skips || retains(metadata.annotations);
  return {
    ...secret,
    // Without an owner reference this mark is what says that the Secret is ours to change.
    annotations: { ...annotations, ...(unowned ? { [MANAGED_ANNOTATION]: "true" } : {}) },
    data: Object.fromEntries([...items].map(([item, plaintext]) => [item, toBase64(plaintext)])),
    owner: unowned ? null : { name: metadata.name, uid: metadata.uid ?? "" },
  };
}

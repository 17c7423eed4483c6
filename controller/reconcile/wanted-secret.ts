import { toBase64 } from "../../shared/bytes.ts";
import type { Opened } from "../../shared/open-sealed-secret.ts";
import { openedSecret } from "../../shared/opened-secret.ts";
import type { SealedSecret } from "../../shared/sealed-secret.ts";
import { retains } from "./object-policy.ts";
import {
  MANAGED_ANNOTATION,
  SEALED_BY_ANNOTATION,
  SKIP_OWNER_ANNOTATION,
  type WantedSecret,
} from "./secret-object.ts";

/** The Secret to write for an opened SealedSecret: what lay sealed, owned by the SealedSecret unless its template says otherwise, or it shall outlive it. */
export function wantedSecret(sealedSecret: SealedSecret, opened: Opened): WantedSecret {
  const { items, annotations, ...secret } = openedSecret(sealedSecret, opened);
  const { metadata, spec } = sealedSecret;
  const skips = spec.template?.metadata?.annotations?.[SKIP_OWNER_ANNOTATION] === "true";
  const unowned = skips || retains(metadata.annotations);
  return {
    ...secret,
    annotations: { ...annotations, ...(unowned ? tenure(metadata.uid ?? "") : {}) },
    data: Object.fromEntries([...items].map(([item, plaintext]) => [item, toBase64(plaintext)])),
    owner: unowned ? null : { name: metadata.name, uid: metadata.uid ?? "" },
  };
}

/** Without an owner reference these say that the Secret is ours to change, and whose it is. */
function tenure(uid: string): Record<string, string> {
  return { [MANAGED_ANNOTATION]: "true", [SEALED_BY_ANNOTATION]: uid };
}

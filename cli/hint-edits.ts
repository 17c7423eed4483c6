import type { Edit } from "../shared/document/edit-document.ts";
import { SEALING_KEY_ANNOTATION } from "../shared/resource.ts";
import { formOf } from "../shared/seal/codec.ts";
import type { SealedSecret } from "../shared/sealed-secret.ts";
import { readSealingKeyHint, type SealingKeyHint, writeSealingKeyHint } from "../shared/sealing-key-hint.ts";

/** What a SealedSecret's annotation says of the keys that its classic values need: those of key services name their own. */
export function knownHint({ metadata, spec }: SealedSecret): SealingKeyHint {
  const classic = Object.entries(spec.encryptedData).filter(
    ([, value]) => formOf(value).backend === "classic",
  );
  return readSealingKeyHint(
    metadata.annotations,
    classic.map(([item]) => item),
  );
}

/**
 * What has to change in a SealedSecret for its annotation to say this; nothing where it says so already.
 * @param items names of the items that it has afterwards.
 */
export function hintEdits({ metadata }: SealedSecret, hint: SealingKeyHint, items: Iterable<string>): Edit[] {
  const path = ["metadata", "annotations", SEALING_KEY_ANNOTATION];
  const before = metadata.annotations?.[SEALING_KEY_ANNOTATION];
  const after = writeSealingKeyHint(hint, items);
  if (after === (before ?? null)) return [];
  return after === null ? [{ path, remove: true }] : [{ path, value: after }];
}

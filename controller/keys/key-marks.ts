import {
  AWAITS_BACKUP_ANNOTATION,
  AWAITS_PROMOTION_ANNOTATION,
  BACKUP_ANNOTATION,
  RESTORED_ANNOTATION,
} from "../../shared/sealing-key-secret.ts";
import type { SecretObject } from "../reconcile/secret-object.ts";

/** What the annotations of a key Secret say of where its key comes from and where else it lies. */
export type KeyMarks = {
  /** It came from a backup. */
  isRestored: boolean;
  /** Somebody confirmed that it lies outside the cluster, too. */
  isBackedUp: boolean;
  /** It was made to seal only once that is so, and it is not. */
  awaitsBackup: boolean;
  /** It was made to seal once it is promoted, and may be. */
  awaitsPromotion: boolean;
};

/** Reads them. A mark with nothing in it counts for restoring and waiting, and confirms no backup. */
export function keyMarks({ metadata }: Pick<SecretObject, "metadata">): KeyMarks {
  const has = (annotation: string) => typeof metadata.annotations?.[annotation] === "string";
  const isBackedUp = has(BACKUP_ANNOTATION) && metadata.annotations?.[BACKUP_ANNOTATION] !== "";
  return {
    isRestored: has(RESTORED_ANNOTATION),
    isBackedUp,
    awaitsBackup: has(AWAITS_BACKUP_ANNOTATION) && !isBackedUp,
    awaitsPromotion: has(AWAITS_PROMOTION_ANNOTATION),
  };
}

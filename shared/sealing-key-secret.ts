/** Marks Secrets that hold sealing keys. */
export const KEY_LABEL = "sealedsecrets.bitnami.com/sealed-secrets-key";
/** Label value of keys in use that lie open in their Secret, as the reference reads them. */
export const ACTIVE = "active";
/** Label value of keys in use that a key service has to unwrap. Any other value than these two takes a key out. */
export const WRAPPED = "wrapped";
/** Label value of keys that are not needed any more. */
export const RETIRED = "retired";
/** Label value of keys that somebody else may have. */
export const COMPROMISED = "compromised";
/** On a Secret with a wrapped key, for people: the key that wraps it, `kms:ARN` or `vault:MOUNT/KEY`. */
export const WRAPPED_BY_ANNOTATION = "signet.dev/wrapped-by";
/** On a key Secret: when, and for whom, the key was copied out of the cluster. */
export const BACKUP_ANNOTATION = "signet.dev/backup-confirmed";
/** On a key Secret: the file that a backup of its key was written to; with `confirmed` at its end, it was stored. */
export const BACKUP_WRITTEN_ANNOTATION = "signet.dev/backup-written";
/** On a key Secret, with any value: where backups are required, its key seals once its backup is confirmed. */
export const AWAITS_BACKUP_ANNOTATION = "signet.dev/awaits-backup";
/** On a key Secret: when its key was copied in from a backup, in RFC 3339. It opens, and seals once it is promoted. */
export const RESTORED_ANNOTATION = "signet.dev/restored";
/** On a key Secret, with any value: it was made to seal once it is promoted. It opens until then, too. */
export const AWAITS_PROMOTION_ANNOTATION = "signet.dev/awaits-promotion";
/**
 * On a key Secret: the moment from which it is to seal, in RFC 3339, and the uid of that Secret, separated by a space. Of
 * several the latest counts. Nobody knows the uid of a Secret before it was created: so whoever may do no more than that
 * promotes nothing.
 */
export const PRIMARY_ANNOTATION = "signet.dev/primary";

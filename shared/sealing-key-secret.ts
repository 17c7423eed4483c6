/** Marks Secrets that hold sealing keys. */
export const KEY_LABEL = "sealedsecrets.bitnami.com/sealed-secrets-key";
/** Label value of keys in use that lie open in their Secret, as the reference reads them. */
export const ACTIVE = "active";
/** Label value of keys in use that a key service has to unwrap. Any other value than these two takes a key out. */
export const WRAPPED = "wrapped";
/** On a Secret with a wrapped key, for people: the key that wraps it, `kms:ARN` or `vault:MOUNT/KEY`. */
export const WRAPPED_BY_ANNOTATION = "signet.dev/wrapped-by";
/** On a key Secret: when, and for whom, the key was copied out of the cluster. */
export const BACKUP_ANNOTATION = "signet.dev/backup-confirmed";
/** On a key Secret: the moment from which it is to seal, in RFC 3339. Of several the latest counts. */
export const PRIMARY_ANNOTATION = "signet.dev/primary";

/** Name of the ConfigMap on which a controller publishes its certificate. */
export const CERTIFICATE_CONFIG_MAP = "sealed-secrets-certificate";
/** On that ConfigMap: the key that wraps new sealing keys, as the option of that name has it; absent for none. */
export const WRAP_ANNOTATION = "signet.dev/sealing-key-wrap";
/** On that ConfigMap: further keys that sealing keys may be wrapped by, separated by commas; absent for none. */
export const UNWRAP_ANNOTATION = "signet.dev/sealing-key-unwrap";
/** On that ConfigMap: the {@link KeyOrder} in force. */
export const KEY_ORDER_ANNOTATION = "signet.dev/key-order-priority";
/** On that ConfigMap: `true` where new keys seal once their backup is confirmed; else absent. */
export const REQUIRE_BACKUP_ANNOTATION = "signet.dev/require-backup";
/** On that ConfigMap: version of the controller that leads. */
export const VERSION_ANNOTATION = "signet.dev/controller-version";
/** On that ConfigMap: the age of the newest key at which a new one is made, in whole seconds as in `2592000s`; `0s` for never. */
export const RENEW_PERIOD_ANNOTATION = "signet.dev/key-renew-period";
/** On that ConfigMap: the moment from before which no key is to seal, RFC 3339; absent for none. */
export const CUTOFF_ANNOTATION = "signet.dev/key-cutoff-time";
/** On that ConfigMap: fingerprints of keys that are to seal once their backup is confirmed, separated by commas. */
export const AWAITING_BACKUP_ANNOTATION = "signet.dev/sealing-keys-awaiting-backup";
/**
 * On that ConfigMap, while it stands: the key that seals changed other than by renewal or promotion. `<time> <fingerprint
 * before, or none> <fingerprint since>`.
 */
export const ALARM_ANNOTATION = "signet.dev/sealing-key-changed";
/** On a controller's Lease: fingerprint of the key that seals, as the last leader knew it. */
export const KNOWN_KEY_ANNOTATION = "signet.dev/sealing-key";

/** By what the newest key is told. */
export type KeyOrder = "CertNotBefore" | "SecretCreationTimestamp";

/** Marks Secrets that hold age identities, by which the controller opens SOPS documents. */
export const AGE_IDENTITIES_LABEL = "signet.dev/age-identities";
/** Label value of identities in use. Any other value takes them out. */
export const AGE_IDENTITIES_IN_USE = "active";
/** On such a Secret: the namespaces whose SealedSecrets its identities open, with commas; `*` for all. */
export const AGE_NAMESPACES_ANNOTATION = "signet.dev/age-namespaces";

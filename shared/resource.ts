/** API group and version of the SealedSecret resource. */
export const API_VERSION = "bitnami.com/v1alpha1";
/** Kind of the SealedSecret resource. */
export const KIND = "SealedSecret";

/** Fingerprint of the sealing key, or a JSON map of them by item. A hint: never trusted, never needed. */
export const SEALING_KEY_ANNOTATION = "signet.dev/sealing-key";

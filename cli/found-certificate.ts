/** A certificate as it was found, unread. */
export type FoundCertificate = {
  bytes: Uint8Array;
  /** Where it comes from, for people: `cert.pem`, `Service kube-system/sealed-secrets-controller`. */
  source: string;
  /** The cluster and Service it comes from, or null when the user gave a file or an address. */
  controller: { server: string; namespace: string; name: string } | null;
};

/** Flags that stand without a command word and that kubeseal has not; help sets them apart from kubeseal's. */
export const SIGNET_FLAGS: readonly string[] = [
  "in-place",
  "output-dir",
  "accept-certificate",
  "backend",
  "kms-key",
  "vault-key",
  "cluster-id",
  "item",
  "kms-allowed-keys",
  "vault-allowed-keys",
  "vault-addr",
  "vault-namespace",
  "vault-ca-cert",
  "vault-token-file",
  "verbose",
];

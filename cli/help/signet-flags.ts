/** Flags that stand without a command word and that kubeseal has not; help sets them apart from kubeseal's. */
export const SIGNET_FLAGS: readonly string[] = [
  "in-place",
  "output-dir",
  "accept-certificate",
  "cluster-id",
  "verbose",
];

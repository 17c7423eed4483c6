/** Flags that every mode has which asks the controller. */
export const REACHING = [
  "controller-name",
  "controller-namespace",
  "kubeconfig",
  "context",
  "request-timeout",
] as const;

/** The certificate record, which modes that fetch a certificate keep. */
export const RECORD = [
  "$XDG_STATE_HOME/signet/certificates.json",
  "certificates last seen, by cluster and controller (else ~/.local/state); says when one changes",
] as const;

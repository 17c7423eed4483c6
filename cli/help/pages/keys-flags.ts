import { OPENING_UNDER } from "./key-services.ts";

/** Flags that go with every action of `keys`; those of kubectl that are used less are in `help flags`. */
export const KEYS_ANYWHERE = [
  "controller-namespace",
  "kubeconfig",
  "context",
  "request-timeout",
  "verbose",
  "help",
] as const;

/** Flags of the actions that call the key service of wrapped keys. */
export const CALLING_WRAPPERS = [
  "cluster-id",
  ...OPENING_UNDER.filter((flag) => !/^kms-allowed-(?:roles|profiles|contexts)$/.test(flag)),
] as const;

/** Flags of the actions that look for what needs a key. */
export const LOOKING = ["in", "namespace", "private-key", "recovery-private-key"] as const;

/** What flags mean for sealing keys whose table tells of what other commands do with them. */
export const KEYS_SUMMARIES = {
  "controller-namespace": "namespace of the controller and its keys; kube-system by default",
  "cluster-id": "the cluster that wrapped keys are bound to; this one when not given",
  "kms-allowed-keys": "keys of AWS KMS that may be used; those of signet allow when not given",
  verbose: "tell more on standard error",
} as const;

/** The same of those above. */
export const LOOKING_SUMMARIES = {
  ...KEYS_SUMMARIES,
  in: "files, folders and patterns to look at beside the cluster",
  namespace: "namespace of SealedSecrets in files that name none",
  "private-key": "private keys in the place of wrapped ones, as files or folders",
  "recovery-private-key": "the same, by the name that kubeseal has for it",
} as const;

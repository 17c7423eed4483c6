import { keyOptions } from "../opening/opening-options.ts";
import {
  clientOptions,
  controllerOptions,
  generalOptions,
  keyServiceOptions,
  type OptionTable,
  type OptionValues,
  sopsOpeningOptions,
} from "../options.ts";

/** Flags of `signet audit`. */
export const auditOptions = {
  "in-cluster": {
    kind: "switch",
    group: "mode",
    summary: "look at the cluster, too, where files are given; --compromised does so by itself",
  },
  "no-cluster": {
    kind: "switch",
    group: "mode",
    summary: "with --compromised: leave the cluster out",
  },
  history: {
    kind: "switch",
    group: "mode",
    summary: "with --compromised: look at every commit of this Git repository, too",
  },
  "no-history": {
    kind: "switch",
    group: "mode",
    summary: "with --compromised: leave Git's history out, and do not fail for that",
  },
  "private-key": {
    kind: "list",
    value: "PATH",
    group: "seal",
    summary: "open values with these private keys: PEM files, backups of key Secrets, folders",
  },
  "recovery-private-key": keyOptions["recovery-private-key"],
  open: {
    kind: "switch",
    group: "seal",
    summary: "open values with your own rights: the cluster's sealing keys, key services, age identities",
  },
  // Not the variable of sealing: it says what to seal with, not which keys a cluster has.
  cert: {
    kind: "list",
    value: "FILE",
    group: "seal",
    summary: "certificates of all of the cluster's keys, where no key Secrets are read",
  },
  "max-key-age": {
    kind: "text",
    value: "AGE",
    group: "seal",
    summary: "fail for values whose key is older, as in 90d, 12w or 36h",
  },
  "fail-on": {
    kind: "list",
    value: "FINDING,...",
    group: "seal",
    summary: "fail for these: claimed, unknown-key, does-not-open, retired-key, scope, duplicates",
  },
  duplicates: {
    kind: "switch",
    group: "seal",
    summary: "group values that hold the same plaintext, under fingerprints of this run alone",
  },
  "duplicates-key": {
    kind: "text",
    value: "FILE",
    group: "seal",
    summary: "key of these fingerprints, at least 32 random bytes, so that they stay the same",
  },
  compromised: {
    kind: "text",
    value: "FINGERPRINT",
    group: "seal",
    summary: "list every value ever sealed under this stolen key, and which were changed since",
  },
  "key-is-lost": {
    kind: "switch",
    group: "seal",
    summary: "with --compromised: take a whole fingerprint though nothing knows of such a key",
  },
  "accept-removed": {
    kind: "switch",
    group: "seal",
    summary: "with --compromised: count values as changed that nothing holds any more",
  },
  "skip-unreadable": {
    kind: "switch",
    group: "seal",
    summary: "do not fail for what cannot be read; it is told of all the same",
  },
  "allow-unreadable": {
    kind: "list",
    value: "OBJECT",
    group: "seal",
    summary: "with --history: let this content pass that cannot be read, by the name that Git has for it",
  },
  format: {
    kind: "text",
    short: "o",
    value: "table|json|sarif",
    group: "seal",
    summary: "a table for people, JSON, or SARIF of what was found in files",
  },
  "all-namespaces": {
    kind: "switch",
    short: "A",
    group: "cluster",
    summary: "look at all namespaces of the cluster: the default without --namespace",
  },
  ...keyServiceOptions,
  ...sopsOpeningOptions,
  ...controllerOptions,
  ...clientOptions,
  namespace: {
    ...clientOptions.namespace,
    summary: "the one namespace of the cluster to look at, and that of objects in files that name none",
  },
  ...generalOptions,
} as const satisfies OptionTable;

/** What these flags were given as. */
export type AuditOptions = OptionValues<typeof auditOptions>;

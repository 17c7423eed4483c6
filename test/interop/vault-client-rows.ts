import type { KeyServiceRow } from "./key-service-rows.ts";

const vaultClient = "interop/vault-client.test.ts";
const references = "interop/vault-references.test.ts";
const client = "shared/vault/vault-client.test.ts";
const transit = "shared/vault/transit.test.ts";

/** What node-vault gets wrong (ARCHITECTURE.md), and what shows that our client of Vault does not. */
export const vaultClientRows: Readonly<Record<string, KeyServiceRow>> = {
  "mount of a login": {
    words: "a login goes to the mount that is configured",
    shownBy: [
      [
        "shared/vault/kubernetes-login.test.ts",
        "is asked for at the mount of the auth method, with role and token, and without a token of Vault",
        "team/k8s",
      ],
    ],
  },
  "mount of an engine": {
    words: "Transit keys of any mount are used",
    shownBy: [
      [transit, "asks for that very key, below its mount"],
      [vaultClient, "a batch that fails in part gives what did not fail", "{ derived: true }"],
    ],
  },
  "names and paths": {
    words: "no name becomes another path",
    shownBy: [
      [client, "has each segment encoded, so that no name becomes another path"],
      [client, "is nothing for a path that servers and policies do not all read alike"],
    ],
  },
  "errors and headers": {
    words: "statuses, batches that failed in part, deleted versions and Retry-After come as Vault sent them",
    shownBy: [
      [client, "is given as it came, whatever the status", "202"],
      [client, "tells how long to wait", "7000"],
      [transit, 'reads the results of a batch answered …, with "…" as …'],
      [vaultClient, "a batch that fails in part gives what did not fail", '{ refused: "malformed" }'],
      ["shared/vault/kv.test.ts", "tells a deleted version from a destroyed one", '"deleted"'],
    ],
  },
  redirects: {
    words: "no other host gets a request, and so no token",
    shownBy: [
      [
        client,
        "with … to an address that is not configured get no request, and so no token",
        "other.count(), arrived",
      ],
      [client, "from https to http get no request"],
      [client, "with … to a configured address are followed, with token and body"],
    ],
  },
  "deadline, abort and a second try": {
    words: "a request has an end, whoever ends it, and is made good once where its connection died",
    shownBy: [
      [client, "are told as no answer in time"],
      [client, "end with the caller's own reason when it gives up"],
      [client, "of a kept connection that died are made good by one more try"],
      [client, "are not made good where a second time would do harm, nor more than once"],
      [client, "is the method, the path below /v1/, the query, the body, the token and Vault's own header"],
    ],
  },
  "tokens of tenants": {
    words: "a login changes nobody else's token",
    shownBy: [
      ["shared/vault/vault-session.test.ts", "is not the other's where two sessions share a client"],
      [
        references,
        "come as each namespace's own ServiceAccount: Vault's policy keeps tenants apart",
        "kubernetes-bank-signet-vault",
      ],
    ],
  },
  "renewal that fails": {
    words: "renewal goes on after a failure, and a login follows",
    shownBy: [
      [
        "shared/vault/login-session.test.ts",
        "is used to its end while Vault does not answer renewals, which go on being tried",
      ],
      ["shared/vault/login-session.test.ts", "is replaced when a renewal is refused"],
      ["shared/vault/login-session.test.ts", "logs in once, however many come at the same time"],
    ],
  },
  debugging: {
    words: "no variable has tokens or bodies written down",
    shownBy: [
      [
        "shared/vault/vault-debug.test.ts",
        "no variable of the environment has tokens or bodies written down",
        'DEBUG: "*"',
      ],
    ],
  },
};

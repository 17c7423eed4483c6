import type { ShownBy } from "../support/shown-by.ts";

/** What is to be shown, in words, and by which tests; each of them is needed. */
export type KeyServiceRow = { words: string; shownBy: readonly ShownBy[] };

const kmsClient = "interop/kms-client.test.ts";
const underKms = "interop/sealed-under-kms.test.ts";
const kmsFaults = "interop/key-services-faults.test.ts";
const faultPlayed = "…: …; what stands is left alone, and all follow by themselves once it ends";
const vaultClient = "interop/vault-client.test.ts";
const underVault = "interop/sealed-under-vault.test.ts";
const vaultLogin = "interop/vault-client-login.test.ts";
const references = "interop/vault-references.test.ts";
const mixed = "interop/key-services-mixed.test.ts";
const command = "interop/cli-key-services.test.ts";
const inCluster = "interop/key-services/scenarios.ts";
const wrapped = "interop/wrapped-keys/wrapped-keys-suite.ts";
const client = "shared/vault/vault-client.test.ts";

/** Both services play the scenarios of a cluster, and those of wrapped keys. */
const CLUSTER_PLAYED: readonly ShownBy[] = [
  ["interop/key-services-kms.test.ts", "values under AWS KMS, in a cluster", "startKmsBackend"],
  ["interop/key-services-vault.test.ts", "values under a real Vault, in a cluster", "startVaultBackend"],
];
const WRAPPED_PLAYED: readonly ShownBy[] = [
  ["interop/wrapped-keys-kms.test.ts", "sealing keys wrapped by AWS KMS", "startMotoKms"],
  ["interop/wrapped-keys-vault.test.ts", "sealing keys wrapped by Vault", "startVault("],
];
const inEachCluster = (title: string, ...says: string[]): readonly ShownBy[] => [
  [inCluster, title, ...says],
  ...CLUSTER_PLAYED,
];
const wrappedByEach = (title: string, ...says: string[]): readonly ShownBy[] => [
  [wrapped, title, ...says],
  ...WRAPPED_PLAYED,
];

/** What values under AWS KMS and Vault, wrapped sealing keys and Vault references have to prove, and on what. */
export const keyServiceRows: Readonly<Record<string, Readonly<Record<string, KeyServiceRow>>>> = {
  "AWS KMS, as moto plays it": {
    context: {
      words: "another encryption context opens nothing",
      shownBy: [
        [kmsClient, "another context, or a damaged blob, opens nothing", '"signet-name": "Größe"', "null"],
        [underKms, "they open at their place and at no other", '"not-authentic"'],
      ],
    },
    "wrong key": {
      words: "another key than the one a data key was wrapped by is refused",
      shownBy: [[kmsClient, "another key is refused, and a missing one told", "key: other"]],
    },
    "re-encrypt": {
      words: "values move to another key inside KMS",
      shownBy: [
        [kmsClient, "ReEncrypt moves a data key to another key, and to the newest material of the same"],
        [underKms, "they move to another key inside KMS, and stay at their place", "renewKmsValues"],
        [command, "moves values to another key of the same service, in place and with the layout kept"],
      ],
    },
    "4096 bytes": {
      words: "values beyond what KMS encrypts seal and open, since it sees a data key alone",
      shownBy: [
        [
          underKms,
          "they may be longer than what KMS itself encrypts, which sees their data key alone",
          "4097",
          "[200, 400]",
        ],
      ],
    },
  },

  "AWS KMS, what moto does not enforce": {
    disabled: {
      words: "a disabled key stalls its objects; enabled, all follow",
      shownBy: [
        [kmsFaults, faultPlayed, "conditionOf", 'fake.setState(key, "Enabled")'],
        [kmsFaults, "faults of AWS KMS that moto does not play, in a cluster", '"Disabled"'],
        [
          "shared/aws/kms-client.test.ts",
          "a key that is disabled or about to be deleted is told",
          '"Disabled"',
        ],
      ],
    },
    "pending deletion": {
      words: "so does one that is to be deleted",
      shownBy: [
        [kmsFaults, "faults of AWS KMS that moto does not play, in a cluster", '"PendingDeletion"'],
        [
          "shared/aws/kms-client.test.ts",
          "a key that is disabled or about to be deleted is told",
          '"PendingDeletion"',
        ],
      ],
    },
    throttling: {
      words: "throttling passes, and holds off all objects of the key together",
      shownBy: [
        [kmsFaults, "faults of AWS KMS that moto does not play, in a cluster", '"ThrottlingException"'],
        [kmsFaults, faultPlayed, "calls <="],
        [
          "controller/key-services/outage.test.ts",
          "a thousand objects in an outage of a minute cost it probes, not calls; all are in sync afterwards",
          "calls <= 50",
        ],
      ],
    },
    "access denied": {
      words: "a denial names the right and quotes nothing",
      shownBy: [
        [kmsFaults, "faults of AWS KMS that moto does not play, in a cluster", '"AccessDeniedException"'],
        [
          "shared/aws/kms-fault.test.ts",
          "what denies re-encryption names both rights and both keys",
          "kms:ReEncryptFrom",
        ],
      ],
    },
    "time-outs": {
      words: "a call that hangs ends within the time that is told, and holds up nobody else",
      shownBy: [
        [
          kmsFaults,
          "faults of AWS KMS that moto does not play, in a cluster",
          '"silence"',
          "no answer within 10 s",
        ],
        [
          "shared/aws/kms-client.test.ts",
          "a call that hangs is given up within the time that is told: it is not tried again",
        ],
        [
          "shared/aws/kms-client.test.ts",
          "calls that hang hold up no other key of their region, and no other region",
        ],
      ],
    },
  },

  "a real Vault": {
    "derived and plain keys": {
      words: "a derived key binds by its context, a plain one by associated data",
      shownBy: [
        [vaultClient, "a key of type …… binds values to their place by its …", '"not-authentic"'],
        [underVault, "…: they open at their place and at no other", '"not-authentic"'],
      ],
    },
    rotation: {
      words: "values come under the newest version of a key that was rotated",
      shownBy: [
        [vaultClient, "rotation, rewrapping and an end to old versions", "rotateTransitKey"],
        [
          command,
          "re-encrypts under Vault's newest version, by rewrapping or anew, and the old version may go",
        ],
      ],
    },
    rewrap: {
      words: "a derived key rewraps inside Vault, and not at another place",
      shownBy: [
        [
          vaultClient,
          "rotation, rewrapping and an end to old versions",
          "transit.rewrap",
          "assert.equal(none, null)",
        ],
      ],
    },
    min_decryption_version: {
      words: "a version that Vault no longer decrypts with is told as that",
      shownBy: [
        [
          vaultClient,
          "rotation, rewrapping and an end to old versions",
          "min_decryption_version: 2",
          '"too-old"',
        ],
        [
          underVault,
          "…: they are renewed when the key was rotated, and told when they are too old",
          '"too-old"',
        ],
      ],
    },
    "KV versions": {
      words: "versions are read, the newest and older ones; a new one arrives by itself",
      shownBy: [
        [vaultClient, "KV secrets: fields, versions, deleted, undeleted, destroyed, removed", "version: 1"],
        [
          references,
          "a new version, and the end of the newest one, arrive by themselves; a version of one's own stays",
        ],
      ],
    },
    "KV delete": {
      words: "a deleted version is told, and comes back when it is undeleted",
      shownBy: [
        [
          vaultClient,
          "KV secrets: fields, versions, deleted, undeleted, destroyed, removed",
          '"delete"',
          '"undelete"',
        ],
        [
          references,
          "what keeps one from being read is told, each by its own reason",
          '"VaultSecretDeleted"',
        ],
      ],
    },
    "KV destroy": {
      words: "a destroyed version is told apart from a deleted one",
      shownBy: [
        [vaultClient, "KV secrets: fields, versions, deleted, undeleted, destroyed, removed", '"destroy"'],
        [
          references,
          "what keeps one from being read is told, each by its own reason",
          '"VaultVersionDestroyed"',
        ],
      ],
    },
    "Kubernetes auth": {
      words: "ServiceAccounts of the test's own API server log in; others are refused, each in words",
      shownBy: [
        [vaultLogin, "a ServiceAccount reads what its role allows, and its token is given back at the end"],
        [vaultLogin, "refused logins are told apart"],
        [vaultLogin, "a token that lives for seconds is renewed, and replaced when it can live no longer"],
        [references, "come as each namespace's own ServiceAccount: Vault's policy keeps tenants apart"],
      ],
    },
    "policy denial": {
      words: "what a policy does not allow is told with the right that lacks",
      shownBy: [
        [vaultClient, "what a policy does not allow is denied, and the right is named", "update on team"],
        [
          vaultClient,
          "a KV secret that a policy does not allow is denied, whether it is there or not",
          '"denied"',
        ],
      ],
    },
    "sealed mid-run": {
      words: "a Vault that is sealed leaves Secrets alone, and all follow once it is unsealed",
      shownBy: [
        [vaultClient, "Vault sealed, unsealed, killed and started anew", "vault.seal()"],
        ...inEachCluster("outages of every kind, in the middle of the work", "backend.outages"),
        [references, "a sealed Vault passes: Synced stays, and all is well once it is unsealed"],
      ],
    },
    "killed and started anew": {
      words: "so does one that is killed, and sessions outlive it",
      shownBy: [
        [vaultClient, "Vault sealed, unsealed, killed and started anew", "vault.kill()", "vault.restart()"],
        [vaultLogin, "a session outlives a Vault that was sealed, and one that was killed and started anew"],
        ...inEachCluster("outages of every kind, in the middle of the work"),
      ],
    },
  },

  attacks: {
    "copied to another name or namespace": {
      words: "a value opens under its own name and namespace alone, as far as its scope says",
      shownBy: inEachCluster("each scope under each key", "-copy", '"other"', "refused("),
    },
    "copied to another cluster": {
      words: "a value for another cluster opens nowhere",
      shownBy: inEachCluster("values that were moved or edited", '"another-cluster"'),
    },
    "widened by annotation": {
      words: "an annotation widens no scope, under the own name neither",
      shownBy: inEachCluster("values that were moved or edited", "widened-", '"cluster-wide"'),
    },
    "items swapped": {
      words: "an item opens under its own name alone",
      shownBy: inEachCluster("values that were moved or edited", "{ a: b, b: a }"),
    },
    "key or path edited": {
      words: "an edited ARN or path of a key is refused without a call, or opens nothing",
      shownBy: inEachCluster(
        "a value under, or edited to name, another key",
        "a.replace(first, backend.forbidden)",
        "backend.asked(), 0",
      ),
    },
    "another host": {
      words: "a value leads to no other host",
      shownBy: [
        ...inEachCluster("a value edited to name another host", "backend.elsewhere", "backend.asked(), 0"),
        [client, "with … to an address that is not configured get no request, and so no token"],
      ],
    },
    "another tenant's path": {
      words: "a namespace reads no entry that its own ServiceAccount may not",
      shownBy: [
        [
          references,
          "come as each namespace's own ServiceAccount: Vault's policy keeps tenants apart",
          '"greedy"',
          "VaultForbidden",
        ],
        [references, "what keeps one from being read is told, each by its own reason", "shop/../bank/db"],
      ],
    },
  },

  "end to end": {
    "each backend": {
      words: "what the command line seals under each backend opens in a cluster",
      shownBy: [
        [
          mixed,
          "what the command line seals under each backend opens in the cluster, alone and merged into one file",
          "runSignet",
        ],
        [command, "seals under …, …, and opens it there alone"],
      ],
    },
    mixed: {
      words: "items of all backends stand in one SealedSecret, and in one template",
      shownBy: [
        [mixed, "a template uses them all, with one call on each service", "[1, 1]"],
        [mixed, "one that does not open keeps the Secret as it is, and one service away waits for it"],
        [references, "stand beside sealed ones, and templates take both"],
      ],
    },
    "wrapped, restarted and renewed": {
      words: "a wrapped sealing key serves through restart and renewal",
      shownBy: wrappedByEach("keys are wrapped from the start", '"SIGUSR1"', "unwrapped), 2"),
    },
    "wrapped and unwrapped": {
      words: "sealing keys are wrapped while they serve, moved to another key, and unwrapped again",
      shownBy: wrappedByEach(
        "live keys are wrapped, moved and unwrapped again",
        '"wrap"',
        '"unwrap"',
        "etcdHolds",
      ),
    },
    "away at the start": {
      words: "a service that is away at the start is waited for",
      shownBy: wrappedByEach("the service is away at the start, and comes back", "503"),
    },
    "nothing asked twice": {
      words: "five items are one call, and a restart over objects in sync asks nobody",
      shownBy: [
        ...inEachCluster("a mixed object with a template; five items are one call", "backend.opened(), 1"),
        ...inEachCluster("a restart", "backend.asked(), 0"),
        [references, "nothing is read and nothing written as long as nothing changes"],
      ],
    },
    silence: {
      words: "no value and no token stands in anything that is said",
      shownBy: [
        ...inEachCluster("everything that was said, searched for every value and token", "assertSilent"),
        [command, "neither value nor token stood in anything it said"],
        [references, "the API server refused the controller nothing, and nobody was told a value"],
      ],
    },
  },
};

import type { Fault } from "./fault.ts";

const offlineTest = "test/cli/rotate/rotate-offline.test.ts";
const treesTest = "test/cli/rotate/rotate-trees.test.ts";
const controllerTest = "test/cli/rotate/rotate-by-controller.test.ts";
const clusterKeysTest = "test/cli/rotate/rotate-with-cluster-keys.test.ts";
const servicesTest = "test/cli/rotate/rotate-services.test.ts";

/** Faults in sealing whole trees anew. */
export const rotateFaults: readonly Fault[] = [
  {
    what: "rotate seals anew what the newest key has opened",
    file: "cli/reseal/offline-resealer.ts",
    find: 'if (keyId === newest.fingerprint) return "newest";',
    replace: "",
    test: offlineTest,
  },
  {
    what: "rotate takes values back under an older certificate",
    file: "cli/reseal/offline-resealer.ts",
    find: 'since > newest.since ? "newer"',
    replace: 'since < newest.since ? "newer"',
    test: offlineTest,
  },
  {
    what: "rotate believes a hint where the newest key is at hand",
    file: "cli/reseal/offline-resealer.ts",
    find: "const claims = all || hasNewest ?",
    replace: "const claims = all ?",
    test: offlineTest,
    named: "what claims the newest key and opens with no key fails where that key is at hand",
  },
  {
    what: "rotate believes a hint where another key knows the value",
    file: "cli/reseal/offline-resealer.ts",
    find: '!(kind === "not-my-key" && claims.has(item))',
    replace: "!claims.has(item)",
    test: offlineTest,
  },
  {
    what: "rotate does not try what says that it is under the newest key",
    file: "cli/reseal/offline-resealer.ts",
    find: "{ values: claims, diagnose: false },",
    replace: "",
    test: offlineTest,
  },
  {
    what: "a value above the modulus of a key may be under it",
    file: "cli/reseal/target-key.ts",
    find: " && Buffer.compare(block, modulus) < 0",
    replace: "",
    test: offlineTest,
  },
  {
    what: "a value of another length than a key may be under it",
    file: "cli/reseal/target-key.ts",
    find: "block?.length === modulus.length && Buffer.compare(block, modulus) < 0",
    replace: "block !== undefined && Buffer.compare(block, modulus) < 0",
    test: offlineTest,
  },
  {
    what: "a wrong hint stays where all values are under the newest key",
    file: "cli/reseal/reseal-object.ts",
    find: "if (!isWrong) return before;",
    replace: "return before;",
    test: offlineTest,
  },
  {
    what: "rotate adds hints to files that it leaves",
    file: "cli/reseal/reseal-object.ts",
    find: "said.has(item) && said.get(item) !== key",
    replace: "said.get(item) !== key",
    test: offlineTest,
  },
  {
    what: "the namespace of -n gets into the file",
    file: "cli/rotate/rotate-document.ts",
    find: 'return { performed: { product, edits, note: "" }, object };',
    replace: 'return { performed: { product, edits: null, note: "" }, object };',
    test: offlineTest,
  },
  {
    what: "a failure that all files would meet is told for each",
    file: "cli/rotate/rotation-means.ts",
    find: "return this.#failure?.error === error;",
    replace: "return false;",
    test: offlineTest,
  },
  {
    what: "a dry run writes",
    file: "cli/rotate/rotate-files.ts",
    find: "if (isTrial || (folder === null && !isChanged)) return;",
    replace: "if (folder === null && !isChanged) return;",
    test: treesTest,
  },
  {
    what: "an output folder lacks what did not change",
    file: "cli/rotate/rotate-files.ts",
    find: "(folder === null && !isChanged)",
    replace: "!isChanged",
    test: treesTest,
  },
  {
    what: "files are told of in the order in which they end",
    file: "cli/rotate/rotate-files.ts",
    find: "for (let next = results.get(told); next !== undefined; next = results.get(told)) {",
    replace: "for (const next of [...results.values()].slice(told)) {",
    test: treesTest,
  },
  {
    what: "a run with failures ends well",
    file: "cli/commands/rotate.ts",
    find: "if (failed > 0) {",
    replace: "if (failed === files.length) {",
    test: treesTest,
  },
  {
    what: "the controller is sent what says that it is under the newest key",
    file: "cli/reseal/controller-resealer.ts",
    find: ".filter(([item]) => !kept.has(item))",
    replace: "",
    test: controllerTest,
  },
  {
    what: "--all leaves what says that it is under the newest key",
    file: "cli/rotate/rotation-means.ts",
    find: "trustsHints: !this.#options.all,",
    replace: "trustsHints: true,",
    test: controllerTest,
  },
  {
    what: "values go to a controller whose certificate nobody has seen",
    file: "cli/rotate/rotation-means.ts",
    find: "        await this.target();\n",
    replace: "",
    test: controllerTest,
  },
  {
    what: "rotate --open passes over keys that were taken out",
    file: "cli/rotate/keys-of-cluster.ts",
    find: "await secrets.all()",
    replace: "await secrets.inUse()",
    test: clusterKeysTest,
  },
  {
    what: "a key at hand does not stand in for a wrapped one",
    file: "cli/rotate/keys-of-cluster.ts",
    find: "offline: given.keys }",
    replace: "offline: [] }",
    test: clusterKeysTest,
  },
  {
    what: "--only leaves nothing out",
    file: "cli/rotate/rotation-means.ts",
    find: "only.length === 0 || only.includes(backend)",
    replace: "only.length >= 0",
    test: servicesTest,
  },
  {
    what: "values of Vault under the newest version are written anew",
    file: "shared/seal/vault-renewal.ts",
    find: ".filter(([, text]) => keyVersionOf(text) !== key.latestVersion)",
    replace: "",
    test: servicesTest,
  },
  {
    what: "values of Vault under old versions stay",
    file: "shared/seal/vault-renewal.ts",
    find: "keyVersionOf(text) !== key.latestVersion",
    replace: "keyVersionOf(text) > key.latestVersion",
    test: servicesTest,
  },
];

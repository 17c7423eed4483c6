import type { Fault } from "./fault.ts";

const codecs = "test/shared/seal/wiped-bytes.test.ts";
const moving = "test/cli/keys/wiped-keys.test.ts";

/** Secret bytes that stay in memory after their use. What the caches and codecs of key services keep stands with them. */
export const wipingFaults: readonly Fault[] = [
  {
    what: "the data key that a sealing key was wrapped by stays in memory",
    file: "shared/seal/wrapped-key.ts",
    find: "      dataKey.fill(0);",
    replace: "      dataKey.at(0);",
    test: codecs,
  },
  {
    what: "the data key that a sealing key was unwrapped by stays in memory",
    file: "shared/seal/wrapped-key.ts",
    find: "dataKey?.fill(0);",
    replace: "dataKey?.at(0);",
    test: codecs,
  },
  {
    what: "values that were decrypted to be encrypted under another key stay in memory",
    file: "shared/seal/vault-renewal.ts",
    find: "one.plaintext.fill(0);",
    replace: "one.plaintext.at(0);",
    test: codecs,
  },
  {
    what: "what a key of Vault opened at a wrong place stays in memory",
    file: "shared/seal/transit-binding.ts",
    find: "    wipe(answers);",
    replace: "",
    test: codecs,
  },
  {
    what: "the copy of a data key that is imported stays in memory",
    file: "shared/seal/envelope.ts",
    find: "copy.fill(0);",
    replace: "copy.at(0);",
    test: codecs,
  },
  {
    what: "the session key of a value sealed in a browser stays in memory",
    file: "shared/seal/rsa-hybrid.ts",
    find: "sessionKey.fill(0);",
    replace: "sessionKey.at(0);",
    test: codecs,
  },
  {
    what: "the session key of a value sealed by the command line stays in memory",
    file: "shared/seal/classic-sealer.node.ts",
    find: "sessionKey.fill(0);",
    replace: "sessionKey.at(0);",
    test: codecs,
  },
  {
    what: "a private key stays in memory beside its import",
    file: "shared/seal/opening-key.node.ts",
    find: "der.fill(0);",
    replace: "der.at(0);",
    test: codecs,
  },
  {
    what: "what the bare RSA operation gives stays in memory beside its copy",
    file: "shared/seal/raw-block.node.ts",
    find: "raw.fill(0);",
    replace: "raw.at(0);",
    test: codecs,
  },
  {
    what: "values that were opened to see that they open stay in memory",
    file: "cli/remote-opening.ts",
    find: "outcome.plaintext.fill(0);",
    replace: "outcome.plaintext.at(0);",
    test: "test/cli/key-services/wiped-values.test.ts",
  },
  {
    what: "a private key that is moved stays in memory",
    file: "cli/keys/key-moving.ts",
    find: "    pem.fill(0);",
    replace: "    pem.at(0);",
    test: moving,
  },
  {
    what: "a private key that was unwrapped to compare it stays in memory",
    file: "cli/keys/key-moving.ts",
    find: "again.fill(0);",
    replace: "again.at(0);",
    test: moving,
  },
  {
    what: "a private key that was written stays in memory",
    file: "cli/keys/move-keys.ts",
    find: "change.keyText.fill(0);",
    replace: "change.keyText.at(0);",
    test: moving,
  },
  {
    what: "the text of a new private key stays in memory once it is wrapped",
    file: "controller/keys/key-maker.ts",
    find: "pem.fill(0);",
    replace: "pem.at(0);",
    test: "test/controller/keys/wiped-new-key.test.ts",
    named: "the text of a new private key is wiped once it is wrapped, and where that fails",
  },
];

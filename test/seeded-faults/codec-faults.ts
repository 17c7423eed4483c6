import type { Fault } from "./fault.ts";

const hybrid = "shared/seal/rsa-hybrid.ts";
const unsealer = "shared/seal/classic-unsealer.ts";
const value = "shared/seal/classic-value.ts";
const container = "shared/seal/classic-container.ts";
const oaep = "shared/seal/oaep.ts";
const hybridTest = "test/shared/seal/rsa-hybrid.test.ts";
const keysTest = "test/shared/seal/rsa-hybrid-keys.test.ts";
const oaepTest = "test/shared/seal/oaep.test.ts";

/** Faults in the classic codec, its keys and its base64. */
export const codecFaults: readonly Fault[] = [
  {
    what: "keys of other sizes are tried",
    file: value,
    find: "keys.filter((key) => key.modulusBytes === container?.block.length)",
    replace: "keys.filter((key) => key.modulusBytes > 0)",
    test: keysTest,
  },
  {
    what: "a value that ends behind its block counts as too short",
    file: container,
    find: "if (bytes.length < end) return null;",
    replace: "if (bytes.length <= end) return null;",
    test: hybridTest,
  },
  {
    what: "the length is read in the wrong byte order",
    file: container,
    find: "((high << 8) | low)",
    replace: "((low << 8) | high)",
    test: hybridTest,
  },
  {
    what: "session keys of 16 and 24 bytes are refused",
    file: container,
    find: "[16, 24, 32]",
    replace: "[32]",
    test: hybridTest,
  },
  {
    what: "damage under the right key passes for a foreign key",
    file: value,
    find: 'return plaintext === null ? { kind: "damaged", keyId } : {',
    replace: "return plaintext === null ? null : {",
    test: hybridTest,
  },
  {
    what: "the diagnosis is made unasked",
    file: unsealer,
    find: "this.#options.diagnose ? value.candidates : []",
    replace: "value.candidates",
    test: keysTest,
  },
  {
    what: "every refused block is called sealed elsewhere",
    file: unsealer,
    find: "if (verdict.wellFormed) {",
    replace: "if (verdict.labelHash.length > 0) {",
    test: hybridTest,
  },
  {
    what: "the key that opened the last item is not tried first",
    file: unsealer,
    find: 'if (trial.kind === "opened") this.#proven = trial.keyId;\n    else',
    replace: 'if (trial.kind !== "opened")',
    test: keysTest,
  },
  {
    what: "a flood of values that do not open is tried to its end",
    file: unsealer,
    find: "return this.#unopened < this.#giveUpAfter && ",
    replace: "return ",
    test: keysTest,
  },
  {
    what: "the signal is not looked at",
    file: unsealer,
    find: 'this.#signal.throwIfAborted();\n    this.#options.onOperation?.("open");',
    replace: 'this.#options.onOperation?.("open");',
    test: keysTest,
  },
  {
    what: "a session key stays in memory after opening",
    file: value,
    find: "sessionKey.fill(0);",
    replace: "",
    test: keysTest,
  },
  {
    what: "the nonce is another one",
    file: container,
    find: "const NONCE = new Uint8Array(12);",
    replace: "const NONCE = new Uint8Array(12).fill(1);",
    test: hybridTest,
  },
  {
    what: "all values share a session key",
    file: hybrid,
    find: "crypto.getRandomValues(new Uint8Array(SESSION_KEY_BYTES))",
    replace: "new Uint8Array(SESSION_KEY_BYTES)",
    test: hybridTest,
  },
  {
    what: "the command line seals with another hash",
    file: "shared/seal/classic-sealer.node.ts",
    find: 'oaepHash: "sha256"',
    replace: 'oaepHash: "sha1"',
    test: hybridTest,
  },
  {
    what: "the leading byte of a raw block is not looked at",
    file: oaep,
    find: "let wrong = block[0] ?? 1;",
    replace: "let wrong = 0;",
    test: oaepTest,
  },
  {
    what: "the separator is not looked at",
    file: oaep,
    find: "wrong |= (db[separatorAt] ?? 0) ^ 1;",
    replace: "",
    test: oaepTest,
  },
  {
    what: "only the lowest bit of the separator counts",
    file: oaep,
    find: "wrong |= (db[separatorAt] ?? 0) ^ 1;",
    replace: "wrong |= ((db[separatorAt] ?? 0) & 1) ^ 1;",
    test: oaepTest,
  },
  {
    what: "the last byte of the padding is not looked at",
    file: oaep,
    find: "at < separatorAt; at++",
    replace: "at < separatorAt - 1; at++",
    test: oaepTest,
  },
  {
    what: "the first byte of the padding is not looked at",
    file: oaep,
    find: "let at = HASH_BYTES; at < separatorAt",
    replace: "let at = HASH_BYTES + 1; at < separatorAt",
    test: oaepTest,
  },
  {
    what: "the message may have another length",
    file: oaep,
    find: "const separatorAt = dbBytes - SESSION_KEY_BYTES - 1;",
    replace: "const separatorAt = dbBytes - SESSION_KEY_BYTES;",
    test: oaepTest,
  },
  {
    what: "the raw block stays in memory",
    file: oaep,
    find: "secret.fill(0);",
    replace: "secret.at(0);",
    test: oaepTest,
  },
  {
    what: "the label's hash is a view of the whole data block",
    file: oaep,
    find: "db.slice(0, HASH_BYTES)",
    replace: "new Uint8Array(db).subarray(0, HASH_BYTES)",
    test: oaepTest,
  },
  {
    what: "unpadded base64 passes",
    file: "shared/bytes.ts",
    find: "dense.length % 4 !== 0 || ",
    replace: "",
    test: "test/shared/bytes.test.ts",
  },
  {
    what: "any white space passes in base64",
    file: "shared/bytes.ts",
    find: '/[\\r\\n]/.test(text) ? text.replace(/[\\r\\n]/g, "") : text',
    replace: 'text.replace(/\\s/g, "")',
    test: "test/shared/bytes.test.ts",
  },
  {
    what: "invalid UTF-8 is replaced instead of refused",
    file: "shared/bytes.ts",
    find: "fatal: true",
    replace: "fatal: false",
    test: "test/shared/bytes.test.ts",
  },
  {
    what: "the fingerprint forgets the sign byte",
    file: "shared/seal/certificate.node.ts",
    find: ">= 0x80",
    replace: "> 0xff",
    test: "test/shared/seal/certificate.node.test.ts",
  },
  {
    what: "a private key that is not RSA is taken",
    file: "shared/seal/opening-key.node.ts",
    find: 'if (key.asymmetricKeyType !== "rsa")',
    replace: "if (key.asymmetricKeyType === undefined)",
    test: "test/shared/seal/opening-key.node.test.ts",
  },
  {
    what: "a private key too short to use is taken",
    file: "shared/seal/opening-key.node.ts",
    find: "if (bits < SHORTEST_KEY_BITS)",
    replace: "if (bits < 512)",
    test: "test/shared/seal/opening-key.node.test.ts",
  },
  {
    what: "values of SOPS pass for bad base64",
    file: "shared/seal/codec.ts",
    find: 'if (value.startsWith("ENC[")) return { backend: "sops" };',
    replace: "",
    test: "test/shared/seal/codec.test.ts",
  },
];

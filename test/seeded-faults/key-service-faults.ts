import type { Fault } from "./fault.ts";

const place = "shared/seal/place-binding.ts";
const keyText = "shared/seal/key-text.ts";
const kmsValue = "shared/seal/kms-value.ts";
const vaultValue = "shared/seal/vault-value.ts";
const envelope = "shared/seal/envelope.ts";
const kmsSealer = "shared/seal/kms-sealer.ts";
const kmsUnsealer = "shared/seal/kms-unsealer.ts";
const wrapped = "shared/seal/wrapped-key.ts";
const pattern = "shared/seal/key-pattern.ts";

const placeTest = "test/shared/seal/place-binding.test.ts";
const envelopeTest = "test/shared/seal/envelope.test.ts";
const kmsValueTest = "test/shared/seal/kms-value.test.ts";
const vaultValueTest = "test/shared/seal/vault-value.test.ts";
const kmsSealerTest = "test/shared/seal/kms-sealer.test.ts";
const kmsUnsealerTest = "test/shared/seal/kms-unsealer.test.ts";
const movedTest = "test/shared/seal/moved-values.test.ts";
const wrappedTest = "test/shared/seal/wrapped-key.test.ts";
const patternTest = "test/shared/seal/key-pattern.test.ts";
const vectorsTest = "test/shared/seal/key-service-vectors.test.ts";

/** Faults in the formats of key services that would open a value elsewhere, or ask a key that nobody allowed. */
export const keyServiceFaults: readonly Fault[] = [
  {
    what: "the item is not bound to its place",
    file: place,
    find: 'namespace ?? "", name ?? "", item]',
    replace: 'namespace ?? "", name ?? ""]',
    test: movedTest,
  },
  {
    what: "the cluster is not bound to its place",
    file: place,
    find: "joinFields([format, clusterId, scope.kind,",
    replace: 'joinFields([format, "", scope.kind,',
    test: placeTest,
    named: "two places have the same bytes only when they are the same",
  },
  {
    what: "fields of a place run into each other",
    file: place,
    find: "return [length, bytes];",
    replace: "return [bytes];",
    test: placeTest,
    named: "fields are cut by their lengths in UTF-8, big-endian",
  },
  {
    what: "a field longer than 64 KiB has the length of a shorter one",
    file: place,
    find: ".setUint32(0, bytes.length)",
    replace: ".setUint16(2, bytes.length)",
    test: placeTest,
    named: "fields are cut by their lengths in UTF-8, big-endian",
  },
  {
    what: "the namespace is missing from what KMS binds",
    file: place,
    find: '...(namespace === undefined ? {} : { "signet-namespace": namespace }),',
    replace: "",
    test: placeTest,
    named: "strict: what the scope binds, and nothing else",
  },
  {
    what: "values are sealed for no cluster",
    file: place,
    find: 'if (clusterId !== null && clusterId !== "") return { clusterId, scope };\n  throw new InputError(',
    replace:
      'if (clusterId !== null || scope.kind !== null) return { clusterId: clusterId ?? "", scope };\n  throw new InputError(',
    test: kmsSealerTest,
  },
  {
    what: "Vault paths may climb",
    file: keyText,
    find: "/^(?!\\.+$)[A-Za-z0-9_.-]{1,128}$/",
    replace: "/^[A-Za-z0-9_.-]{1,128}$/",
    test: vaultValueTest,
  },
  {
    what: "a value has several spellings in base64",
    file: keyText,
    find: '"bytes" in decoded && toBase64(decoded.bytes) === text ? decoded.bytes : null',
    replace: '"bytes" in decoded ? decoded.bytes : null',
    test: kmsValueTest,
  },
  {
    what: "a region may be the name of a host",
    file: keyText,
    find: "/^arn:aws[a-z-]{0,20}:kms:[a-z0-9-]{1,32}:\\d{12}:key",
    replace: "/^arn:aws[a-z-]{0,20}:kms:[a-z0-9.-]{1,32}:\\d{12}:key",
    test: kmsValueTest,
  },
  {
    what: "the next version of kms: is read as this one",
    file: kmsValue,
    find: 'if (version !== "1") throw',
    replace: 'if (version === "0") throw',
    test: kmsValueTest,
  },
  {
    what: "the next version of vault: is read as this one",
    file: vaultValue,
    find: 'if (version !== "1") throw',
    replace: 'if (version === "0") throw',
    test: vaultValueTest,
  },
  {
    what: "values are sealed under the bare data key, whatever the format",
    file: envelope,
    find: "info: utf8(`signet ",
    replace: "info: utf8(`signet`) ?? utf8(`",
    test: envelopeTest,
  },
  {
    what: "the label of the format is spelled otherwise",
    file: envelope,
    find: "info: utf8(`signet ",
    replace: "info: utf8(`signet:",
    test: vectorsTest,
  },
  {
    what: "all values of a sealing have one nonce",
    file: envelope,
    find: "crypto.getRandomValues(new Uint8Array(NONCE_BYTES))",
    replace: "new Uint8Array(NONCE_BYTES)",
    test: envelopeTest,
  },
  {
    what: "the place is no additional data",
    file: envelope,
    find: 'const algorithm = { name: "AES-GCM", iv, additionalData: place };',
    replace: 'const algorithm = { name: "AES-GCM", iv, additionalData: place.slice(0, 0) };',
    test: envelopeTest,
  },
  {
    what: "values name a key by an alias that may be pointed elsewhere",
    file: kmsSealer,
    find: "key: keyToName(key, answered)",
    replace: "key: key",
    test: kmsSealerTest,
  },
  {
    what: "each item has a data key of its own call",
    file: kmsSealer,
    find: "if (items.size === 0) return sealed;",
    replace: "for (const _ of items) await api.generateDataKey(key, kmsContext(bound), signal);",
    test: kmsSealerTest,
  },
  {
    what: "the data key that was sealed under stays in memory",
    file: kmsSealer,
    find: "        dataKey.fill(0);",
    replace: "        dataKey.at(0);",
    test: kmsSealerTest,
  },
  {
    what: "the allow-list is asked after the calls",
    file: kmsUnsealer,
    find: "      admitKeys(",
    replace:
      "      for (const { wrapped } of values.values()) await api.decrypt(wrapped, {}, signal);\n      admitKeys(",
    test: kmsUnsealerTest,
  },
  {
    what: "an object may have any number of data keys unwrapped",
    file: kmsUnsealer,
    find: "MOST_DATA_KEYS = 16",
    replace: "MOST_DATA_KEYS = 16_000",
    test: kmsUnsealerTest,
  },
  {
    what: "the data key of an object that was opened stays in memory",
    file: kmsUnsealer,
    find: "dataKey?.fill(0);",
    replace: "dataKey?.at(0);",
    test: kmsUnsealerTest,
  },
  {
    what: "bytes of any length are a data key",
    file: kmsUnsealer,
    find: "const isOurs = dataKey?.length === DATA_KEY_BYTES;",
    replace: "const isOurs = dataKey !== null && dataKey.length <= DATA_KEY_BYTES;",
    test: kmsUnsealerTest,
  },
  {
    what: "values of different keys share a call",
    file: "shared/seal/kms-group.ts",
    find: "const group = groups.get(id)",
    replace: "const group = groups.values().next().value",
    test: kmsUnsealerTest,
  },
  {
    what: "a wrapped sealing key opens beside the certificate of another key",
    file: wrapped,
    find: "namespace, name, fingerprint, certificate]",
    replace: "namespace, name, certificate]",
    test: vectorsTest,
  },
  {
    what: "a sealing key is unwrapped by whatever key its text names",
    file: wrapped,
    find: "if (!allowed(by)) throw notAllowed(spelled);",
    replace: "",
    test: wrappedTest,
  },
  {
    what: "a star reaches across separators",
    file: pattern,
    find: "if (wanted.length !== given.length || outline(pattern) !== outline(key)) return false;",
    replace: "if (wanted.length > given.length) return false;",
    test: patternTest,
  },
  {
    what: "{namespace} may stand beside other text",
    file: pattern,
    find: "segment === NAMESPACE || (!/[{}]/.test(segment)",
    replace: "segment.includes(NAMESPACE) || (!/[{}]/.test(segment)",
    test: patternTest,
  },
];

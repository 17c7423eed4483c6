import type { Fault } from "./fault.ts";

const place = "shared/seal/place-binding.ts";
const keyText = "shared/seal/key-text.ts";
const kmsValue = "shared/seal/kms-value.ts";
const vaultValue = "shared/seal/vault-value.ts";
const envelope = "shared/seal/envelope.ts";
const kmsSealer = "shared/seal/kms-sealer.ts";
const kmsUnsealer = "shared/seal/kms-unsealer.ts";
const transitBinding = "shared/seal/transit-binding.ts";
const proofs = "shared/seal/vault-key-proofs.ts";
const vaultUnsealer = "shared/seal/vault-unsealer.ts";
const cache = "shared/seal/data-key-cache.ts";
const flight = "shared/seal/single-flight.ts";
const gate = "shared/seal/key-gate.ts";
const gated = "shared/seal/gated-services.ts";
const wrapped = "shared/seal/wrapped-key.ts";
const pattern = "shared/seal/key-pattern.ts";

const placeTest = "test/shared/seal/place-binding.test.ts";
const envelopeTest = "test/shared/seal/envelope.test.ts";
const kmsValueTest = "test/shared/seal/kms-value.test.ts";
const vaultValueTest = "test/shared/seal/vault-value.test.ts";
const kmsSealerTest = "test/shared/seal/kms-sealer.test.ts";
const kmsUnsealerTest = "test/shared/seal/kms-unsealer.test.ts";
const vaultSealerTest = "test/shared/seal/vault-sealer.test.ts";
const vaultUnsealerTest = "test/shared/seal/vault-unsealer.test.ts";
const movedTest = "test/shared/seal/moved-values.test.ts";
const cacheTest = "test/shared/seal/data-key-cache.test.ts";
const gateTest = "test/shared/seal/key-gate.test.ts";
const gatedTest = "test/shared/seal/gated-services.test.ts";
const kmsRenewalTest = "test/shared/seal/kms-renewal.test.ts";
const vaultRenewalTest = "test/shared/seal/vault-renewal.test.ts";
const wrappedTest = "test/shared/seal/wrapped-key.test.ts";
const patternTest = "test/shared/seal/key-pattern.test.ts";
const vectorsTest = "test/shared/seal/key-service-vectors.test.ts";

/** Faults in the formats of key services that would open a value elsewhere, ask a key nobody allowed, or ask too often. */
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
  },
  {
    what: "fields of a place run into each other",
    file: place,
    find: "return [length, bytes];",
    replace: "return [bytes];",
    test: placeTest,
  },
  {
    what: "a field longer than 64 KiB has the length of a shorter one",
    file: place,
    find: ".setUint32(0, bytes.length)",
    replace: ".setUint16(2, bytes.length)",
    test: placeTest,
  },
  {
    what: "the namespace is missing from what KMS binds",
    file: place,
    find: '...(namespace === undefined ? {} : { "signet-namespace": namespace }),',
    replace: "",
    test: placeTest,
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
    find: 'if (version !== "1") throw RemoteValueError.version(item, `kms:${version}`);',
    replace: "",
    test: kmsValueTest,
  },
  {
    what: "the next version of vault: is read as this one",
    file: vaultValue,
    find: 'if (version !== "1") throw RemoteValueError.version(item, `vault:${version}`);',
    replace: "",
    test: vaultValueTest,
  },
  {
    what: "values are sealed under the bare data key, whatever the format",
    file: envelope,
    find: "info: utf8(`signet ${format}`)",
    replace: "info: utf8(`signet`)",
    test: envelopeTest,
  },
  {
    what: "the label of the format is spelled otherwise",
    file: envelope,
    find: "info: utf8(`signet ${format}`)",
    replace: "info: utf8(`signet:${format}`)",
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
    replace: "      for (const { wrapped } of values.values()) await api.decrypt(wrapped, {}, signal);\n      admitKeys(",
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
    file: kmsUnsealer,
    find: "const group = groups.get(id)",
    replace: "const group = groups.values().next().value",
    test: kmsUnsealerTest,
  },
  {
    what: "a Vault key is used before it was seen to refuse a wrong place",
    file: transitBinding,
    find: "const probes = binds === null ? values.slice(0, 1).map(misplaced) : [];",
    replace: "const probes: TransitCiphertext[] = [];",
    test: vaultUnsealerTest,
  },
  {
    what: "the proof of a Vault key is made at the right place",
    file: transitBinding,
    find: "place: wrongPlace(place)",
    replace: "place",
    test: vaultUnsealerTest,
  },
  {
    what: "what opened is given out though the key was not proven",
    file: transitBinding,
    find: "return mayBeUsed ? opened : opened.map",
    replace: "return mayBeUsed || opened.length > 0 ? opened : opened.map",
    test: vaultUnsealerTest,
  },
  {
    what: "a sealer proves no key",
    file: transitBinding,
    find: "if (known.binds === null && first !== undefined && text !== undefined)",
    replace: "if (known.binds === true && first !== undefined && text !== undefined)",
    test: vaultSealerTest,
  },
  {
    what: "whoever may not decrypt cannot seal",
    file: transitBinding,
    find: 'if (!(error instanceof KeyServiceError && error.fault === "denied")) throw error;',
    replace: "throw error;",
    test: vaultSealerTest,
  },
  {
    what: "whatever Vault answers is written down",
    file: transitBinding,
    find: "if (texts.length !== values.length || !texts.every(isVaultCiphertext)) throw oddAnswer(name);",
    replace: "",
    test: vaultSealerTest,
  },
  {
    what: "a key that binds nothing is asked again and again",
    file: proofs,
    find: "if (known?.binds === false) throw bindsNothing(name);",
    replace: "if (known?.binds === false) this.forget(name);",
    test: vaultUnsealerTest,
  },
  {
    what: "a Vault key is proven once for ever",
    file: proofs,
    find: "if (known.untilMs > this.#now()) return known;",
    replace: "if (known.untilMs > 0) return known;",
    test: vaultUnsealerTest,
  },
  {
    what: "a version that Vault no longer decrypts with is told as damage",
    file: vaultUnsealer,
    find: 'refused === "too-old"',
    replace: 'refused === "malformed"',
    test: vaultUnsealerTest,
  },
  {
    what: "data keys are kept for ever",
    file: cache,
    find: "if (kept.untilMs > this.#now()) return kept.dataKey.slice();",
    replace: "return kept.dataKey.slice();",
    test: cacheTest,
  },
  {
    what: "data keys that leave the cache are not wiped",
    file: cache,
    find: "this.#kept.get(id)?.dataKey.fill(0);",
    replace: "",
    test: cacheTest,
  },
  {
    what: "callers wipe the data key that is kept",
    file: cache,
    find: "if (kept.untilMs > this.#now()) return kept.dataKey.slice();",
    replace: "if (kept.untilMs > this.#now()) return kept.dataKey;",
    test: cacheTest,
  },
  {
    what: "a data key is found under another context",
    file: cache,
    find: "joinFields([key, toBase64(blob), ...pairs.flat()])",
    replace: "joinFields([key, toBase64(blob), pairs.flat().join()])",
    test: cacheTest,
  },
  {
    what: "a data key that was on its way when all were cleared stays",
    file: cache,
    find: "if (clearings === this.#clearings) this.#keep(id, own.slice());",
    replace: "this.#keep(id, own.slice());",
    test: cacheTest,
  },
  {
    what: "whoever waits for another's call is given up with it",
    file: flight,
    find: "if (signal.aborted || !flight.signal.aborted) throw error;",
    replace: "throw error;",
    test: cacheTest,
  },
  {
    what: "calls reach a key that is held off",
    file: gate,
    find: "if (leftMs > 0) throw heldOff(gate.error, leftMs);",
    replace: "if (leftMs > 1000) throw heldOff(gate.error, leftMs);",
    test: gateTest,
  },
  {
    what: "all calls go at once when the time is over",
    file: gate,
    find: "if (gate.probe === null) return await this.#goFirst(key, denial, gate, call);",
    replace: "return await this.#goFirst(key, denial, gate, call);",
    test: gateTest,
  },
  {
    what: "a gate never opens again",
    file: gate,
    find: "if (gate !== null) this.#open(key);\n      return answer;",
    replace: "return answer;",
    test: gateTest,
  },
  {
    what: "each of many calls that fail together lengthens the wait",
    file: gate,
    find: "const isNews = this.#closed.get(key) === (gate ?? undefined);",
    replace: "const isNews = this.#closed.get(key) !== null;",
    test: gateTest,
  },
  {
    what: "the service's word on when to come back is not heard",
    file: gate,
    find: "Math.max(waitMs, retryAfterMs ?? 0)",
    replace: "Math.max(waitMs, 0)",
    test: gateTest,
  },
  {
    what: "waits grow without end",
    file: gate,
    find: "Math.min(2 * SHORTEST_WAIT_MS * 2 ** (gate?.attempts ?? 0), LONGEST_WAIT_MS)",
    replace: "2 * SHORTEST_WAIT_MS * 2 ** (gate?.attempts ?? 0)",
    test: gateTest,
  },
  {
    what: "what one namespace is denied, all are",
    file: gated,
    find: 'user: context["signet-namespace"] ?? "",',
    replace: 'user: "",',
    test: gatedTest,
  },
  {
    what: "renewed values name the key they came from",
    file: "shared/seal/kms-renewal.ts",
    find: "const anew = { blob: answered.blob, key: keyToName(target, answered) };",
    replace: "const anew = { blob: answered.blob, key: wrapped.key };",
    test: kmsRenewalTest,
  },
  {
    what: "a key without context is rewrapped, which Vault cannot",
    file: "shared/seal/vault-renewal.ts",
    find: 'if (key.binding === "context" && transitKeyText',
    replace: "if (transitKeyText",
    test: vaultRenewalTest,
  },
  {
    what: "any key may be renewed that a document names",
    file: "shared/seal/vault-renewal.ts",
    find: 'admitKeys("vault", keys, admission);',
    replace: "",
    test: vaultRenewalTest,
  },
  {
    what: "a wrapped sealing key opens beside another certificate",
    file: wrapped,
    find: '"sealing-key", namespace, name, fingerprint]',
    replace: '"sealing-key", namespace, name]',
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

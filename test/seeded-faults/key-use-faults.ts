import type { Fault } from "./fault.ts";

const transitBinding = "shared/seal/transit-binding.ts";
const proofs = "shared/seal/vault-key-proofs.ts";
const vaultUnsealer = "shared/seal/vault-unsealer.ts";
const cache = "shared/seal/data-key-cache.ts";
const flight = "shared/seal/single-flight.ts";
const gate = "shared/seal/key-gate.ts";
const gated = "shared/seal/gated-services.ts";

const vaultSealerTest = "test/shared/seal/vault-sealer.test.ts";
const vaultUnsealerTest = "test/shared/seal/vault-unsealer.test.ts";
const cacheTest = "test/shared/seal/data-key-cache.test.ts";
const gateTest = "test/shared/seal/key-gate.test.ts";
const gatedTest = "test/shared/seal/gated-services.test.ts";
const kmsRenewalTest = "test/shared/seal/kms-renewal.test.ts";
const vaultRenewalTest = "test/shared/seal/vault-renewal.test.ts";

/** Faults in what stands between the formats and the services: proofs of keys, kept data keys, gates, renewal. */
export const keyUseFaults: readonly Fault[] = [
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
    find: "const probe = gate?.probe ?? null;",
    replace: "const probe = null;",
    test: gateTest,
  },
  {
    what: "a gate never opens again",
    file: gate,
    find: "if (gate !== null) this.#open(gated.key);\n      return answer;",
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
];

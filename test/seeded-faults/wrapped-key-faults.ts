import type { Fault } from "./fault.ts";

const live = "test/controller/keys/wrapped-keys-live.test.ts";
const memory = "test/controller/keys/wrapped-keys.test.ts";
const waits = "test/controller/keys/shared-waits.test.ts";
const options = "test/controller/keys/key-wrapping.test.ts";
const published = "test/controller/keys/certificate-config-map.test.ts";

/** Faults in unwrapping sealing keys, and in what seals while one waits. */
export const wrappedKeyFaults: readonly Fault[] = [
  {
    what: "a plain key that somebody plants seals though keys are to be wrapped",
    file: "controller/keys/key-ring.ts",
    find: "return isWrapped || !this.#wrapping.onlyWrappedSeal;",
    replace: "return true;",
    test: live,
    named:
      "switched on over keys that lie open: they open and do not seal; the leader makes one that is wrapped at once",
  },
  {
    what: "the promotion of a plain key counts though only wrapped ones seal",
    file: "controller/keys/key-ring.ts",
    find: "if (promotion.at === null || this.#maySeal(key)) return promotion;",
    replace: "if (promotion !== null) return promotion;",
    test: live,
    named:
      "switched on over keys that lie open: they open and do not seal; the leader makes one that is wrapped at once",
  },
  {
    what: "an older key seals in the stead of one that is not unwrapped",
    file: "controller/keys/key-ring.ts",
    find: '"opening" in foremost ? foremost : this.#sealedBefore(loaded);',
    replace: '"opening" in foremost ? foremost : (loaded[0] ?? null);',
    test: live,
    named:
      "a key service that refuses is asked again slowly, no other key seals in the stead of what it holds",
  },
  {
    what: "nothing seals while a newer key is not unwrapped",
    file: "controller/keys/key-ring.ts",
    find: '"opening" in foremost ? foremost : this.#sealedBefore(loaded);',
    replace: '"opening" in foremost ? foremost : null;',
    test: live,
    named:
      "a newer key that the service does not unwrap now: the one before it goes on sealing, and we stay ready",
  },
  {
    what: "a key in use is dropped when its Secret is wrapped",
    file: "controller/keys/key-ring.ts",
    find: "if (earlier !== undefined && isSame)",
    replace: "if (earlier !== undefined && !isSame)",
    test: live,
    named: "the key in use goes on from memory when its Secret is wrapped, and while it cannot be unwrapped",
  },
  {
    what: "a key is made in the stead of those that are not unwrapped",
    file: "controller/keys/key-term.ts",
    find: "if (ring.isHeldUp) return null;",
    replace: "",
    test: live,
    named:
      "a key service that is away at the start, with a key overdue by its age: not ready, no key made, told why; ready by itself",
  },
  {
    what: "the end of waiting wakes nobody who makes keys",
    file: "controller/keys/key-term.ts",
    find: "if (change.settled === true || (this.#wasHeldUp && !isHeldUp)) this.#renewal.call();",
    replace: "",
    test: live,
    named:
      "a key service that is away at the start, with a key overdue by its age: not ready, no key made, told why; ready by itself",
  },
  {
    what: "the cutoff counts as settled while the keys are not unwrapped",
    file: "controller/keys/key-term.ts",
    find: "else if (!ring.isHeldUp) cutoff.settle();",
    replace: "else cutoff.settle();",
    test: live,
    named:
      "a key service that is away at the start, with a key overdue by the cutoff: not ready, no key made, told why; ready by itself",
  },
  {
    what: "a key that is not unwrapped is told of to nobody",
    file: "controller/keys/key-term.ts",
    find: 'this.#warn(about, "SealingKeyNotUnwrapped"',
    replace: 'if (about === null) this.#warn(about, "SealingKeyNotUnwrapped"',
    test: live,
    named:
      "a key service that is away at the start, with a key overdue by its age: not ready, no key made, told why; ready by itself",
  },
  {
    what: "a new key is written as it is though it is to be wrapped",
    file: "controller/keys/key-maker.ts",
    find: "if (!wrapping.wraps) return plain;",
    replace: "if (wrapping !== undefined) return plain;",
    test: live,
    named: "the first key is wrapped before it is written, and proven to unwrap",
  },
  {
    what: "a wrapped key is written without the proof that it unwraps",
    file: "controller/keys/key-maker.ts",
    find: "      await wrappedKeys.prove({ ...place, text: wrapped.text }, term.signal);\n",
    replace: "",
    test: live,
    named: "a key that does not unwrap after it was wrapped is not written",
  },
  {
    what: "ready while keys are not unwrapped",
    file: "controller/keys/key-manager.ts",
    find: 'return "sealing keys not unwrapped yet";',
    replace: "return null;",
    test: live,
    named:
      "a key service that is away at the start, with a key overdue by its age: not ready, no key made, told why; ready by itself",
  },
  {
    what: "a replica that wraps waits for a leader that does not, and he for it",
    file: "controller/keys/key-manager.ts",
    find: "ring.openingKeys().length > 0 ? null :",
    replace: 'ring.openingKeys().length > 0 ? "no sealing key" :',
    test: live,
    named:
      "switched on over keys that lie open: they open and do not seal; the leader makes one that is wrapped at once",
  },
  {
    what: "a key that could not be unwrapped is not taken in when it can",
    file: "controller/keys/key-watch.ts",
    find: "if (secret !== undefined) await this.#put(secret);\n    });",
    replace: "});",
    test: live,
    named: "each key is unwrapped once by each replica; lists, labels and promotions unwrap none anew",
  },
  {
    what: "keys in use are those that are not listed",
    file: "controller/keys/key-watch.ts",
    find: "} in (",
    replace: "} notin (",
    test: live,
    named: "each key is unwrapped once by each replica; lists, labels and promotions unwrap none anew",
  },
  {
    what: "a wrapped text under the wrong label is used",
    file: "controller/keys/judge-key.ts",
    find: "if (isWrapped !== looksWrapped(keyText))",
    replace: 'if (keyText === "")',
    test: live,
    named: "a wrapped key labelled active is refused, told, and asked for no more",
  },
  {
    what: "the label of a wrapped key says that it lies open",
    file: "shared/seal/new-key-secret.node.ts",
    find: "[KEY_LABEL]: wrapped === null ? ACTIVE : WRAPPED }",
    replace: "[KEY_LABEL]: ACTIVE }",
    test: live,
    named: "the first key is wrapped before it is written, and proven to unwrap",
  },
  {
    what: "an unwrapped key is left in memory as it came",
    file: "controller/keys/wrapped-keys.ts",
    find: "unwrapped.pem.fill(0);",
    replace: "",
    test: memory,
  },
  {
    what: "a key of the same name counts as the same whatever its text",
    file: "controller/keys/wrapped-keys.ts",
    find: "return a.text === b.text && ",
    replace: "return ",
    test: memory,
  },
  {
    what: "a key whose certificate was edited counts as the same",
    file: "controller/keys/wrapped-keys.ts",
    find: "a.certificate === b.certificate && ",
    replace: "",
    test: live,
    named: "an older key that is in memory does not come to seal by another begin in its certificate",
  },
  {
    what: "a refused key service is asked as often as one that is away",
    file: "controller/keys/wrapped-keys.ts",
    find: "backoffMs(nth, DENIED, random)",
    replace: "backoffMs(nth, PASSING, random)",
    test: memory,
  },
  {
    what: "a key service that says when to come back is asked before",
    file: "controller/keys/shared-waits.ts",
    find: "Math.min(problem.retryAfterMs ?? 0, mostAskedMs)",
    replace: "0",
    test: memory,
  },
  {
    what: "keys under one wrapping key wait each for itself while its service is away",
    file: "controller/keys/wrapped-keys.ts",
    find: "by === null ? key.name : wrappingKeyText(by)",
    replace: "key.name",
    test: waits,
  },
  {
    what: "once the time is over, all keys are asked for at once",
    file: "controller/keys/shared-waits.ts",
    find: "    wait.probe = promise;\n",
    replace: "    void promise;\n",
    test: waits,
  },
  {
    what: "what a key service denies to one sealing key holds all others off",
    file: "controller/keys/wrapped-keys.ts",
    find: "      if (problem.retryable) return",
    replace: '      if (problem.fault === "denied" || problem.retryable) return',
    test: waits,
  },
  {
    what: "a forgotten key is asked for all the same",
    file: "controller/keys/wrapped-keys.ts",
    find: "    this.#entries.get(name)?.ending.abort();\n",
    replace: "",
    test: memory,
  },
  {
    what: "any key that a Secret names is used to unwrap it",
    file: "controller/keys/key-wrapping.ts",
    find: "if (by !== null && !allowed.has(wrappingKeyText(by)))",
    replace: "if (by !== null && allowed.size > 99)",
    test: options,
  },
  {
    what: "a cluster without an id wraps",
    file: "controller/keys/key-wrapping.ts",
    find: "if (clusterId !== null) return clusterId;",
    replace: 'if (clusterId !== "") return clusterId ?? "";',
    test: options,
  },
  {
    what: "wrapping without a known cluster is refused by no option's name",
    file: "controller/keys/key-wrapping.ts",
    find: "if (!wraps && options",
    replace: "if (wraps || options",
    test: options,
  },
  {
    what: "a wrapped key is not bound to the rest of its certificate",
    file: "shared/seal/wrapped-key.ts",
    find: "name, fingerprint, certificate]);",
    replace: "name, fingerprint, certificate.slice(99)]);",
    test: "test/shared/seal/wrapped-key.test.ts",
  },
  {
    what: "the names of wrapping keys are published no more once they stand there",
    file: "controller/keys/certificate-config-map.ts",
    find: "existing !== null && isWithin(wanted, standing) && isWithin(data, before)",
    replace: "existing !== null && isWithin(data, before)",
    test: published,
    named: "while nothing seals, the names follow and the certificate stays",
  },
  {
    what: "a wrapping key that no option names any more stays published",
    file: "controller/keys/certificate-config-map.ts",
    find: "const annotations = without({ ...standing, ...wanted });",
    replace: "const annotations = { ...without({ ...standing, ...wanted }), ...standing };",
    test: published,
    named:
      "the leader publishes its version, which keys may wrap sealing keys, and by what the newest is told and renewed",
  },
  {
    what: "wrapping keys are published only where a key seals",
    file: "controller/keys/key-term.ts",
    find: "    await publishCertificate(published,",
    replace: "    if (primary === null) return;\n    await publishCertificate(published,",
    test: published,
    named: "while nothing seals, the names follow and the certificate stays",
  },
  {
    what: "what a key that waits may open is told as sealed for no key of ours",
    file: "shared/open-sealed-secret.ts",
    find: "if (missing !== null && [...tried",
    replace: "if (missing === null && [...tried",
    test: "test/shared/open-sealed-secret.test.ts",
  },
];

import type { Fault } from "./fault.ts";

/** Faults in judging, ordering, making and renewing sealing keys. */
export const keyFaults: readonly Fault[] = [
  {
    what: "the oldest key seals",
    file: "controller/keys/key-ring.ts",
    find: "this.#timeOf(b).getTime() - this.#timeOf(a).getTime()",
    replace: "this.#timeOf(a).getTime() - this.#timeOf(b).getTime()",
    test: "test/controller/keys/key-ring.test.ts",
  },
  {
    what: "a tie depends on who came first",
    file: "controller/keys/key-ring.ts",
    find: " || (a.secretName < b.secretName ? -1 : 1)",
    replace: "",
    test: "test/controller/keys/key-ring.test.ts",
  },
  {
    what: "the order by creation is ignored",
    file: "controller/keys/key-ring.ts",
    find: 'this.#order === "CertNotBefore" ? certificate.notBefore : createdAt',
    replace: "createdAt < certificate.notBefore ? createdAt : certificate.notBefore",
    test: "test/controller/keys/key-ring.test.ts",
  },
  {
    what: "a key taken out still opens",
    file: "controller/keys/key-ring.ts",
    find: "  remove(name: string): RingChange {\n    const before = this.primary?.certificate.fingerprint ?? null;\n    this.#keys.delete(name);",
    replace:
      "  remove(name: string): RingChange {\n    const before = this.primary?.certificate.fingerprint ?? null;",
    test: "test/controller/keys/key-ring.test.ts",
  },
  {
    what: "a Secret that turned bad keeps its old key",
    file: "controller/keys/key-ring.ts",
    find: "    this.#keys.delete(name);\n    this.#refused.delete(name);\n    if (verdict.ok) this.#keys.set",
    replace: "    this.#refused.delete(name);\n    if (verdict.ok) this.#keys.set",
    test: "test/controller/keys/key-ring.test.ts",
  },
  {
    what: "a key that is there twice counts as new",
    file: "controller/keys/key-ring.ts",
    find: "added: verdict.ok && !known.has(verdict.key.certificate.fingerprint),",
    replace: "added: verdict.ok,",
    test: "test/controller/keys/key-ring.test.ts",
  },
  {
    what: "a certificate for another key is taken",
    file: "controller/keys/judge-key.ts",
    find: "if (opening.fingerprint !== certificate.value.fingerprint) {",
    replace: 'if (opening.fingerprint === "") {',
    test: "test/controller/keys/key-ring.test.ts",
  },
  {
    what: "a certificate from the future is taken",
    file: "controller/keys/judge-key.ts",
    find: "> now.getTime() + CLOCK_SKEW_MS",
    replace: "> now.getTime() + 1e12",
    test: "test/controller/keys/key-ring.test.ts",
  },
  {
    what: "clocks may not differ",
    file: "controller/keys/judge-key.ts",
    find: "const CLOCK_SKEW_MS = 5 * 60_000;",
    replace: "const CLOCK_SKEW_MS = 0;",
    test: "test/controller/keys/key-ring.test.ts",
  },
  {
    what: "null in a key Secret stops the key ring",
    file: "controller/keys/judge-key.ts",
    find: 'typeof value !== "string" ? null',
    replace: "value === undefined ? null",
    test: "test/controller/keys/key-ring.test.ts",
  },
  {
    what: "without a key none is made when renewal is off",
    file: "controller/keys/key-renewal.ts",
    find: "  if (newest === null) return 0;\n  if (periodMs === 0) return null;",
    replace: "  if (periodMs === 0) return null;\n  if (newest === null) return 0;",
    test: "test/controller/keys/key-renewal.test.ts",
  },
  {
    what: "the serial may be negative",
    file: "controller/keys/issue-certificate.ts",
    find: "bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;",
    replace: "bytes[0] = (bytes[0] ?? 0) | 0x80;",
    test: "test/controller/keys/issue-certificate.test.ts",
  },
  {
    what: "the certificate is good for more than sealing",
    file: "controller/keys/issue-certificate.ts",
    find: "encipherOnly: true }",
    replace: "encipherOnly: true, keyCertSign: true }",
    test: "test/controller/keys/issue-certificate.test.ts",
  },
  {
    what: "the certificate begins at a fraction of a second later",
    file: "controller/keys/issue-certificate.ts",
    find: "Math.floor(now.getTime() / 1000) * 1000",
    replace: "Math.ceil(now.getTime() / 1000) * 1000",
    test: "test/controller/keys/issue-certificate.test.ts",
  },
];

import type { Fault } from "./fault.ts";

const chain = "shared/seal/certificate-chain.node.ts";
const chainTest = "test/shared/seal/certificate-chain.test.ts";
const made = "controller/keys/certificate-chain.ts";
const succession = "controller/keys/key-succession.ts";
const successionTest = "test/controller/keys/key-succession.test.ts";
const judge = "cli/controller/judge-certificate.ts";
const record = "cli/certificate-record.ts";
const handOverTest = "test/cli/certificate-hand-over.test.ts";

/** Faults in how one sealing key vouches for the next. */
export const handOverFaults: readonly Fault[] = [
  {
    what: "a link counts whoever signed it",
    file: chain,
    find: "if (!isOlder(key, link) || !link.isBy(key)) continue;",
    replace: "if (!isOlder(key, link)) continue;",
    test: chainTest,
  },
  {
    what: "an older certificate is vouched for",
    file: chain,
    find: 'if (!isOlder(pinned, target)) return no("is not newer than the one before");',
    replace: "",
    test: chainTest,
  },
  {
    what: "a key vouches for an older one within a chain",
    file: chain,
    find: "if (!isOlder(key, link) || !link.isBy(key)) continue;",
    replace: "if (!link.isBy(key)) continue;",
    test: chainTest,
  },
  {
    what: "an expired key within a chain vouches for the next",
    file: chain,
    find: "isValid(link, now) && !compromised",
    replace: "!compromised",
    test: chainTest,
  },
  {
    what: "a pinned key that has expired vouches for another one",
    file: chain,
    find: "if (!isValid(pinned, now))",
    replace: "if (Number.isNaN(pinned.notAfter.getTime()))",
    test: chainTest,
  },
  {
    what: "a compromised key within a chain counts",
    file: chain,
    find: "isValid(link, now) && !compromised.includes(link.fingerprint)",
    replace: "isValid(link, now)",
    test: chainTest,
  },
  {
    what: "a compromised key vouches for another one",
    file: chain,
    find: "if (compromised.includes(pinned.fingerprint))",
    replace: "if (compromised.includes(pinned.pem))",
    test: chainTest,
  },
  {
    what: "a certificate may claim another validity than was vouched for",
    file: chain,
    find: "to === target.fingerprint && isSameTime(link, target)",
    replace: "to === target.fingerprint",
    test: chainTest,
  },
  {
    what: "a key that somebody put there is vouched for",
    file: succession,
    find: 'this.#isBroken ||= kind === "unexpected";',
    replace: 'this.#isBroken ||= kind === "first";',
    test: successionTest,
  },
  {
    what: "an expired key signs the certificate of the next",
    file: made,
    find: "return certificate.notAfter >= now && certificate.notBefore < to.notBefore;",
    replace: "return certificate.notBefore < to.notBefore;",
    test: successionTest,
  },
  {
    what: "a newer key signs the certificate of an older one",
    file: made,
    find: "return certificate.notAfter >= now && certificate.notBefore < to.notBefore;",
    replace: "return certificate.notAfter >= now;",
    test: successionTest,
  },
  {
    what: "what a compromised key signed stays published",
    file: made,
    find: "key.fingerprint === link.fingerprint || link.isBy(key)",
    replace: "key.fingerprint === link.fingerprint",
    test: successionTest,
  },
  {
    what: "a pinned certificate is not asked for",
    file: judge,
    find: "else if (pin !== null) await requirePinned",
    replace: "else if (pin !== null && fallback) await requirePinned",
    test: handOverTest,
  },
  {
    what: "whoever publishes no chain is believed",
    file: "cli/controller/vouched-by.ts",
    find: "if (vouchers === null) return { ok: false, problem: null };",
    replace: "if (vouchers === null) return { ok: true, steps: [] };",
    test: handOverTest,
  },
  {
    what: "the keys that are named as compromised are not read",
    file: "cli/controller/published-certificate.ts",
    find: 'typeof named === "string" ? named.split(" ") : []',
    replace: "[]",
    test: handOverTest,
  },
  {
    what: "a certificate that was vouched for is not remembered",
    file: record,
    find: "      remember(controller, certificate, io, notices);\n      return;",
    replace: "      return;",
    test: handOverTest,
  },
];

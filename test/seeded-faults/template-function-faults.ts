import type { Fault } from "./fault.ts";

const FUNCTIONS = "shared/template/functions";
const TESTS = `test/${FUNCTIONS}`;

/** Faults in the functions on numbers, dates, versions, chance and certificates. */
export const templateFunctionFaults: readonly Fault[] = [
  {
    what: "an infinity loses to what is no number",
    file: `${FUNCTIONS}/math.ts`,
    find: "return a === end || b === end ? end : choose(a, b);",
    replace: "return choose(a, b);",
    test: `${TESTS}/math.test.ts`,
  },
  {
    what: "a quotient is cut off instead of rounded",
    file: `${FUNCTIONS}/decimal.ts`,
    find: "rest >= magnitude(divisor) ? quotient + away : quotient",
    replace: "quotient",
    test: `${TESTS}/math.test.ts`,
  },
  {
    what: "a 29th of February is read in every year",
    file: `${FUNCTIONS}/time/parse-time.ts`,
    find: "date.day > daysIn(fields.year, date.month)",
    replace: "date.day > 31",
    test: `${TESTS}/dates.test.ts`,
  },
  {
    what: "a zone is shown without its summer time",
    file: `${FUNCTIONS}/time/zone.ts`,
    find: "const offset = offsetAt(clock, unixSeconds);",
    replace: "const offset = offsetAt(clock, 0n);",
    test: `${TESTS}/dates.test.ts`,
  },
  {
    what: "a prerelease satisfies a constraint that names none",
    file: `${FUNCTIONS}/semver-constraint.ts`,
    find: 'version.prerelease === "" || terms.some',
    replace: 'version.prerelease !== "x" || terms.some',
    test: `${TESTS}/semver.test.ts`,
  },
  {
    what: "a host may escape what is ASCII",
    file: `${FUNCTIONS}/url-escape.ts`,
    find: 'part === "host" ? byte >= "\\x80"',
    replace: 'part === "host" ? byte >= " "',
    test: `${TESTS}/url.test.ts`,
  },
  {
    what: "random text favours the first characters",
    file: `${FUNCTIONS}/random.ts`,
    find: "byte < fairBytes && text.length < wanted",
    replace: "text.length < wanted",
    test: `${TESTS}/random.test.ts`,
  },
  {
    what: "a count of random characters is not accounted for",
    file: `${FUNCTIONS}/random.ts`,
    find: "writeBytes(context, 4 * wanted);",
    replace: 'if (wanted < 0) return "";',
    test: `${TESTS}/random.test.ts`,
  },
  {
    what: "hashing a password costs no steps",
    file: `${FUNCTIONS}/passwords.ts`,
    find: "  context.spend(SLOW_STEPS);\n  const salt",
    replace: "  const salt",
    test: `${TESTS}/passwords.test.ts`,
    named: 'bcrypt "x" costs as many steps as it takes time',
  },
  {
    what: "every encryption has the same vector",
    file: `${FUNCTIONS}/ciphers.ts`,
    find: "const vector = context.randomBytes(BLOCK_BYTES);",
    replace: "const vector = new Uint8Array(BLOCK_BYTES);",
    test: `${TESTS}/ciphers.test.ts`,
  },
  {
    what: "the present may be told where the clock may not be read",
    file: `${FUNCTIONS}/dates.ts`,
    find: "BigInt(Math.trunc(context.now()))",
    replace: "BigInt(Date.now())",
    test: `${TESTS}/nondeterminism.test.ts`,
  },
  {
    what: "a certificate with a given key counts as the same each time",
    file: `${FUNCTIONS}/certificates.ts`,
    find: 'signed({ name, ips, dnsNames, days }, readPrivateKey(key), authority, context),\n    "random",',
    replace: "signed({ name, ips, dnsNames, days }, readPrivateKey(key), authority, context),",
    test: `${TESTS}/nondeterminism.test.ts`,
  },
  {
    what: "an authority signs with a key that is not its own",
    file: `${FUNCTIONS}/certificates.ts`,
    find: "if (!equalBytes(issuer.publicKeyInfo, signingKey.publicKeyInfo))",
    replace: "if (issuer.name.length === 0)",
    test: `${TESTS}/certificates.test.ts`,
    named: 'genSignedCertWithKey "x" nil nil 1 (buildCustomCert (b64enc .cert) (b64enc .key)) .key',
  },
  {
    what: "every certificate may sign others",
    file: `${FUNCTIONS}/x509/certificate.ts`,
    find: "isAuthority ? sequence(TRUE) : sequence()",
    replace: "sequence(TRUE)",
    test: `${TESTS}/certificates.test.ts`,
    named: "genSignedCert makes one that the authority signed, for the names given",
  },
  {
    what: "what a library says of a private key passes through",
    file: `${FUNCTIONS}/x509/private-key.ts`,
    find: "throw error instanceof TemplateFunctionError ? error : unreadable();",
    replace: "throw error;",
    test: `${TESTS}/certificates.test.ts`,
    named: "refuses a key that lacks its parts",
  },
];

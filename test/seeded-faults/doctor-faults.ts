import type { Fault } from "./fault.ts";

const checks = "test/cli/doctor/checks.test.ts";
const renewal = "test/cli/doctor/renewal-checks.test.ts";
const leaving = "test/cli/doctor/leaving.test.ts";

/** Faults in looking at an installation. */
export const doctorFaults: readonly Fault[] = [
  {
    what: "an older definition passes for one that has all fields",
    file: "cli/doctor/definition-checks.ts",
    find: '=== undefined) return at(node, ["x-kubernetes-preserve-unknown-fields"]) === true;',
    replace: "=== undefined) return true;",
    test: checks,
  },
  {
    what: "Pods that are not ready count",
    file: "cli/doctor/controller-checks.ts",
    find: '"ready") !== false',
    replace: '"ready") !== null',
    test: checks,
  },
  {
    what: "a leader that is long gone counts",
    file: "cli/doctor/controller-checks.ts",
    find: "lateMs <= LATE_FACTOR * seconds * 1000",
    replace: "lateMs !== seconds",
    test: checks,
  },
  {
    what: "another certificate on the ConfigMap is not noticed",
    file: "cli/doctor/certificate-checks.ts",
    find: "served.certificate.digest !== published.certificate.digest",
    replace: "served.certificate.digest === published.certificate.fingerprint",
    test: checks,
  },
  {
    what: "a certificate that expires in days is taken for good",
    file: "cli/doctor/certificate-checks.ts",
    find: "if (days < SOON_DAYS && ",
    replace: "if (days < 0 && ",
    test: checks,
  },
  {
    what: "the key that seals is not missed",
    file: "cli/doctor/key-checks.ts",
    find: "} else if (!isThere) {",
    replace: "} else if (keys.length === 0) {",
    test: checks,
  },
  {
    what: "a key without a backup is not told",
    file: "cli/doctor/key-checks.ts",
    find: "if (missing.length === 0)",
    replace: "if (missing.length < keys.length + 1)",
    test: checks,
  },
  {
    what: "rights are asked of the user in the place of the controller",
    file: "cli/doctor/rights-checks.ts",
    find: "review(looking, kind, { user: account, groups, resource",
    replace: "review(looking, kind, { resource",
    test: checks,
  },
  {
    what: "rights that are denied count as granted",
    file: "cli/doctor/rights-checks.ts",
    find: "status.allowed === true",
    replace: "status.allowed !== null",
    test: checks,
  },
  {
    what: "values under a key service do not stand in the way of the reference",
    file: "cli/doctor/leaving.ts",
    find: 'backend !== "classic"',
    replace: 'backend === "sops"',
    test: leaving,
  },
  {
    what: "wrapped keys do not stand in the way of the reference",
    file: "cli/doctor/leaving.ts",
    find: "wrappedBy !== null)",
    replace: "wrappedBy === undefined)",
    test: leaving,
  },
  {
    what: "a certificate that expires before its renewal is taken for good",
    file: "cli/doctor/certificate-checks.ts",
    find: "renewal < notAfter.getTime()",
    replace: "renewal !== notAfter.getTime()",
    test: checks,
  },
  {
    what: "the version that a controller says counts for nothing",
    file: "cli/doctor/controller-checks.ts",
    find: "const found = said ?? tagged ?? tag ?? null;",
    replace: "const found = tagged ?? tag ?? null;",
    test: checks,
  },
  {
    what: "a key that is overdue is not told",
    file: "cli/doctor/renewal-checks.ts",
    find: "if (ageMs <= periodMs + LATE_MS)",
    replace: "if (ageMs > 0)",
    test: renewal,
  },
  {
    what: "a key that came from a backup hides that none was made",
    file: "cli/doctor/renewal-checks.ts",
    find: "!isMadeToWait",
    replace: "isMadeToWait || true",
    test: renewal,
  },
  {
    what: "a cut-off time that lies ahead is not told",
    file: "cli/doctor/renewal-checks.ts",
    find: "if (cutoff.getTime() > now.getTime())",
    replace: "if (cutoff.getTime() > Number.MAX_VALUE)",
    test: renewal,
  },
  {
    what: "the controller publishes no period of renewal",
    file: "controller/keys/key-manager.ts",
    find: "Math.floor(renewPeriodMs / 1000)",
    replace: '""',
    test: "test/controller/keys/certificate-config-map.test.ts",
  },
  {
    what: "a key Secret at which the reference ends is in nobody's way",
    file: "cli/doctor/leaving.ts",
    find: 'problems.push(wanting("fail", "keys", found, error.hint));',
    replace: 'problems.push(wanting("warn", "keys", found, error.hint));',
    test: leaving,
  },
  {
    what: "the certificate that stays behind is not told",
    file: "cli/doctor/leaving.ts",
    find: "if (configMap === null) return [];",
    replace: "if (configMap !== null) return [];",
    test: leaving,
  },
];

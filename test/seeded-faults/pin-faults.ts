import type { Fault } from "./fault.ts";

const sealingTest = "test/cli/project/sealing.test.ts";
const record = "cli/project/pin-record.ts";
const pinned = "cli/project/pinned-cluster.ts";
const fileTest = "test/cli/project/project-file.test.ts";
const update = "cli/project/update-pin.ts";
const pinTest = "test/cli/project/pin-command.test.ts";

/** Faults in what the pins of a project file are held to, and in changing them. */
export const pinFaults: readonly Fault[] = [
  {
    what: "a file's certificate with other dates is pinned unasked",
    file: update,
    find: "certificate.digest === pinned.certificate.digest",
    replace: "certificate.fingerprint === pinned.certificate.fingerprint",
    test: pinTest,
  },
  {
    what: "an update of a pin overwrites a file that holds no certificate",
    file: update,
    find: "!(error instanceof OtherPinError)",
    replace: "!(error instanceof CertificateError)",
    test: pinTest,
  },
  {
    what: "a pinned certificate may lie in .git",
    file: pinned,
    find: " || isInGitFolder(real.slice(folder.length))",
    replace: "",
    test: "test/cli/project/pinned-links.test.ts",
  },
  {
    what: "who pins a new certificate is told that the old one is still pinned",
    file: update,
    find: ", isRenewed: true }",
    replace: " }",
    test: pinTest,
  },
  {
    what: "a hint to copy holds a path as its author wrote it",
    file: pinned,
    find: "{shellPath(certificate)}",
    replace: "{certificate}",
    test: pinTest,
  },
  {
    what: "a pin for another cluster id counts as accepted",
    file: record,
    find: 'if (accepted.clusterId !== clusterId) return no("names another cluster id than the one you accepted");',
    replace: "",
    test: sealingTest,
  },
  {
    what: "a certificate with other dates for the key of the accepted one counts as accepted",
    file: record,
    find: "return readCertificate(pem).digest === digest;",
    replace: "return digest !== pem;",
    test: sealingTest,
  },
  {
    what: "a new cluster counts as accepted with its file",
    file: record,
    find: "if (accepted === undefined) return no(",
    replace:
      "if (accepted === undefined) return { ok: true, steps: [] };\n  if (accepted === null) return no(",
    test: sealingTest,
  },
  {
    what: "a pin of a first use counts as accepted by the user",
    file: record,
    find: "(known === undefined || accepted?.firstUse === true)",
    replace: "known === undefined",
    test: "test/cli/rotate/rotate-in-project.test.ts",
  },
  {
    what: "what follows from a pin of a first use counts as accepted",
    file: record,
    find: "const pin = { ...pinOf(cluster), ...firstUse };",
    replace: "const pin = { ...firstUse, ...pinOf(cluster) };\n  delete (pin as AcceptedPin).firstUse;",
    test: sealingTest,
  },
  {
    what: "the fingerprint beside a certificate is not compared",
    file: pinned,
    find: "if (certificate.fingerprint !== entry.fingerprint)",
    replace: "if (certificate.pem === entry.fingerprint)",
    test: fileTest,
  },
  {
    what: "a pin is renewed from one that somebody planted",
    file: update,
    find: "  requireAcceptedPin(pinned, project, io, notices);\n",
    replace: "",
    test: pinTest,
  },
  {
    what: "a planted certificate vouches for the one that the user names",
    file: update,
    find: "isNamed ? pinToReplace(found, project, io) : found",
    replace: "found",
    test: pinTest,
  },
  {
    what: "an update says that it pinned the accepted certificate, and leaves another one in its file",
    file: update,
    find: "if (isWhole && digest",
    replace: "if (digest",
    test: pinTest,
  },
  {
    what: "who changed the cluster id with the pin has it accepted with the next certificate",
    file: record,
    find: "return { ...cluster, certificate: readCertificate(accepted.certificate), text: accepted.certificate };",
    replace:
      "return {\n    ...cluster,\n    certificate: readCertificate(accepted.certificate),\n    text: accepted.certificate,\n    clusterId: accepted.clusterId,\n  };",
    test: pinTest,
  },
  {
    what: "a renewal that was ended half-way begins from what nobody accepted",
    file: update,
    find: "if (certificate === null || (certificate.fingerprint !== entry.fingerprint && !isNamed)) throw error;",
    replace: "if (certificate === null) throw error;",
    test: pinTest,
  },
  {
    what: "a pin is renewed from a file that nothing vouches for",
    file: update,
    find: "if (!vouched.ok && accepted === null && !isSame)",
    replace: "if (!vouched.ok && accepted === null && isSame)",
    test: pinTest,
  },
];

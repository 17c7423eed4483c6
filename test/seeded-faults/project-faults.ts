import type { Fault } from "./fault.ts";

const sealing = "cli/project/project-sealing.ts";
const sealingTest = "test/cli/project/sealing.test.ts";
const record = "cli/project/pin-record.ts";
const pinned = "cli/project/pinned-cluster.ts";
const file = "cli/project/project-file.ts";
const fileTest = "test/cli/project/project-file.test.ts";
const update = "cli/project/update-pin.ts";
const pinTest = "test/cli/project/pin-command.test.ts";

/** Faults in what project files are taken for. */
export const projectFaults: readonly Fault[] = [
  {
    what: "a rule of a project widens what is sealed",
    file: sealing,
    find: 'if (isSaid || wanted === undefined || wanted === "strict" || kind === wanted) return;',
    replace: 'if (isSaid || wanted !== undefined || wanted === "strict" || kind === wanted) return;',
    test: sealingTest,
  },
  {
    what: "a project's pin is used whatever the user accepted",
    file: sealing,
    find: "    requireAcceptedPin(cluster, project, io, notices, trust);\n",
    replace: "",
    test: sealingTest,
  },
  {
    what: "a file is sealed for a cluster that its rule does not name",
    file: sealing,
    find: "if (fitting.includes(asked) || !project.clusters.has(asked)) return asked;",
    replace: "if (asked !== file) return asked;",
    test: sealingTest,
  },
  {
    what: "of several clusters the first is taken",
    file: sealing,
    find: "if (only !== undefined && others.length === 0) return only;",
    replace: "if (only !== undefined) return only;",
    test: sealingTest,
  },
  {
    what: "what is for one cluster goes to the outputs of all",
    file: "cli/project/cluster-runs.ts",
    find: "isFor(project, name, path, io) && ",
    replace: "",
    test: sealingTest,
  },
  {
    what: "what was sealed for one cluster is input for the next",
    file: "cli/project/cluster-runs.ts",
    find: "path !== null && isBelow(path, folder, io)",
    replace: "path !== null && path === folder",
    test: sealingTest,
  },
  {
    what: "files for other clusters are copied, in plain text, among the results",
    file: "cli/file-work.ts",
    find: "const files = named.filter(({ path }) => task.takesFile?.(path) !== false);",
    replace: "const files = named;",
    test: sealingTest,
  },
  {
    what: "a project that is present is not looked for where --cert is given",
    file: "cli/run.ts",
    find: "  if (nearestFile(PROJECT_FILE, io) !== null) return false;\n",
    replace: "",
    test: sealingTest,
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
    what: "whole files are converted for a pin that nobody accepted",
    file: "cli/commands/convert.ts",
    find: 'findSealingKey(options, io, notices, convertOptions, "accepted")',
    replace: "findSealingKey(options, io, notices, convertOptions)",
    test: "test/cli/project/convert.test.ts",
  },
  {
    what: "a damaged record of pins counts as empty",
    file: "cli/user-record.ts",
    find: "if (content !== null) return content;",
    replace: "return content;",
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
    what: "a project file may name what it likes",
    file,
    find: "const clusterSchema = z.strictObject({",
    replace: "const clusterSchema = z.object({",
    test: fileTest,
  },
  {
    what: "a project's certificate may lie anywhere",
    file,
    find: '!text.split("/").includes("..")',
    replace: 'text !== ".."',
    test: fileTest,
  },
  {
    what: "a pattern may have signs that take for ever to try",
    file,
    find: " && isPlainPattern(text)",
    replace: "",
    test: fileTest,
  },
  {
    what: "a star of a pattern goes on into folders",
    file: "cli/project/path-pattern.ts",
    find: 'return fits(path.split("/"), parts, "**", fitsPart);',
    replace: 'return fits([...path], [...parts.join("/").replaceAll("**", "*")], "*", fitsPart);',
    test: "test/cli/project/path-pattern.test.ts",
  },
  {
    what: "a pattern for what lies below a folder fits the folder's name",
    file: "cli/project/path-pattern.ts",
    find: '[...wanted, "*"]',
    replace: "wanted",
    test: "test/cli/project/path-pattern.test.ts",
  },
  {
    what: "a project file turns around what is shown of its paths",
    file,
    find: "[\\p{Cc}\\p{Bidi_Control}]",
    replace: "\\p{Cc}",
    test: fileTest,
  },
  {
    what: "values for another cluster come beside others in silence",
    file: sealing,
    find: "fingerprint !== own && held.has(fingerprint)",
    replace: "fingerprint === own && held.has(fingerprint)",
    test: sealingTest,
  },
  {
    what: "a pin is renewed from one that somebody planted",
    file: update,
    find: "  requireAcceptedPin(pinned, project, io, notices);\n",
    replace: "",
    test: pinTest,
  },
  {
    what: "a renewal that was ended half-way begins from what nobody accepted",
    file: update,
    find: "if (certificate?.fingerprint !== entry.fingerprint) throw error;",
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
  {
    what: "a key service's key that a project names is used without leave",
    file: "cli/project/project-key-service.ts",
    find: 'if (!allowed.permits(key, ""))',
    replace: "if (key === null)",
    test: "test/cli/project/key-services.test.ts",
  },
  {
    what: "bare values are sealed under a project's key for no item",
    file: "cli/commands/raw.ts",
    find: "      if (key.isRemote === true) throw needsItem(key.words);\n",
    replace: "",
    test: "test/cli/project/key-services.test.ts",
  },
  {
    what: "a project file in a tree says whom a build seals for",
    file: "cli/kustomize/sealed-secret-generator.ts",
    find: "findSealingKey(options, io, notices, kubesealOptions, null)",
    replace: "findSealingKey(options, io, notices)",
    test: "test/cli/kustomize/sealed-secret-generator.test.ts",
  },
  {
    what: "sealing holds no controller to the pin",
    file: sealing,
    find: "openController(options, io, notices, pinOf(cluster))",
    replace: "openController(options, io, notices, null)",
    test: pinTest,
  },
  {
    what: "changes of pins are told to no reviewer",
    file: "cli/guard/changes.ts",
    find: "if (isNamed(PROJECT_FILE)) return pinChanges(before, after);",
    replace: "if (isNamed(PROJECT_FILE)) return [];",
    test: "test/cli/guard/changes.test.ts",
  },
];

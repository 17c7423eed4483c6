import type { Fault } from "./fault.ts";

const sealed = "cli/convert/convert-sealed-secret.ts";
const secret = "cli/convert/convert-sops-secret.ts";
const product = "cli/convert/sops-secret-product.ts";
const command = "cli/commands/convert.ts";
const convertTest = "test/cli/convert/convert.test.ts";

/** Faults in moving sealed files from one backend to another. */
export const convertFaults: readonly Fault[] = [
  {
    what: "converting follows a scope that the user names",
    file: sealed,
    find: "if (asked !== null && asked !== kind)",
    replace: "if (asked !== null && asked === kind)",
    test: convertTest,
    named: "the scope, which values must open under",
  },
  {
    what: "the mark for Flux stays on what is no SOPS document any more",
    file: sealed,
    find: "!(isSops && annotation === FLUX_DECRYPT_ANNOTATION)",
    replace: "!(!isSops && annotation === FLUX_DECRYPT_ANNOTATION)",
    test: convertTest,
  },
  {
    what: "the hint of the cluster's key stays on values of another backend",
    file: sealed,
    find: "annotation !== SEALING_KEY_ANNOTATION &&",
    replace: "",
    test: convertTest,
  },
  {
    what: "the scope item stays among the values",
    file: sealed,
    find: '{ path: ["spec", "encryptedData", SCOPE_ITEM], remove: true },',
    replace: "",
    test: convertTest,
  },
  {
    what: "the metadata of SOPS stays in the file",
    file: sealed,
    find: '{ path: ["sops"], remove: true },',
    replace: "",
    test: convertTest,
  },
  {
    what: "comments and layout are lost",
    file: sealed,
    find: "edits: key.write === undefined ? editsTo(sealedSecret, made) : null,",
    replace: "edits: null,",
    test: convertTest,
    named: "comments, layout, templates and other annotations, byte for byte",
  },
  {
    what: "plain Secrets in the files are sealed, too",
    file: secret,
    find: "return Object.hasOwn(value, METADATA_KEY);",
    replace: "return !Object.hasOwn(value, METADATA_KEY);",
    test: convertTest,
  },
  {
    what: "templates are dropped on the way to a plain Secret",
    file: product,
    find: "if (more.length > 0) {",
    replace: "if (more.length > 1) {",
    test: convertTest,
    named: "templates into a plain Secret",
  },
  {
    what: "a Secret goes out with its items in clear",
    file: product,
    find: "^(data|stringData)$",
    replace: "^(data|stringData)_$",
    test: convertTest,
  },
  {
    what: "converting goes on without a backend",
    file: command,
    find: "if (options.backend !== null || namesBackend(options) || options.cert !== null) return;",
    replace: "if (options !== null) return;",
    test: convertTest,
    named: "a command line without a backend",
  },
  {
    what: "SealedSecrets of all namespaces are converted, whichever are permitted",
    file: sealed,
    find: "  requirePermitted({ namespace, name }, kind, where, { ...places, clusterWide: true });\n",
    replace: "",
    test: convertTest,
    named: "one of a namespace that is not permitted, whatever it becomes",
  },
  {
    what: "cluster-wide values come out bound to nothing without leave",
    file: product,
    find: "annotatedScopeKind(annotations ?? undefined), where, places",
    replace: '"strict", where, places',
    test: convertTest,
    named: "one of every namespace into a Secret that is bound to none, unless that is allowed",
  },
];

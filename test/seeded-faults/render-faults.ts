import type { Fault } from "./fault.ts";

const RENDER = "test/cli/render/render.test.ts";
const SOURCES = "test/cli/render/sources.test.ts";
const PLACES = "test/cli/render/permitted-places.test.ts";
const SOPS = "test/cli/render/sops.test.ts";
const SERVICES = "test/cli/render/key-services.test.ts";

/** Faults in rendering trees of manifests: what is read, what may be opened, and what comes out. */
export const renderFaults: readonly Fault[] = [
  {
    what: "a link that leads out of the tree is followed",
    file: "cli/render/sources.ts",
    find: 'if (kind === "file" || kind === "folder" || MANIFEST.test(path)) requireInside(path, root, io);',
    replace: "",
    test: SOURCES,
  },
  {
    what: "a folder whose name begins as the tree's counts as inside of it",
    file: "cli/render/sources.ts",
    find: 'realPath(path, io).startsWith(folder.endsWith("/") ? folder :',
    replace: 'realPath(path, io).startsWith(folder !== "" ? folder :',
    test: SOURCES,
  },
  {
    what: "hidden files are rendered",
    file: "cli/render/sources.ts",
    find: 'if (name.startsWith(".")) continue;',
    replace: "",
    test: SOURCES,
  },
  {
    what: "an empty variable permits every namespace",
    file: "cli/render/permitted-places.ts",
    find: 'flatMap((text) => text.split(","));',
    replace: 'flatMap((text) => text.split(",").filter((part) => part !== ""));',
    test: PLACES,
  },
  {
    what: "flags widen what Argo CD permits",
    file: "cli/render/permitted-places.ts",
    find: "namespaces: new Set([application])",
    replace: "namespaces: new Set([application, ...given])",
    test: PLACES,
  },
  {
    what: "an Application may name its own namespace by a variable",
    file: "cli/render/permitted-places.ts",
    find: 'env["ARGOCD_APP_NAMESPACE"] ?? ""',
    replace: 'env["ARGOCD_ENV_NAMESPACE"] ?? env["ARGOCD_APP_NAMESPACE"] ?? ""',
    test: PLACES,
  },
  {
    what: "an Application without a namespace opens all",
    file: "cli/render/permitted-places.ts",
    find: 'if (application === "") {',
    replace: 'if (application === "-") {',
    test: PLACES,
  },
  {
    what: "cluster-wide values open unasked",
    file: "cli/render/permitted-places.ts",
    find: 'if (scope === "cluster-wide" && !places.clusterWide) {',
    replace: 'if (scope === "cluster-wide" && places.namespaces !== null && !places.clusterWide) {',
    test: PLACES,
  },
  {
    what: "what goes out sealed passes --strict",
    file: "cli/render/render-tree.ts",
    find: "if (strict) for (const why of result.left) failures.add(stillSealed(why));",
    replace: "if (strict && result.left.length > 1) failures.add(stillSealed(result.left.join()));",
    test: RENDER,
  },
  {
    what: "what is sealed for another object is handed on to a controller",
    file: "cli/opening/unseal-offline.ts",
    find: "const wantsKey = unopened.every(({ cause }) => WANT_OF_KEY.has(cause));",
    replace:
      'const wantsKey = unopened.some(({ cause }) => WANT_OF_KEY.has(cause) || cause === "sealed-elsewhere");',
    test: RENDER,
  },
  {
    what: "a value whose key service fails is handed on to a controller",
    file: "cli/render/render-sealed-secret.ts",
    find: 'error instanceof KeyServiceError && error.fault === "not-allowed"',
    replace: "error instanceof KeyServiceError",
    test: SERVICES,
  },
  {
    what: "a half Secret comes out where Vault holds some of its items",
    file: "cli/render/render-sealed-secret.ts",
    find: "if (references !== undefined) return",
    replace: 'if (references === "") return',
    test: RENDER,
  },
  {
    what: "a sealing key can be planted",
    file: "cli/render/render-sealed-secret.ts",
    find: "    requireAllowed(secret, where, gates);\n",
    replace: "",
    test: RENDER,
  },
  {
    what: "a sealed object hides in a list of another name",
    file: "cli/render/render-document.ts",
    find: "  requireNothingHidden(manifest, where);\n",
    replace: "",
    test: RENDER,
  },
  {
    what: "two objects make one Secret",
    file: "cli/render/distinct-secrets.ts",
    find: "if (other !== undefined && (isOpened || other.isOpened)) {",
    replace: "if (other !== undefined && isOpened && other.isOpened) {",
    test: RENDER,
  },
  {
    what: "plain Secrets are printed on a terminal",
    file: "cli/render/render-output.ts",
    find: "if (output === null && io.stdout.isTerminal) {",
    replace: 'if (output === "" && io.stdout.isTerminal) {',
    test: RENDER,
  },
  {
    what: "the product lands in the tree that it is made of",
    file: "cli/render/render-output.ts",
    find: 'if (kind !== "folder" || !isManifestName(place)) continue;',
    replace: "continue;",
    test: RENDER,
  },
  {
    what: "JSON goes out with escapes that YAML does not have",
    file: "cli/render/manifest-file.ts",
    find: "FOREIGN_ESCAPE.test(text) ?",
    replace: 'text === "" ?',
    test: RENDER,
  },
  {
    what: "an octal number becomes a decimal one",
    file: "cli/render/plain-json.ts",
    find: "/^0[0-7]+$/.test(digits) ?",
    replace: 'digits === "" ?',
    test: RENDER,
  },
  {
    what: "a SOPS document that does not say where it belongs opens unasked",
    file: "cli/render/render-sops.ts",
    find: "  if (unbound) return;\n",
    replace: '  if (unbound || where !== "") return;\n',
    test: SOPS,
  },
  {
    what: "a scope item in the clear counts",
    file: "cli/render/render-sops.ts",
    find: "return ITEM_FIELDS.some((field) => isEncrypted(fieldOf(fieldOf(value, field), SCOPE_ITEM)));",
    replace: "return ITEM_FIELDS.some((field) => fieldOf(fieldOf(value, field), SCOPE_ITEM) !== undefined);",
    test: SOPS,
  },
  {
    what: "a scope item beside the encrypted one counts",
    file: "cli/render/sops-secret.ts",
    find: "if (others.length > 0)",
    replace: "if (others.length > 1)",
    test: SOPS,
  },
  {
    what: "a relabelled type of a SOPS value passes",
    file: "cli/render/sops-secret.ts",
    find: 'if (value.kind === "str") return [];',
    replace: 'if (value.kind === "str" || value.kind === "int") return [];',
    test: SOPS,
  },
  {
    what: "the place of a SOPS document is not compared",
    file: "cli/render/render-sops.ts",
    find: "  if (parts.length === 0) return;\n",
    replace: '  if (parts.length === 0 || !parts.includes("form")) return;\n',
    test: SOPS,
  },
  {
    what: "a SOPS document's own namespace is judged before it is opened only",
    file: "cli/render/render-sops.ts",
    find: 'const namespace = requirePermitted(stated, isBound ? kind : "strict", where, rendering.places);',
    replace: "const { namespace } = stated;",
    test: SOPS,
  },
];

import { isBuiltin } from "node:module";
import { posix } from "node:path";
import type { ResolvedImport, SourceFile } from "./source-tree.ts";

/** A breach of a rule, or a notice that does not fail the check. */
export type Finding = { path: string; line: number; message: string; fails: boolean };

/** Who may import whom, by the start of the path. The first row that fits a file is the one that counts. */
const directions: readonly { from: string; may: readonly string[] }[] = [
  {
    // Knows nothing of SealedSecrets.
    from: "controller/runtime/",
    may: ["controller/runtime/", "shared/bytes.ts", "shared/errors.ts", "shared/resource.ts", "shared/kube/"],
  },
  { from: "controller/", may: ["controller/", "shared/"] },
  { from: "cli/", may: ["cli/", "shared/"] },
  { from: "shared/", may: ["shared/"] },
];

/** The layers of shared/, low to high. A file imports from its own layer and from lower ones. */
const sharedLayers: readonly (readonly string[])[] = [
  [
    "age-identity-secret.ts",
    "annotations.ts",
    "bytes.ts",
    "call-slots.ts",
    "errors.ts",
    "key-publication.ts",
    "pattern-size.ts",
    "duration.ts",
    "promotion-time.ts",
    "resource.ts",
    "sealing-key-hint.ts",
    "sealing-key-secret.ts",
    "shell-word.ts",
    "structural-schema.ts",
    "unless-aborted.ts",
    "unquoted-scalar.ts",
    "version.ts",
  ],
  ["scope.ts", "seal/", "kube/", "label-origin.node.ts"],
  ["aws/", "vault/"],
  ["sealed-secret.ts", "sealed-secret-order.ts", "secret.ts", "document/"],
  ["template/", "sops-sealed-secret/"],
  ["seal-secret.ts", "open-sealed-secret.ts", "opened-secret.ts", "secret-gates.ts", "templated-items.ts"],
];

/** What shared/ files run in a browser, too, unless their path says that they are for Node alone. */
const forNodeAlone = /^shared\/(?:kube|aws|vault)\/|\.node\.ts$/;
const globalsOfNode =
  /^(?!\s*(?:\/\/|\*|\/\*)).*?\b(?<name>Buffer|process|require|__dirname|setImmediate)(?=[.(])/gm;

const vagueName = /^(?:utils?|helpers?|common|types?|misc)(?:\.(?:node|test))?(?:\.d)?(?:\.[cm]?[jt]s)?$/;
const manyLines = 250;
const mostLines = 400;
/** A table of cases grows without gaining a second subject. */
const mostLinesOfTest = 600;

/** Judges one file by every rule but the one on cycles, which needs all files. */
export function judge(file: SourceFile): Finding[] {
  const findings = [...judgeName(file), ...judgeLength(file)];
  const row = directions.find(({ from }) => file.path.startsWith(from));
  if (row === undefined) return findings; // tests, scripts and benchmarks may import anything
  for (const imported of file.imports) {
    const message = judgeImport(file.path, imported, row.may);
    if (message !== null) findings.push({ path: file.path, line: imported.line, message, fails: true });
  }
  return [...findings, ...judgeSharedFile(file)];
}

function judgeImport(path: string, imported: ResolvedImport, may: readonly string[]): string | null {
  const { to, ours, typeOnly } = imported;
  if (to === null) return "a computed import hides what is imported: name the module";
  const inShared = path.startsWith("shared/");
  const anywhere = !inShared || forNodeAlone.test(path);
  if (!ours) {
    if (anywhere || typeOnly || !isBuiltin(to)) return null;
    return `${to} is Node's: only shared/kube/, aws/, vault/ and *.node.ts may use it`;
  }
  if (to === "package.json")
    return path === "shared/version.ts" ? null : "the version is had from shared/version.ts";
  if (!may.some((start) => to.startsWith(start))) return `may not import ${to}, only ${may.join(", ")}`;
  if (!inShared) return null;
  if (layerOf(path) >= 0 && layerOf(to) > layerOf(path))
    return `imports ${to}, which stands in a higher layer of shared/`;
  if (!anywhere && !typeOnly && forNodeAlone.test(to)) return `imports ${to}, which is for Node alone`;
  return null;
}

function judgeSharedFile({ path, text }: SourceFile): Finding[] {
  if (!path.startsWith("shared/")) return [];
  const findings: Finding[] = [];
  if (layerOf(path) === -1)
    findings.push({
      path,
      line: 1,
      message: "has no layer yet: give it one in scripts/imports/rules.ts",
      fails: true,
    });
  if (forNodeAlone.test(path)) return findings;
  for (const match of text.matchAll(globalsOfNode)) {
    const line = text.slice(0, match.index).split("\n").length;
    const message = `${match.groups?.["name"]} is Node's: only shared/kube/, aws/, vault/ and *.node.ts may use it`;
    findings.push({ path, line, message, fails: true });
  }
  return findings;
}

/** @returns place in `sharedLayers`, or -1 for a file that has none. */
function layerOf(path: string): number {
  const inner = path.slice("shared/".length);
  return sharedLayers.findIndex((layer) =>
    layer.some((entry) => (entry.endsWith("/") ? inner.startsWith(entry) : inner === entry)),
  );
}

function judgeName({ path }: SourceFile): Finding[] {
  const vague = path.split(posix.sep).find((part) => vagueName.test(part));
  if (vague === undefined) return [];
  return [{ path, line: 1, message: `"${vague}" says nothing: name the content`, fails: true }];
}

function judgeLength({ path, text }: SourceFile): Finding[] {
  const lines = text.split("\n").length - 1;
  if (lines <= manyLines) return [];
  const most = path.endsWith(".test.ts") ? mostLinesOfTest : mostLines;
  const fails = lines > most;
  const message = fails
    ? `${lines} lines, more than ${most}: find the second subject in it`
    : `${lines} lines, more than ${manyLines}`;
  return [{ path, line: lines, message, fails }];
}

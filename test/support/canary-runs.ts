import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { toJson } from "../../shared/document/to-json.ts";
import { toYaml } from "../../shared/document/to-yaml.ts";
import type { Evidence } from "./canary.ts";
import { base64, type TestSealer } from "./in-process-sealing.ts";

/** A run of the CLI that has a secret in its hands. */
export type CanaryRun = {
  /** Mode, and what comes of it. */
  name: string;
  args: readonly string[];
  /** Names one of the files of `canaryFiles`. */
  stdin?: string;
  code: 0 | 1;
  /** What standard error says. */
  says?: RegExp;
  /** Where the plain value belongs: on standard output, or in these files. */
  opensTo?: "stdout" | readonly string[];
};

/** The place of every SealedSecret here. */
const place = { namespace: "default", name: "canary" };

/** What the runs find in their folder: the secret plain, broken, sealed, and the keys to it. */
export async function canaryFiles(
  secret: string,
  sealer: TestSealer,
  keys: { privateKeyPem: string; otherKeyPem: string },
): Promise<Record<string, string>> {
  const items = { password: secret };
  const sealed = (template?: Record<string, unknown>) =>
    sealer.object({ ...place, items, ...(template === undefined ? {} : { template }) });
  const plain = (fields: object) =>
    toJson({ apiVersion: "v1", kind: "Secret", metadata: place, stringData: items, ...fields });
  const damaged = JSON.stringify(await sealed()).replace(/(?<="password":"[^"]{380})[^"]{8}/, "AAAAAAAA");
  return {
    "key.pem": keys.privateKeyPem,
    "other-key.pem": keys.otherKeyPem,
    "no-key.pem": `-----BEGIN RSA PRIVATE KEY-----\n${base64(secret)}\n-----END RSA PRIVATE KEY-----\n`,
    "value.txt": secret,
    "secret.json": plain({}),
    "elsewhere.json": plain({ metadata: { ...place, annotations: wide } }),
    "broken.yaml": `apiVersion: v1\nkind: Secret\nmetadata: {name: canary}\nstringData:\n  a: "${secret}\n\tb: *${secret}\n`,
    "manifests/secret.yaml": `# mine\n---\n${plain({})}`,
    "sealed.yaml": toYaml(await sealed()),
    "target.yaml": toYaml(await sealed()),
    "renewed.yaml": toYaml(await sealed()),
    "bare.txt": await sealer.value(secret, { kind: "strict", ...place }),
    "renamed.yaml": toYaml(
      await sealer.object({ ...place, items, sealedFor: { namespace: "default", name: "old" } }),
    ),
    "damaged.json": damaged,
    "templates.yaml": toYaml(await sealed({ data: { url: "db://{{ .password | upper }}" } })),
    "failing.yaml": toYaml(await sealed({ data: { a: "{{ fail .password }}", b: "{{ .password.x }}" } })),
    "mistaken.yaml": toYaml({ ...(await sealed()), spec: { encryptedData: { password: secret } } }),
    "whole.yaml": toYaml(await sealer.wholeObject({ ...place, secret: { data: { a: `${secret}!` } } })),
  };
}
const AUDITED = [
  "sealed.yaml",
  "renamed.yaml",
  "damaged.json",
  "mistaken.yaml",
  "broken.yaml",
  "failing.yaml",
  "whole.yaml",
];
const wide = { "sealedsecrets.bitnami.com/cluster-wide": "true" };

/** Writes files, by their paths below a folder. */
export async function writeFiles(folder: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), content);
  }
}

/** Every mode and command that works on files, with good and bad input. @param cert flags that give the certificate, or none. */
export function offlineRuns(cert: readonly string[]): readonly CanaryRun[] {
  const bare = ["-n", "default", "--name", "canary"];
  const recovery = ["--recovery-unseal", "--recovery-private-key"];
  const unseal = ["unseal", "--key"];
  const render = ["render", "--key"];
  return [
    { name: "sealed", args: [...cert, "--verbose"], stdin: "secret.json", code: 0 },
    { name: "sealed to a file", args: [...cert, "-f", "secret.json", "-w", "out.yaml"], code: 0 },
    { name: "a folder sealed", args: [...cert, "--output-dir", "out", "manifests"], code: 0 },
    { name: "broken YAML", args: [...cert], stdin: "broken.yaml", code: 1, says: /line \d/ },
    { name: "a sealed stream", args: [...cert], stdin: "mistaken.yaml", code: 1, says: /SealedSecret/ },
    { name: "raw", args: [...cert, "--raw", ...bare], stdin: "value.txt", code: 0 },
    { name: "raw from a file", args: [...cert, "--raw", ...bare, "--from-file", "value.txt"], code: 0 },
    { name: "raw files", args: [...cert, "--raw", ...bare, "value.txt", "secret.json"], code: 0 },
    {
      name: "raw without a name",
      args: [...cert, "--raw", "-n", "default"],
      stdin: "value.txt",
      code: 1,
      says: /--name/,
    },
    { name: "merged", args: [...cert, "--merge-into", "target.yaml"], stdin: "secret.json", code: 0 },
    {
      name: "merged, wider than the file",
      args: [...cert, "--merge-into", "target.yaml"],
      stdin: "elsewhere.json",
      code: 1,
      says: /scope/,
    },
    {
      name: "broken YAML merged",
      args: [...cert, "--merge-into", "target.yaml"],
      stdin: "broken.yaml",
      code: 1,
      says: /line \d/,
    },
    {
      name: "merged into a plain Secret",
      args: [...cert, "--merge-into", "secret.json"],
      stdin: "secret.json",
      code: 1,
      says: /SealedSecret/,
    },
    { name: "an item set", args: ["set", ...cert, "target.yaml", "token"], stdin: "value.txt", code: 0 },
    {
      name: "an item set from a file",
      args: ["set", ...cert, "--verbose", "--from-file", "value.txt", "target.yaml", "password"],
      code: 0,
    },
    {
      name: "an item set into broken YAML",
      args: ["set", ...cert, "broken.yaml", "token"],
      stdin: "value.txt",
      code: 1,
      says: /line \d/,
    },
    {
      name: "an item that is not there taken out of a file with a plain value",
      args: ["unset", "mistaken.yaml", "token"],
      code: 1,
      says: /has no sealed item/,
    },
    { name: "an item renamed", args: ["rename", "target.yaml", "password", "other"], code: 0 },
    { name: "recovered", args: [...recovery, "key.pem"], stdin: "sealed.yaml", code: 0, opensTo: "stdout" },
    {
      name: "recovered to a file",
      args: [...recovery, "key.pem", "-f", "sealed.yaml", "-w", "plain.yaml"],
      code: 0,
      opensTo: ["plain.yaml"],
    },
    {
      name: "recovered without its key",
      args: [...recovery, "other-key.pem"],
      stdin: "sealed.yaml",
      code: 1,
      says: /no key could decrypt/,
    },
    {
      name: "a key that is none",
      args: [...recovery, "no-key.pem"],
      stdin: "sealed.yaml",
      code: 1,
      says: /no-key\.pem/,
    },
    {
      name: "a value for a key",
      args: [...recovery, "value.txt"],
      stdin: "sealed.yaml",
      code: 1,
      says: /value\.txt/,
    },
    { name: "rendered", args: [...render, "key.pem", "sealed.yaml"], code: 0, opensTo: "stdout" },
    {
      name: "rendered to a file",
      args: [...render, "key.pem", "-o", "plain.yaml", "templates.yaml"],
      code: 0,
      opensTo: ["plain.yaml"],
    },
    {
      name: "rendered without its key",
      args: [...render, "other-key.pem", "sealed.yaml", "secret.json"],
      code: 0,
      says: /left sealed/,
      opensTo: "stdout",
    },
    {
      name: "rendered, damaged",
      args: [...render, "key.pem", "sealed.yaml", "damaged.json"],
      code: 1,
      says: /damaged/,
    },
    { name: "rendered, moved", args: [...render, "key.pem", "renamed.yaml"], code: 1, says: /sealed for/ },
    {
      name: "rendered, never sealed",
      args: [...render, "key.pem", "mistaken.yaml"],
      code: 1,
      says: /password/,
    },
    {
      name: "rendered, templates failing",
      args: [...render, "key.pem", "failing.yaml"],
      code: 1,
      says: /template/,
    },
    { name: "rendered, broken YAML", args: [...render, "key.pem", "broken.yaml"], code: 1, says: /line \d/ },
    {
      name: "rendered, twice the same",
      args: [...render, "key.pem", "sealed.yaml", "secret.json"],
      code: 1,
      says: /both make/,
    },
    { name: "opened", args: [...unseal, "key.pem", "sealed.yaml"], code: 0, opensTo: "stdout" },
    {
      name: "opened with templates",
      args: [...unseal, "key.pem", "--verbose", "templates.yaml"],
      code: 0,
      opensTo: "stdout",
    },
    {
      name: "one item",
      args: [...unseal, "key.pem", "--item", "password", "sealed.yaml"],
      code: 0,
      opensTo: "stdout",
    },
    {
      name: "a bare value",
      args: [...unseal, "key.pem", "--raw", ...bare],
      stdin: "bare.txt",
      code: 0,
      opensTo: "stdout",
    },
    {
      name: "opened to a folder",
      args: [...unseal, "key.pem", "--output-dir", "opened", "sealed.yaml"],
      code: 0,
      opensTo: ["opened/sealed.yaml"],
    },
    {
      name: "a plain value for a bare one",
      args: [...unseal, "key.pem", "--raw", ...bare],
      stdin: "value.txt",
      code: 1,
    },
    {
      name: "rotated offline",
      args: [
        "rotate",
        "--private-key",
        "key.pem",
        ...cert,
        "--all",
        "--output-dir",
        "rotated",
        "-o",
        "json",
        "sealed.yaml",
      ],
      code: 0,
    },
    ...["renamed.yaml", "damaged.json", "failing.yaml", "mistaken.yaml", "whole.yaml", "broken.yaml"].flatMap(
      (file): CanaryRun[] => [
        { name: `${file} opened`, args: [...unseal, "key.pem", "--verbose", file], code: 1 },
        {
          name: `${file} rotated`,
          args: ["rotate", "--private-key", "key.pem", ...cert, "--all", "--output-dir", "rotated", file],
          code: ["failing.yaml"].includes(file) ? 0 : 1,
        },
        { name: `${file} explained`, args: ["explain", "--key", "key.pem", "--verbose", file], code: 1 },
        { name: `${file} recovered`, args: [...recovery, "key.pem"], stdin: file, code: 1 },
      ],
    ),
    { name: "explained", args: ["explain", "--key", "key.pem", "-o", "json", "sealed.yaml"], code: 0 },
    ...["table", "json", "junit", "sarif"].map(
      (form): CanaryRun => ({
        name: `judged as ${form}`,
        args: ["lint", "-o", form, "--verbose", "mistaken.yaml", "broken.yaml", "failing.yaml", "whole.yaml"],
        code: 1,
      }),
    ),
    ...["table", "json", "sarif"].map(
      (form): CanaryRun => ({
        name: `audited as ${form}`,
        args: ["audit", "-o", form, "--verbose", "--private-key", "key.pem", "--duplicates", ...AUDITED],
        code: 1,
      }),
    ),
    { name: "templates explained", args: ["explain", "--key", "key.pem", "templates.yaml"], code: 0 },
  ];
}

/** Every mode that asks a controller. */
export const controllerRuns: readonly CanaryRun[] = [
  { name: "a plain Secret validated", args: ["--validate"], stdin: "secret.json", code: 1, says: /Secret/ },
  { name: "broken YAML validated", args: ["--validate"], stdin: "broken.yaml", code: 1, says: /line \d/ },
  {
    name: "a plain Secret re-encrypted",
    args: ["--re-encrypt", "-f", "secret.json"],
    code: 1,
    says: /Secret/,
  },
  {
    name: "broken YAML re-encrypted",
    args: ["--re-encrypt", "-f", "broken.yaml"],
    code: 1,
    says: /line \d/,
  },
  { name: "validated", args: ["--validate", "--verbose", "-f", "sealed.yaml"], code: 0 },
  {
    name: "renamed, validated",
    args: ["--validate", "-f", "renamed.yaml"],
    code: 1,
    says: /unable to decrypt/,
  },
  { name: "mistaken, validated", args: ["--validate", "-f", "mistaken.yaml"], code: 1 },
  { name: "re-encrypted", args: ["--re-encrypt", "--verbose", "-f", "renewed.yaml"], code: 0 },
  { name: "rotated", args: ["rotate", "--verbose", "-o", "json", "renewed.yaml"], code: 0 },
  { name: "renamed, rotated", args: ["rotate", "renamed.yaml"], code: 1, says: /^failed renamed\.yaml/m },
  { name: "broken YAML rotated", args: ["rotate", "broken.yaml"], code: 1, says: /line \d/ },
  { name: "renamed, re-encrypted", args: ["--re-encrypt", "-f", "renamed.yaml"], code: 1 },
  { name: "mistaken, re-encrypted", args: ["--re-encrypt", "-f", "mistaken.yaml"], code: 1 },
  { name: "explained by the cluster", args: ["explain", "--verbose", "renamed.yaml"], code: 1 },
];

/**
 * What a run said and left behind below a folder, but for its input and what belongs there; that goes.
 * @param inputs the files of `canaryFiles`: those that are still the same are left out.
 */
export async function evidenceOf(
  { name, opensTo }: CanaryRun,
  { stdout, stderr }: { stdout: string; stderr: string },
  folder: string,
  inputs: Readonly<Record<string, string>>,
): Promise<Evidence[]> {
  const evidence: Evidence[] = [{ where: `standard error of ${name}`, content: stderr }];
  if (opensTo !== "stdout") evidence.push({ where: `standard output of ${name}`, content: stdout });
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  for (const entry of entries.filter((each) => each.isFile())) {
    const path = join(entry.parentPath, entry.name);
    const below = path.slice(folder.length + 1);
    const content = await readFile(path, "utf8");
    if (opensTo !== undefined && opensTo !== "stdout" && opensTo.includes(below)) await rm(path);
    else if (inputs[below] !== content)
      evidence.push({ where: `${below}, left by ${name}`, content: `${below}\n${content}` });
  }
  return evidence;
}

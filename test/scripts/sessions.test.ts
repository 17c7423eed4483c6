import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { suite, test } from "node:test";
import { compileCache } from "../runner/compile-cache.ts";
import { cliProgram } from "../support/built-programs.ts";
import { parseSessionScript, type SessionStep } from "../support/session-script.ts";
import { type StubApiServer, startStubApiServer } from "../support/stub-api-server.ts";
import { ecdsaCertificatePem, testCertificate } from "../support/test-certificates.ts";

/** What must be shown in a session: each kind of bad input, and how output reaches files. */
const ROWS = [
  "no certificate",
  "certificate file missing",
  "expired certificate",
  "non-RSA certificate",
  "not a certificate",
  "not a Secret",
  "Secret without data",
  "missing name",
  "missing namespace",
  "namespace mismatch",
  "unreadable file",
  "invalid YAML",
  "invalid JSON",
  "invalid base64",
  "no secrets",
  "not UTF-8",
  "unreachable cluster",
  "Service not found",
  "closed proxy",
  "forbidden proxy",
  "missing kubeconfig",
  "unwritable output",
  "audit by claims",
  "audit with keys",
  "audit by policy",
  "audit of a stolen key",
  "audit of what cannot be read",
  "rotate offline",
  "rotate again",
  "rotate of what does not open",
  "backup of sealing keys",
  "restore of sealing keys",
  "lint",
  "lint of what is allowed",
  "status",
  "status without rights",
  "leaving",
  "usage",
  "sealing",
  "certificate from the controller",
  "fetching the certificate",
  "output file",
  "output link",
  "certificate change shown",
  "raw without a name",
  "raw without a namespace",
  "raw from several files by flag",
  "raw from a folder",
  "raw from a missing file",
  "raw in place",
  "merge into a missing file",
  "merge into a file without a SealedSecret",
  "merge into damaged YAML",
  "merge of a namespace mismatch",
  "merge of what is no Secret",
  "merge into anchors",
  "merge into one of several",
  "merge into a wider file",
  "merge with another scope than the file's",
  "an item set",
  "an item taken out",
  "an item renamed",
  "an item generated",
  "a value on the command line",
  "an item of damaged YAML",
  "an item behind an anchor",
  "an item without a cluster",
  "an item without rights",
  "an edit without an editor",
  "unseal",
  "unseal one item",
  "unseal a bare value",
  "unseal over the sealed file",
  "unseal without a key",
  "unseal with an unreadable key",
  "unseal with a useless key",
  "unseal for another name",
  "unseal damaged values",
  "unseal what is no SealedSecret",
  "recovery-unseal",
  "explain with keys",
  "explain by the cluster",
  "explain with neither",
  "sealing under a key service",
  "key services that contradict each other",
  "a key that was not allowed",
  "keys allowed and taken back",
  "key service refuses",
  "cluster of a key service not known",
  "missing file",
  "folder without manifests",
  "pattern without a match",
  "two inputs with one output",
  "one output for several inputs",
  "outputs that exclude each other",
  "unwritable output folder",
  "files without a Secret",
  "one bad file among good ones",
  "other kinds untouched",
  "link in a folder",
  "validate without input",
  "validate of garbage",
  "validate with one bad of three",
  "validate answered 409",
  "validate answered 429 first",
  "validate answered 500",
  "validate answered by a login page",
  "validate writes nothing",
  "re-encrypt answered 409",
  "re-encrypt answered 500",
  "re-encrypt answer that lacks an item",
  "re-encrypt answer with old values",
  "re-encrypt answered by a login page",
  "re-encrypt answer that says more than it was asked",
  "re-encrypt without input",
  "variables that do not parse",
  "Service by label",
  "several Services",
  "certificate change refused",
  "certificate change refused in every mode",
  "explain of damaged YAML",
  "explain of what is no SealedSecret",
  "explain with a useless key",
  "explain of a missing file",
  "explain with a flag of the wrong form",
  "recovery-unseal of damaged YAML",
  "recovery-unseal without input",
  "recovery-unseal of what is no SealedSecret",
  "recovery-unseal without a key",
  "recovery-unseal with a useless key",
];

const folder = join(import.meta.dirname, "sessions");
const scripts = readdirSync(folder)
  .sort()
  .map((name) => ({ name, script: parseSessionScript(readFileSync(join(folder, name), "utf8")) }));

test("every row of the table has a session, and no session an unknown row", () => {
  const covered = new Set(scripts.flatMap(({ script }) => script.covers));
  assert.deepEqual(
    ROWS.filter((row) => !covered.has(row)),
    [],
  );
  assert.deepEqual(
    [...covered].filter((row) => !ROWS.includes(row)),
    [],
  );
});

suite("sessions", { concurrency: 2 }, () => {
  for (const { name, script } of scripts) test(name, () => runSession(script.steps));
});

const SECRET = "c4nary/of this+session";
const BOUND_MS = 60_000;

/** What looks sealed and opens nowhere, for documents that only a stub of a controller sees. */
const VALUES = ["a", "b", "c"].map((name) => {
  const container = [Buffer.from([1, 0]), randomBytes(256), randomBytes(40)];
  return [`{value ${name}}`, Buffer.concat(container).toString("base64")] as const;
});

type Tree = Map<string, { content: string; mode: number | null }>;

async function runSession(steps: readonly SessionStep[]): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), "signet-session-"));
  const names = new Map([["{secret}", SECRET], ...VALUES]);
  let server: StubApiServer | null = null;
  const fill = (text: string) =>
    [...names].reduce((filled, [name, value]) => filled.replaceAll(name, value), text);
  try {
    writeCertificates(root);
    const outputs: string[] = [];
    writeFiles(root, steps, fill);
    for (const step of steps) {
      if (step.kind !== "server") continue;
      const routes = step.routes.map((route) => ({ ...route, body: fill(bodyOf(route.body, root)) }));
      server = await startStubApiServer(routes);
      names.set("{server}", server.url);
      writeFileSync(join(root, "kubeconfig"), server.kubeconfig);
    }
    // Once more, now that the address of the server is known.
    const inputs = writeFiles(root, steps, fill);
    const before = readTree(root);
    for (const step of steps) {
      if (step.kind !== "run") continue;
      const env = Object.fromEntries(Object.entries(step.env).map(([key, value]) => [key, fill(value)]));
      if (server !== null) env["KUBECONFIG"] ??= join(root, "kubeconfig");
      const { code, stdout, stderr } = await runCli(root, step.args.map(fill), env, fill(step.stdin));
      outputs.push(stdout, stderr);
      assertText("standard error", stderr, fill(step.expect.stderr));
      assertText("standard output", stdout, fill(step.expect.stdout));
      assert.equal(code, step.expect.exit);
    }
    const wanted = steps.flatMap((step) => (step.kind === "after" ? [step] : []));
    assertTree(readTree(root), before, wanted, fill);
    assertNowhere(SECRET, [
      ...outputs,
      ...[...readTree(root)].filter(([path]) => !inputs.has(path)).map(([, { content }]) => content),
    ]);
  } finally {
    await server?.close();
    rmSync(root, { recursive: true, force: true });
  }
}

/** @returns the paths written. */
function writeFiles(
  root: string,
  steps: readonly SessionStep[],
  fill: (text: string) => string,
): ReadonlySet<string> {
  const paths = new Set<string>();
  for (const step of steps) {
    if (step.kind === "link") {
      rmSync(join(root, step.path), { force: true });
      symlinkSync(step.target, join(root, step.path));
    }
    if (step.kind !== "file") continue;
    mkdirSync(dirname(join(root, step.path)), { recursive: true });
    writeFileSync(join(root, step.path), bytesOf(fill(step.content)));
    if (step.mode !== null) chmodSync(join(root, step.path), step.mode);
    paths.add(step.path);
  }
  return paths;
}

function writeCertificates(root: string): void {
  mkdirSync(join(root, "home"));
  writeFileSync(join(root, "cert.pem"), testCertificate().certificatePem);
  writeFileSync(join(root, "key.pem"), testCertificate().privateKeyPem);
  writeFileSync(join(root, "expired.pem"), testCertificate(-400, -30).certificatePem);
  writeFileSync(join(root, "soon.pem"), testCertificate(-400, 10.5).certificatePem);
  writeFileSync(join(root, "ecdsa.pem"), ecdsaCertificatePem);
}

/** A body given as `@FILE` is that file's content. */
function bodyOf(body: string, root: string): string {
  return body.startsWith("@") ? readFileSync(join(root, body.slice(1)), "utf8") : body;
}

async function runCli(
  cwd: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  stdin: string,
): Promise<{ code: number; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [cliProgram, ...args], {
    cwd,
    env: { HOME: join(cwd, "home"), ...compileCache, ...env },
    timeout: BOUND_MS,
    killSignal: "SIGKILL",
  });
  const [out, err]: [Buffer[], Buffer[]] = [[], []];
  child.stdout.on("data", (chunk: Buffer) => out.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => err.push(chunk));
  // It may end without having read its input.
  child.stdin.on("error", () => {});
  child.stdin.end(bytesOf(stdin));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on("error", reject).on("close", resolve);
  });
  if (code === null) throw new Error(`ended by ${child.signalCode}`);
  return { code, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() };
}

/** The bytes a text of a script stands for: `\\xNN` is one byte, everything else is UTF-8. */
function bytesOf(text: string): Buffer {
  const parts = text.split(/\\x([0-9a-f]{2})/);
  return Buffer.concat(parts.map((part, index) => Buffer.from(part, index % 2 === 1 ? "hex" : "utf8")));
}

/** Compares line by line, with the words of README.md for what differs at each run. */
function assertText(what: string, actual: string, expected: string): void {
  const pattern = expected
    .split(/(\{any\}|\{sealed\}|\{certificate\}|\{fingerprint\}|\{day\})/)
    .map((part) => WORDS.get(part) ?? part.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"))
    .join("");
  if (!new RegExp(`^${pattern}$`, "u").test(actual)) assert.equal(actual, expected, `${what} differs`);
}

const WORDS: ReadonlyMap<string, string> = new Map([
  ["{any}", "[^\\n]*"],
  ["{sealed}", "AQ[A-Za-z0-9+/]{300,}={0,2}"],
  ["{certificate}", "-----BEGIN CERTIFICATE-----\\n[A-Za-z0-9+/=\\n]+-----END CERTIFICATE-----"],
  ["{fingerprint}", "SHA256:[A-Za-z0-9+/]{43}"],
  ["{day}", "[A-Z][a-z]+ [0-9]{1,2}, [0-9]{4}"],
]);

function readTree(root: string, below = ""): Tree {
  const tree: Tree = new Map();
  for (const name of readdirSync(join(root, below)).sort()) {
    const path = join(below, name);
    const info = lstatSync(join(root, path));
    if (info.isDirectory()) for (const [key, value] of readTree(root, path)) tree.set(key, value);
    else if (info.isSymbolicLink())
      tree.set(path, { content: `-> ${readlinkSync(join(root, path))}`, mode: null });
    else tree.set(path, { content: readFileSync(join(root, path), "utf8"), mode: info.mode & 0o777 });
  }
  return tree;
}

function assertTree(
  tree: Tree,
  before: Tree,
  wanted: readonly { path: string; content: string; mode: number | null }[],
  fill: (text: string) => string,
): void {
  for (const { path, content, mode } of wanted) {
    assertText(path, tree.get(path)?.content ?? "(no such file)", fill(content));
    if (mode !== null) assert.equal(tree.get(path)?.mode?.toString(8), mode.toString(8), `mode of ${path}`);
  }
  const others = (all: Tree) => [...all].filter(([path]) => !wanted.some((want) => want.path === path));
  assert.deepEqual(others(tree), others(before));
}

/** The secret must stand nowhere, in none of the forms a careless program might give it. */
function assertNowhere(secret: string, texts: readonly string[]): void {
  const bytes = Buffer.from(secret);
  // In base64 a text looks different at each of three offsets; the inner part of each form is certain.
  const base64 = [0, 1, 2].map((offset) =>
    Buffer.concat([Buffer.alloc(offset), bytes])
      .toString("base64")
      .slice(offset === 0 ? 0 : 4, -4),
  );
  const forms = [secret, bytes.toString("hex"), encodeURIComponent(secret), ...base64];
  for (const text of texts) {
    for (const form of forms) assert.ok(!text.includes(form), `the secret shows: ${form}`);
  }
}

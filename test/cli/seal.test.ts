import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite, test } from "node:test";
import fc from "fast-check";
import { run } from "../../cli/run.ts";
import { readDocuments } from "../../shared/document/read-documents.ts";
import { type Scope, scopeOf } from "../../shared/scope.ts";
import { readOpeningKey } from "../../shared/seal/opening-key.node.ts";
import { classicUnsealer } from "../../shared/seal/rsa-hybrid.ts";
import { parseSealedSecret, type SealedSecret } from "../../shared/sealed-secret.ts";
import { type MemoryWorld, memoryIo, runInMemory } from "../support/memory-io.ts";
import { kubeconfigFor } from "../support/stub-api-server.ts";
import { testCertificate } from "../support/test-certificates.ts";

const { certificatePem, privateKeyPem } = testCertificate();
const FILES = { "cert.pem": certificatePem };
const SECRET = `apiVersion: v1
kind: Secret
metadata: {name: db, namespace: team-a}
stringData: {password: hunter2}
`;

function seal(args: readonly string[], world: MemoryWorld = {}) {
  return runInMemory(["--cert", "cert.pem", ...args], {
    stdin: SECRET,
    ...world,
    files: { ...FILES, ...world.files },
  });
}

function sealedIn(text: string): SealedSecret[] {
  return readDocuments(text, "out").map(({ value, where }) => parseSealedSecret(value, where));
}

function onlyOne(text: string): SealedSecret {
  const [sealed, ...rest] = sealedIn(text);
  assert.ok(sealed !== undefined && rest.length === 0);
  return sealed;
}

/** The items of a SealedSecret, opened where it stands, as hex. */
async function open(sealed: SealedSecret, scope?: Scope): Promise<Record<string, string>> {
  const unsealer = classicUnsealer([await readOpeningKey(privateKeyPem)], { diagnose: false });
  const { namespace = "", name, annotations } = sealed.metadata;
  const place = { namespace, name, annotations: annotations ?? undefined };
  const outcomes = await unsealer.unsealAll(
    new Map(Object.entries(sealed.spec.encryptedData)),
    { clusterId: null, scope: scope ?? scopeOf(place) },
    AbortSignal.timeout(60_000),
  );
  return Object.fromEntries(
    [...outcomes].map(([item, outcome]) => [
      item,
      outcome.kind === "opened" ? Buffer.from(outcome.plaintext).toString("hex") : outcome.kind,
    ]),
  );
}

const hex = (text: string) => Buffer.from(text).toString("hex");

suite("sealing", () => {
  test("standard input to standard output, without a word", async () => {
    const { code, stdout, stderr } = await seal([]);
    assert.equal(stderr, "");
    assert.equal(code, 0);
    const sealed = onlyOne(stdout);
    assert.deepEqual(await open(sealed), { password: hex("hunter2") });
    assert.deepEqual(await open(sealed, { kind: "cluster-wide" }), { password: "not-my-key" });
    assert.ok(stdout.startsWith('{\n  "kind": "SealedSecret",\n  "apiVersion": "bitnami.com/v1alpha1",\n'));
  });

  test("any items, under any scope, and what comes out is what went in", async () => {
    const item = fc.stringMatching(/^[a-zA-Z0-9_-][-._a-zA-Z0-9]{0,20}$/);
    const name = fc.stringMatching(/^[a-z0-9]([-a-z0-9]{0,20}[a-z0-9])?$/);
    const items = fc.dictionary(item, fc.uint8Array({ maxLength: 300 }), { maxKeys: 4 });
    const scope = fc.constantFrom("strict", "namespace-wide", "cluster-wide");
    const format = fc.constantFrom("json", "yaml");
    await fc.assert(
      fc.asyncProperty(items, name, name, scope, format, async (data, namespace, secretName, kind, form) => {
        const entries = Object.entries(data);
        const secret = {
          apiVersion: "v1",
          kind: "Secret",
          metadata: { name: secretName, namespace },
          data: Object.fromEntries(
            entries.map(([key, value]) => [key, Buffer.from(value).toString("base64")]),
          ),
        };
        const stdin = JSON.stringify(secret);
        const args = ["--scope", kind, "--format", form, "--allow-empty-data"];
        const { code, stdout, stderr } = await seal(args, { stdin });
        assert.equal(code, 0, stderr);
        assert.deepEqual(
          await open(onlyOne(stdout)),
          Object.fromEntries(entries.map(([key, value]) => [key, Buffer.from(value).toString("hex")])),
        );
      }),
      { numRuns: 60 },
    );
  });

  test("a whole stream, in its order", async () => {
    const stdin = `${SECRET}---\n# nothing\n---\n${JSON.stringify({
      apiVersion: "v1",
      kind: "List",
      items: ["x", "y"].map((name) => ({
        apiVersion: "v1",
        kind: "Secret",
        metadata: { name, namespace: "team-b" },
        data: { k: "aGk=" },
      })),
    })}`;
    for (const format of ["json", "yaml"]) {
      const { code, stdout, stderr } = await seal(["-o", format], { stdin });
      assert.equal(code, 0, stderr);
      const sealed = sealedIn(stdout);
      assert.deepEqual(
        sealed.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`),
        ["team-a/db", "team-b/x", "team-b/y"],
      );
      assert.deepEqual(await open(sealed[2] as SealedSecret), { k: hex("hi") });
    }
  });

  test("a whole stream or nothing", async () => {
    for (const bad of ["data: {a: '!'}", "a: 'x", "kind: Deployment"]) {
      for (const out of [[], ["-w", "out.json"]]) {
        const { code, stdout, files } = await seal(out, {
          stdin: `${SECRET}---\n${bad}\n`,
          files: { "out.json": "old" },
        });
        assert.equal(code, 1);
        assert.equal(stdout, "");
        assert.equal(files.get("out.json"), "old");
      }
    }
  });

  test("from a file to a file, whose name may ask for YAML", async () => {
    for (const [file, isYaml] of [
      ["a.json", false],
      ["a.yaml", true],
      ["a.yml", true],
      ["a", false],
    ] as const) {
      const world = { files: { "secret.yaml": SECRET }, stdin: "never read: [" };
      const { code, stdout, stderr, files } = await seal(["-f", "secret.yaml", "-w", file], world);
      assert.equal(code, 0, stderr);
      assert.equal(stdout, "");
      const text = files.get(file) ?? "";
      assert.equal(text.startsWith("---\n"), isYaml);
      assert.deepEqual(await open(onlyOne(text)), { password: hex("hunter2") });
    }
  });

  test("says in a terminal that it waits for input", async () => {
    const { stderr } = await seal([], { terminals: ["stdin"] });
    assert.equal(stderr, "(tty detected: expecting json/yaml k8s resource in stdin)\n");
    const fromFile = await seal(["-f", "s"], { terminals: ["stdin"], files: { s: SECRET } });
    assert.equal(fromFile.stderr, "");
  });

  test("looks for a namespace only where a Secret names none", async () => {
    const nowhere = ["--kubeconfig", "/nonexistent/kubeconfig"];
    assert.equal((await seal(nowhere)).code, 0);
    const nameless = SECRET.replace(", namespace: team-a", "");
    assert.match(
      (await seal(nowhere, { stdin: nameless })).stderr,
      /^error: the kubeconfig .* does not exist\n/,
    );
    assert.equal((await seal([...nowhere, "--scope", "cluster-wide"], { stdin: nameless })).code, 0);
    assert.match((await seal([], { stdin: nameless })).stderr, /secret must declare a namespace\n/);
  });

  test("takes the namespace of the kubeconfig's context, or default", async () => {
    const folder = mkdtempSync(join(tmpdir(), "signet-context-"));
    try {
      const nameless = SECRET.replace(", namespace: team-a", "");
      for (const [namespace, expected] of [
        ["team-b", "team-b"],
        [undefined, "default"],
      ] as const) {
        const path = join(folder, "config");
        writeFileSync(path, kubeconfigFor("http://127.0.0.1:1", namespace));
        for (const world of [{ env: { KUBECONFIG: path } }, { env: { SEALED_SECRETS_KUBECONFIG: path } }]) {
          const { stdout, stderr } = await seal([], { stdin: nameless, ...world });
          assert.equal(stderr, "");
          assert.equal(onlyOne(stdout).metadata.namespace, expected);
        }
      }
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  test("takes the format in any letters", async () => {
    assert.ok((await seal(["-o", "YAML"])).stdout.startsWith("---\n"));
    assert.ok((await seal(["-o", ""])).stdout.startsWith("{"));
  });

  test("takes its options from the environment", async () => {
    const env = {
      SEALED_SECRETS_CERT: "cert.pem",
      SEALED_SECRETS_FORMAT: "yaml",
      SEALED_SECRETS_NAME: "other",
    };
    const { code, stdout } = await runInMemory([], { stdin: SECRET, env, files: FILES });
    assert.equal(code, 0);
    assert.equal(onlyOne(stdout).metadata.name, "other");
    assert.ok(stdout.startsWith("---\n"));
  });
});

suite("notices", () => {
  const wide = SECRET.replace(
    "name: db,",
    "name: db, annotations: {sealedsecrets.bitnami.com/namespace-wide: 'true'},",
  );

  test("name object, scope, certificate and its end, in a terminal or when asked", async () => {
    const expected =
      /^sealed team-a\/db: scope namespace-wide \(team-a\), certificate SHA256:[A-Za-z0-9+/]{43}, valid until [A-Z][a-z]+ \d{1,2}, \d{4}\n$/;
    assert.match((await seal([], { stdin: wide, terminals: ["stderr"] })).stderr, expected);
    assert.match((await seal(["--verbose"], { stdin: wide })).stderr, expected);
    assert.match((await seal(["-v", "2"], { stdin: wide })).stderr, expected);
    assert.equal((await seal(["-v", "0"], { stdin: wide })).stderr, "");
  });

  test("name metadata that is not kept, but not what every object in a cluster has", async () => {
    const stdin = SECRET.replace(
      "name: db,",
      "name: db, finalizers: [x], ownerReferences: [], uid: '1', managedFields: [],",
    );
    const { stderr } = await seal(["--verbose"], { stdin });
    assert.match(stderr, /\nnote: team-a\/db: not kept from metadata: finalizers, ownerReferences\n$/);
  });

  test("warn of a certificate that ends soon, or is not valid yet", async () => {
    const soon = await seal(["--verbose"], { files: { "cert.pem": testCertificate(-1, 29).certificatePem } });
    assert.equal(soon.code, 0);
    assert.match(soon.stderr, /^warning: the certificate from cert\.pem expires on .*, in 28 days\n/);
    const future = await seal(["--verbose"], {
      files: { "cert.pem": testCertificate(2, 100).certificatePem },
    });
    assert.equal(future.code, 0);
    assert.match(future.stderr, /^warning: the certificate from cert\.pem is not valid before /);
    const later = await seal(["--verbose"], {
      files: { "cert.pem": testCertificate(-1, 32).certificatePem },
    });
    assert.doesNotMatch(later.stderr, /warning/);
  });
});

suite("the program", () => {
  test("prints version and help on standard output", async () => {
    assert.match((await runInMemory(["--version"])).stdout, /^signet version: \d+\.\d+\.\d+\n$/);
    assert.equal(
      (await runInMemory(["--version"], { program: "kubeseal" })).stdout,
      "kubeseal version: v0.40.0\n",
    );
    for (const flag of ["--help", "-h"]) {
      const { code, stdout, stderr } = await runInMemory([flag], { program: "kubectl-signet" });
      assert.equal(code, 0);
      assert.equal(stderr, "");
      assert.match(stdout, /^kubectl signet: [\s\S]*\nUsage:\n {2}kubectl signet \[flags\]/);
      assert.match(stdout, /-w, --sealed-secret-file FILE$/m);
    }
  });

  test("tells of an unforeseen failure its kind only", async () => {
    const { io, left } = memoryIo(["--cert", "cert.pem"], { files: FILES, stdin: SECRET });
    const now = () => {
      throw new RangeError("hunter2");
    };
    const { code, stdout, stderr } = left(await run({ ...io, now }));
    assert.equal(code, 1);
    assert.equal(stdout, "");
    assert.match(stderr, /^error: unexpected failure \(RangeError\)\nhint: .*\n$/);
    assert.ok(!stderr.includes("hunter2"));
  });

  test("ends without a word when nobody reads its output any more", async () => {
    const { io, left } = memoryIo(["--cert", "cert.pem"], { files: FILES, stdin: SECRET });
    const write = () => {
      throw Object.assign(new Error("x"), { code: "EPIPE" });
    };
    const { code, stderr } = left(await run({ ...io, stdout: { isTerminal: false, write } }));
    assert.equal(code, 1);
    assert.equal(stderr, "");
  });

  test("says so when standard output takes no more", async () => {
    const { io, left } = memoryIo(["--cert", "cert.pem"], { files: FILES, stdin: SECRET });
    const write = () => {
      throw Object.assign(new Error("x"), { code: "ENOSPC" });
    };
    const { code, stderr } = left(await run({ ...io, stdout: { isTerminal: false, write } }));
    assert.equal(code, 1);
    assert.match(stderr, /^error: cannot write to standard output: no space left on the device\nhint: /);
    const version = memoryIo(["--version"]);
    const said = version.left(await run({ ...version.io, stdout: { isTerminal: false, write } }));
    assert.deepEqual({ code: said.code, stderr: said.stderr }, { code, stderr });
  });

  test("shows notices without what a terminal obeys", async () => {
    const stdin = SECRET.replace("{name: db,", '{name: "a\\u001b[2Jb\\nc\\u2066",');
    const { code, stderr } = await seal(["--verbose"], { stdin });
    assert.equal(code, 0);
    assert.match(stderr, /^sealed [^/]+\/a\ufffd\[2Jb\ufffdc\ufffd: scope/m);
  });

  test("shows names from a document without what a terminal obeys", async () => {
    const stdin = SECRET.replace(
      "{name: db,",
      '{name: "a\\u001b[2Jb\\nc", annotations: {"x\\u001b[2J": 0777},',
    );
    const { stderr } = await seal([], { stdin });
    assert.match(stderr, /metadata\.annotations\.x/);
    assert.equal(stderr.split("\n").length, 3);
    assert.ok(!stderr.includes("\u001b"));
  });
});

import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { run } from "../../cli/run.ts";
import type { Scope } from "../../shared/scope.ts";
import { type MemoryWorld, memoryIo, runInMemory } from "../support/memory-io.ts";
import { openedValues } from "../support/opened-values.ts";
import { kubeconfigFor } from "../support/stub-api-server.ts";
import { testCertificate } from "../support/test-certificates.ts";

const { certificatePem, privateKeyPem } = testCertificate();
const STRICT = ["-n", "team-a", "--name", "db"];
const STRICT_SCOPE: Scope = { kind: "strict", namespace: "team-a", name: "db" };

function raw(args: readonly string[], world: MemoryWorld = {}) {
  return runInMemory(["--raw", "--cert", "cert.pem", ...args], {
    ...world,
    files: { "cert.pem": certificatePem, ...world.files },
  });
}

async function opened(value: string, scope: Scope = STRICT_SCOPE): Promise<string | undefined> {
  assert.match(value, /^[A-Za-z0-9+/]+={0,2}$/);
  return (await openedValues({ value }, scope, privateKeyPem))["value"];
}

suite("bare values", () => {
  test("one comes as base64 without a line break, and opens as what went in", async () => {
    const { code, stdout, stderr } = await raw(STRICT, { stdin: "hunter2\n" });
    assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
    assert.equal(await opened(stdout), "hunter2\n");
    assert.equal(await opened(stdout, { kind: "cluster-wide" }), "not-my-key");
  });

  test("any bytes come back, none at all too", async () => {
    const anything = fc.string({ unit: "binary", maxLength: 200 });
    await fc.assert(
      fc.asyncProperty(anything, async (text) => {
        const { stdout } = await raw(STRICT, { stdin: text });
        assert.equal(await opened(stdout), Buffer.from(text).toString());
      }),
      { numRuns: 15, examples: [[""]] },
    );
  });

  const scopes: readonly [string, string[], Scope][] = [
    [
      "namespace-wide, without a name",
      ["-n", "team-a", "--scope", "namespace-wide"],
      { kind: "namespace-wide", namespace: "team-a" },
    ],
    ["cluster-wide, without anything", ["--scope", "cluster-wide"], { kind: "cluster-wide" }],
    [
      "cluster-wide, whatever namespace is given",
      ["--scope", "cluster-wide", ...STRICT],
      { kind: "cluster-wide" },
    ],
    ["an empty scope is strict", ["--scope", "", ...STRICT], STRICT_SCOPE],
  ];
  for (const [name, args, scope] of scopes) {
    test(name, async () => {
      const { code, stdout } = await raw(args, { stdin: "x" });
      assert.equal(code, 0);
      assert.equal(await opened(stdout, scope), "x");
    });
  }

  test("the namespace is that of the kubeconfig's context when none is given", async () => {
    const { io, left } = memoryIo(["--raw", "--cert", "cert.pem", "--name", "db"], {
      files: { "cert.pem": certificatePem },
      stdin: "x",
    });
    const { mkdtempSync, writeFileSync, rmSync } = await import("node:fs");
    const folder = mkdtempSync("/tmp/signet-raw-");
    try {
      writeFileSync(`${folder}/kubeconfig`, kubeconfigFor("http://127.0.0.1:9", "team-a"));
      const { stdout } = left(await run({ ...io, env: { KUBECONFIG: `${folder}/kubeconfig` } }));
      assert.equal(await opened(stdout), "x");
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test("--from-file names the value's file; a key before it is of no use", async () => {
    const world = { files: { "value.txt": "from file" }, stdin: "from stdin" };
    for (const arg of ["value.txt", "password=value.txt"]) {
      const { stdout } = await raw([...STRICT, "--from-file", arg], world);
      assert.equal(await opened(stdout), "from file");
    }
  });

  test("the file of -f is the value, where kubeseal opens it and reads standard input (W16)", async () => {
    const world = { files: { "value.txt": "from file" }, stdin: "from stdin" };
    const { stdout } = await raw([...STRICT, "-f", "value.txt"], world);
    assert.equal(await opened(stdout), "from file");
  });

  test("several files come as lines, each under its name, all or none", async () => {
    const files = { "v/user.txt": "me", "v/password.txt": "hunter2" };
    const { stdout } = await raw([...STRICT, "v/user.txt", "v/password.txt"], { files });
    const lines = stdout
      .trimEnd()
      .split("\n")
      .map((line) => line.split(": "));
    assert.deepEqual(
      lines.map(([name]) => name),
      ["user.txt", "password.txt"],
    );
    assert.equal(await opened(lines[0]?.[1] ?? ""), "me");
    assert.equal(await opened(lines[1]?.[1] ?? ""), "hunter2");
    const failed = await raw([...STRICT, "v/user.txt", "nowhere"], { files });
    assert.deepEqual({ code: failed.code, stdout: failed.stdout }, { code: 1, stdout: "" });
  });

  test("several files are refused where a name cannot be that of an item, as their lines must be fit for encryptedData", async () => {
    for (const name of ["a b", "c: d", "e\nf: x", "sub/g"]) {
      const files = { "v/user": "me", [`v/${name}`]: "hunter2" };
      const pattern = name.includes("/") ? "v/**" : "v/*";
      const { code, stdout, stderr } = await raw([...STRICT, pattern], { files });
      assert.deepEqual({ code, stdout }, { code: 2, stdout: "" }, name);
      assert.match(stderr, /^error: v\/.* is not a name a Secret's item may have\nhint: .*rename the file/);
      assert.equal((await raw([...STRICT, `v/${name}`], { files })).code, 0);
      assert.equal((await raw([...STRICT, "--output-dir", "out", pattern], { files })).code, 0);
    }
  });

  test("two files of one name are refused, as their lines could not be told apart", async () => {
    const { code, stderr } = await raw([...STRICT, "a/value", "b/value"], {
      files: { "a/value": "1", "b/value": "2" },
    });
    assert.equal(code, 2);
    assert.match(stderr, /^error: a\/value and b\/value would both be written to value\n/);
  });

  test("--output-dir takes each value to a file of its own and leaves the plain one", async () => {
    const { code, stdout, files } = await raw([...STRICT, "--output-dir", "out/", "v/*"], {
      files: { "v/user.txt": "me", "v/password.txt": "hunter2" },
    });
    assert.deepEqual({ code, stdout }, { code: 0, stdout: "" });
    assert.equal(await opened(files.get("out/user.txt") ?? ""), "me");
    assert.equal(await opened(files.get("out/password.txt") ?? ""), "hunter2");
    assert.equal(files.get("v/user.txt"), "me");
  });

  test("ciphertext never takes the place of the plain value's file", async () => {
    for (const args of [["--in-place"], ["--output-dir", "v"], ["--output-dir", "./v/"]]) {
      const files = { "v/user.txt": "me" };
      const { code, stderr, files: after } = await raw([...STRICT, ...args, "v/user.txt"], { files });
      assert.equal(code, 2);
      assert.match(stderr, /^error: .*--raw would put ciphertext in the place of the plain value\n/);
      assert.equal(after.get("v/user.txt"), "me");
    }
  });

  test("-w takes the value, and -o is of no use", async () => {
    const { stdout, files } = await raw([...STRICT, "-o", "yaml", "-w", "sealed.txt"], { stdin: "x" });
    assert.equal(stdout, "");
    assert.equal(await opened(files.get("sealed.txt") ?? ""), "x");
  });

  test("somebody at a terminal is asked for the value", async () => {
    const { stderr } = await raw(STRICT, { stdin: "x", terminals: ["stdin"] });
    assert.equal(stderr, "(tty detected: expecting a secret to encrypt in stdin)\n");
  });

  test("a certificate that is not there is told before what else is missing, as kubeseal does", async () => {
    const { code, stderr } = await runInMemory(["--raw", "-n", "team-a", "--cert", "nowhere.pem"]);
    assert.equal(code, 1);
    assert.match(stderr, /^error: cannot read the certificate file nowhere\.pem: /);
  });
});

import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { run } from "../../cli/run.ts";
import { readDocuments } from "../../shared/document/read-documents.ts";
import { readCertificate } from "../../shared/seal/certificate.node.ts";
import { type MemoryWorld, memoryIo, runInMemory } from "../support/memory-io.ts";
import { openedObjects, openedValues } from "../support/opened-values.ts";
import { type StubAnswer, startStubController } from "../support/stub-controller.ts";
import { testCertificate } from "../support/test-certificates.ts";

const { certificatePem, privateKeyPem } = testCertificate();
const FINGERPRINT = readCertificate(certificatePem).fingerprint;
const OLD = `AQ${"A".repeat(400)}`;

const TARGET = `# kept
apiVersion: bitnami.com/v1alpha1
kind: SealedSecret
metadata:
  name: db
  namespace: team-a # kept too
spec:
  encryptedData:
    user: ${OLD}
`;
const SECRET =
  "apiVersion: v1\nkind: Secret\nmetadata: {name: db, namespace: team-a}\nstringData: {password: hunter2}\n";

function merge(args: readonly string[], files: Readonly<Record<string, string>>, world: MemoryWorld = {}) {
  return runInMemory(["--cert", "cert.pem", ...args], {
    stdin: SECRET,
    ...world,
    files: { "cert.pem": certificatePem, ...files },
  });
}

/** The one value that was merged, opened under the file's own scope; and that the file is otherwise the same. */
async function passwordIn(text: string | undefined): Promise<string | undefined> {
  const objects = Object.values(await openedObjects(text ?? "", privateKeyPem));
  return objects[0]?.["password"];
}

suite("--merge-into", () => {
  test("a YAML file stays YAML, all else byte for byte, without -o (W15)", async () => {
    const { code, stdout, stderr, files } = await merge(["--merge-into", "a.yaml"], { "a.yaml": TARGET });
    assert.deepEqual({ code, stdout, stderr }, { code: 0, stdout: "", stderr: "" });
    const text = files.get("a.yaml") ?? "";
    assert.equal(await passwordIn(text), "hunter2");
    const sealed = / {4}password: (\S+)\n/.exec(text)?.[1] ?? "";
    const hint = `  annotations:\n    signet.dev/sealing-key: '{"password":"${FINGERPRINT}"}'\n`;
    assert.equal(text, `${TARGET.replace("spec:", `${hint}spec:`)}    password: ${sealed}\n`);
  });

  test("what the file names in Vault stays as it stands", async () => {
    const vault = `  vault:
    - key: license # written by hand
      mount: secret
      path: team-a/license
      field: text
`;
    const { code, files } = await merge(["--merge-into", "a.yaml"], { "a.yaml": TARGET + vault });
    assert.equal(code, 0);
    const text = files.get("a.yaml") ?? "";
    assert.ok(text.endsWith(vault));
    assert.equal(await passwordIn(text), "hunter2");
  });

  test("a JSON file stays JSON; --format in so many words rewrites it", async () => {
    const json = `{"apiVersion":"bitnami.com/v1alpha1","kind":"SealedSecret","metadata":{"name":"db","namespace":"team-a"},"spec":{"encryptedData":{}}}`;
    const kept = await merge(["--merge-into", "a.json"], { "a.json": json });
    assert.ok(
      kept.files
        .get("a.json")
        ?.startsWith('{"apiVersion":"bitnami.com/v1alpha1","kind":"SealedSecret","metadata":{"name":"db"'),
    );
    const rewritten = await merge(["--merge-into", "a.json", "-o", "yaml"], { "a.json": json });
    assert.equal(rewritten.code, 0);
    assert.match(rewritten.files.get("a.json") ?? "", /^---\napiVersion: bitnami\.com\/v1alpha1\n/);
    assert.equal(await passwordIn(rewritten.files.get("a.json")), "hunter2");
  });

  test("an item that is there is replaced, its hint too; the others keep theirs", async () => {
    const first = await merge(["--merge-into", "a.yaml"], { "a.yaml": TARGET });
    const again = await merge(
      ["--merge-into", "a.yaml"],
      { "a.yaml": first.files.get("a.yaml") ?? "" },
      { stdin: SECRET.replace("hunter2", "new") },
    );
    const text = again.files.get("a.yaml") ?? "";
    assert.equal(await passwordIn(text), "new");
    assert.equal(text.match(/password: /g)?.length, 1);
    const all = await merge(
      ["--merge-into", "a.yaml"],
      { "a.yaml": text },
      { stdin: SECRET.replace("password", "user") },
    );
    assert.match(
      all.files.get("a.yaml") ?? "",
      new RegExp(`signet\\.dev/sealing-key: '?${FINGERPRINT.replaceAll("+", "\\+")}'?\n`),
    );
  });

  test("the file's name and namespace count, whatever the Secret says", async () => {
    const stdin = SECRET.replace("name: db, namespace: team-a", "name: other, namespace: elsewhere");
    const { code, files } = await merge(["--merge-into", "a.yaml"], { "a.yaml": TARGET }, { stdin });
    assert.equal(code, 0);
    assert.equal(await passwordIn(files.get("a.yaml")), "hunter2");
    const shown = await merge(["--merge-into", "a.yaml", "--verbose"], { "a.yaml": TARGET }, { stdin });
    const [ofNamespace, ofName] = shown.stderr.split("\n");
    assert.ok(ofNamespace?.startsWith("warning: standard input"), ofNamespace);
    assert.ok(
      ofNamespace?.endsWith(" says namespace elsewhere, but it is sealed for that of a.yaml, team-a"),
    );
    assert.ok(ofName?.endsWith(" says name other, but it is sealed for that of a.yaml, db"), ofName);
    const same = await merge(["--merge-into", "a.yaml", "--verbose"], { "a.yaml": TARGET });
    assert.ok(!same.stderr.includes("warning:"));
    const mismatch = await merge(["--merge-into", "a.yaml", "-n", "team-b"], { "a.yaml": TARGET });
    assert.equal(mismatch.code, 1);
    assert.match(mismatch.stderr, /^error: namespace mismatch: /);
    assert.equal(mismatch.files.get("a.yaml"), TARGET);
  });

  test("labels and annotations go into a template that has none, or is not there, where kubeseal crashes (W6)", async () => {
    const stdin = SECRET.replace(
      "namespace: team-a",
      'namespace: team-a, labels: {app: "shop"}, annotations: {note: "yes"}',
    );
    for (const template of [
      "",
      "  template: {}\n",
      "  template:\n    metadata: {}\n",
      "  template:\n    metadata:\n      labels: {old: x}\n",
    ]) {
      const { code, files } = await merge(
        ["--merge-into", "a.yaml"],
        { "a.yaml": TARGET + template },
        { stdin },
      );
      assert.equal(code, 0, template);
      const [document] = readDocuments(files.get("a.yaml") ?? "", "out");
      const value = JSON.parse(JSON.stringify(document?.value)) as {
        spec: { template: { metadata: Record<string, unknown> } };
      };
      const { labels, annotations } = value.spec.template.metadata;
      assert.deepEqual(labels, template.includes("old") ? { old: "x", app: "shop" } : { app: "shop" });
      assert.deepEqual(annotations, { note: "yes" });
    }
  });

  test("the value is sealed as wide as the file says, so that it opens there (W5)", async () => {
    for (const scope of ["namespace-wide", "cluster-wide"] as const) {
      const target = TARGET.replace(
        "  name: db\n",
        `  name: db\n  annotations: {"sealedsecrets.bitnami.com/${scope}": "true"}\n`,
      );
      const { code, files } = await merge(["--merge-into", "a.yaml", "--scope", scope], { "a.yaml": target });
      assert.equal(code, 0);
      const value = / {4}password: (\S+)\n/.exec(files.get("a.yaml") ?? "")?.[1] ?? "";
      const sealedFor =
        scope === "cluster-wide"
          ? ({ kind: scope } as const)
          : ({ kind: scope, namespace: "team-a" } as const);
      assert.deepEqual(await openedValues({ value }, sealedFor, privateKeyPem), { value: "hunter2" });
      assert.equal(await passwordIn(files.get("a.yaml")), "hunter2");
    }
  });

  test("a file that somebody widened does not widen what others seal (W5)", async () => {
    const target = TARGET.replace(
      "  name: db\n",
      '  name: db\n  annotations: {"sealedsecrets.bitnami.com/cluster-wide": "true"}\n',
    );
    const { code, stderr, files } = await merge(["--merge-into", "a.yaml"], { "a.yaml": target });
    assert.equal(code, 1);
    assert.match(
      stderr,
      /^error: a\.yaml is cluster-wide by its annotation, and nothing proves that this is meant\n/,
    );
    assert.equal(files.get("a.yaml"), target);
  });

  const proofs: readonly [string, StubAnswer, number][] = [
    ["a controller that can open the file's values vouches for its scope", { status: 200, body: "" }, 0],
    ["a controller that cannot does not", { status: 409, body: "" }, 1],
  ];
  for (const [name, answer, exit] of proofs) {
    test(name, async () => {
      const target = TARGET.replace(
        "  name: db\n",
        '  name: db\n  annotations: {"sealedsecrets.bitnami.com/cluster-wide": "true"}\n',
      );
      const controller = await startStubController({
        certificate: { status: 200, body: certificatePem },
        verify: [answer],
      });
      try {
        const world = { files: { "a.yaml": target }, stdin: SECRET, env: controller.env };
        const { code, stderr, files } = await runInMemory(["--merge-into", "a.yaml", "--verbose"], world);
        assert.equal(code, exit);
        const widening = /^warning: a\.yaml is cluster-wide by its annotation: password will open under any/m;
        assert.equal(widening.test(stderr), exit === 0, stderr);
        if (exit === 0) assert.equal(await passwordIn(files.get("a.yaml")), "hunter2");
        else assert.equal(files.get("a.yaml"), target);
      } finally {
        await controller.close();
      }
    });
  }

  test("an explicit --scope that is not the file's is refused, narrower or wider (W18)", async () => {
    const { code, stderr, files } = await merge(["--merge-into", "a.yaml", "--scope", "cluster-wide"], {
      "a.yaml": TARGET,
    });
    assert.equal(code, 1);
    assert.match(stderr, /a\.yaml is strict by its annotations, but --scope says cluster-wide/);
    assert.equal(files.get("a.yaml"), TARGET);
  });

  test("in folders other tools' templates are passed over, but not those that may hold a Secret", async () => {
    const helm = "{{- if .Values.web }}\nkind: Deployment\n{{- end }}\n";
    const files = { "t/a.yaml": TARGET, "t/web.yaml": helm, "in/s.yaml": SECRET, "in/web.yaml": helm };
    const { code, stderr, files: left } = await merge(["--merge-into", "t", "in"], files);
    assert.equal(code, 0, stderr);
    assert.equal(await passwordIn(left.get("t/a.yaml")), "hunter2");
    assert.equal(left.get("t/web.yaml"), helm);
    for (const path of ["t/b.yaml", "in/b.yaml"]) {
      const template = "{{- if .Values.db }}\nkind: Secret\n{{- end }}\n";
      const refused = await merge(["--merge-into", "t", "in"], { ...files, [path]: template });
      assert.equal(refused.code, 1);
      assert.match(refused.stderr, new RegExp(`^error: ${path}.*\\nhint: it has \\{\\{ \\}\\} in it`));
      assert.equal(refused.files.get("t/a.yaml"), TARGET);
    }
    const named = await merge(["--merge-into", "t/web.yaml"], files);
    assert.equal(named.code, 1);
  });

  test("two Secrets that give the same item are refused: nobody knows which is meant", async () => {
    const files = {
      "t.yaml": TARGET,
      "in/a.yaml": SECRET,
      "in/b.yaml": SECRET.replace("hunter2", "hunter3"),
    };
    const { code, stderr, files: left } = await merge(["--merge-into", "t.yaml", "in"], files);
    assert.equal(code, 1);
    assert.equal(
      stderr,
      "error: in/a.yaml and in/b.yaml both have an item password for t.yaml\n" +
        "hint: leave one of them out, or merge them one after the other\n",
    );
    assert.equal(left.get("t.yaml"), TARGET);
  });

  test("among several SealedSecrets each Secret finds its own, in a file or in a folder", async () => {
    const cache = TARGET.replace("name: db", "name: cache");
    const secrets = {
      "s/db.yaml": SECRET,
      "s/cache.yaml": SECRET.replace("name: db", "name: cache").replace("hunter2", "two"),
    };
    const inOne = await merge(["--merge-into", "all.yaml", "s"], {
      "all.yaml": `${TARGET}---\n${cache}`,
      ...secrets,
    });
    assert.equal(inOne.code, 0);
    const opened = await openedObjects(inOne.files.get("all.yaml") ?? "", privateKeyPem);
    assert.equal(opened["team-a/db"]?.["password"], "hunter2");
    assert.equal(opened["team-a/cache"]?.["password"], "two");
    const inFolder = await merge(["--merge-into", "sealed", "s"], {
      "sealed/a.yaml": TARGET,
      "sealed/b.yaml": cache,
      ...secrets,
    });
    assert.equal(await passwordIn(inFolder.files.get("sealed/a.yaml")), "hunter2");
    assert.equal(await passwordIn(inFolder.files.get("sealed/b.yaml")), "two");
  });

  test("two Secrets for one SealedSecret are both merged", async () => {
    const stdin = `${SECRET}---\n${SECRET.replace("password: hunter2", "token: abc")}`;
    const { files } = await merge(["--merge-into", "a.yaml"], { "a.yaml": TARGET }, { stdin });
    const opened = await openedObjects(files.get("a.yaml") ?? "", privateKeyPem);
    assert.equal(opened["team-a/db"]?.["password"], "hunter2");
    assert.equal(opened["team-a/db"]?.["token"], "abc");
  });

  test("when one Secret fails no file is written", async () => {
    const files = {
      "sealed/a.yaml": TARGET,
      "s/a.yaml": SECRET,
      "s/b.yaml": SECRET.replace("stringData: {password: hunter2}", "data: {x: '?'}"),
    };
    const { code, files: after } = await merge(["--merge-into", "sealed", "s"], files);
    assert.equal(code, 1);
    assert.equal(after.get("sealed/a.yaml"), TARGET);
  });

  test("--output-dir takes the result and leaves the file", async () => {
    const { code, files } = await merge(["--merge-into", "in/a.yaml", "--output-dir", "out"], {
      "in/a.yaml": TARGET,
    });
    assert.equal(code, 0);
    assert.equal(files.get("in/a.yaml"), TARGET);
    assert.equal(await passwordIn(files.get("out/a.yaml")), "hunter2");
  });

  test("the file of -w is left alone, which kubeseal empties (W22)", async () => {
    const { code, files } = await merge(["--merge-into", "a.yaml", "-w", "old.yaml"], {
      "a.yaml": TARGET,
      "old.yaml": "old",
    });
    assert.equal(code, 0);
    assert.equal(files.get("old.yaml"), "old");
  });

  test("a write that fails names the file", async () => {
    const { io, left } = memoryIo(["--cert", "cert.pem", "--merge-into", "a.yaml"], {
      files: { "cert.pem": certificatePem, "a.yaml": TARGET },
      stdin: SECRET,
    });
    const replace = () => {
      throw Object.assign(new Error("hunter2"), { code: "EROFS" });
    };
    const { code, stderr } = left(await run({ ...io, files: { ...io.files, replace } }));
    assert.equal(code, 1);
    assert.match(stderr, /^error: cannot write a\.yaml: the file system is read-only\n/);
  });
});

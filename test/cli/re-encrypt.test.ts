import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { suite, test } from "node:test";
import { readDocuments } from "../../shared/document/read-documents.ts";
import { readCertificate } from "../../shared/seal/certificate.node.ts";
import { type MemoryWorld, runInMemory } from "../support/memory-io.ts";
import { questions, type StubAnswers, startStubController } from "../support/stub-controller.ts";
import { testCertificate } from "../support/test-certificates.ts";

const { certificatePem } = testCertificate();
const FINGERPRINT = readCertificate(certificatePem).fingerprint;
const CERTIFICATE = { status: 200, body: certificatePem };

/** What looks sealed. */
function value(): string {
  return Buffer.concat([Buffer.from([1, 0]), randomBytes(296)]).toString("base64");
}
const [OLD_USER, OLD_PASSWORD, NEW_USER, NEW_PASSWORD] = [value(), value(), value(), value()] as const;

const FILE = `# kept
apiVersion: bitnami.com/v1alpha1
kind: SealedSecret
metadata:
  name: db # the name
  namespace: team-a
  creationTimestamp: null
spec:
  template: {type: Opaque}
  encryptedData:
    user: ${OLD_USER}
    password: "${OLD_PASSWORD}" # kept
`;
const RENEWED = FILE.replace(OLD_USER, NEW_USER)
  .replace(OLD_PASSWORD, NEW_PASSWORD)
  .replace("spec:", `  annotations:\n    signet.dev/sealing-key: ${FINGERPRINT}\nspec:`);

/** An answer with these items, and whatever else. */
function answer(encryptedData: Record<string, unknown>, more: object = {}) {
  return {
    status: 200,
    body: JSON.stringify({
      kind: "SealedSecret",
      ...more,
      spec: { encryptedData, ...("spec" in more ? (more.spec as object) : {}) },
    }),
  };
}
const GOOD = answer({ user: NEW_USER, password: NEW_PASSWORD });

async function reEncrypt(answers: StubAnswers, args: readonly string[], world: MemoryWorld = {}) {
  const controller = await startStubController({ certificate: CERTIFICATE, ...answers });
  try {
    const result = await runInMemory(["--re-encrypt", ...args], {
      ...world,
      env: { ...controller.env, ...world.env },
    });
    return { ...result, asked: questions(controller, "/v1/rotate") };
  } finally {
    await controller.close();
  }
}

suite("--re-encrypt", () => {
  test("-f without -w: the file takes the result; only values and the hint change (W15)", async () => {
    const { code, stdout, stderr, files, asked } = await reEncrypt({ rotate: [GOOD] }, ["-f", "a.yaml"], {
      files: { "a.yaml": FILE },
    });
    assert.deepEqual({ code, stdout, stderr }, { code: 0, stdout: "", stderr: "" });
    assert.equal(files.get("a.yaml"), RENEWED);
    assert.equal(asked.length, 1);
  });

  test("--in-place does the same for whole folders, and passes what is no SealedSecret", async () => {
    const world = { files: { "in/a.yaml": FILE, "in/web.yaml": "kind:  Deployment\n" } };
    const { code, files, stderr } = await reEncrypt({ rotate: [GOOD] }, ["--in-place", "in"], world);
    assert.equal(code, 0);
    assert.equal(files.get("in/a.yaml"), RENEWED);
    assert.equal(files.get("in/web.yaml"), "kind:  Deployment\n");
    assert.match(stderr, /^re-encrypted in\/a\.yaml: db, 2 items$/m);
  });

  test("from stream to stream: what belongs to the server is left out (W7)", async () => {
    const { code, stdout } = await reEncrypt({ rotate: [GOOD] }, [], { stdin: FILE });
    assert.equal(code, 0);
    const [document] = readDocuments(stdout, "out");
    assert.deepEqual(JSON.parse(JSON.stringify(document?.value)), {
      kind: "SealedSecret",
      apiVersion: "bitnami.com/v1alpha1",
      metadata: { name: "db", namespace: "team-a", annotations: { "signet.dev/sealing-key": FINGERPRINT } },
      spec: { template: { type: "Opaque" }, encryptedData: { user: NEW_USER, password: NEW_PASSWORD } },
    });
  });

  test("nothing else of the answer counts: no scope, name, template, or item that was not sent", async () => {
    const hostile = answer(
      { user: NEW_USER, password: NEW_PASSWORD, evil: value() },
      {
        metadata: {
          name: "evil",
          namespace: "kube-system",
          annotations: { "sealedsecrets.bitnami.com/cluster-wide": "true" },
        },
        spec: { template: { metadata: { labels: { evil: "yes" } }, data: { x: "{{ .user }}" } } },
      },
    );
    const inPlace = await reEncrypt({ rotate: [hostile] }, ["-f", "a.yaml"], { files: { "a.yaml": FILE } });
    assert.equal(inPlace.files.get("a.yaml"), RENEWED);
    const stream = await reEncrypt({ rotate: [hostile] }, [], { stdin: FILE });
    assert.equal(stream.code, 0);
    assert.ok(!/evil|cluster-wide|\{\{/.test(stream.stdout));
  });

  const refused: readonly [string, StubAnswers["rotate"], RegExp][] = [
    ["lacks an item", [answer({ user: NEW_USER })], /has no value for spec\.encryptedData\.password/],
    [
      "holds an old value",
      [answer({ user: NEW_USER, password: OLD_PASSWORD })],
      /has the old value for spec\.encryptedData\.password/,
    ],
    ["holds what is no text", [answer({ user: NEW_USER, password: 7 })], /has no value for/],
    [
      "holds what is not sealed",
      [answer({ user: NEW_USER, password: "aHVudGVyMg==" })],
      /has no sealed value for/,
    ],
    [
      "holds a value of another length",
      [
        answer({
          user: NEW_USER,
          password: Buffer.concat([Buffer.from([1, 0]), randomBytes(297)]).toString("base64"),
        }),
      ],
      /has a value of another length for spec\.encryptedData\.password/,
    ],
    ["holds a plain value", [answer({ user: NEW_USER, password: "hunter2 !" })], /has no sealed value for/],
    [
      "has no spec",
      [{ status: 200, body: '{"kind":"Status"}' }],
      /has no value for spec\.encryptedData\.user/,
    ],
    [
      "is a list",
      [{ status: 200, body: "[]" }],
      /what answers there \(200\) is not a sealed secrets controller/,
    ],
    ["is a login page", [{ status: 200, body: "<html>hunter2" }], /what answers there \(200\) is not/],
    [
      "is 409",
      [{ status: 409, body: "hunter2" }],
      /unable to rotate secret: the controller could not re-seal it/,
    ],
    ["is 500", [{ status: 500, body: "hunter2" }], / secret: the controller could not re-seal it/],
    ["is 404", [{ status: 404, body: "hunter2" }], /cannot re-encrypt secret: /],
  ];
  for (const [name, rotate = [], message] of refused) {
    test(`an answer that ${name} changes nothing`, async () => {
      for (const args of [
        ["-f", "a.yaml"],
        ["--in-place", "a.yaml"],
        ["-f", "a.yaml", "-w", "b.yaml"],
      ]) {
        const { code, stdout, stderr, files } = await reEncrypt({ rotate }, args, {
          files: { "a.yaml": FILE },
        });
        assert.deepEqual({ code, stdout }, { code: 1, stdout: "" });
        assert.match(stderr, message);
        assert.ok(!stderr.includes("hunter2") && !stderr.includes("aHVudGVyMg"));
        assert.deepEqual([...files], [["a.yaml", FILE]]);
      }
    });
  }

  test("of several documents in a file all are sealed anew, or none is written", async () => {
    const other = FILE.replace("name: db", "name: other");
    const world = { files: { "a.yaml": `${FILE}---\n${other}` } };
    const { code, files } = await reEncrypt(
      { rotate: [GOOD, { status: 409, body: "" }] },
      ["-f", "a.yaml"],
      world,
    );
    assert.equal(code, 1);
    assert.equal(files.get("a.yaml"), world.files["a.yaml"]);
  });

  test("a hint that can no longer be told goes, since the old one is wrong now", async () => {
    const hinted = FILE.replace(
      "spec:",
      `  annotations:\n    signet.dev/sealing-key: SHA256:${"A".repeat(43)}\nspec:`,
    );
    const { code, files } = await reEncrypt(
      { certificate: { status: 404, body: "" }, rotate: [GOOD] },
      ["-f", "a.yaml"],
      { files: { "a.yaml": hinted } },
    );
    assert.equal(code, 0);
    assert.ok(!files.get("a.yaml")?.includes("SHA256:"));
    assert.ok(files.get("a.yaml")?.includes(NEW_USER));
  });

  test("JSON stays JSON, laid out as it was", async () => {
    const json = `{"apiVersion":"bitnami.com/v1alpha1","kind":"SealedSecret","metadata":{"name":"db","namespace":"team-a"},\n "spec":{"encryptedData":{"user":"${OLD_USER}"}}}`;
    const { files } = await reEncrypt({ rotate: [answer({ user: NEW_USER })] }, ["-f", "a.json"], {
      files: { "a.json": json },
    });
    assert.equal(
      files.get("a.json"),
      json
        .replace(OLD_USER, NEW_USER)
        .replace('"team-a"}', `"team-a","annotations":{"signet.dev/sealing-key":"${FINGERPRINT}"}}`),
    );
  });

  test("the old whole-object form is left alone and not sent", async () => {
    const old = `apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata: {name: db, namespace: team-a}\nspec: {data: ${OLD_USER}, encryptedData: {}}\n`;
    const { code, stderr, asked } = await reEncrypt({ rotate: [GOOD] }, ["-f", "a.yaml"], {
      files: { "a.yaml": old },
    });
    assert.equal(code, 1);
    assert.match(stderr, /^error: a\.yaml: spec\.data, the old whole-object form, is not re-encrypted\n/);
    assert.deepEqual(asked, []);
  });

  test("--rotate is the same; its word of warning is no part of the product (W17)", async () => {
    const controller = await startStubController({ certificate: CERTIFICATE, rotate: [GOOD] });
    try {
      const world = { env: controller.env, stdin: FILE };
      const { stdout, stderr } = await runInMemory(["--rotate"], world);
      assert.ok(stdout.startsWith('{\n  "kind": "SealedSecret",'));
      assert.doesNotMatch(stderr, /^error/m);
      const shown = await runInMemory(["--rotate", "--verbose"], world);
      assert.match(shown.stderr, /--rotate .*deprecated/);
    } finally {
      await controller.close();
    }
  });

  test("an empty stream is an error (W3)", async () => {
    const { code, asked } = await reEncrypt({ rotate: [GOOD] }, [], { stdin: "# nothing\n" });
    assert.equal(code, 1);
    assert.deepEqual(asked, []);
  });
});

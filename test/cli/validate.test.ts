import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { type MemoryWorld, runInMemory } from "../support/memory-io.ts";
import { questions, type StubAnswer, startStubController } from "../support/stub-controller.ts";

function sealed(name: string): string {
  return `apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata: {name: ${name}, namespace: team-a}\nspec: {encryptedData: {user: AQ==}}\n`;
}
const OPENS: StubAnswer = { status: 200, body: "" };
const REFUSED: StubAnswer = { status: 409, body: "" };

async function validate(answers: readonly StubAnswer[], args: readonly string[], world: MemoryWorld = {}) {
  const controller = await startStubController({ verify: answers });
  try {
    const result = await runInMemory(["--validate", ...args], { ...world, env: controller.env });
    return { ...result, asked: questions(controller, "/v1/verify") };
  } finally {
    await controller.close();
  }
}

suite("--validate", () => {
  test("is silent when all opens, and sends each document as it is", async () => {
    const { code, stdout, stderr, asked } = await validate([OPENS], [], {
      stdin: `${sealed("one")}---\n${sealed("two")}`,
    });
    assert.deepEqual({ code, stdout, stderr }, { code: 0, stdout: "", stderr: "" });
    assert.deepEqual(
      asked.map((question) => (question as { metadata: unknown }).metadata),
      [
        { name: "one", namespace: "team-a" },
        { name: "two", namespace: "team-a" },
      ],
    );
  });

  test("names the one that does not open, and asks no further in a stream", async () => {
    const stdin = `${sealed("one")}---\n${sealed("two")}---\n${sealed("three")}`;
    const { code, stdout, stderr, asked } = await validate([OPENS, REFUSED], [], { stdin });
    assert.deepEqual({ code, stdout }, { code: 1, stdout: "" });
    assert.match(stderr, /^error: unable to decrypt sealed secret: two\n/);
    assert.equal(asked.length, 2);
  });

  test("has a line for each file, and asks about all of them", async () => {
    const files = {
      "in/one.yaml": sealed("one"),
      "in/two.yaml": sealed("two"),
      "in/web.yaml": "kind: Deployment\n",
    };
    const { code, stderr, files: after } = await validate([REFUSED, OPENS], ["in"], { files });
    assert.equal(code, 1);
    assert.match(
      stderr,
      /^failed in\/one\.yaml: unable to decrypt sealed secret: one; signet explain FILE /m,
    );
    assert.match(stderr, /^valid in\/two\.yaml: team-a\/two$/m);
    assert.match(stderr, /^3 files: valid 1 in 1, left 1 as they are, 1 failed$/m);
    assert.deepEqual(Object.fromEntries(after), files);
  });

  for (const [name, stdin] of [
    ["nothing", ""],
    ["a comment", "# nothing\n"],
    ["empty documents", "---\n---\n"],
  ] as const) {
    test(`is an error of ${name}, which kubeseal calls valid (W3)`, async () => {
      const { code, stderr, asked } = await validate([OPENS], [], { stdin });
      assert.equal(code, 1);
      assert.match(stderr, /^error: no sealed secrets found in standard input\n/);
      assert.deepEqual(asked, []);
    });
  }

  test("is an error of a Secret, which is never sent (W3)", async () => {
    const stdin = "apiVersion: v1\nkind: Secret\nmetadata: {name: db}\nstringData: {password: hunter2}\n";
    const { code, stderr, asked } = await validate([OPENS], [], { stdin: `${sealed("one")}---\n${stdin}` });
    assert.equal(code, 1);
    assert.match(stderr, /^error: standard input, document 2 is not a SealedSecret: its kind is "Secret"\n/);
    assert.deepEqual(asked, []);
  });

  test("waits when the controller is busy and takes the answer after", async () => {
    const { code, asked } = await validate([{ status: 429, body: "" }, OPENS], [], { stdin: sealed("one") });
    assert.equal(code, 0);
    assert.equal(asked.length, 2);
  });

  test("takes a login page for no yes", async () => {
    const { code, stderr } = await validate([{ status: 200, body: "<html>hunter2" }], [], {
      stdin: sealed("one"),
    });
    assert.equal(code, 1);
    assert.match(stderr, /^error: cannot validate sealed secret: what answers there \(200\) is not /);
    assert.ok(!stderr.includes("hunter2"));
  });

  test("leaves the file of -w alone, which kubeseal empties (W22)", async () => {
    const world = { files: { "old.yaml": "old" }, stdin: sealed("one") };
    const { code, files, stderr } = await validate([OPENS], ["-w", "old.yaml"], world);
    assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
    assert.equal(files.get("old.yaml"), "old");
  });
});

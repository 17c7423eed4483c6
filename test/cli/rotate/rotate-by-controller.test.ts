import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { suite, test } from "node:test";
import type { SealedSecret } from "../../../shared/sealed-secret.ts";
import { manifest, NEW, NEW_KEY, OLD_KEY, rotate, sealed, valuesIn } from "../../support/rotated-tree.ts";
import {
  questions,
  type StubAnswer,
  type StubAnswers,
  startStubController,
} from "../../support/stub-controller.ts";

const HINT = "signet.dev/sealing-key";
const CERTIFICATE = { status: 200, body: NEW.certificatePem };

/** What looks sealed under the newest key, of a plain value as long as that of the old one. */
function looksSealed(before: string): string {
  const length = Buffer.from(before, "base64").length - 258;
  return Buffer.concat([Buffer.from([1, 0, 0]), randomBytes(255 + length)]).toString("base64");
}

/** As a controller does: a new value for each that it is sent. */
const ANEW: StubAnswer = {
  status: 200,
  body: (question) => {
    const { spec } = JSON.parse(question) as SealedSecret;
    const anew = Object.entries(spec.encryptedData).map(([item, value]) => [item, looksSealed(value)]);
    return JSON.stringify({ kind: "SealedSecret", spec: { encryptedData: Object.fromEntries(anew) } });
  },
};

async function byController(answers: StubAnswers, args: readonly string[], files: Record<string, string>) {
  const controller = await startStubController({ certificate: CERTIFICATE, rotate: [ANEW], ...answers });
  try {
    const run = await rotate(args, { files, env: controller.env });
    return { ...run, asked: questions(controller, "/v1/rotate") as SealedSecret[] };
  } finally {
    await controller.close();
  }
}

suite("rotate by the controller", () => {
  test("sends what is not under the newest key, and nothing else", async () => {
    const [user, password] = [await sealed("old", "me"), await sealed("new", "hunter2")];
    const hint = JSON.stringify({ password: NEW_KEY, user: OLD_KEY });
    const text = manifest({ user, password }, { [HINT]: hint });
    const { code, stderr, files, asked } = await byController({}, ["in"], { "in/a.yaml": text });
    assert.equal(code, 0, stderr);
    assert.deepEqual(
      asked.map(({ spec }) => spec.encryptedData),
      [{ user }],
    );
    const after = valuesIn(files.get("in/a.yaml"));
    assert.equal(after["password"], password);
    const expected = text.replace(user, after["user"] ?? "").replace(JSON.stringify(hint), `"${NEW_KEY}"`);
    assert.equal(files.get("in/a.yaml"), expected);
    assert.match(stderr, /^rotated in\/a\.yaml: team-a\/db, 1 of 2 values$/m);
    assert.match(stderr, /^note: 1 value said to be under the newest key, which nobody opened here: /m);
  });

  test("asks nothing about a file that says that it is under the newest key, but with --all", async () => {
    const text = manifest({ user: await sealed("new", "me") }, { [HINT]: NEW_KEY });
    const { code, stderr, files, asked } = await byController({}, ["a.yaml"], { "a.yaml": text });
    assert.deepEqual([code, asked], [0, []]);
    assert.equal(files.get("a.yaml"), text);
    assert.match(stderr, /^left a\.yaml: under the newest key, as it says$/m);
    const all = await byController({}, ["--all", "a.yaml"], { "a.yaml": text });
    assert.equal(all.asked.length, 1);
    assert.notEqual(all.files.get("a.yaml"), text);
  });

  test("does not believe a hint that the value's form contradicts", async () => {
    const value = Buffer.from(await sealed("new", "me"), "base64")
      .fill(0xff, 2, 20)
      .toString("base64");
    const text = manifest({ user: value }, { [HINT]: NEW_KEY });
    const { asked } = await byController({}, ["a.yaml"], { "a.yaml": text });
    assert.deepEqual(
      asked.map(({ spec }) => spec.encryptedData),
      [{ user: value }],
    );
  });

  test("nothing of a file's changes where the answer is not its values sealed anew, and others go on", async () => {
    const text = manifest({ user: await sealed("old", "me") });
    const evil = { status: 200, body: JSON.stringify({ spec: { encryptedData: { user: "hunter2" } } }) };
    const refused = { status: 409, body: "hunter2" };
    const files = { "in/a.yaml": text, "in/b.yaml": text, "in/c.yaml": text };
    const run = await byController({ rotate: [evil, refused, ANEW] }, ["in"], files);
    assert.equal(run.code, 1);
    assert.match(
      run.stderr,
      /^failed in\/\w\.yaml: the controller's answer has no sealed value for spec\.encryptedData\.user/m,
    );
    assert.match(run.stderr, /^failed in\/\w\.yaml: unable to rotate secret/m);
    assert.match(run.stderr, /^3 files: rotated 1 value in 1, 2 failed$/m);
    const changed = [...run.files].filter(([path, now]) => path.startsWith("in/") && now !== text);
    assert.equal(changed.length, 1);
    assert.ok(!run.stderr.includes("hunter2"));
  });

  test("without a certificate nothing is sent, and the run ends", async () => {
    const text = manifest({ user: await sealed("old", "me") });
    for (const args of [["in"], ["--all", "in"]]) {
      const run = await byController({ certificate: { status: 500, body: "" } }, args, {
        "in/a.yaml": text,
        "in/b.yaml": text,
      });
      assert.equal(run.code, 1);
      assert.match(run.stderr, /^error: cannot fetch certificate: the controller answered 500$/m);
      assert.doesNotMatch(run.stderr, /^failed/m);
      assert.deepEqual(run.asked, []);
      assert.equal(run.files.get("in/a.yaml"), text);
    }
  });

  test("its certificate is what keys at hand seal with, where none is given", async () => {
    const text = manifest({ user: await sealed("old", "me") });
    const run = await byController({}, ["--private-key", "old.key", "a.yaml"], { "a.yaml": text });
    assert.deepEqual([run.code, run.asked], [0, []]);
    assert.match(run.files.get("a.yaml") ?? "", new RegExp(NEW_KEY.replaceAll("+", "\\+")));
  });

  test("a certificate that is not the accepted one ends the run", async () => {
    const text = manifest({ user: await sealed("old", "me") });
    const run = await byController({}, ["--accept-certificate", OLD_KEY, "a.yaml"], { "a.yaml": text });
    assert.equal(run.code, 1);
    assert.match(run.stderr, /not the accepted one/);
    assert.deepEqual([run.asked, run.files.get("a.yaml")], [[], text]);
  });
});

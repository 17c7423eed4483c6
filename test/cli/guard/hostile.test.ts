import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { allowanceAt } from "../../../cli/guard/allow-comments.ts";
import { changesBetween } from "../../../cli/guard/changes.ts";
import { scanFile } from "../../../cli/guard/scan-file.ts";

/** Repetitions, enough that work which grows with their square does not end. */
const MANY = 200_000;

/** Texts that somebody wrote to keep guard busy, by path. */
const TEXTS: Readonly<Record<string, string>> = {
  "open.yaml": `kind: Secret\nstringData: {{${"{{".repeat(MANY)}`,
  "marks.yaml": `kind: Secret\na: [${"{{{%{#<%".repeat(MANY)}`,
  "tags.yaml": `[${"kind: !kind: ".repeat(MANY)}`,
  "spaces.yaml": `[kind: Secret data:\n${" ".repeat(MANY)}x`,
  "kinds.yaml": `[data: ${"kind\n".repeat(MANY)}`,
  "run.sh": `#!/bin/sh\n${"<<A\n".repeat(MANY)}`,
  "key.txt": "-----BEGIN PRIVATE KEY-----\n".repeat(MANY),
  "base64.txt": "LS0tLS1CRUdJTi".repeat(MANY),
  "flow.yaml": `kind: Secret\ndata: ${"[".repeat(MANY)}`,
  "anchors.yaml": `kind: Secret\na: &a {b: c}\nd: {${"<<: *a, ".repeat(MANY)}}\n`,
  "password.yaml": `kind: Secret\nstringData:\n  a: "\${A} ${"password ".repeat(MANY)}"\n`,
  "address.yaml": `kind: Secret\nstringData:\n  a: "\${A} ${"://a:".repeat(MANY)}"\n`,
  "certificates.yaml": `kind: Secret\nstringData:\n  a: "${"-----BEGIN CERTIFICATE-----".repeat(MANY)}"\n`,
  "all.sops.txt": `{${' "sops" '.repeat(MANY)}`,
  "objects.json": "{} ".repeat(20_000),
  "markers.yaml": "---\nkind: Secret\ndata: [\n".repeat(20_000),
};

suite("texts that are made to keep guard busy", () => {
  for (const [path, text] of Object.entries(TEXTS)) {
    test(path, async () => {
      const { found } = await scanFile({ path, bytes: Buffer.from(text), isCut: false, rule: null });
      assert.ok(found.length <= 500);
    });
  }

  test("comments and versions", () => {
    const reason = `# signet-guard: allow ${" ".repeat(MANY)}x`;
    assert.equal(allowanceAt([reason], [0], new Set()), "no-reason");
    const encrypted = `kind: Secret\nsops:\n${"ENC[".repeat(MANY)}`;
    assert.deepEqual(changesBetween("a.yaml", encrypted, `${encrypted}]`), []);
  });
});

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import fc from "fast-check";
import { runKubeseal } from "../support/control-plane/kubeseal.ts";
import { runInMemory } from "../support/memory-io.ts";
import { testCertificate } from "../support/test-certificates.ts";

const { certificatePem, privateKeyPem } = testCertificate();
let folder = "";

before(() => {
  folder = mkdtempSync(join(tmpdir(), "signet-like-kubeseal-"));
  writeFileSync(join(folder, "cert.pem"), certificatePem);
  writeFileSync(join(folder, "key.pem"), privateKeyPem);
});
after(() => rmSync(folder, { recursive: true, force: true }));

const ours = (args: readonly string[], stdin: string) =>
  runInMemory(["--cert", "cert.pem", ...args], { stdin, files: { "cert.pem": certificatePem } });
const theirs = (args: readonly string[], stdin: string) =>
  runKubeseal(["--cert", "cert.pem", ...args], { stdin, cwd: folder });

/** A product without what differs by intent: random ciphertext, and our note of the sealing key. */
function comparable(text: string): string {
  return (
    text
      .replace(/AQ[A-Za-z0-9+/]{300,}={0,2}/g, "SEALED")
      // With its map, where it is alone there, and with the comma before it.
      .replace(/,\n *"annotations": \{\n *"signet\.dev\/sealing-key": "[^"]*"\n *\}/g, "")
      .replace(/,\n *"signet\.dev\/sealing-key": "[^"]*"/g, "")
      .replace(/ *annotations:\n( *)signet\.dev\/sealing-key: .*\n(?!\1)/g, "")
      .replace(/ *signet\.dev\/sealing-key: .*\n/g, "")
  );
}

async function assertSame(args: readonly string[], stdin: string): Promise<void> {
  const [we, they] = [await ours(args, stdin), await theirs(args, stdin)];
  assert.equal(they.code, 0, they.stderr);
  assert.equal(we.code, 0, we.stderr);
  assert.equal(comparable(we.stdout), comparable(they.stdout));
  assert.equal(we.stderr, they.stderr);
}

const plain = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: db\n  namespace: team-a\n";
const cases: readonly { name: string; args?: readonly string[]; stdin: string }[] = [
  { name: "one item", stdin: `${plain}stringData: {a: b}\n` },
  { name: "data and stringData", stdin: `${plain}data: {a: aGk=, b: aGk=}\nstringData: {b: x, c: y}\n` },
  { name: "null and empty values", stdin: `${plain}data: {a: null, b: ""}\nstringData: {c: null}\n` },
  {
    name: "items that sort like numbers",
    stdin: `${plain}stringData: {"10": a, "9": b, a10: c, a9: d, A: e, _: f, -: g}\n`,
  },
  {
    name: "labels, annotations, type, immutable",
    stdin: `${plain}  labels: {b: "1", a: x}\n  annotations: {z: "true", note: "a: b"}\ntype: kubernetes.io/tls\nimmutable: true\ndata: {a: aGk=}\n`,
  },
  { name: "immutable: false", stdin: `${plain}immutable: false\ndata: {a: aGk=}\n` },
  {
    name: "empty type and empty maps",
    stdin: `${plain}  labels: {}\n  annotations: {}\ntype: ""\ndata: {a: aGk=}\n`,
  },
  { name: "no items, by leave", args: ["--allow-empty-data"], stdin: plain },
  { name: "generateName beside the name", stdin: `${plain}  generateName: db-\ndata: {a: aGk=}\n` },
  {
    name: "what a cluster wrote",
    stdin: `${plain}  uid: "1"\n  resourceVersion: "2"\n  generation: 3\n  creationTimestamp: "2020-01-01T00:00:00Z"\n  selfLink: /x\n  annotations: {kubectl.kubernetes.io/last-applied-configuration: x, a: b}\ndata: {a: aGk=}\n`,
  },
  {
    name: "a namespace from the flag",
    args: ["-n", "other"],
    stdin: `${plain.replace("  namespace: team-a\n", "")}data: {a: aGk=}\n`,
  },
  { name: "the same namespace from both", args: ["--namespace=team-a"], stdin: `${plain}data: {a: aGk=}\n` },
  { name: "a name from the flag", args: ["--name", "other"], stdin: `${plain}data: {a: aGk=}\n` },
  { name: "namespace-wide by flag", args: ["--scope", "namespace-wide"], stdin: `${plain}data: {a: aGk=}\n` },
  {
    name: "cluster-wide by flag, without a namespace",
    args: ["--scope", "cluster-wide"],
    stdin: "apiVersion: v1\nkind: Secret\nmetadata: {name: db}\ndata: {a: aGk=}\n",
  },
  {
    name: "cluster-wide by flag over an annotation",
    args: ["--scope=cluster-wide"],
    stdin: `${plain}  annotations: {sealedsecrets.bitnami.com/namespace-wide: "true", a: b}\ndata: {a: aGk=}\n`,
  },
  {
    name: "both scope annotations",
    stdin: `${plain}  annotations: {sealedsecrets.bitnami.com/namespace-wide: "true", sealedsecrets.bitnami.com/cluster-wide: "true"}\ndata: {a: aGk=}\n`,
  },
  {
    name: "several documents of both kinds",
    stdin: `{"apiVersion":"v1","kind":"Secret","metadata":{"name":"a","namespace":"b"},"data":{"a":"aGk="}}\n---\n${plain}data: {a: aGk=}\n---\n# nothing\n---\n${plain}data: {b: aGk=}\n`,
  },
  {
    name: "JSON objects in a row",
    stdin:
      '{"apiVersion":"v1","kind":"Secret","metadata":{"name":"a","namespace":"b"},"data":{"a":"aGk="}}'.repeat(
        2,
      ),
  },
  {
    name: "a byte order mark and CR LF",
    stdin: `\ufeff${plain}stringData:\n  a: |\n    x\n    y\n`.replaceAll("\n", "\r\n"),
  },
  {
    name: "anchors and merge keys",
    stdin: `${plain}  labels: &l {a: b}\n  annotations:\n    <<: *l\n    c: d\nstringData: *l\n`,
  },
  {
    name: "values of other types",
    stdin: `${plain}stringData: {a: 12, b: 1.5, c: true, d: -5, e: 2020-01-01, f: 12345678901234567890, g: 1:30}\n`,
  },
  {
    name: "UTF-8 everywhere",
    stdin: `${plain}  annotations: {a: "hé✓ 😀 <&> \\u2028"}\nstringData: {a: "hé✓"}\n`.replace(
      " \\u2028",
      "",
    ),
  },
];

suite("the product is kubeseal's, but for the ciphertext and our own annotation", () => {
  for (const { name, args = [], stdin } of cases) {
    for (const format of ["json", "yaml"]) {
      test(`${name}, as ${format}`, () => assertSame([...args, "-o", format], stdin));
    }
  }

  test("values open to the same bytes by the reference's recovery", async () => {
    const stdin = `${plain}data: {bin: /wCA}\nstringData: {a: 12345678901234567890, b: 1.5, c: "", d: "hé✓"}\n`;
    for (const scope of ["strict", "namespace-wide", "cluster-wide"]) {
      const opened: string[] = [];
      for (const { stdout } of [
        await ours(["--scope", scope], stdin),
        await theirs(["--scope", scope], stdin),
      ]) {
        const {
          code,
          stdout: secret,
          stderr,
        } = await runKubeseal(["--recovery-unseal", "--recovery-private-key", "key.pem"], {
          stdin: stdout,
          cwd: folder,
        });
        assert.equal(code, 0, stderr);
        opened.push(secret);
      }
      assert.equal(opened[0], opened[1]);
    }
  });

  test("annotations of any text are written byte for byte alike", async () => {
    // Left out by intent: control characters kubeseal's YAML cannot read again, and breaks other than a line feed.
    const pieces = [
      "a",
      "B",
      "1",
      "0x1",
      " ",
      "  ",
      "\n",
      "\t",
      ":",
      ": ",
      "#",
      " #",
      "-",
      "- ",
      "---",
      "'",
      '"',
      "\\",
      "yes",
      "é",
      "✓",
      "😀",
      "{",
      "]",
      "word and ",
      "&",
      "*",
      "!",
      "|",
      ">",
      "%",
      "@",
      "~",
      "..",
      ",",
      "?",
      "=",
      "null",
      "1:30",
      "2020-01-01",
      "<",
    ];
    const text = fc.array(fc.constantFrom(...pieces), { maxLength: 40 }).map((parts) => parts.join(""));
    // A number stands at the end only: between letters kubeseal's own order is not one, and differs from run to run.
    const key = fc.stringMatching(/^[A-Za-z]{1,4}([-._][A-Za-z]{1,3})?[0-9]{0,3}$/);
    await fc.assert(
      fc.asyncProperty(fc.dictionary(key, text, { minKeys: 20, maxKeys: 60 }), async (annotations) => {
        const metadata = { name: "db", namespace: "team-a", annotations };
        const stdin = JSON.stringify({ apiVersion: "v1", kind: "Secret", metadata, data: { a: "aGk=" } });
        for (const format of ["json", "yaml"]) await assertSame(["-o", format], stdin);
      }),
      { numRuns: 40, endOnFailure: false },
    );
  });
});

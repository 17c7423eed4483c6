import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { utf8 } from "../../../../shared/bytes.ts";
import { editSopsDocuments } from "../../../../shared/document/sops/edit-document.ts";
import type { EncryptingOptions } from "../../../../shared/document/sops/encrypt-document.ts";
import type { SopsMap } from "../../../../shared/document/sops/tree.ts";
import { encryptedValueText } from "../../../../shared/document/sops/value.ts";
import { PlainSopsKeys } from "../../../support/plain-sops-keys.ts";
import { sopsMaps } from "../../../support/sops-arbitrary.ts";
import { encryptedYaml, openedYaml, openYaml, yamlText, yamlTree } from "../../../support/sops-documents.ts";

const LATER = new Date("2026-03-04T05:06:07Z");

/** Encrypts a text, opens it, and encrypts another in its stead. */
async function edited(before: string, after: string, options: Partial<EncryptingOptions> = {}) {
  const text = await encryptedYaml(before, options);
  return { text, result: await editedText(text, after) };
}

async function editedText(text: string, after: string): Promise<string> {
  const opened = await openYaml(text);
  return yamlText(await editSopsDocuments(yamlTree(text), opened, yamlTree(after), { now: LATER }));
}

/** Lines that stand in one text and not in the other. */
function newLines(before: string, after: string): string[] {
  const known = new Set(before.split("\n"));
  return after
    .split("\n")
    .filter((line) => !known.has(line))
    .map((line) => line.replace(/ENC\[.*type:/, "<").replace(/\]$/, ">"));
}

test("what did not change stays as it is encrypted; key, rule and version stay", async () => {
  const before = "# note\na: one\nb: two\nd:\n    a: one\nk: 1\n";
  const { text, result } = await edited(before, before.replace("b: two", "b: 2\nc: new"), {
    selection: { rule: "unencrypted_suffix", pattern: "_clear" },
    macOnlyEncrypted: true,
  });
  assert.deepEqual(newLines(text, result), [
    "b: <int>",
    "c: <str>",
    '    lastmodified: "2026-03-04T05:06:07Z"',
    "    mac: <str>",
  ]);
  assert.deepEqual(newLines(result, text).length, 3);
  assert.equal(await openedYaml(result), before.replace("b: two", "b: 2\nc: new"));
});

test("a value of another type, or at another path, is encrypted anew", async () => {
  const { text, result } = await edited("a: '5'\nb: {c: x}\n", "a: 5\nb: {d: x}\n");
  assert.deepEqual(newLines(text, result).slice(0, 2), ["a: <int>", "    d: <str>"]);
  assert.equal(await openedYaml(result), "a: 5\nb:\n    d: x\n");
});

test("entries may change their order", async () => {
  const { text, result } = await edited("a: 1\nb: 2\n", "b: 2\na: 1\n");
  assert.deepEqual(newLines(text, result), ['    lastmodified: "2026-03-04T05:06:07Z"', "    mac: <str>"]);
  assert.equal(await openedYaml(result), "b: 2\na: 1\n");
});

test("equal values of a list keep one encrypted value each, and further ones get their own", async () => {
  const { text, result } = await edited("l: [x, x]\n", "l: [x, x, x, z]\n");
  const items = (of: string) => of.match(/(?<=- )ENC.*/g) ?? [];
  assert.deepEqual(items(result).slice(0, 2), items(text));
  assert.equal(new Set(items(result)).size, 4);
  assert.equal(await openedYaml(result), "l:\n    - x\n    - x\n    - x\n    - z\n");
});

suite("nothing changed", () => {
  for (const [what, text] of [
    ["values", "a: 1\nl: [x, {y: z}]\nc_unencrypted: 0x1F\nt: 2020-01-01\nf: 1.5\nb: true\nn: null\n"],
    ["comments", "# top\na: 1\nm:\n    # inner\n    b: 2\n"],
    ["documents", "a: 1\n---\na: 2\n---\n{}\n"],
  ] as const) {
    test(`${what}: MAC and time stay, too`, async () => {
      const before = await encryptedYaml(text);
      assert.equal(await editedText(before, text), before);
    });
  }
  test("comments in lists stay then, and go with the first change", async () => {
    const before = (await encryptedYaml("l: [x]\nm: 1\n")).replace("l:\n", "l:\n    # note\n");
    assert.equal(await editedText(before, "l:\n    # note\n    - x\nm: 1\n"), before);
    const result = await editedText(before, "l:\n    # note\n    - x\nm: 2\n");
    assert.doesNotMatch(result, /note/);
    assert.equal(await openedYaml(result), "l:\n    - x\nm: 2\n");
  });
});

suite("anything changed", () => {
  for (const [what, before, after] of [
    ["a value in clear", "a: 1\nb_unencrypted: c\n", "a: 1\nb_unencrypted: d\n"],
    ["the type of a value in clear", "a: 1\nb_unencrypted: '1'\n", "a: 1\nb_unencrypted: 1\n"],
    ["a time in clear", "b_unencrypted: 2020-01-01\n", "b_unencrypted: 2020-01-02\n"],
    ["a number in clear", "b_unencrypted: 1.5\n", "b_unencrypted: 2.5\n"],
    ["a key in clear", "a: 1\nb_unencrypted: c\n", "a: 1\nc_unencrypted: c\n"],
    ["a comment", "# one\na: 1\n", "# two\na: 1\n"],
    ["a comment in clear", "m_unencrypted:\n    # one\n    a: 1\n", "m_unencrypted:\n    # two\n    a: 1\n"],
    ["an entry more", "a: 1\n", 'a: 1\nb: ""\n'],
    ["an entry less", "a: 1\nb: {}\n", "a: 1\n"],
    ["an item less", "l: [null, {}]\n", "l: [null]\n"],
    ["a list for a mapping", "l: []\n", "l: {}\n"],
    ["null for nothing", 'a: ""\n', "a: null\n"],
    ["a document more", "a: 1\n", "a: 1\n---\n{}\n"],
    ["a document less", "a: 1\n---\na: 1\n", "a: 1\n"],
  ] as const) {
    test(`${what}: MAC and time are new, and it opens`, async () => {
      const { text, result } = await edited(before, after);
      assert.match(result, /lastmodified: "2026-03-04T05:06:07Z"/);
      assert.doesNotMatch(text, /2026-03-04/);
      assert.deepEqual((await openYaml(result)).documents, yamlTree(after));
    });
  }
});

test("a value whose IV sops cannot write again is encrypted anew", async () => {
  const keys = new PlainSopsKeys();
  const text = await encryptedYaml("a: x\nb: z\n");
  const opened = await openYaml(text, keys);
  const key = await crypto.subtle.importKey("raw", opened.dataKey, "AES-GCM", false, ["encrypt"]);
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const algorithm = { name: "AES-GCM", iv, additionalData: utf8("a:") };
  const sealed = new Uint8Array(await crypto.subtle.encrypt(algorithm, key, utf8("x")));
  const short = encryptedValueText({ data: sealed.slice(0, -16), iv, tag: sealed.slice(-16), type: "str" });
  const before = text.replace(/^a: .*$/m, () => `a: ${short}`);
  assert.equal(await openedYaml(before), "a: x\nb: z\n");
  const result = await editedText(before, "a: x\nb: z\n");
  assert.deepEqual(newLines(before, result)[0], "a: <str>");
});

test("an entry sops, and a key that was wiped, are refused", async () => {
  const text = await encryptedYaml("a: 1\n");
  await assert.rejects(editedText(text, "a: 1\nsops: x\n"), { problem: "reserved" });
  const opened = await openYaml(text);
  opened.wipe();
  const editing = editSopsDocuments(yamlTree(text), opened, yamlTree("a: 2\n"), { now: LATER });
  await assert.rejects(editing, /the data key was wiped/);
});

test("fields that nobody knows, and entries of other services, stay", async () => {
  const text = (await encryptedYaml("a: 1\n")).replace(
    "sops:\n",
    "sops:\n    later: [1]\n    pgp: [{fp: F, enc: e}]\n",
  );
  const result = await editedText(text, "a: 2\n");
  assert.match(result, /^ {4}later:\n {8}- 1$/m);
  assert.match(result, /^ {4}pgp:\n {8}- fp: F\n {10}enc: e$/m);
  assert.equal(await openedYaml(result), "a: 2\n");
});

test("whatever is edited opens as it was to be, and shows no more new values than there are", async () => {
  const maps = sopsMaps({ format: "yaml", comments: true, listComments: false });
  await fc.assert(
    fc.asyncProperty(maps, maps, async (before, after) => {
      const text = await encryptedTreeText(before);
      const opened = await openYaml(text);
      const result = await editSopsDocuments(yamlTree(text), opened, [after], { now: LATER });
      assert.deepEqual((await openYaml(yamlText(result))).documents, [after]);
      const same = await editSopsDocuments(yamlTree(text), opened, [before], { now: LATER });
      assert.equal(yamlText(same), text);
    }),
    { numRuns: 40 },
  );
});

function encryptedTreeText(map: SopsMap): Promise<string> {
  return encryptedYaml(yamlText([map]));
}

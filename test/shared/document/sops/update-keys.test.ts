import assert from "node:assert/strict";
import { test } from "node:test";
import type { SopsRecipient } from "../../../../shared/document/sops/metadata.ts";
import { metadataOf } from "../../../../shared/document/sops/metadata-tree.ts";
import { type UpdatingOptions, updateSopsKeys } from "../../../../shared/document/sops/update-keys.ts";
import { PlainSopsKeys, plainKeyName } from "../../../support/plain-sops-keys.ts";
import {
  encryptedYaml,
  openedYaml,
  openYaml,
  patience,
  yamlText,
  yamlTree,
} from "../../../support/sops-documents.ts";

const age = (...names: string[]): SopsRecipient[] => names.map((recipient) => ({ type: "age", recipient }));

const PLAIN = "a: one\n---\nb: two\n";
const kms = (context: Record<string, string>, role = ""): SopsRecipient => ({
  type: "kms",
  arn: "arn:k",
  role,
  context,
  awsProfile: "",
});

async function updated(text: string, options: Pick<UpdatingOptions, "groups" | "shamirThreshold">) {
  const keys = new PlainSopsKeys();
  const documents = yamlTree(text);
  const result = await updateSopsKeys(documents, await openYaml(text), {
    ...options,
    wrapper: keys,
    where: "secret.yaml",
    signal: patience,
  });
  const { metadata } = metadataOf(result, "x");
  const names = metadata.groups.map((group) => group.map(plainKeyName));
  return { result: yamlText(result), wrapped: keys.wrapped, names, metadata };
}

const body = (text: string) =>
  text.replaceAll(/ {4}(?:age|kms|pgp|key_groups|shamir_threshold):(?:.*\n(?: {5}.*\n)*)/g, "");

test("who comes is wrapped for, who stays keeps the entry, who goes is taken out; all else stays", async () => {
  const text = await encryptedYaml(PLAIN, { groups: [age("age1a", "age1b")] });
  const { result, wrapped, names } = await updated(text, { groups: [age("age1c", "age1b")] });
  assert.deepEqual(wrapped, ["age1c"]);
  assert.deepEqual(names, [["age1b", "age1c"]]);
  assert.equal(body(result), body(text));
  assert.equal(await openedYaml(result), PLAIN);
});

test("nothing changes, in whatever order they are named", async () => {
  const text = await encryptedYaml(PLAIN, { groups: [age("age1a", "age1b")] });
  const { result, wrapped } = await updated(text, { groups: [age("age1b", "age1a")] });
  assert.equal(result, text);
  assert.deepEqual(wrapped, []);
  const several = await encryptedYaml(PLAIN, { groups: [age("age1a", "age1b"), age("age1c")] });
  const same = await updated(several, { groups: [age("age1b", "age1a"), age("age1c")] });
  assert.equal(same.result, several);
  assert.deepEqual(same.wrapped, []);
});

test("a KMS key under another context or role is another recipient", async () => {
  const text = await encryptedYaml(PLAIN, { groups: [[kms({ b: "2", a: "1" }), ...age("age1a")]] });
  const same = await updated(text, { groups: [[kms({ a: "1", b: "2" }), ...age("age1a")]] });
  assert.deepEqual(same.wrapped, []);
  for (const other of [kms({ a: "1" }), kms({ a: "1", b: "2" }, "arn:r")]) {
    assert.deepEqual((await updated(text, { groups: [[other, ...age("age1a")]] })).wrapped, ["arn:k"]);
  }
});

test("groups: new shares for all, by the threshold that there was, or as many as there are", async () => {
  const text = await encryptedYaml(PLAIN, { groups: [age("a"), age("b"), age("c")] });
  const fewer = await updated(text, { groups: [age("a"), age("b")] });
  assert.deepEqual([fewer.names, fewer.metadata.shamirThreshold], [[["a"], ["b"]], 2]);
  assert.equal(await openedYaml(fewer.result), PLAIN);
  const more = await updated(text, { groups: ["a", "b", "c", "d"].map((name) => age(name)) });
  assert.deepEqual([more.wrapped, more.metadata.shamirThreshold], [["a", "b", "c", "d"], 3]);
  const given = await updated(text, { groups: [age("a"), age("b"), age("c")], shamirThreshold: 2 });
  assert.deepEqual([given.wrapped, given.metadata.shamirThreshold], [["a", "b", "c"], 2]);
  assert.equal(await openedYaml(given.result), PLAIN);
});

test("from one group to several, and back", async () => {
  const text = await encryptedYaml(PLAIN, { groups: [age("a")] });
  const several = await updated(text, { groups: [age("a"), age("b")] });
  assert.deepEqual([several.wrapped, several.metadata.shamirThreshold], [["a", "b"], 2]);
  assert.equal(await openedYaml(several.result), PLAIN);
  const one = await updated(several.result, { groups: [age("b")] });
  assert.deepEqual([one.names, one.metadata.shamirThreshold], [[["b"]], 0]);
  assert.equal(await openedYaml(one.result), PLAIN);
});

test("entries of other services stay in one group, and are not lost between several", async () => {
  const text = (await encryptedYaml(PLAIN)).replaceAll("sops:\n", "sops:\n    pgp: [{fp: F, enc: e}]\n");
  const { names, result } = await updated(text, { groups: [age("age1b")] });
  assert.deepEqual(names, [["pgp", "age1b"]]);
  assert.match(result, /fp: F/);
  await assert.rejects(updated(text, { groups: [age("a"), age("b")] }), { problem: "not-rewrappable" });
});

test("for nobody, or with a key that was wiped, is refused", async () => {
  const text = (await encryptedYaml(PLAIN)).replaceAll("sops:\n", "sops:\n    pgp: [{fp: F, enc: e}]\n");
  await assert.rejects(updated(text, { groups: [[]] }), { problem: "recipients" });
  await assert.rejects(updated(await encryptedYaml(PLAIN), { groups: [] }), { problem: "recipients" });
  const opened = await openYaml(text);
  opened.wipe();
  const updating = updateSopsKeys(yamlTree(text), opened, {
    groups: [age("b")],
    wrapper: new PlainSopsKeys(),
    signal: patience,
  });
  await assert.rejects(updating, /the data key was wiped/);
});

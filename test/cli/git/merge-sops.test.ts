import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { mergeSopsFiles } from "../../../cli/git/merge/merge-sops.ts";
import { fromUtf8, utf8 } from "../../../shared/bytes.ts";
import { editSopsDocuments } from "../../../shared/document/sops/edit-document.ts";
import { rotateSopsDocuments } from "../../../shared/document/sops/rotate-document.ts";
import type { SopsMap } from "../../../shared/document/sops/tree.ts";
import { InputError } from "../../../shared/errors.ts";
import { PlainSopsKeys } from "../../support/plain-sops-keys.ts";
import { encryptedTree, openYaml, patience, yamlText, yamlTree } from "../../support/sops-documents.ts";

const keys = new PlainSopsKeys();
const now = new Date("2026-03-04T05:06:07Z");
const plain = (a: string, b: string) => `a: ${a}\nb: ${b}\n`;

async function versions(change: (before: SopsMap[]) => Promise<{ ours: SopsMap[]; theirs: SopsMap[] }>) {
  const before = await encryptedTree(plain("1x", "1x"), keys);
  const { ours, theirs } = await change(before);
  const [base, left, right] = [before, ours, theirs].map((tree) => utf8(yamlText(tree)));
  return { base: base ?? utf8(""), ours: left ?? utf8(""), theirs: right ?? utf8("") };
}

const merge = (files: Awaited<ReturnType<typeof versions>>) =>
  mergeSopsFiles(files, { format: "yaml", unwrapper: keys, now });

async function edited(before: SopsMap[], text: string): Promise<SopsMap[]> {
  return editSopsDocuments(before, await openYaml(yamlText(before), keys), yamlTree(text), { now });
}

async function rotated(before: SopsMap[]): Promise<SopsMap[]> {
  const opened = await openYaml(yamlText(before), keys);
  return rotateSopsDocuments(opened, opened.documents, { wrapper: keys, now, signal: patience });
}

suite("SOPS documents are merged in clear", () => {
  test("edits of both sides, as an edit of ours", async () => {
    const files = await versions(async (before) => ({
      ours: await edited(before, plain("ours", "1x")),
      theirs: await edited(before, plain("1x", "theirs")),
    }));
    const merged = await merge(files);
    const text = fromUtf8(merged?.bytes ?? utf8("")) ?? "";
    assert.equal(yamlText((await openYaml(text, keys)).documents), plain("ours", "theirs"));
    const line = (whole: string, key: string) => whole.split("\n").find((one) => one.startsWith(key));
    assert.equal(
      line(text, "a:"),
      line(fromUtf8(files.ours) ?? "", "a:"),
      "what ours has stays as it is encrypted",
    );
  });

  test("a new data key is left to a person, since anybody could have made it for a known recipient", async () => {
    for (const side of ["ours", "theirs", "both"] as const) {
      const files = await versions(async (before) => {
        const [turned, changed] = [await rotated(before), await edited(before, plain("1x", "changed"))];
        if (side === "both") return { ours: turned, theirs: await rotated(before) };
        return side === "ours" ? { ours: turned, theirs: changed } : { ours: changed, theirs: turned };
      });
      await assert.rejects(
        merge(files),
        (error) => error instanceof InputError && /different data keys/.test(error.message),
      );
    }
  });

  test("recipients come from the side that changed them, and from neither where both did", async () => {
    const files = await versions(async (before) => ({
      ours: await edited(before, plain("ours", "1x")),
      theirs: await edited(before, plain("1x", "theirs")),
    }));
    const named = (side: Uint8Array, name: string) => {
      const text = (fromUtf8(side) ?? "").replace("recipient: age1a", `recipient: ${name}`);
      return utf8(text);
    };
    for (const side of ["ours", "theirs"] as const) {
      const merged = await merge({ ...files, [side]: named(files[side], "age1b") });
      assert.match(fromUtf8(merged?.bytes ?? utf8("")) ?? "", /recipient: age1b/);
    }
    const both = { ...files, ours: named(files.ours, "age1b"), theirs: named(files.theirs, "age1c") };
    await assert.rejects(merge(both), /both sides changed whom/);
  });

  test("a rule that one side narrowed, for which it takes no key, leaves nothing of the other in clear", async () => {
    const selection = { rule: "encrypted_regex", pattern: "^(data|stringData)$" } as const;
    const before = await encryptedTree("data:\n  a: 1x\n", keys, { selection });
    const ours = await edited(before, "data:\n  a: 1x\nstringData:\n  b: added\n");
    const base = utf8(yamlText(before));
    const theirs = utf8(yamlText(before).replace("^(data|stringData)$", "^data$"));
    for (const files of [
      { base, ours: utf8(yamlText(ours)), theirs },
      { base, ours: theirs, theirs: utf8(yamlText(ours)) },
    ])
      await assert.rejects(
        merge(files),
        (error) => error instanceof InputError && /different rules/.test(error.message),
      );
  });

  test("clashes are named, and nothing is written", async () => {
    const files = await versions(async (before) => ({
      ours: await edited(before, plain("ours", "1x")),
      theirs: await edited(before, plain("theirs", "1x")),
    }));
    assert.deepEqual(await merge(files), { bytes: null, words: ["both sides changed a"] });
  });

  test("a version whose MAC is wrong is not merged", async () => {
    const files = await versions(async (before) => ({
      ours: await edited(before, plain("ours", "1x")),
      theirs: await edited(before, plain("1x", "theirs")),
    }));
    const lines = (fromUtf8(files.theirs) ?? "").replace(/^(a): .*\n(b): (.*)$/m, "$1: ''\n$2: $3");
    await assert.rejects(merge({ ...files, theirs: utf8(lines) }), /theirs: .*mac/);
  });

  test("what is no SOPS document on every side is not merged so", async () => {
    const files = await versions(async (before) => ({ ours: before, theirs: before }));
    assert.equal(await merge({ ...files, base: utf8("") }), null);
    assert.equal(await merge({ ...files, theirs: utf8("a: 1\n") }), null);
  });
});

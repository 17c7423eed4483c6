import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { type LineMerge, mergeFiles } from "../../../cli/git/merge/merge-files.ts";
import { fromUtf8, utf8 } from "../../../shared/bytes.ts";

/** A SealedSecret of a file, its items as they are named; values are stand-ins, since no key is asked for. */
function sealed(
  items: Record<string, string>,
  more: { annotations?: string[]; name?: string; lines?: string[] } = {},
) {
  const annotations = more.annotations ?? [];
  return [
    "# kept by the team",
    "apiVersion: bitnami.com/v1alpha1",
    "kind: SealedSecret",
    "metadata:",
    `  name: ${more.name ?? "db"}`,
    "  namespace: team",
    ...(annotations.length === 0 ? [] : ["  annotations:", ...annotations.map((line) => `    ${line}`)]),
    "spec:",
    "  encryptedData:",
    ...Object.entries(items).map(([item, value]) => `    ${item}: ${value}`),
    ...(more.lines ?? []),
    "",
  ].join("\n");
}

const WIDE = ['sealedsecrets.bitnami.com/cluster-wide: "true"'];
const HINT = (text: string) => [`signet.dev/sealing-key: '${text}'`];
const base = sealed({ user: "AgU1", password: "AgP1" });

/** Merges, where lines alone would clash unless they are given. */
async function merge(before: string, ours: string, theirs: string, lines?: Partial<LineMerge>) {
  const byLines = { bytes: utf8("lines"), isClean: false, ...lines };
  const merged = await mergeFiles(
    { base: utf8(before), ours: utf8(ours), theirs: utf8(theirs) },
    async () => byLines,
  );
  return { ...merged, text: fromUtf8(merged.bytes) };
}

suite("files of SealedSecrets are merged item by item", () => {
  test("items that one side changed are taken, in our layout", async () => {
    const ours = sealed({ user: "AgU2", password: "AgP1" }).replace("user:", "# rotated\n    user:");
    const theirs = sealed({ user: "AgU1", password: "AgP2" });
    const { text, isClean, words } = await merge(base, ours, theirs);
    assert.equal(text, ours.replace("AgP1", "AgP2"));
    assert.deepEqual([isClean, words], [true, []]);
  });

  test("what both changed alike is taken once", async () => {
    const both = sealed({ user: "AgU2", password: "AgP1" });
    const { text, isClean } = await merge(base, both, both.replace("AgP1", "AgP3"));
    assert.deepEqual([text, isClean], [both.replace("AgP1", "AgP3"), true]);
  });

  test("an item that both changed stands between markers, the others are merged", async () => {
    const ours = sealed({ user: "AgU2", password: "AgP2" });
    const { text, isClean, words } = await merge(
      base,
      ours,
      sealed({ user: "AgU1", password: "AgP3", extra: "AgE" }),
    );
    const marked = "<<<<<<< ours\n    password: AgP2\n=======\n    password: AgP3\n>>>>>>> theirs\n";
    assert.equal(text, ours.replace("    password: AgP2\n", marked).concat("    extra: AgE\n"));
    assert.deepEqual([isClean, words], [false, ["both sides changed spec.encryptedData.password"]]);
  });

  for (const [what, ours, theirs, marked] of [
    ["ours", {}, { password: "AgP2" }, "<<<<<<< ours\n=======\n    password: AgP2\n>>>>>>> theirs\n"],
    ["theirs", { password: "AgP2" }, {}, "<<<<<<< ours\n    password: AgP2\n=======\n>>>>>>> theirs\n"],
  ] as const) {
    test(`an item that ${what} removed and the other side changed is not lost`, async () => {
      const { text, isClean } = await merge(
        base,
        sealed({ user: "AgU1", ...ours }),
        sealed({ user: "AgU1", ...theirs }),
      );
      assert.ok(text?.includes(marked), text ?? "");
      assert.equal(isClean, false);
    });
  }

  test("neighbours that both clash stand there whole, on both sides", async () => {
    const [ours, theirs] = [
      sealed({ user: "AgU2", password: "AgP2" }),
      sealed({ user: "AgU3", password: "AgP3" }),
    ];
    const { text = "" } = await merge(base, ours, theirs);
    assert.equal(text?.replace(/<<<<<<< ours\n([^=]*)=======\n[^>]*>>>>>>> theirs\n/g, "$1"), ours);
    assert.equal(text?.replace(/<<<<<<< ours\n[^=]*=======\n([^>]*)>>>>>>> theirs\n/g, "$1"), theirs);
  });

  test("two that clash on one line stand there once", async () => {
    const inFlow = (a: string, b: string) =>
      sealed({}).replace("encryptedData:", `encryptedData: { a: ${a}, b: ${b} }`);
    const { text } = await merge(inFlow("Ag1", "Ag1"), inFlow("Ag2", "Ag2"), inFlow("Ag3", "Ag3"));
    const line = (value: string) => `  encryptedData: { a: ${value}, b: ${value} }\n`;
    assert.equal(
      text,
      inFlow("Ag2", "Ag2").replace(
        line("Ag2"),
        `<<<<<<< ours\n${line("Ag2")}=======\n${line("Ag3")}>>>>>>> theirs\n`,
      ),
    );
  });

  test("what both sides added, each something else, is there afterwards", async () => {
    const ours = sealed({ user: "AgU1", password: "AgP1", a: "AgA" });
    const { text, isClean } = await merge(base, ours, sealed({ user: "AgU1", password: "AgP1", b: "AgB" }));
    assert.deepEqual([text, isClean], [`${ours}    b: AgB\n`, true]);
  });

  test("what one side removed, and the other left alone, goes", async () => {
    const { text, isClean } = await merge(
      base,
      sealed({ user: "AgU2", password: "AgP1" }),
      sealed({ user: "AgU1" }),
    );
    assert.deepEqual([text, isClean], [sealed({ user: "AgU2" }), true]);
  });

  test("the hint names for each item the key of the side it came from", async () => {
    const hinted = (items: Record<string, string>, text: string) =>
      sealed(items, { annotations: HINT(text) });
    const { text, isClean } = await merge(
      hinted({ user: "AgU1", password: "AgP1" }, "SHA256:old"),
      hinted({ user: "AgU2", password: "AgP1" }, '{"password":"SHA256:old","user":"SHA256:ours"}'),
      hinted({ user: "AgU1", password: "AgP2" }, '{"password":"SHA256:theirs","user":"SHA256:old"}'),
    );
    const hint = '{"password":"SHA256:theirs","user":"SHA256:ours"}';
    assert.deepEqual([text, isClean], [hinted({ user: "AgU2", password: "AgP2" }, hint), true]);
  });

  test("an item that one side sealed for a scope which the other changed is not slipped in", async () => {
    const ours = sealed({ user: "AgU2", password: "AgP2" }, { annotations: WIDE });
    const theirs = sealed({ user: "AgU1", password: "AgP1", extra: "AgE" });
    const { text, isClean, words } = await merge(base, ours, theirs, { isClean: true });
    assert.equal(isClean, false);
    assert.ok(text?.includes("<<<<<<< ours\n=======\n    extra: AgE\n>>>>>>> theirs\n"), text ?? "");
    assert.ok(words[0]?.includes("ours is sealed cluster-wide, theirs strict (team/db)"), words.join());
  });

  test("each object of a file is merged with its own versions", async () => {
    const [other, changed] = [sealed({ a: "Ag1" }, { name: "b" }), sealed({ a: "Ag2" }, { name: "b" })];
    const ours = `${sealed({ user: "AgU2", password: "AgP1" })}---\n${other}`;
    const { text, isClean } = await merge(`${base}---\n${other}`, ours, `---\n${changed}---\n${base}`);
    assert.deepEqual([text, isClean], [ours.replace("Ag1", "Ag2"), true]);
  });

  test("an object that theirs alone has comes behind ours, with its comments", async () => {
    const ours = sealed({ user: "AgU2", password: "AgP1" });
    const added = sealed({ a: "Ag1" }, { name: "b" });
    const { text, isClean } = await merge(base, ours, `${base}---\n${added}`);
    assert.deepEqual([text, isClean], [`${ours}---\n${added}`, true]);
  });

  test("an item that was sealed for the name before a renaming clashes", async () => {
    const ours = sealed({ user: "AgU2", password: "AgP2" }, { name: "db2" });
    const { isClean, words } = await merge(
      base,
      ours,
      sealed({ user: "AgU1", password: "AgP1", extra: "AgE" }),
      {
        isClean: true,
      },
    );
    assert.equal(isClean, false);
    assert.ok(words.join().includes("strict (team/db2)"), words.join());
  });

  test("a merge by lines counts where it is clean and says the same", async () => {
    const theirs = `${sealed({ user: "AgU1", password: "AgP2" })}# theirs\n`;
    const lines = `${sealed({ user: "AgU2", password: "AgP2" })}# theirs\n`;
    const ours = sealed({ user: "AgU2", password: "AgP1" });
    const taken = await merge(base, ours, theirs, { bytes: utf8(lines), isClean: true });
    assert.deepEqual([taken.text, taken.isClean], [lines, true]);
    const wrong = utf8(lines.replace("AgU2", "AgU1"));
    const other = await merge(base, ours, theirs, { bytes: wrong, isClean: true });
    assert.deepEqual([other.text, other.isClean], [ours.replace("AgP1", "AgP2"), true]);
  });

  test("what cannot be read is merged by lines", async () => {
    for (const isClean of [true, false]) {
      const merged = await merge("a: [", "a: [1", "a: [2", { isClean });
      assert.deepEqual([merged.text, merged.isClean], ["lines", isClean]);
    }
  });

  test("an object of another kind that both sides changed is merged by lines", async () => {
    const map = (a: string, b: string) =>
      `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: x\ndata:\n  a: "${a}"\n  b: "${b}"\n`;
    const both = [map("1", "1"), map("2", "1"), map("1", "2")] as const;
    const { text, isClean } = await merge(...both);
    assert.deepEqual([text, isClean], ["lines", false]);
    const clean = await merge(...both, { bytes: utf8(map("2", "2")), isClean: true });
    assert.deepEqual([clean.text, clean.isClean], [map("2", "2"), true]);
  });

  test("where both sides encrypted values with sops nothing is clean; where one did, its side is taken", async () => {
    const sops = (items: Record<string, string>, mac: string) =>
      sealed(items, { lines: ["sops:", `  mac: ${mac}`, "  version: 3.9.0"] });
    const before = sops({ user: "ENC[1]", password: "ENC[2]" }, "m1");
    const both = await merge(
      before,
      sops({ user: "ENC[3]", password: "ENC[2]" }, "m2"),
      sops({ user: "ENC[1]", password: "ENC[4]" }, "m3"),
      { isClean: true },
    );
    assert.equal(both.isClean, false);
    assert.ok(both.words.join().includes("whose mac covers them together"), both.words.join());
    const theirs = sops({ user: "ENC[1]", password: "ENC[4]" }, "m3");
    const ours = before.replace("name: db", "name: db\n  labels: { a: b }");
    const one = await merge(before, ours, theirs);
    assert.deepEqual([one.isClean, one.text], [true, ours.replace("ENC[2]", "ENC[4]").replace("m1", "m3")]);
  });

  test("a file that both sides added", async () => {
    const ours = sealed({ user: "AgU1" });
    const { text, isClean } = await merge("", ours, sealed({ user: "AgU1", password: "AgP1" }));
    assert.deepEqual([text, isClean], [sealed({ user: "AgU1", password: "AgP1" }), true]);
  });
});

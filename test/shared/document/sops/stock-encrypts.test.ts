import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import type { SopsMap, SopsNode } from "../../../../shared/document/sops/tree.ts";
import type { SopsCase } from "../../../support/sops-arbitrary.ts";
import { AgePeople, StockSops } from "../../../support/stock-sops.ts";
import { type Generation, plainText, tryGenerated } from "../../../support/stock-sops-cases.ts";

/** The configuration by which the stock tool encrypts what was generated as it says. */
function configurationOf({ selection, macOnlyEncrypted, groups, shamirThreshold }: SopsCase): string {
  const rule = {
    ...(selection.rule === "default" ? {} : { [selection.rule]: selection.pattern }),
    mac_only_encrypted: macOnlyEncrypted,
    ...(shamirThreshold === 0 ? {} : { shamir_threshold: shamirThreshold }),
    key_groups: groups.map((group) => ({
      age: group.flatMap((one) => (one.type === "age" ? one.recipient : [])),
    })),
  };
  return JSON.stringify({ creation_rules: [rule] });
}

/** In lists, the stock tool makes an empty string of an empty comment that it is to encrypt. */
function withoutEmptyListComments<Node extends SopsNode>(node: Node): Node {
  if (node.kind === "list") {
    const items = node.items.filter((item) => item.kind !== "comment" || item.text !== "");
    return {
      ...node,
      items: items.map((item) => (item.kind === "comment" ? item : withoutEmptyListComments(item))),
    };
  }
  if (node.kind !== "map") return node;
  const entries = node.entries.map((entry) =>
    entry.kind === "comment" ? entry : { ...entry, value: withoutEmptyListComments(entry.value) },
  );
  return { ...node, entries };
}

suite("we open what stock sops encrypts", () => {
  let people: AgePeople;
  let stock: StockSops;

  before(async () => {
    people = await AgePeople.create();
    stock = await StockSops.start({ SOPS_AGE_KEY: people.keyText });
  });
  after(() => stock?.stop());

  const generations: Generation[] = [
    { format: "yaml", documents: 140 },
    { format: "json", documents: 70 },
  ];
  for (const generation of generations) {
    const { format } = generation;
    test(`${generation.documents} documents of ${format}`, async () => {
      await tryGenerated(people, generation, async (generated, file) => {
        const documents = generated.documents.map(withoutEmptyListComments<SopsMap>);
        const one = { ...generated, documents };
        const { text, tree } = plainText(one, format);
        await stock.write(file, text);
        await stock.write(`${file}.rules`, configurationOf(one));
        const { code, stdout, stderr } = await stock.run(["--config", `${file}.rules`, "encrypt", file]);
        if (/would match/.test(stderr) && one.selection.rule === "unencrypted_comment_regex") return;
        assert.equal(code, 0, stderr);
        const opened = await people.open(stdout, format).catch(async (error: unknown) => {
          // It writes an encrypted comment of a list as an item, which ends what the comment before it governed.
          assert.ok(one.selection.rule === "encrypted_comment_regex" && stdout.includes("type:comment]"));
          assert.match(String(error), /its mac is not that of its content/);
          await stock.write(`${file}.refused`, stdout);
          const types = ["--input-type", format, "--output-type", format];
          const theirs = await stock.run(["decrypt", ...types, `${file}.refused`]);
          assert.match(theirs.stderr, /MAC mismatch/, "only ours refuses it");
          return null;
        });
        if (opened === null) return;
        assert.deepEqual(opened.documents, tree);
        assert.equal(opened.metadata.macOnlyEncrypted, one.macOnlyEncrypted);
        assert.equal(opened.metadata.groups.length, one.groups.length);
      });
    });
  }
});

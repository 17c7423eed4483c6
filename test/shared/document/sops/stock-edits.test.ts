import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { utf8 } from "../../../../shared/bytes.ts";
import { editSopsDocuments } from "../../../../shared/document/sops/edit-document.ts";
import { metadataOf, withoutMetadata } from "../../../../shared/document/sops/metadata-tree.ts";
import { readSopsTree } from "../../../../shared/document/sops/read-tree.ts";
import type { SopsMap } from "../../../../shared/document/sops/tree.ts";
import { writeSopsTree } from "../../../../shared/document/sops/write-tree.ts";
import { AgePeople, StockSops } from "../../../support/stock-sops.ts";
import { encryptedByOurs, type Generation, tryGenerated } from "../../../support/stock-sops-cases.ts";

/** Long past, so that what is edited now has another time. */
const created = new Date("2026-01-02T03:04:05Z");
const generations: Generation[] = [
  { format: "yaml", documents: 40, listComments: false },
  { format: "json", documents: 20 },
];

/** The first document of a stream with an entry put behind its others. */
function withEntry([first, ...others]: readonly SopsMap[], key: string, text: string): SopsMap[] {
  assert.ok(first !== undefined);
  const entry = { kind: "entry", key, value: { kind: "str", bytes: utf8(text) } } as const;
  return [{ kind: "map", entries: [...first.entries, entry] }, ...others];
}

suite("each side edits what the other encrypted", () => {
  let people: AgePeople;
  let stock: StockSops;

  before(async () => {
    people = await AgePeople.create();
    stock = await StockSops.start({ SOPS_AGE_KEY: people.keyText });
  });
  after(() => stock?.stop());

  for (const generation of generations) {
    const { format } = generation;
    const texts = async (file: string) => {
      const text = await stock.read(file);
      const tree = readSopsTree(text, format, file);
      return { text, tree, opened: await people.open(text, format) };
    };

    test(`set and unset, then our edit, of ${generation.documents} documents of ${format}`, async () => {
      await tryGenerated(people, generation, async (one, file) => {
        const encrypted = await encryptedByOurs(people, one, created);
        if (encrypted === null) return;
        await stock.write(file, writeSopsTree(encrypted, format));
        const before = await texts(file);

        await stock.succeed(["set", file, '["added"]', '"by set"']);
        const set = await texts(file);
        assert.deepEqual(set.opened.documents, withEntry(before.opened.documents, "added", "by set"));
        assert.equal(metadataOf(set.tree, file).metadata.version, "3.9.0");

        const wanted = withEntry(set.opened.documents, "ours", "by edit");
        const edited = await editSopsDocuments(set.tree, set.opened, wanted, { now: new Date() });
        const bare = edited.map(withoutMetadata);
        const [first, ...others] = bare;
        const kept = [{ kind: "map", entries: first?.entries.slice(0, -1) }, ...others];
        assert.deepEqual(kept, set.tree.map(withoutMetadata), "what was not edited is as it was encrypted");
        await stock.write(file, writeSopsTree(edited, format));

        await stock.succeed(["unset", file, '["added"]']);
        const unset = await texts(file);
        assert.deepEqual(unset.opened.documents, withEntry(before.opened.documents, "ours", "by edit"));
        assert.deepEqual(unset.opened.dataKey, before.opened.dataKey);
      });
    });

    test(`edit in an editor, then our edit back, of ${generation.documents} documents of ${format}`, async () => {
      await tryGenerated(people, generation, async (one, file) => {
        const encrypted = await encryptedByOurs(people, one, created);
        if (encrypted === null) return;
        await stock.write(file, writeSopsTree(encrypted, format));
        const before = await texts(file);
        const [head] = one.documents;
        assert.ok(head !== undefined);
        const wanted = withEntry([head, ...one.documents.slice(1)], "new", "by editor");
        await stock.write(`${file}.new`, writeSopsTree(wanted, format));
        await stock.succeed(["edit", file], { SOPS_EDITOR: `cp ${stock.folder}/${file}.new` });
        const edited = await texts(file);
        assert.deepEqual(
          edited.opened.documents,
          readSopsTree(writeSopsTree(wanted, format), format, "plain"),
        );

        const back = await editSopsDocuments(edited.tree, edited.opened, before.opened.documents, {
          now: new Date(),
        });
        const decrypted = await stock.decrypt(file, writeSopsTree(back, format));
        assert.deepEqual(
          readSopsTree(decrypted, format, "stock"),
          readSopsTree(writeSopsTree(before.opened.documents, format), format, "ours"),
        );
      });
    });
  }
});

import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { readSopsTree } from "../../../../shared/document/sops/read-tree.ts";
import { rotateSopsDocuments } from "../../../../shared/document/sops/rotate-document.ts";
import { writeSopsTree } from "../../../../shared/document/sops/write-tree.ts";
import { AgePeople, StockSops } from "../../../support/stock-sops.ts";
import { encryptedByOurs, type Generation, tryGenerated } from "../../../support/stock-sops-cases.ts";

const { signal } = new AbortController();
const generations: Generation[] = [
  { format: "yaml", documents: 40 },
  { format: "json", documents: 20 },
];

suite("each side rotates what the other encrypted", () => {
  let people: AgePeople;
  let stock: StockSops;

  before(async () => {
    people = await AgePeople.create();
    stock = await StockSops.start({ SOPS_AGE_KEY: people.keyText });
  });
  after(() => stock?.stop());

  for (const generation of generations) {
    const { format } = generation;
    test(`${generation.documents} documents of ${format}`, async () => {
      await tryGenerated(people, generation, async (one, file) => {
        const encrypted = await encryptedByOurs(people, one);
        if (encrypted === null) return;
        const text = writeSopsTree(encrypted, format);
        const ours = await people.open(text, format);
        await stock.write(file, text);

        await stock.succeed(["rotate", "--in-place", file]);
        const theirs = await people.open(await stock.read(file), format);
        assert.notDeepEqual(theirs.dataKey, ours.dataKey);
        assert.deepEqual(theirs.documents, ours.documents);
        assert.deepEqual(theirs.metadata.selection, ours.metadata.selection);

        const { wrapper } = people;
        const again = await rotateSopsDocuments(theirs, theirs.documents, {
          wrapper,
          now: new Date(),
          signal,
        });
        const rotated = writeSopsTree(again, format);
        const decrypted = await stock.decrypt(file, rotated);
        assert.deepEqual(
          readSopsTree(decrypted, format, "stock"),
          readSopsTree(writeSopsTree(ours.documents, format), format, "ours"),
        );
        const { dataKey, metadata } = await people.open(rotated, format);
        assert.notDeepEqual(dataKey, theirs.dataKey);
        assert.equal(metadata.shamirThreshold, ours.metadata.shamirThreshold);
      });
    });
  }
});

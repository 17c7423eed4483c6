import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { readSopsTree } from "../../../../shared/document/sops/read-tree.ts";
import { writeSopsTree } from "../../../../shared/document/sops/write-tree.ts";
import { AgePeople, StockSops } from "../../../support/stock-sops.ts";
import {
  encryptedByOurs,
  type Generation,
  plainText,
  tryGenerated,
} from "../../../support/stock-sops-cases.ts";

suite("stock sops decrypts what we encrypt", () => {
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
      await tryGenerated(people, generation, async (one, file) => {
        const encrypted = await encryptedByOurs(people, one);
        if (encrypted === null) return;
        const text = writeSopsTree(encrypted, format);
        const decrypted = await stock.decrypt(file, text);
        const opened = await people.open(text, format);
        assert.deepEqual(
          readSopsTree(decrypted, format, "stock"),
          readSopsTree(writeSopsTree(opened.documents, format), format, "ours"),
        );
        if (format === "json") assert.deepEqual(opened.documents, plainText(one, format).tree);
      });
    });
  }
});

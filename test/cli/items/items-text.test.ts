import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { changeIn, type EditedItems, itemsText } from "../../../cli/editing/items-text.ts";
import { utf8 } from "../../../shared/bytes.ts";

const key = fc.stringMatching(/^[-_a-zA-Z0-9][-._a-zA-Z0-9]{0,12}$/);
const text = fc.oneof(
  fc.string({ unit: "binary", maxLength: 60 }),
  fc.string({
    unit: fc.constantFrom(" ", "\n", "\t", "a", ":", "#", "-", "'", '"', "é", "0", "|"),
    maxLength: 30,
  }),
  fc.constantFrom(
    "",
    "true",
    "0777",
    "1e3",
    "~",
    "<<",
    "- a",
    "a: b",
    "# a",
    "---",
    "x ".repeat(100),
    "\n\n a\n",
  ),
);
const bytes = fc.oneof(text.map(utf8), fc.uint8Array({ maxLength: 20 }));

const items: fc.Arbitrary<EditedItems> = fc
  .record({
    opened: fc.dictionary(key, bytes, { noNullPrototype: true, maxKeys: 6 }),
    sealed: fc.uniqueArray(key, { maxLength: 3 }),
    namespace: fc.constantFrom(null, "shop"),
  })
  .map(({ opened, sealed, namespace }) => ({
    name: "db",
    namespace,
    where: "db.yaml, document 2",
    opened: new Map(Object.entries(opened)),
    sealed: new Set(sealed.filter((item) => !Object.hasOwn(opened, item))),
    mark: "(sealed 0a1b2c3d)",
  }));

test("what an editor saves as it was is no change, whatever the values hold", () => {
  fc.assert(
    fc.property(items, (edited) => {
      assert.deepEqual(changeIn(itemsText(edited), edited), { set: new Map(), removed: [] });
    }),
  );
});

test("what is set in one place is all that changes", () => {
  fc.assert(
    fc.property(items, text, (edited, value) => {
      fc.pre(edited.opened.size > 0);
      const [[item] = [""]] = edited.opened;
      const opened = new Map(edited.opened).set(item, utf8(value));
      const change = changeIn(itemsText({ ...edited, opened }), edited);
      const isSame = Buffer.compare(utf8(value), edited.opened.get(item) ?? utf8("")) === 0;
      assert.deepEqual(change?.removed, []);
      assert.deepEqual([...(change?.set ?? [])], isSame ? [] : [[item, utf8(value)]]);
    }),
  );
});

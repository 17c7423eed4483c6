import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { type Edit, editDocument } from "../../../shared/document/edit-document.ts";
import { readDocuments } from "../../../shared/document/read-documents.ts";
import { InputError } from "../../../shared/errors.ts";
import {
  type LaidOutEntry,
  type LaidOutMap,
  type LaidOutText,
  layout,
  rootMap,
  toLaidOutJson,
  toLaidOutYaml,
} from "../../support/laid-out-document.ts";

/** An entry of a document, with the map that holds it and the way to it. */
type Place = { path: (string | number)[]; map: LaidOutMap; index: number; inFlow: boolean };

function placesIn(map: LaidOutMap, path: Place["path"] = [], around = false): Place[] {
  const inFlow = around || map.inFlow;
  return map.entries.flatMap(({ key, value }, index) => [
    { path: [...path, key], map, index, inFlow },
    ...placesBelow(value, [...path, key], inFlow),
  ]);
}

function placesBelow(value: LaidOutEntry["value"], path: Place["path"], inFlow: boolean): Place[] {
  if (value.kind === "map") return placesIn(value, path, inFlow);
  return value.kind === "list"
    ? value.items.flatMap((item, at) => placesIn(item, [...path, at], inFlow))
    : [];
}

/** A document and one of its entries that fits. */
function placed(
  fits: (place: Place, entry: LaidOutEntry) => boolean,
): fc.Arbitrary<{ root: LaidOutMap; place: Place }> {
  return fc
    .record({ root: rootMap, choice: fc.nat({ max: 1000 }) })
    .map(({ root, choice }) => {
      const places = placesIn(root).filter((place) => fits(place, entryAt(place)));
      return { root, place: places[choice % places.length] };
    })
    .filter((found): found is { root: LaidOutMap; place: Place } => found.place !== undefined);
}

function entryAt({ map, index }: Place): LaidOutEntry {
  const entry = map.entries[index];
  assert.ok(entry !== undefined);
  return entry;
}

function edited(text: string, edit: Edit): string {
  return editDocument(text, [edit], "in");
}

// Shrinking would begin with models that the test has changed.
const runs = { numRuns: 100, endOnFailure: true };

suite("the edited text is what its author would have written", () => {
  const texts = placed((_, { value }) => value.kind === "text");

  test("a text set anew keeps its quoting, and everything around it stays", () => {
    fc.assert(
      fc.property(texts, layout, ({ root, place }, style) => {
        const before = toLaidOutYaml(root, style);
        const value = entryAt(place).value as LaidOutText;
        value.text = "AgNEW+/=";
        if (value.style === "literal" || value.style === "folded")
          value.style = place.inFlow && value.style === "literal" ? "double" : "plain";
        assert.equal(edited(before, { path: place.path, value: "AgNEW+/=" }), toLaidOutYaml(root, style));
      }),
      runs,
    );
  });

  test("a new entry goes after the last of its map, and removing it gives back the bytes", () => {
    const maps = placed(({ map, index, inFlow }) => !inFlow && index === map.entries.length - 1);
    fc.assert(
      fc.property(maps, layout, ({ root, place: { path, map } }, style) => {
        const before = toLaidOutYaml(root, style);
        // A single line does not say how lines end.
        fc.pre(before.includes("\n"));
        const at = [...path.slice(0, -1), "new"];
        map.entries.push({
          key: "new",
          above: [],
          comment: "",
          value: { kind: "text", text: "Ag==", style: "plain" },
        });
        const after = toLaidOutYaml(root, style);
        assert.equal(edited(before, { path: at, value: "Ag==" }), after);
        assert.equal(edited(after, { path: at, remove: true }), before);
      }),
      runs,
    );
  });

  test("an entry removed takes its lines and no others", () => {
    const others = placed(
      ({ path, map, index, inFlow }) =>
        !inFlow && map.entries.length > 1 && (index > 0 || typeof path.at(-2) !== "number"),
    );
    fc.assert(
      fc.property(others, layout, ({ root, place: { path, map, index } }, style) => {
        const before = toLaidOutYaml(root, style);
        const [removed] = map.entries.splice(index, 1);
        const next = map.entries[index];
        // The author's notes above stay.
        if (next === undefined) map.below = [...(removed?.above ?? []), ...map.below];
        else next.above = [...(removed?.above ?? []), ...next.above];
        assert.equal(edited(before, { path, remove: true }), toLaidOutYaml(root, style));
      }),
      runs,
    );
  });
});

suite("JSON", () => {
  const indent = fc.constantFrom("", "  ", "    ", "\t");
  test("edits of every kind give what JSON.stringify would have written", () => {
    const any = placed(() => true);
    fc.assert(
      fc.property(any, indent, ({ root, place }, step) => {
        const before = toLaidOutJson(root, step);
        const { path, map, index } = place;
        const entry = entryAt(place);
        if (entry.value.kind === "text") {
          entry.value = { kind: "text", text: "AgNEW", style: "plain" };
          assert.equal(edited(before, { path, value: "AgNEW" }), toLaidOutJson(root, step));
          return;
        }
        const at = [...path.slice(0, -1), "new"];
        const value: LaidOutMap = { kind: "map", inFlow: false, below: [], entries: [] };
        value.entries.push({
          key: "k",
          above: [],
          comment: "",
          value: { kind: "text", text: "v", style: "plain" },
        });
        map.entries.push({ key: "new", above: [], comment: "", value });
        assert.equal(edited(before, { path: at, value: { k: "v" } }), toLaidOutJson(root, step));
        map.entries.splice(index, 1);
        const after = [
          { path: at, value: { k: "v" } },
          { path, remove: true as const },
        ];
        assert.equal(editDocument(before, after, "in"), toLaidOutJson(root, step));
      }),
      runs,
    );
  });
});

suite("several edits at once", () => {
  test("come out as one after another, in any layout", () => {
    const some = fc.array(fc.record({ choice: fc.nat(), remove: fc.boolean(), isNew: fc.boolean() }), {
      minLength: 1,
      maxLength: 5,
    });
    fc.assert(
      fc.property(rootMap, layout, some, (root, style, choices) => {
        const places = placesIn(root).filter((place) => entryAt(place).value.kind === "text");
        const edits = choices.flatMap(({ choice, remove, isNew }): Edit[] => {
          const path = places[choice % places.length]?.path;
          if (path === undefined) return [];
          if (isNew) return [{ path: [...path.slice(0, -1), "fresh", `k${choice % 3}`], value: "Ag=" }];
          return [remove ? { path, remove: true } : { path, value: "AgNEW" }];
        });
        const text = toLaidOutYaml(root, style);
        const together = editDocument(text, edits, "in");
        const single = edits.reduce((held, edit) => edited(held, edit), text);
        assert.deepEqual(valueIn(together), valueIn(single));
        if (edits.every((edit) => "value" in edit)) assert.equal(commentsIn(together), commentsIn(single));
      }),
      runs,
    );
  });
});

suite("damaged documents", () => {
  const fragments =
    " |  |\n|\n\n| # canary|# c\n|&x |*x|!!str |? |: |, |'|\"|[|]|{|}|- |\t|\r\n|>\n|+|<<: *x\n|\\|\r|%|---\n|...\n";
  const damage = fc.record({
    at: fc.nat(100_000),
    text: fc.constantFrom(...fragments.split("|")),
    taken: fc.nat(2),
  });

  test("are edited to what the edit asks for, or refused in our words", () => {
    const documents = fc.tuple(rootMap, layout).map(([root, style]) => toLaidOutYaml(root, style));
    const choice = fc.record({ place: fc.nat(100), isNew: fc.boolean() });
    fc.assert(
      fc.property(
        documents,
        fc.array(damage, { minLength: 1, maxLength: 2 }),
        choice,
        (document, damages, chosen) => {
          let text = document;
          for (const { at, text: fragment, taken } of damages) {
            const start = at % (text.length + 1);
            text = text.slice(0, start) + fragment + text.slice(start + taken);
          }
          try {
            const [key = "a"] = Object.keys(valueIn(text) ?? {}).slice(chosen.place % 3);
            const after = edited(text, { path: [chosen.isNew ? "new" : key], value: "AgNEW" });
            const expected = { ...(valueIn(text) as object), [chosen.isNew ? "new" : key]: "AgNEW" };
            assert.deepEqual(valueIn(after), expected);
          } catch (error) {
            if (!(error instanceof InputError)) throw error;
            assert.ok(!error.message.includes("canary"));
          }
        },
      ),
      { ...runs, numRuns: 400 },
    );
  });
});

function valueIn(text: string): unknown {
  return readDocuments(text, "in")[0]?.value;
}

function commentsIn(text: string): string {
  return (text.match(/(?<=^|\s)#.*$/gm) ?? []).join("\n");
}

import { isNothing, type LocatedEntry, type LocatedMap, mapsOf } from "./located-tree.ts";
import { isPlain } from "./plain-text.ts";
import { isSealedValue } from "./sealed-value.ts";
import { judgeValues } from "./secret-rules.ts";
import type { Walk } from "./walk.ts";

/** Looks at what a SealedSecret has beside sealed values, and whether these are. */
export function judgeSealedSecret(map: LocatedMap, object: string, walk: Walk): void {
  const stray = (owner: LocatedMap, fields: RegExp) => {
    for (const field of owner.entries)
      if (field.key !== null && fields.test(field.key) && field.value.kind === "map")
        judgeValues(field, { map, object, isSealingKey: false }, walk);
  };
  stray(map, /^(?:data|stringData)$/);
  for (const spec of mapsOf(map, "spec")) {
    stray(spec, /^(?:data|stringData)$/);
    for (const entry of mapsOf(spec, "encryptedData").flatMap(({ entries }) => entries))
      judgeSealed(entry, `encryptedData.${entry.key}`, map, object, walk);
    // The older form, where the whole object is one value.
    for (const entry of spec.entries)
      if (entry.key === "data" && entry.value.kind === "scalar")
        judgeSealed(entry, "spec.data", map, object, walk);
    for (const template of mapsOf(spec, "template")) {
      stray(template, /^stringData$/);
      for (const entry of mapsOf(template, "data").flatMap(({ entries }) => entries))
        judgeTemplate(entry, map, object, walk);
    }
  }
}

function judgeSealed(entry: LocatedEntry, item: string, map: LocatedMap, object: string, walk: Walk): void {
  const { value } = entry;
  if (value.kind === "scalar" && (isNothing(value) || isSealedValue(value.text) || !isPlain(value.text)))
    return;
  walk.report({
    rule: "unsealed-value",
    at: entry.at,
    end: value.kind === "scalar" ? value.end : entry.at,
    within: [map.at],
    object,
    item,
    what: `${object}: ${item} is no sealed value`,
  });
}

function judgeTemplate(entry: LocatedEntry, map: LocatedMap, object: string, walk: Walk): void {
  const { value } = entry;
  if (value.kind === "scalar" && (isNothing(value) || !isPlain(value.text))) return;
  const item = `template.data.${entry.key}`;
  walk.report({
    rule: "plain-template",
    at: entry.at,
    end: value.kind === "scalar" ? value.end : entry.at,
    within: [map.at],
    object,
    item,
    what: `${object}: ${item} stands in plain text`,
  });
}

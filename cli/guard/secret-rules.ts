import { fromBase64, fromUtf8 } from "../../shared/bytes.ts";
import { KEY_LABEL } from "../../shared/sealing-key-secret.ts";
import type { RuleName } from "./finding.ts";
import { AGE_IDENTITY } from "./key-texts.ts";
import { isNothing, type LocatedEntry, type LocatedMap, mapsOf } from "./located-tree.ts";
import { isPlain, isPlainData } from "./plain-text.ts";
import { shownName } from "./template-marks.ts";
import type { Walk } from "./walk.ts";

/** Fields that hold values; in any letters, since a rule of SOPS that names one does not find the other. */
const FIELD = /^(?:data|stringdata)$/i;

/** Looks at the values of a Secret. */
export function judgeSecret(secret: LocatedMap, object: string, walk: Walk): void {
  const isSealingKey = mapsOf(secret, "metadata")
    .flatMap((metadata) => mapsOf(metadata, "labels"))
    .some(({ entries }) => entries.some(({ key }) => key === KEY_LABEL));
  for (const field of secret.entries) {
    if (field.key === null || !FIELD.test(field.key)) continue;
    judgeValues(field, { map: secret, object, isSealingKey }, walk);
  }
}

type Judged = { map: LocatedMap; object: string; isSealingKey: boolean };

/** Looks at a field that holds values, `data` in base64 and others as they are. */
export function judgeValues(field: LocatedEntry, { map, object, isSealingKey }: Judged, walk: Walk): void {
  const { key, value } = field;
  const isData = key?.toLowerCase() === "data";
  const entries: readonly LocatedEntry[] = value.kind === "map" ? value.entries : [{ ...field, key: null }];
  for (const entry of entries) {
    const { value: found } = entry;
    if (!isPlainValue(entry, isData)) continue;
    const item = entry.key === null ? `${key}` : `${key}.${shownName(entry.key)}`;
    const rule = ruleOf(entry, isData, isSealingKey);
    walk.report({
      rule,
      at: entry.at,
      end: found.kind === "scalar" ? found.end : entry.at,
      within: [map.at],
      object,
      item,
      what: wordsOf(rule, object, item, walk.isSops),
    });
  }
}

function isPlainValue({ value }: LocatedEntry, isData: boolean): boolean {
  if (value.kind === "map") return value.entries.some((entry) => isPlainValue(entry, isData));
  if (value.kind === "list")
    return value.items.some((item) => isPlainValue({ key: null, at: item.at, value: item }, isData));
  return !isNothing(value) && (isData ? isPlainData(value.text) : isPlain(value.text));
}

function ruleOf({ value }: LocatedEntry, isData: boolean, isSealingKey: boolean): RuleName {
  if (isSealingKey) return "sealing-key";
  if (value.kind !== "scalar") return "plain-secret";
  const decoded = isData ? fromBase64(value.text) : null;
  const text = decoded !== null && "bytes" in decoded ? fromUtf8(decoded.bytes) : value.text;
  return text !== null && AGE_IDENTITY.test(text) ? "age-identity" : "plain-secret";
}

function wordsOf(rule: RuleName, object: string, item: string, isSops: boolean): string {
  if (rule === "sealing-key") return `${object}: ${item} holds a sealing key in plain text`;
  if (rule === "age-identity") return `${object}: ${item} holds an age identity`;
  const besides = isSops ? ", although the document has a sops block" : "";
  return `${object}: ${item} stands in plain text${besides}`;
}

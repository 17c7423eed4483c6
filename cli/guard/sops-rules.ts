import type { SopsSelection } from "../../shared/document/sops/metadata.ts";
import type { Selector } from "../../shared/document/sops/selection.ts";
import type { Found } from "./finding.ts";
import { isNothing, type LocatedMap, type LocatedNode, mapsOf, textOf } from "./located-tree.ts";
import { isEncrypted, isPlain } from "./plain-text.ts";

const RULES = [
  "encrypted_regex",
  "encrypted_suffix",
  "unencrypted_regex",
  "unencrypted_suffix",
  "encrypted_comment_regex",
  "unencrypted_comment_regex",
] as const;
/** What a sops block has at least one of; another map of that name is somebody's own. */
const METADATA = /^(?:mac|version|lastmodified|age|kms|pgp|gcp_kms|azure_kv|hc_vault|hckms|key_groups)$/;

/** The sops block of a document; null when it has none. */
export function sopsBlockOf(document: LocatedNode): LocatedMap | null {
  if (document.kind !== "map") return null;
  const blocks = mapsOf(document, "sops");
  return blocks.find(({ entries }) => entries.some(({ key }) => key !== null && METADATA.test(key))) ?? null;
}

/** What a sops block, or a creation rule, says is encrypted. */
export function selectionIn(map: LocatedMap): SopsSelection {
  for (const rule of RULES) {
    const pattern = textOf(map, rule) ?? "";
    if (pattern !== "") return { rule, pattern };
  }
  return { rule: "default" };
}

/** The values of a document, as a rule sees them: found plain though selected, and how many there are. */
export type SelectedValues = {
  plain: { at: number; end: number; path: string }[];
  encrypted: number;
  all: number;
};

/** Tells the values of a document apart by a rule. Comments, by which two of the rules select, are not looked at. */
export function selectedValues(document: LocatedMap, selector: Selector): SelectedValues {
  const found: SelectedValues = { plain: [], encrypted: 0, all: 0 };
  let nodes = 100_000;
  const visit = (node: LocatedNode, path: readonly string[], isSelected: boolean): void => {
    nodes -= 1;
    if (nodes < 0) return;
    if (node.kind === "list") for (const item of node.items) visit(item, path, isSelected);
    else if (node.kind === "map") {
      for (const { key, value } of node.entries) {
        if (path.length === 0 && key === "sops") continue;
        const fits = selector.by === "key" && key !== null && selector.fits(key);
        visit(value, [...path, key ?? ""], isSelected || fits);
      }
    } else if (!isNothing(node)) {
      found.all += 1;
      if (isEncrypted(node.text)) found.encrypted += 1;
      else if (selector.by === "key" && isSelected === selector.encryptsWhatFits && isPlain(node.text))
        found.plain.push({ at: node.at, end: node.end, path: path.join(".") });
    }
  };
  visit(document, [], false);
  return found;
}

/** What is to be said of a document's plain values, at most so many; those that were found already are left out. */
export function plainValues(
  { plain }: SelectedValues,
  object: string | null,
  isKnown: (at: number) => boolean,
): Found[] {
  const told = plain.filter(({ at }) => !isKnown(at)).slice(0, MOST_TOLD);
  return told.map(({ at, end, path }) => ({
    rule: "plain-sops",
    at,
    end,
    within: [],
    object,
    item: path,
    what: `${path} stands in plain text, and the rule of its sops block selects it`,
  }));
}

const MOST_TOLD = 20;

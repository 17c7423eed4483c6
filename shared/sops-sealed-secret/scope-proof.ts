import { fromUtf8 } from "../bytes.ts";
import { SCOPE_ITEM, scopeItem } from "../document/sops/scope-item.ts";
import type { SopsMap } from "../document/sops/tree.ts";
import type { Scope } from "../scope.ts";
import { shellWord } from "../shell-word.ts";
import { scopeDifferences } from "./scope-difference.ts";
import { type SopsRefusal, sopsRefusal } from "./sops-refusal.ts";
import { entriesOf } from "./tree-path.ts";

/**
 * Why the opened items do not say that they were made for this place; null when they do.
 * @param items `spec.encryptedData` in plain text.
 */
export function boundRefusal(items: SopsMap, clusterId: string, scope: Scope): SopsRefusal | null {
  const value = entriesOf(items).find(({ key }) => key === SCOPE_ITEM)?.value;
  if (value === undefined) {
    const text = JSON.stringify(scopeItem(clusterId, scope));
    const path = `["spec"]["encryptedData"]["${SCOPE_ITEM}"]`;
    return sopsRefusal(
      "unbound",
      `it has no item ${SCOPE_ITEM}, so that nothing says where it may be opened`,
      `if it is meant for this place, say so in it: sops set FILE ${shellWord(path)} ${shellWord(text)}, then signet --re-encrypt --in-place FILE`,
    );
  }
  const text = value.kind === "str" ? fromUtf8(value.bytes) : null;
  const parts = scopeDifferences(text ?? "", clusterId, scope);
  if (parts.length === 0) return null;
  if (parts.includes("form")) {
    return sopsRefusal(
      "elsewhere",
      `its item ${SCOPE_ITEM} does not say a place as this version of Signet reads it`,
      "use a newer version of Signet, or seal the Secret again for this place: signet --backend sops",
    );
  }
  return sopsRefusal(
    "elsewhere",
    `it was made for another place: its item ${SCOPE_ITEM} differs in ${inWords(parts)}`,
    "put it where it was made for, or seal the Secret again for this place: signet --backend sops",
  );
}

function inWords(parts: readonly string[]): string {
  return parts.length === 1 ? (parts[0] ?? "") : `${parts.slice(0, -1).join(", ")} and ${parts.at(-1)}`;
}

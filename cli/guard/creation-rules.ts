import type { SopsSelection } from "../../shared/document/sops/metadata.ts";
import { listsOf, readLocated, textOf } from "./located-tree.ts";
import { selectionIn } from "./sops-rules.ts";

/** The name of SOPS' project file. */
export const CREATION_RULES = ".sops.yaml";

type Rule = { fits: ((path: string) => boolean) | null; selection: SopsSelection };

/** The creation rules of one `.sops.yaml`. */
export class CreationRules {
  readonly #rules: readonly Rule[];

  private constructor(rules: readonly Rule[]) {
    this.#rules = rules;
  }

  /** Reads them. What is not as SOPS has it says nothing here: SOPS itself refuses it. */
  static async read(text: string): Promise<CreationRules> {
    const rules: Rule[] = [];
    const [root] = readLocated(text) ?? [];
    const items = root?.kind === "map" ? listsOf(root, "creation_rules").flatMap((list) => list.items) : [];
    for (const item of items) {
      if (item.kind !== "map") continue;
      const pattern = textOf(item, "path_regex") ?? "";
      const fits = pattern === "" ? () => true : await fitting(pattern);
      rules.push({ fits, selection: selectionIn(item) });
    }
    return new CreationRules(rules);
  }

  /**
   * What the rule for a file selects; as in SOPS the first one that fits counts.
   * @param path from the folder of the rules, with slashes.
   * @returns null when none fits, and when the one that does is not meant for files like this one but for any: then it says how
   * to encrypt, and not what.
   */
  selectionFor(path: string): SopsSelection | null {
    const rule = this.#rules.find(({ fits }) => isFit(fits, path));
    const any = `any/where/at-all${/\.[^./]*$/.exec(path)?.[0] ?? ""}`;
    return rule === undefined || isFit(rule.fits, any) ? null : rule.selection;
  }
}

/** Patterns are tried on paths that somebody else chose: one that takes too long fits nothing. */
function isFit(fits: Rule["fits"], path: string): boolean {
  try {
    return fits?.(path) ?? false;
  } catch {
    return false;
  }
}

async function fitting(pattern: string): Promise<((path: string) => boolean) | null> {
  const { goPattern } = await import("../../shared/document/sops/go-pattern.ts");
  return goPattern(pattern);
}

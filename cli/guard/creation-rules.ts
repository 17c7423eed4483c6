import type { SopsSelection } from "../../shared/document/sops/metadata.ts";
import { listsOf, readLocated, textOf } from "./located-tree.ts";
import { type PathPattern, pathPattern } from "./path-pattern.ts";
import { selectionIn } from "./sops-rules.ts";

/** The name of SOPS' project file. */
export const CREATION_RULES = ".sops.yaml";

type Rule = { fits: PathPattern; selection: SopsSelection };

/** The creation rules of one `.sops.yaml`. */
export class CreationRules {
  readonly #rules: readonly Rule[];

  private constructor(rules: readonly Rule[]) {
    this.#rules = rules;
  }

  /** Reads them. What is not as SOPS has it says nothing here: SOPS itself refuses it. */
  static read(text: string): CreationRules {
    const rules: Rule[] = [];
    const [root] = readLocated(text) ?? [];
    const items = root?.kind === "map" ? listsOf(root, "creation_rules").flatMap((list) => list.items) : [];
    for (const item of items) {
      if (item.kind !== "map") continue;
      const pattern = textOf(item, "path_regex") ?? "";
      const fits = pattern === "" ? async () => true : pathPattern(pattern);
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
  async selectionFor(path: string): Promise<SopsSelection | null> {
    const any = `any/where/at-all${/\.[^./]*$/.exec(path)?.[0] ?? ""}`;
    for (const { fits, selection } of this.#rules)
      if (await fits(path)) return (await fits(any)) ? null : selection;
    return null;
  }
}

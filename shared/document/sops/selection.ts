import type { SopsSelection } from "./metadata.ts";
import { SopsError } from "./sops-error.ts";

/** A rule of selection, ready to be asked. */
export type Selector = {
  /** What it looks at: each key on the way to a value, or the comments in scope there. */
  by: "key" | "comment";
  /** Whether a key, or the text of a comment, fits. */
  fits(text: string): boolean;
  /** Whether the values are encrypted for which something fits, or the others. */
  encryptsWhatFits: boolean;
};

/** What counts where a document names no rule, and what is written then. */
export const DEFAULT_SELECTION = { rule: "unencrypted_suffix", pattern: "_unencrypted" } as const;

const NAMES = /^\^(?:(?<name>[\w-]+)|\((?<names>[\w-]+(?:\|[\w-]+)*)\))\$$/;

/**
 * Makes a rule ready. Patterns are Go's, which alone SOPS knows; those of the form `^name$` and `^(a|b)$` need no library.
 * @param where names the document in errors.
 * @param mostWork what the pattern may cost on all keys of the document, as `goPattern` counts it.
 * @throws SopsError (rule) when the pattern is none: SOPS itself would then encrypt nothing, and say nothing.
 */
export async function selectorOf(
  selection: SopsSelection,
  where: string,
  mostWork?: number,
): Promise<Selector> {
  const { rule, pattern } = selection.rule === "default" ? DEFAULT_SELECTION : selection;
  return {
    by: rule.endsWith("_comment_regex") ? "comment" : "key",
    encryptsWhatFits: rule.startsWith("encrypted_"),
    fits: remembered(
      rule.endsWith("_suffix")
        ? (text) => text.endsWith(pattern)
        : await fitting(pattern, rule, where, mostWork),
    ),
  };
}

/** Keys come again and again: each is tried once. */
function remembered(fits: (text: string) => boolean): (text: string) => boolean {
  const known = new Map<string, boolean>();
  return (text) => {
    const before = known.get(text);
    if (before !== undefined) return before;
    const answer = fits(text);
    known.set(text, answer);
    return answer;
  };
}

async function fitting(
  pattern: string,
  rule: string,
  where: string,
  mostWork?: number,
): Promise<(text: string) => boolean> {
  const groups = NAMES.exec(pattern)?.groups;
  if (groups !== undefined) {
    const names = new Set((groups["name"] ?? groups["names"] ?? "").split("|"));
    return (text) => names.has(text);
  }
  const { goPattern, PatternWorkError } = await import("./go-pattern.ts");
  const fits = goPattern(pattern, mostWork);
  if (fits === null) {
    throw new SopsError(
      "rule",
      `${where}: ${rule} is no regular expression in Go's syntax, or too large`,
      "correct the rule; look-around and back-references are not part of that syntax",
    );
  }
  return (text) => {
    try {
      return fits(text);
    } catch (error) {
      if (!(error instanceof PatternWorkError)) throw error;
      throw new SopsError(
        "rule",
        `${where}: ${rule} takes too long to try on all keys of the document`,
        "write a simpler rule, such as ^(data|stringData)$",
      );
    }
  };
}

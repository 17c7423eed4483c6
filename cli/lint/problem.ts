/** What lint looks for, by the name that reports have for it. */
export type LintRule =
  | "unreadable"
  | "structure"
  | "item-name"
  | "not-sealed"
  | "unknown-format"
  | "unknown-key"
  | "key-hint"
  | "scope-annotation"
  | "missing-namespace"
  | "renamed"
  | "template"
  | "template-item"
  | "no-effect"
  | "unused-value"
  | "vault-reference"
  | "refused-secret"
  | "sops"
  | "sops-mac"
  | "sops-flux"
  | "duplicate-name";

/** `error`: it does not work as it stands; `warning`: it may not be meant; `note`: to be known. */
export type LintLevel = "error" | "warning" | "note";

/** A place in an object: fields and indices from its root. */
export type FieldPath = readonly (string | number)[];

/** What is wrong with one object. */
export type LintProblem = {
  rule: LintRule;
  level: LintLevel;
  /** The item or field in question; null where it is the object. */
  item: string | null;
  at: FieldPath;
  /** In words that follow the object's name and a colon. Never quotes a value. */
  what: string;
  /** The next step, where it is another than that of the rule. */
  next?: string;
};

/** What is wrong, as it is reported. */
export type LintFinding = Omit<LintProblem, "at" | "next"> & {
  /** As it was given; `standard input`. */
  path: string;
  /** From 1. */
  line: number;
  /** As in `SealedSecret "shop/db"`; null where it is the file. */
  object: string | null;
  next: string;
};

/** The place of an item's value. */
export function itemPath(item: string): FieldPath {
  return ["spec", "encryptedData", item];
}

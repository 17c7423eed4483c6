/** What guard looks for, by the name that reports have for it. */
export type RuleName =
  | "plain-secret"
  | "plain-template"
  | "last-applied"
  | "unsealed-value"
  | "plain-sops"
  | "decrypted-file"
  | "idle-sops-rule"
  | "secret-generator"
  | "sealing-key"
  | "private-key"
  | "age-identity"
  | "unreadable"
  | "changed-recipients"
  | "changed-pin"
  | "changed-scope"
  | "changed-template";

/** Something found in a text; offsets count in it. */
export type Found = {
  rule: RuleName;
  at: number;
  /** Where its value ends, so that what is found inside it is not told once more; `at` when it has none. */
  end: number;
  /** Offsets of what it is part of, such as its object: an allow comment there counts for it too. */
  within: readonly number[];
  /** The object, as `Secret "shop/db"`; null outside of objects. */
  object: string | null;
  /** The field or file in question; null where it is the object or the file itself. */
  item: string | null;
  /** What is wrong, in words. Never quotes a value. */
  what: string;
  /** The text that was found, where nothing but itself tells it from others of its kind. Never shown. */
  matched?: string;
};

/** Something found in a file, as it is reported. */
export type Finding = Omit<Found, "at" | "end" | "within" | "matched"> & {
  /** `note`: to be known, and no reason to fail. */
  level: "error" | "note";
  /** As it is shown: from the root of the repository, or as it was given. */
  path: string;
  /** From the root of the repository, with slashes. */
  uri: string;
  line: number;
  /** The commit it was first found in; null outside of ranges. */
  commit: string | null;
  /** What to do next. */
  next: string;
};

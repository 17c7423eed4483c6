import { InputError } from "../shared/errors.ts";
import { annotatedScopeKind, type ScopeKind } from "../shared/scope.ts";
import type { SealedSecret } from "../shared/sealed-secret.ts";

/** How wide the values of an existing SealedSecret are sealed, as far as somebody vouches for it. */
export type ScopeQuestion = {
  sealedSecret: SealedSecret;
  /** Names the SealedSecret in errors. */
  where: string;
  /** What `--scope` says, or null. */
  asked: ScopeKind | null;
  /** What the annotations of the Secret to merge say. */
  annotated: ScopeKind;
  /** Proves the scope, not who sealed it so: whether the values that are there open as the file says they do. */
  opens: () => Promise<boolean>;
};

/**
 * The scope under which a value joins an existing SealedSecret: the one its annotations say, as any other could not be
 * opened there. A scope wider than strict must be somebody's word: that of `--scope`, of the Secret's own annotations,
 * or of values that open under it. Otherwise whoever can edit the file could widen what others seal.
 * @throws InputError when the words contradict, or nobody vouches.
 */
export async function mergeScopeKind(question: ScopeQuestion): Promise<ScopeKind> {
  const { sealedSecret, where, asked, annotated, opens } = question;
  const kind = annotatedScopeKind(sealedSecret.metadata.annotations ?? undefined);
  if (asked !== null && asked !== kind) throw contradiction(where, kind, `--scope says ${asked}`);
  if (asked === null && annotated !== "strict" && annotated !== kind) {
    throw contradiction(where, kind, `the annotation of the Secret to merge says ${annotated}`);
  }
  if (kind === "strict" || asked === kind || annotated === kind) return kind;
  const isProven = Object.keys(sealedSecret.spec.encryptedData).length > 0 && (await opens());
  if (isProven) return kind;
  throw new InputError(
    `${where} is ${kind} by its annotation, and nothing proves that this is meant`,
    `give --scope ${kind} if it is, or remove the annotation`,
  );
}

/**
 * What is to be said, always, of items that are sealed as wide as a file says, with no word of the user: anybody who has the
 * certificate could have sealed the values in it that open.
 * @returns null where nothing is.
 */
export function wideningNote(
  { where, asked, annotated }: Pick<ScopeQuestion, "where" | "asked" | "annotated">,
  kind: ScopeKind,
  items: readonly string[],
): string | null {
  if (items.length === 0 || kind === "strict" || asked === kind || annotated === kind) return null;
  const reach = kind === "cluster-wide" ? "any name in any namespace" : "any name in its namespace";
  return `${where} is ${kind} by its annotation: ${items.join(", ")} will open under ${reach}; whoever wrote the file may have sealed what is in it so himself. Give --scope ${kind} if that is meant`;
}

function contradiction(where: string, kind: ScopeKind, word: string): InputError {
  return new InputError(
    `${where} is ${kind} by its annotations, but ${word}: the value could not be opened there`,
    `leave the scope out to seal as the file says, or seal the whole Secret anew with the scope you want`,
  );
}

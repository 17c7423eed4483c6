/**
 * Why a text is not a document, and where. The problem is in our words: readers' own messages quote their input,
 * which may be a secret.
 */
export class DocumentSyntaxError extends Error {
  /** A clause without a subject that fits after "line 3, column 5:". */
  readonly problem: string;
  /** Offset into the text, in UTF-16 units. */
  readonly at: number;

  /** @param at offset into the text, in UTF-16 units. */
  constructor(problem: string, at: number) {
    super(problem);
    this.name = "DocumentSyntaxError";
    this.problem = problem;
    this.at = at;
  }
}

/** Line and column of an offset, both counted from one. Lines end with LF, CR LF or CR. */
export function positionOf(text: string, at: number): { line: number; column: number } {
  const before = text.slice(0, at).split(/\r\n|\r|\n/);
  return { line: before.length, column: (before.at(-1) ?? "").length + 1 };
}

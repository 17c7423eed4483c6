/**
 * A number or truth value in a document whose text would change on the way to a string: `0777`, `1.0`, `1e3`, an
 * integer beyond 2^53. Readers put it where a plain number would lose what the author wrote; whoever wants a string
 * there must refuse it and ask for quotes.
 */
export class UnquotedScalar {
  /** The text as it stands in the document. */
  readonly source: string;

  /** @param source the text as it stands in the document. */
  constructor(source: string) {
    this.source = source;
  }
}

/** The number when writing it out gives back its source, else the source kept as it is. */
export function exactNumber(value: number, source: string): number | UnquotedScalar {
  return String(value) === source ? value : new UnquotedScalar(source);
}

/** Whether a value out of a document is a map; a scalar kept by its source is none. */
export function isMap(value: unknown): value is Record<string, unknown> {
  return (
    typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof UnquotedScalar)
  );
}

const PLAIN_KEY = /^[\w/-]{1,60}$/;
const LONGEST_KEY = 60;

/**
 * Where a value stands: a document of a stream, and the keys and positions that lead from its root. It shares its
 * begin with the places around it, since a document has many.
 */
export class Place {
  /** Position of the document in its stream. */
  readonly document: number;
  /**
   * What an encrypted value is bound to: each key with a colon behind it, without the positions in lists. Empty for the root.
   */
  readonly binding: string;
  readonly #parent: Place | null;
  readonly #step: string | number;

  private constructor(document: number, binding: string, parent: Place | null, step: string | number) {
    this.document = document;
    this.binding = binding;
    this.#parent = parent;
    this.#step = step;
  }

  /** The root of a document. */
  static root(document: number): Place {
    return new Place(document, "", null, "");
  }

  /** The value of an entry of the mapping that stands here. */
  entry(key: string): Place {
    return new Place(this.document, `${this.binding}${key}:`, this, key);
  }

  /** An item of the list that stands here. */
  item(position: number): Place {
    return new Place(this.document, this.binding, this, position);
  }

  /** The path as errors show it: `spec.items[0]["a key"]`; empty for the root. */
  toString(): string {
    if (this.#parent === null) return "";
    const before = this.#parent.toString();
    if (typeof this.#step === "number") return `${before}[${this.#step}]`;
    if (!PLAIN_KEY.test(this.#step)) return `${before}[${shownKey(this.#step)}]`;
    return before === "" ? this.#step : `${before}.${this.#step}`;
  }
}

/** Keys are anybody's text: what would move a terminal's cursor or turn its writing around is not repeated. */
function shownKey(key: string): string {
  const shown = key.length <= LONGEST_KEY ? key : `${key.slice(0, LONGEST_KEY)}…`;
  return JSON.stringify(shown.toWellFormed().replace(/[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu, "\ufffd"));
}

/** Names documents of a stream, and places in them, in errors. */
export class Naming {
  readonly #where: string;
  readonly #count: number;

  /**
   * @param where names the stream, such as `secret.yaml`.
   * @param count documents in it.
   */
  constructor(where: string, count: number) {
    this.#where = where;
    this.#count = count;
  }

  /** The stream as a whole. */
  get stream(): string {
    return this.#where;
  }

  /** One document of it. */
  document(index: number): string {
    return this.#count === 1 ? this.#where : `${this.#where}, document ${index + 1}`;
  }

  /** A place in one of its documents. */
  place(place: Place): string {
    const path = place.toString();
    return path === "" ? this.document(place.document) : `${this.document(place.document)}: ${path}`;
  }
}

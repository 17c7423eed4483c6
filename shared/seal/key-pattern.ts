/** What a pattern of an allow-list names, and so what stands between its segments. */
export type PatternKind = "kms" | "vault";

const FORMS: Readonly<Record<PatternKind, { form: RegExp; separators: RegExp }>> = {
  kms: {
    form: /^arn:[a-z*-]+:kms:[a-z0-9*-]+:[0-9*]+:(?:key|alias)(?:\/[A-Za-z0-9_*{}-]+)+$/,
    separators: /[:/]/,
  },
  vault: { form: /^[A-Za-z0-9_.*{}-]+(?:\/[A-Za-z0-9_.*{}-]+)+$/, separators: /\// },
};
const NAMESPACE = "{namespace}";

/** Keys of a key service that may be used, each by a pattern; none for none. */
export class KeyAllowList {
  readonly #patterns: readonly string[];
  readonly #kind: PatternKind;

  /** @param patterns that `isKeyPattern` accepts. */
  constructor(kind: PatternKind, patterns: readonly string[]) {
    this.#kind = kind;
    this.#patterns = patterns;
  }

  /**
   * Whether a pattern fits the whole key: segment by segment, where `*` stands for any text within a segment and
   * `{namespace}` for the namespace.
   * @param key key or alias ARN for `kms`, `MOUNT/KEY` for `vault`, as a document names it.
   * @param namespace where the object at hand stands; empty for none, which no `{namespace}` fits.
   */
  permits(key: string, namespace: string): boolean {
    return this.#patterns.some((pattern) => fits(this.#kind, pattern, key, namespace));
  }
}

/**
 * Whether a text is a pattern: key or alias ARN, or `MOUNT/KEY`, in which `*` may stand within a segment and
 * `{namespace}` for a whole one.
 */
export function isKeyPattern(kind: PatternKind, text: string): boolean {
  const { form, separators } = FORMS[kind];
  if (!form.test(text)) return false;
  return text
    .split(separators)
    .every((segment) => segment === NAMESPACE || (!/[{}]/.test(segment) && !/^\.+$/.test(segment)));
}

function fits(kind: PatternKind, pattern: string, key: string, namespace: string): boolean {
  const { separators } = FORMS[kind];
  const [wanted, given] = [pattern.split(separators), key.split(separators)];
  // Segments alone would not tell `:` from `/`.
  const outline = (text: string) => text.replace(kind === "kms" ? /[^:/]+/g : /[^/]+/g, "x");
  if (wanted.length !== given.length || outline(pattern) !== outline(key)) return false;
  return wanted.every((segment, at) => {
    const text = given[at] ?? "";
    if (segment === NAMESPACE) return namespace !== "" && text === namespace;
    return fitsSegment(segment, text);
  });
}

function fitsSegment(pattern: string, text: string): boolean {
  const [first = "", ...others] = pattern.split("*");
  if (others.length === 0) return pattern === text;
  const last = others.pop() ?? "";
  if (!text.startsWith(first) || text.length < first.length + last.length || !text.endsWith(last))
    return false;
  let at = first.length;
  for (const part of others) {
    const found = text.slice(0, text.length - last.length).indexOf(part, at);
    if (found === -1) return false;
    at = found + part.length;
  }
  return true;
}

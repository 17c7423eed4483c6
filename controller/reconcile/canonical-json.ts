/** Text to be written as it is. */
class Written {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

const COMMA = new Written(",");
const END_OF_LIST = new Written("]");
const END_OF_MAP = new Written("}");

/**
 * JSON with the fields of every map sorted, so that equal values give equal text whatever order they came in. However deep
 * a value is: authors may nest what nobody looks into thousands of levels deep.
 * @param value as `JSON.parse` gives it; undefined counts as null.
 */
export function canonicalJson(value: unknown): string {
  let text = "";
  /** What is still to be written, the next one last. */
  const rest: unknown[] = [value];
  while (rest.length > 0) {
    const next = rest.pop();
    if (next instanceof Written) text += next.text;
    else if (Array.isArray(next)) {
      text += "[";
      rest.push(END_OF_LIST);
      for (let at = next.length - 1; at >= 0; at--) rest.push(next[at], ...(at > 0 ? [COMMA] : []));
    } else if (typeof next === "object" && next !== null) {
      text += "{";
      rest.push(END_OF_MAP);
      const fields = Object.entries(next).sort(([a], [b]) => (a < b ? 1 : a > b ? -1 : 0));
      for (const [at, [name, entry]] of fields.entries()) {
        const isFirst = at === fields.length - 1;
        rest.push(entry, new Written(`${isFirst ? "" : ","}${JSON.stringify(name)}:`));
      }
    } else text += JSON.stringify(next) ?? "null";
  }
  return text;
}
